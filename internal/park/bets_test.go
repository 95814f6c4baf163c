package park_test

import (
	"runtime"
	"testing"
	"time"

	"github.com/causeway-go/causeway/internal/park"
)

const (
	us = time.Microsecond
	ms = time.Millisecond
)

// nobody is a queue without anyone in it.
func nobody() uint64 { return 0 }

func TestABetThatWinsIsAlwaysTaken(t *testing.T) {
	var b park.Bet
	for range 10000 {
		if !b.Take() {
			t.Fatal("not taken")
		}
		b.Won()
	}
}

func TestABetThatLosesRestsTwiceAsLongEachTime(t *testing.T) {
	var b park.Bet
	for i := range park.Patience {
		if !b.Take() {
			t.Fatalf("not taken after %d losses", i)
		}
		b.Lose()
	}
	for want := park.RestMin; ; want = min(2*want, park.RestMax) {
		rest := 0
		for !b.Take() {
			rest++
		}
		if rest != want {
			t.Fatalf("rested for %d parks instead of %d", rest, want)
		}
		if want == park.RestMax {
			break
		}
		b.Lose()
	}
	b.Lose()
	taken := 0
	for range 100 * park.RestMax {
		if b.Take() {
			taken++
			b.Lose()
		}
	}
	if taken > 101 {
		t.Errorf("taken %d times in %d parks", taken, 100*park.RestMax)
	}
}

func TestABetThatWinsAgainRecovers(t *testing.T) {
	var b park.Bet
	for range 1 << 20 {
		if b.Take() {
			b.Lose()
		}
	}
	for !b.Take() {
	}
	for range 20 {
		b.Won()
	}
	for range park.Patience {
		if !b.Take() {
			t.Fatal("rests after fewer losses than its patience")
		}
		b.Lose()
	}
	rest := 0
	for !b.Take() {
		rest++
	}
	if rest != park.RestMin {
		t.Errorf("rested for %d parks instead of %d", rest, park.RestMin)
	}
}

// yields simulates a goroutine that parks every gap for total, whose turns take
// what turn says, and returns the time spent in turns and their number.
func yields(y *park.Yielder, now *time.Duration, total, gap time.Duration, won bool, turn func(now time.Duration) time.Duration) (spent time.Duration, n int) {
	for end := *now + total; *now < end; *now += gap {
		if !y.Take() {
			continue
		}
		begin := time.Duration(0)
		if y.Careful() {
			begin = *now
			if !y.Dare(begin) {
				continue
			}
		}
		d := turn(*now)
		spent += d
		n++
		*now += d
		y.Taken(begin, *now, won)
	}
	return spent, n
}

func always(d time.Duration) func(time.Duration) time.Duration {
	return func(time.Duration) time.Duration { return d }
}

func TestQuickTurnsThatWinAreTakenEachTime(t *testing.T) {
	defer park.Queue.Count(nobody)()
	var y park.Yielder
	now := time.Duration(1)
	_, n := yields(&y, &now, 10*ms, 200, true, always(200))
	if n != 25000 {
		t.Errorf("%d turns of 25000", n)
	}
}

func TestSlowTurnsCostOnePerCent(t *testing.T) {
	for _, c := range []struct {
		name string
		turn time.Duration
		won  bool
	}{
		{"a locked goroutine", 50 * us, true},
		{"a locked goroutine that waits long", 50 * us, false},
		{"busy processors", 20 * ms, true},
		{"very busy processors", 80 * ms, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			defer park.Queue.Count(nobody)()
			var y park.Yielder
			now := time.Duration(1)
			total := 100 * time.Second
			spent, n := yields(&y, &now, total, 2*us, c.won, always(c.turn))
			if spent > total/park.SlowShare+3*c.turn || n == 0 {
				t.Errorf("%v of %v in %d turns", spent, total, n)
			}
		})
	}
}

func TestTurnsThatBecomeSlowAreNoticedAtOnce(t *testing.T) {
	defer park.Queue.Count(nobody)()
	var y park.Yielder
	now := time.Duration(1)
	yields(&y, &now, 10*ms, 200, true, always(200))
	spent, n := yields(&y, &now, time.Second, 200, true, always(20*ms))
	if n > 3 {
		t.Errorf("%d slow turns, %v", n, spent)
	}
	// And when they are quick again, so is that, after the rest.
	yields(&y, &now, 4*time.Second, 200, true, always(200))
	_, n = yields(&y, &now, 10*ms, 200, true, always(200))
	if n != 25000 {
		t.Errorf("%d turns of 25000 when the crowd has gone", n)
	}
}

