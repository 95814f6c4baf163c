package park_test

import (
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/causeway-go/causeway/internal/leak"
	"github.com/causeway-go/causeway/internal/park"
)

func TestAParkedThreadSleepsThroughWakesWithoutAPermit(t *testing.T) {
	leak.Check(t)
	n := park.New()
	g := n.Begin()
	back := parked(n, locked(func(n *park.Notifier) { n.Prefer(park.ByFutex); n.ParkThread() }))
	for range 1000 {
		n.FutexWake()
		select {
		case <-back:
			t.Fatal("the park has ended without a permit")
		default:
			runtime.Gosched()
		}
	}
	n.Notify(g)
	<-back
}

func TestALateWakeReachesALaterSleepWithoutHarm(t *testing.T) {
	// The notifier of one sleep may call futexWake when the owner is long in
	// the next one, of another generation.
	n := park.New()
	for range 100 {
		g := n.Begin()
		back := parked(n, locked(func(n *park.Notifier) { n.Prefer(park.ByFutex); n.ParkThread() }))
		n.FutexWake()
		n.Notify(g - 1)
		if !n.Notify(g) {
			t.Fatal("not the first")
		}
		<-back
	}
}

func TestAThreadParksInTheSchedulerWhereTheFutexIsRefused(t *testing.T) {
	defer park.RefuseFutex()()
	n := park.New()
	g := n.Begin()
	for range 20 {
		back := make(chan struct{})
		go func() {
			defer close(back)
			locked(func(n *park.Notifier) { n.Prefer(park.ByFutex); n.ParkThread() })(n)
		}()
		for n.Kind() != "parkedLocked" {
			runtime.Gosched()
		}
		n.Notify(g)
		<-back
		if n.Kind() != "empty" || n.Tokens() != 0 {
			t.Fatalf("left %s, %d tokens", n.Kind(), n.Tokens())
		}
	}
}

func TestAWaitThatIsLongEndsTheSpin(t *testing.T) {
	// After the spin the owner is parked, in one of the two ways.
	for _, w := range []struct {
		way  park.Way
		kind string
	}{{park.ByFutex, "parkedThread"}, {park.ByScheduler, "parkedLocked"}} {
		if w.way == park.ByFutex && !park.HasFutex {
			t.Log("no futex here")
			continue
		}
		n := park.New()
		g := n.Begin()
		n.Prefer(w.way)
		back := parked(n, locked((*park.Notifier).ParkThread))
		if k := n.Kind(); k != w.kind {
			t.Errorf("%s instead of %s", k, w.kind)
		}
		n.Notify(g)
		<-back
	}
}

func TestAThreadInABubbleParksInTheScheduler(t *testing.T) {
	n := park.New()
	n.Prefer(park.ByFutex)
	synctest.Test(t, func(t *testing.T) {
		g := n.Begin()
		go func() {
			synctest.Wait()
			if k := n.Kind(); k != "parkedChan" {
				t.Errorf("%s", k)
			}
			time.Sleep(time.Hour)
			n.Notify(g)
		}()
		start := time.Now()
		n.ParkThread()
		if d := time.Since(start); d != time.Hour {
			t.Errorf("woken after %v", d)
		}
	})
}

func TestALockedGoroutineMayUsePlainPark(t *testing.T) {
	// What that costs is bounded by the yielder: see
	// TestSlowTurnsCostOnePerCent. Here: that it works, and that the slow
	// turns do not keep others from yielding.
	defer park.Queue.Clear()
	a, b := park.New(), park.New()
	ga, gb := a.Begin(), b.Begin()
	go locked(func(*park.Notifier) {
		for range 200 {
			a.Park()
			b.Notify(gb)
		}
	})(nil)
	locked(func(*park.Notifier) {
		for range 200 {
			a.Notify(ga)
			b.Park()
		}
	})(nil)
}
