package pollster_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/causeway-go/causeway/internal/hammer"
	"github.com/causeway-go/causeway/pollster"
)

// bg is the context of the calls whose context does not matter here.
var bg = context.Background()

// The defect that a permit for each thread brings: the outer future is woken,
// then its Poll blocks on an inner future, which parks, and returns not ready.
// The inner call must not have taken the outer one's wake-up.
func TestNestedBlockOnKeepsTheOuterWake(t *testing.T) {
	forEachBlockOn(t, func(t *testing.T, blockOn func(context.Context, pollster.Future[int]) (int, error)) {
		for _, ctx := range []context.Context{bg, t.Context()} {
			polls := 0
			outer := pollster.Func[int](func(w *pollster.Waker) (int, bool, error) {
				if polls++; polls > 1 {
					return polls, true, nil
				}
				w.Wake()
				if _, err := blockOn(ctx, after(time.Millisecond)); err != nil {
					t.Error(err)
				}
				return 0, false, nil
			})
			if v, err := blockOn(ctx, outer); v != 2 || err != nil {
				t.Errorf("%d, %v", v, err)
			}
		}
	})
}

// The same where the inner wait is not one of ours: it consumes whatever a
// goroutine may have that a wake-up could be confused with.
func TestBlockOnSurvivesOtherWaitsInsidePoll(t *testing.T) {
	forEachBlockOn(t, func(t *testing.T, blockOn func(context.Context, pollster.Future[int]) (int, error)) {
		polls := 0
		f := pollster.Func[int](func(w *pollster.Waker) (int, bool, error) {
			if polls++; polls > 1 {
				return polls, true, nil
			}
			w.Wake()
			c := make(chan int)
			go func() { c <- 1 }()
			<-c
			var mu sync.Mutex
			cond := sync.NewCond(&mu)
			gone := false
			go func() {
				mu.Lock()
				defer mu.Unlock()
				gone = true
				cond.Signal()
			}()
			mu.Lock()
			for !gone {
				cond.Wait()
			}
			mu.Unlock()
			time.Sleep(time.Microsecond)
			return 0, false, nil
		})
		if v, err := blockOn(bg, f); v != 2 || err != nil {
			t.Errorf("%d, %v", v, err)
		}
	})
}

func TestNestedBlockOnWakersAreDifferent(t *testing.T) {
	var wakers []*pollster.Waker
	note := func(w *pollster.Waker) {
		for _, v := range wakers {
			if v == w {
				t.Error("two calls have the same waker")
			}
		}
		wakers = append(wakers, w)
	}
	var level func(n int) pollster.Future[int]
	level = func(n int) pollster.Future[int] {
		return pollster.Func[int](func(w *pollster.Waker) (int, bool, error) {
			note(w)
			if n > 0 {
				pollster.BlockOn(bg, level(n-1))
			}
			return 0, true, nil
		})
	}
	pollster.BlockOn(bg, level(3))
	pollster.BlockOn(bg, level(3))
}

// Three ways in which one call could wake another one by mistake. The polls of
// the one that must not be woken are counted.
func TestNestedBlockOnCallsDoNotWakeEachOther(t *testing.T) {
	ready := pollster.Func[int](func(w *pollster.Waker) (int, bool, error) {
		w.Wake()
		return 0, true, nil
	})
	t.Run("inner does not wake outer", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			m := newManual[int](t)
			m.onPoll = func() { pollster.BlockOn(bg, ready) }
			expectPolls(t, m, 1)
		})
	})
	t.Run("outer does not wake inner", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			m := newManual[int](t)
			outer := pollster.Func[int](func(w *pollster.Waker) (int, bool, error) {
				w.Wake()
				expectPolls(t, m, 1)
				return 0, true, nil
			})
			pollster.BlockOn(bg, outer)
		})
	})
	t.Run("first does not wake second", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			var first *pollster.Waker
			pollster.BlockOn(bg, pollster.Func[int](func(w *pollster.Waker) (int, bool, error) {
				first = w
				w.Wake()
				return 0, true, nil
			}))
			m := newManual[int](t)
			m.onPoll = func() { first.Wake() }
			expectPolls(t, m, 1)
		})
	})
}

// expectPolls blocks on m until everything has come to rest, expects so many
// polls, and ends m.
func expectPolls(t *testing.T, m *manual[int], want int64) {
	time.AfterFunc(time.Hour, func() {
		if n := m.polls.Load(); n != want {
			t.Errorf("%d polls, want %d", n, want)
		}
		m.end(0, nil)
	})
	pollster.BlockOn(bg, m)
}

func TestNestedBlockOnAThousandDeep(t *testing.T) {
	forEachBlockOn(t, func(t *testing.T, blockOn func(context.Context, pollster.Future[int]) (int, error)) {
		var level func(n int) pollster.Future[int]
		level = func(n int) pollster.Future[int] {
			polls := 0
			return pollster.Func[int](func(w *pollster.Waker) (int, bool, error) {
				if polls++; polls == 2 {
					return n, true, nil
				}
				w.Wake() // must outlast all that is inside
				if n > 1 {
					if v, err := blockOn(bg, level(n-1)); v != n-1 || err != nil {
						t.Errorf("level %d: %d, %v", n-1, v, err)
					}
				}
				blockOn(bg, after(time.Microsecond))
				return 0, false, nil
			})
		}
		if v, err := blockOn(bg, level(1000)); v != 1000 || err != nil {
			t.Errorf("%d, %v", v, err)
		}
	})
}

// Outer and inner calls on many goroutines, each woken from elsewhere.
func TestNestedBlockOnHammer(t *testing.T) {
	hammer.Run(t, 4, func(_, i int) {
		var outer, inner, innermost flag
		polls := 0
		f := pollster.Func[int](func(w *pollster.Waker) (int, bool, error) {
			polls++
			v, ready, err := outer.Poll(w)
			if polls == 1 {
				go outer.raise()
				go inner.raise()
				pollster.BlockOn(bg, pollster.Func[int](func(w *pollster.Waker) (int, bool, error) {
					v, ready, err := inner.Poll(w)
					if !ready {
						go innermost.raise()
						pollster.BlockOn(bg, &innermost)
					}
					return v, ready, err
				}))
			}
			return v, ready, err
		})
		if _, err := pollster.BlockOn(bg, f); err != nil {
			t.Error(err)
		}
	})
}