func TestAllYieldersTogetherPayForOneCrowd(t *testing.T) {
	defer park.Queue.Count(nobody)()
	now, n := time.Duration(1), 0
	for range 100 { // each of them new
		var y park.Yielder
		_, m := yields(&y, &now, ms, 10*us, true, always(20*ms))
		n += m
	}
	if n != 1 {
		t.Errorf("%d of 100 yielders have queued", n)
	}
}

func TestALockedGoroutineKeepsNobodyElseFromYielding(t *testing.T) {
	defer park.Queue.Count(nobody)()
	var y park.Yielder
	now := time.Duration(1)
	yields(&y, &now, 100*ms, 10*us, true, always(60*us))
	if park.Queue.Known() {
		t.Error("a change of threads is no crowd")
	}
}

func TestAYielderLooksBeforeItsFirstTurn(t *testing.T) {
	looks := 0
	defer park.Queue.Count(func() uint64 { looks++; return 3 })()
	var y park.Yielder
	now := time.Duration(1)
	spent, n := yields(&y, &now, 10*time.Second, 10*us, true, always(20*ms))
	if n != 0 {
		t.Errorf("%d turns, %v, with three others in the queue", n, spent)
	}
	if most := int(10 * time.Second / park.LookAgain); looks > most {
		t.Errorf("%d looks in 10 s, at most %d expected", looks, most)
	}
	park.Queue.Count(nobody)
	yields(&y, &now, park.LookAgain, 10*us, true, always(us))
	if _, n := yields(&y, &now, 10*ms, 200, true, always(200)); n != 25000 {
		t.Errorf("%d turns of 25000 when the queue is empty", n)
	}
}

func TestALookSeesWhoIsInTheQueue(t *testing.T) {
	if n := park.Runnable(); n > 1000 {
		t.Errorf("%d goroutines in the queue of a quiet process", n)
	}
	stop := hogs(20 + 2*runtime.GOMAXPROCS(0))
	defer stop()
	for park.Runnable() < 10 {
		runtime.Gosched()
	}
}

func TestACrowdIsForgottenAfterAQuickTry(t *testing.T) {
	var c park.Crowd
	if c.Known() || c.Lossy(0) {
		t.Fatal("a crowd from the start")
	}
	c.Lost(park.Slice, 1)
	if c.Known() {
		t.Fatal("a slice is no loss yet")
	}
	c.Lost(20*ms, time.Second)
	end := time.Second + 20*ms*park.CrowdShare
	if !c.Lossy(end-1) || c.Lossy(end) || !c.Known() {
		t.Fatal("wrong time")
	}
	c.Lost(us, end-1)
	if !c.Known() {
		t.Fatal("forgotten too early: that try had begun before")
	}
	c.Lost(us, end)
	if c.Known() {
		t.Fatal("still known")
	}
	c.Lost(time.Hour, end)
	if c.Lossy(end + park.CrowdMost) {
		t.Fatal("kept out for longer than CrowdMost")
	}
}

// sleeps simulates a locked thread that parks for total, with parks that cost
// what cost says, and returns how long it would have taken in the better way
// alone, and how many parks there were in each way.
func sleeps(c *park.Chooser, now *time.Duration, total time.Duration, cost [2]func(i int) (wait, wake time.Duration)) (n [2]int, lost time.Duration, better park.Way) {
	i := 0
	var spent [2]time.Duration
	for end := *now + total; *now < end; i++ {
		w := c.Choose(*now)
		wait, wake := cost[w](i)
		*now += wait + wake
		spent[w] += wait + wake
		n[w]++
		c.Learn(w, wait, wake, *now)
	}
	other := func(w park.Way) time.Duration {
		var sum time.Duration
		for i := range 1000 {
			wait, wake := cost[w](i)
			sum += wait + wake
		}
		return sum / 1000
	}
	if other(park.ByFutex) > other(park.ByScheduler) {
		better = park.ByScheduler
	}
	worse := better ^ 1
	lost = spent[worse] - time.Duration(n[worse])*other(better)
	return n, lost, better
}

func fixed(wait, wake time.Duration) func(int) (time.Duration, time.Duration) {
	return func(int) (time.Duration, time.Duration) { return wait, wake }
}

