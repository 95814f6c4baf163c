package park_test

import (
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/causeway-go/causeway/internal/goroutine"
	"github.com/causeway-go/causeway/internal/leak"
	"github.com/causeway-go/causeway/internal/park"
)

// A channelParker is the simplest goroutine.Parker.
type channelParker struct{ c chan struct{} }

func newParker() *channelParker { return &channelParker{make(chan struct{}, 1)} }

func (p *channelParker) Park(goroutine.Wait) { <-p.c }
func (p *channelParker) Unpark()             { p.c <- struct{}{} }

// kinds are all ways to park, as functions that return when there is a permit.
var kinds = []struct {
	name string
	park func(n *park.Notifier)
}{
	{"Park", (*park.Notifier).Park},
	{"ParkOr nil", func(n *park.Notifier) { n.ParkOr(nil) }},
	{"ParkOr", func(n *park.Notifier) { n.ParkOr(make(chan struct{})) }},
	{"ParkVia", func(n *park.Notifier) { n.ParkVia(newParker()) }},
	{"ParkThread", locked((*park.Notifier).ParkThread)},
	{"ParkThread by futex", locked(func(n *park.Notifier) { n.Prefer(park.ByFutex); n.ParkThread() })},
	{"ParkThread by scheduler", locked(func(n *park.Notifier) { n.Prefer(park.ByScheduler); n.ParkThread() })},
}

func locked(f func(n *park.Notifier)) func(n *park.Notifier) {
	return func(n *park.Notifier) {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		f(n)
	}
}

func forEachKind(t *testing.T, f func(t *testing.T, wait func(*park.Notifier))) {
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) { f(t, k.park) })
	}
}

// parked starts an owner, waits until it is parked, and returns a channel that
// is closed when it has come back.
func parked(n *park.Notifier, wait func(*park.Notifier)) <-chan struct{} {
	back := make(chan struct{})
	go func() {
		defer close(back)
		wait(n)
	}()
	for !n.Asleep() {
		runtime.Gosched()
	}
	return back
}

func TestAPermitThatIsThereEndsAParkAtOnce(t *testing.T) {
	forEachKind(t, func(t *testing.T, wait func(*park.Notifier)) {
		n := park.New()
		g := n.Begin()
		for range 10 {
			n.Notify(g)
			wait(n)
			if k := n.Kind(); k != "empty" {
				t.Fatalf("%s after the park", k)
			}
		}
	})
}

func TestNotifyWakesAParkedOwner(t *testing.T) {
	leak.Check(t)
	forEachKind(t, func(t *testing.T, wait func(*park.Notifier)) {
		n := park.New()
		g := n.Begin()
		for range 20 {
			back := parked(n, wait)
			if !n.Notify(g) {
				t.Fatal("not the first to notify")
			}
			<-back
			if n.Consume() {
				t.Fatal("the permit is still there")
			}
		}
	})
}

func TestOnlyTheFirstNotifyOfAPermitReportsTrue(t *testing.T) {
	n := park.New()
	g := n.Begin()
	for range 3 {
		if !n.Notify(g) || n.Notify(g) || n.Notify(g) {
			t.Fatal("want true, false, false")
		}
		if !n.Consume() || n.Consume() {
			t.Fatal("want one permit")
		}
	}
}

func TestAnEarlierGenerationDoesNothing(t *testing.T) {
	forEachKind(t, func(t *testing.T, wait func(*park.Notifier)) {
		n := park.New()
		old := n.Begin()
		n.Notify(old)
		g := n.Begin()
		if n.Consume() {
			t.Fatal("Begin has kept the permit")
		}
		if n.Notify(old) || n.Consume() {
			t.Fatal("a stale generation has given a permit")
		}
		back := parked(n, wait)
		if n.Notify(old) || n.Notify(g+1) {
			t.Fatal("another generation has notified")
		}
		select {
		case <-back:
			t.Fatal("woken by another generation")
		default:
		}
		n.Notify(g)
		<-back
	})
}

func TestWhatWasWrittenBeforeNotifyIsVisible(t *testing.T) {
	// The race detector is the judge: x is not atomic.
	forEachKind(t, func(t *testing.T, wait func(*park.Notifier)) {
		n := park.New()
		for i := range 100 {
			g := n.Begin()
			x := 0
			go func() {
				x = i
				n.Notify(g)
			}()
			wait(n)
			if x != i {
				t.Fatal("not visible")
			}
		}
	})
}

