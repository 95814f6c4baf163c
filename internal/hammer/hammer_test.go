package hammer_test

import (
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/causeway-go/causeway/internal/hammer"
)

func TestEveryGoroutineCallsInOrder(t *testing.T) {
	const goroutines = 4
	var next [goroutines]int // each written by its own goroutine only
	hammer.Run(t, goroutines, func(g, i int) {
		if i != next[g] {
			t.Errorf("goroutine %d: call %d, want %d", g, i, next[g])
		}
		next[g]++
	})
	for g, n := range next {
		if n < 5 {
			t.Errorf("goroutine %d made %d calls", g, n)
		}
	}
}

func TestGoroutinesRunTogether(t *testing.T) {
	// Each call of one goroutine waits for a call of the other.
	turn := make(chan struct{})
	var calls atomic.Int64
	hammer.Run(t, 2, func(g, i int) {
		if i >= 5 {
			return
		}
		calls.Add(1)
		if g == 0 {
			turn <- struct{}{}
		} else {
			<-turn
		}
	})
	if n := calls.Load(); n != 10 {
		t.Errorf("%d calls, want 10", n)
	}
}

func TestRunEndsInsideABubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var calls atomic.Int64
		hammer.Run(t, 2, func(g, i int) { calls.Add(1) })
		if calls.Load() == 0 {
			t.Error("nothing was called")
		}
	})
}

// A recorder stands in for a test that is expected to fail.
type recorder struct {
	testing.TB
	mu     sync.Mutex
	failed bool
	log    strings.Builder
}

func (r *recorder) Helper() {}

func (r *recorder) Errorf(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failed = true
	fmt.Fprintf(&r.log, format+"\n", args...)
}

func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	runtime.Goexit()
}

func (r *recorder) FailNow() {
	r.mu.Lock()
	r.failed = true
	r.mu.Unlock()
	runtime.Goexit()
}

// record runs Run against a recorder and returns what it logged.
func record(t *testing.T, goroutines int, f func(r *recorder, g, i int)) string {
	t.Helper()
	r := &recorder{TB: t}
	returned := false
	var wg sync.WaitGroup
	wg.Go(func() {
		hammer.Run(r, goroutines, func(g, i int) { f(r, g, i) })
		returned = true
	})
	wg.Wait()
	if returned || !r.failed {
		t.Errorf("Run returned: %v, failed: %v", returned, r.failed)
	}
	return r.log.String()
}

func TestAPanicFailsTheTestAndNamesItsPlace(t *testing.T) {
	log := record(t, 3, func(r *recorder, g, i int) {
		if g == 1 && i == 2 {
			panic("broken")
		}
	})
	for _, want := range []string{"goroutine 1, call 2", "panic: broken", "hammer_test.go"} {
		if !strings.Contains(log, want) {
			t.Errorf("no %q in\n%s", want, log)
		}
	}
}

func TestFatalInsideEndsTheRun(t *testing.T) {
	log := record(t, 3, func(r *recorder, g, i int) {
		if g == 0 {
			r.Fatalf("wrong")
		}
	})
	if !strings.Contains(log, "wrong") || !strings.Contains(log, "ended by Fatal or Goexit") {
		t.Errorf("log:\n%s", log)
	}
}

func TestGoroutinesThatWaitForAFailedOneAreGivenUp(t *testing.T) {
	// In a bubble, so that the ten seconds pass at once.
	synctest.Test(t, func(t *testing.T) {
		waits, never := make(chan struct{}), make(chan struct{})
		log := record(t, 2, func(r *recorder, g, i int) {
			if g == 0 {
				<-waits
				panic("gone")
			}
			close(waits)
			<-never
		})
		if !strings.Contains(log, "have not ended") {
			t.Errorf("log:\n%s", log)
		}
		close(never)
	})
}

func TestZeroGoroutinesIsAMistake(t *testing.T) {
	if log := record(t, 0, func(*recorder, int, int) {}); !strings.Contains(log, "0 goroutines") {
		t.Errorf("log:\n%s", log)
	}
}