// sometimes costs a time slice or more at every nth park.
func sometimes(n int, often, seldom time.Duration) func(int) (time.Duration, time.Duration) {
	return func(i int) (time.Duration, time.Duration) {
		if i%n == n-1 {
			return 5 * us, seldom
		}
		return 5 * us, often
	}
}

func TestTheChooserKeepsToTheCheaperWay(t *testing.T) {
	if !park.HasFutex {
		t.Log("no futex here: the scheduler is the only way")
		var c park.Chooser
		c.Begin(park.ByFutex)
		if c.Choose(0) != park.ByScheduler {
			t.Fatal("a futex that does not exist")
		}
		return
	}
	type costs [2]func(int) (time.Duration, time.Duration)
	for _, c := range []struct {
		name string
		cost costs // by futex, by scheduler
	}{
		{"idle", costs{fixed(5*us, 5*us), fixed(5*us, 30*us)}},
		{"one processor, a goroutine answers", costs{fixed(70*us, 3*us), fixed(3*us, 3*us)}},
		{"busy, a goroutine answers", costs{fixed(5*us, 27*ms), fixed(5*us, 200*us)}},
		{"busy, a locked thread answers", costs{sometimes(500, 5*us, 20*ms), sometimes(30, 20*us, 10*ms)}},
		{"far too busy", costs{fixed(5*us, 300*ms), fixed(5*us, 40*us)}},
		{"long waits on busy processors", costs{fixed(200*ms, 20*ms), fixed(200*ms, 30*us)}},
	} {
		for _, first := range []park.Way{park.ByFutex, park.ByScheduler} {
			t.Run(c.name, func(t *testing.T) {
				defer park.Queue.Count(nobody)()
				var ch park.Chooser
				ch.Begin(first)
				now := time.Duration(1)
				sleeps(&ch, &now, 10*time.Second, c.cost) // learn
				total := 200 * time.Second
				n, lost, better := sleeps(&ch, &now, total, c.cost)
				if lost > total/park.TryShare+total/park.TryShare/2 {
					t.Errorf("lost %v of %v, parks %v", lost, total, n)
				}
				if ch.Current() != better {
					t.Errorf("ends with way %d, parks %v", ch.Current(), n)
				}
			})
		}
	}
}

func TestTheChooserFollowsAChange(t *testing.T) {
	if !park.HasFutex {
		t.Log("no futex here: nothing to choose")
		return
	}
	defer park.Queue.Count(nobody)()
	quiet := [2]func(int) (time.Duration, time.Duration){fixed(5*us, 5*us), fixed(5*us, 30*us)}
	busy := [2]func(int) (time.Duration, time.Duration){fixed(5*us, 27*ms), fixed(5*us, 200*us)}
	var c park.Chooser
	c.Begin(park.ByFutex)
	now := time.Duration(1)
	sleeps(&c, &now, time.Second, quiet)
	n, _, _ := sleeps(&c, &now, time.Second, busy)
	if n[park.ByFutex] > 4 {
		t.Errorf("%d slow parks when it became busy", n[park.ByFutex])
	}
	sleeps(&c, &now, 10*time.Second, quiet)
	if c.Current() != park.ByFutex {
		t.Error("still in the scheduler ten seconds after the processors became free")
	}
}

func TestANewChooserBeginsWithTheLastVerdict(t *testing.T) {
	if !park.HasFutex {
		t.Log("no futex here: nothing to choose")
		return
	}
	defer park.Queue.Count(nobody)()
	var c, d park.Chooser
	c.Begin(park.ByFutex)
	now := time.Duration(1)
	sleeps(&c, &now, time.Second, [2]func(int) (time.Duration, time.Duration){fixed(us, 27*ms), fixed(us, 10*us)})
	d.Begin(c.Current())
	if w := d.Choose(now); w != park.ByScheduler {
		t.Error("begins with the futex")
	}
}

func TestTheChooserIgnoresTimesThatAreNone(t *testing.T) {
	var c park.Chooser
	c.Begin(park.ByFutex)
	for _, v := range [][2]time.Duration{{-1, us}, {us, -1}, {us, 30 * 365 * 24 * time.Hour}} {
		before := c
		c.Learn(park.ByFutex, v[0], v[1], time.Second)
		if c != before {
			t.Errorf("%v has been learned from", v)
		}
	}
}