func TestParkOrEndsWithDone(t *testing.T) {
	leak.Check(t)
	n := park.New()
	g := n.Begin()
	for range 20 {
		done := make(chan struct{})
		got := make(chan bool)
		go func() { got <- n.ParkOr(done) }()
		for !n.Asleep() {
			runtime.Gosched()
		}
		close(done)
		if <-got {
			t.Fatal("consumed a permit that nobody has given")
		}
		if n.Kind() != "empty" || n.Tokens() != 0 {
			t.Fatalf("left %s and %d tokens", n.Kind(), n.Tokens())
		}
	}
	n.Notify(g)
	done := make(chan struct{})
	close(done)
	if !n.ParkOr(done) {
		t.Fatal("the permit was there and must win")
	}
}

func TestPermitAndDoneAtOnceLoseNothing(t *testing.T) {
	leak.Check(t)
	n := park.New()
	rounds := 20000
	if testing.Short() {
		rounds = 1000
	}
	won := 0
	for i := range rounds {
		g := n.Begin()
		done := make(chan struct{})
		var both sync.WaitGroup
		both.Add(2)
		go func() {
			if i%2 == 0 {
				runtime.Gosched()
			}
			n.Notify(g)
			both.Done()
		}()
		go func() { close(done); both.Done() }()
		got := n.ParkOr(done)
		both.Wait()
		if again := n.Consume(); got == again {
			t.Fatalf("round %d: ParkOr %v, and the permit is there: %v", i, got, again)
		}
		if n.Tokens() != 0 {
			t.Fatalf("round %d: a token is left", i)
		}
		if got {
			won++
		}
	}
	t.Logf("the permit won %d of %d", won, rounds)
}

func TestAParkInABubbleIsDurable(t *testing.T) {
	n := park.New() // made outside, and used in two bubbles and between them
	use := func(t *testing.T, wait func(*park.Notifier)) {
		g := n.Begin()
		start := time.Now()
		time.AfterFunc(time.Hour, func() { n.Notify(g) })
		wait(n)
		if d := time.Since(start); d != time.Hour {
			t.Errorf("woken after %v", d)
		}
	}
	for _, k := range kinds {
		for range 2 {
			synctest.Test(t, func(t *testing.T) { use(t, k.park) })
			n.Notify(n.Begin())
			n.Park()
			g := n.Begin()
			back := parked(n, (*park.Notifier).Park)
			n.Notify(g)
			<-back
		}
	}
}

func TestParkOrInABubbleEndsWithDoneAndWithPermit(t *testing.T) {
	n := park.New()
	for range 3 {
		synctest.Test(t, func(t *testing.T) {
			g := n.Begin()
			ctx := t.Context()
			done := make(chan struct{})
			time.AfterFunc(time.Second, func() { close(done) })
			if n.ParkOr(done) {
				t.Error("no permit was given")
			}
			time.AfterFunc(time.Second, func() { n.Notify(g) })
			if !n.ParkOr(ctx.Done()) {
				t.Error("the context has not ended")
			}
		})
	}
}

func TestAWarmParkAllocatesNothing(t *testing.T) {
	done := make(chan struct{})
	via := newParker()
	ways := []struct {
		name string
		wait func(n *park.Notifier)
	}{
		{"Park", (*park.Notifier).Park},
		{"ParkOr", func(n *park.Notifier) { n.ParkOr(done) }},
		{"ParkVia", func(n *park.Notifier) { n.ParkVia(via) }},
		{"ParkThread", (*park.Notifier).ParkThread},
	}
	for _, w := range ways {
		a, b := park.New(), park.New()
		ga, gb := a.Begin(), b.Begin()
		end := make(chan struct{})
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			for {
				b.Park()
				select {
				case <-end:
					return
				default:
					a.Notify(ga)
				}
			}
		}()
		if got := testing.AllocsPerRun(200, func() {
			b.Notify(gb)
			w.wait(a)
		}); got != 0 {
			t.Errorf("%s: %v allocations", w.name, got)
		}
		close(end)
		b.Notify(gb)
		<-ended
	}
}
