package threadlock

import (
	"runtime"
	"sync"
	"testing"
)

// needsThreads skips a test where there are no threads to lock a goroutine to;
// LockOSThread there does nothing that could be seen.
func needsThreads(t *testing.T) {
	t.Helper()
	if !Threads {
		t.Skip("this platform has no threads to lock a goroutine to")
	}
}

// on runs f on a goroutine of its own, whose lock dies with it.
func on(f func()) {
	var wg sync.WaitGroup
	wg.Go(f)
	wg.Wait()
}

func TestTheLayoutIsFoundOnThisRelease(t *testing.T) {
	on(func() {
		l := search()
		if isAddress && (l.g == 0 || l.m == 0) {
			t.Errorf("layout %+v: only the slow way is left", l)
		}
	})
}

func TestStateFollowsLockAndUnlock(t *testing.T) {
	needsThreads(t)
	on(func() {
		if s := Current(); s != (State{}) {
			t.Errorf("at first: %+v", s)
		}
		runtime.LockOSThread()
		one := Current()
		if !one.Locked() {
			t.Error("not seen as locked")
		}
		if !isAddress {
			return // locked or not is all there is to know
		}
		if n, known := one.Depth(); !known || n != 1 {
			t.Errorf("depth %d, %v", n, known)
		}
		runtime.LockOSThread()
		if two := Current(); two == one || !two.Locked() {
			t.Errorf("locked twice is %+v, locked once %+v", two, one)
		}
		runtime.UnlockOSThread()
		if s := Current(); s != one {
			t.Errorf("back to once: %+v, was %+v", s, one)
		}
		runtime.UnlockOSThread()
		if s := Current(); s.Locked() {
			t.Errorf("at last: %+v", s)
		}
	})
}

func TestTwoThreadsHaveDifferentStates(t *testing.T) {
	if !isAddress {
		t.Skip("this build reads thread locks from stack traces, which do not name the thread")
	}
	on(func() {
		runtime.LockOSThread()
		mine := Current()
		on(func() {
			runtime.LockOSThread()
			if s := Current(); s == mine {
				t.Error("two locked threads look the same")
			}
		})
	})
}

func TestTheSlowWayAgrees(t *testing.T) {
	needsThreads(t)
	on(func() {
		if fromTrace().Locked() {
			t.Error("unlocked goroutine seen as locked")
		}
		runtime.LockOSThread()
		if !fromTrace().Locked() {
			t.Error("locked goroutine not seen")
		}
	})
}

func TestTwoCandidatesMeanTheSlowWay(t *testing.T) {
	c := candidates{out: []bool{true, false, false}}
	if _, ok := c.only(); ok {
		t.Error("two candidates taken for one")
	}
	c.out[1] = true
	if pos, ok := c.only(); !ok || pos != 2 {
		t.Errorf("position %d, %v", pos, ok)
	}
}

func BenchmarkCurrent(b *testing.B) {
	for b.Loop() {
		Current()
	}
}
