package compat_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/causeway-go/causeway/compat"
	"github.com/causeway-go/causeway/internal/hammer"
	"github.com/causeway-go/causeway/internal/leak"
	"github.com/causeway-go/causeway/pollster"
)

func TestDoneLosesARaceUntilTheContextEnds(t *testing.T) {
	leak.Check(t)
	ctx, cancel := context.WithCancelCause(context.Background())
	v, err := pollster.BlockOn(t.Context(), pollster.Race(compat.Done[int](ctx), pollster.Ready(7)))
	if v != 7 || err != nil {
		t.Fatal(v, err)
	}
	cancel(errTest)
	_, err = pollster.BlockOn(t.Context(), pollster.Race(compat.Done[int](ctx), pollster.Ready(7)))
	if !errors.Is(err, errTest) || !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
}

func TestDoneOfABackgroundContextHoldsNothing(t *testing.T) {
	leak.Check(t)
	f := compat.Done[int](context.Background())
	if _, ready, err := f.Poll(nil); ready || err != nil {
		t.Fatal(ready, err)
	}
	pollster.Cancel(f)
}

// Nothing would wake whoever polls it then.
func TestDonePolledAfterCancelIsNotPending(t *testing.T) {
	leak.Check(t)
	ctx, cancel := context.WithCancel(context.Background())
	w := pollster.NewWaker(func() {})
	for _, polled := range []bool{false, true} {
		f := compat.Done[int](ctx)
		if polled {
			f.Poll(w)
		}
		pollster.Cancel(f)
		if _, ready, err := f.Poll(w); ready || !errors.Is(err, pollster.ErrCanceled) {
			t.Errorf("polled before %v: %v, %v", polled, ready, err)
		}
	}
	cancel()
	f := compat.Done[int](ctx)
	pollster.Cancel(f)
	if _, _, err := f.Poll(w); !errors.Is(err, context.Canceled) {
		t.Errorf("a context that had ended before: %v", err)
	}
}

// foreign is a context that context.AfterFunc has to watch with a goroutine.
type foreign struct{ context.Context }

func TestDoneOfAForeignContextLeavesNoGoroutine(t *testing.T) {
	leak.Check(t)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	f := compat.Done[int](foreign{ctx})
	f.Poll(nil)
	f.Poll(nil)
	pollster.Cancel(f)
}

func TestContextEndsWithItsFuture(t *testing.T) {
	leak.Check(t)
	for _, c := range []struct {
		name   string
		end    func(p *pollster.Promise[int], cancel, parent context.CancelFunc)
		cause  error
		value  bool
		cancel bool // whether the future is cancelled
	}{
		{"value", func(p *pollster.Promise[int], _, _ context.CancelFunc) { p.Resolve(7) }, context.Canceled, true, false},
		{"error", func(p *pollster.Promise[int], _, _ context.CancelFunc) { p.Reject(errTest) }, errTest, false, false},
		{"cancel", func(_ *pollster.Promise[int], cancel, _ context.CancelFunc) { cancel() }, context.Canceled, false, true},
		{"parent", func(_ *pollster.Promise[int], _, parent context.CancelFunc) { parent() }, context.Canceled, false, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				parent, endParent := context.WithCancel(t.Context())
				defer endParent()
				var p pollster.Promise[int]
				ctx, cancel := compat.Context[int](parent, &p)
				defer cancel()
				synctest.Wait()
				if _, ok := compat.Value[int](ctx); ok || ctx.Err() != nil {
					t.Fatal("ended before its future", ctx.Err())
				}
				c.end(&p, cancel, endParent)
				<-ctx.Done()
				if ctx.Err() != context.Canceled || !errors.Is(context.Cause(ctx), c.cause) {
					t.Fatalf("%v, cause %v, want %v", ctx.Err(), context.Cause(ctx), c.cause)
				}
				if v, ok := compat.Value[int](ctx); ok != c.value || ok && v != 7 {
					t.Fatal(v, ok)
				}
				synctest.Wait()
				if p.Canceled() != c.cancel {
					t.Fatalf("future cancelled: %v", p.Canceled())
				}
			})
		})
	}
}

func TestValueIsThatOfTheInnermostFutureOfItsType(t *testing.T) {
	leak.Check(t)
	a, cancelA := compat.Context(context.Background(), pollster.Ready(1))
	defer cancelA()
	<-a.Done()
	b, cancelB := compat.Context(context.WithoutCancel(a), pollster.Ready("text"))
	defer cancelB()
	<-b.Done()
	c, cancelC := compat.Context(context.WithoutCancel(b), pollster.Failed[int](errTest))
	defer cancelC()
	<-c.Done()
	if v, ok := compat.Value[int](b); v != 1 || !ok {
		t.Fatal(v, ok)
	}
	if v, ok := compat.Value[string](c); v != "text" || !ok {
		t.Fatal(v, ok)
	}
	if v, ok := compat.Value[int](c); ok {
		t.Fatal("a value of a future that failed", v)
	}
	if _, ok := compat.Value[bool](c); ok {
		t.Fatal("a value of a type that no future has")
	}
	if _, ok := compat.Value[int](context.Background()); ok {
		t.Fatal("a value without a future")
	}
}

func TestContextThereAndBackKeepsTheError(t *testing.T) {
	leak.Check(t)
	ctx, cancel := compat.Context(context.Background(), pollster.Failed[int](errTest))
	defer cancel()
	if _, err := pollster.BlockOn(t.Context(), compat.Done[int](ctx)); !errors.Is(err, errTest) {
		t.Fatal(err)
	}
}

func TestContextUnderFireHasItsValueWhenItEnds(t *testing.T) {
	leak.Check(t)
	hammer.Run(t, 4, func(g, i int) {
		ctx, cancel := compat.Context(context.Background(), compat.Async(context.Background(),
			func(context.Context) (int, error) { return i, nil }))
		defer cancel()
		if g == 0 && i%2 == 0 {
			cancel()
			return
		}
		<-ctx.Done()
		if v, ok := compat.Value[int](ctx); v != i || !ok {
			t.Error(v, ok, i)
		}
	})
}

func TestAfterIsNeverEarlyAndCanBeTakenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		for _, d := range []time.Duration{-1, 0, 1, time.Millisecond, time.Hour} {
			f := compat.After(d)
			time.Sleep(time.Minute) // counts from the first poll
			before := time.Now()
			at, err := pollster.BlockOn(t.Context(), f)
			if want := before.Add(max(d, 0)); err != nil || !at.Equal(want) {
				t.Errorf("After(%v): %v, %v, want %v", d, at.Sub(before), err, d)
			}
			if again, ready, _ := f.Poll(nil); !ready || !again.Equal(at) {
				t.Errorf("After(%v) polled after the end: %v, %v", d, again, ready)
			}
		}
		f := compat.After(time.Hour)
		f.Poll(pollster.NewWaker(func() { t.Error("woken after Cancel") }))
		pollster.Cancel(f)
		if _, _, err := f.Poll(nil); err != pollster.ErrCanceled {
			t.Error(err)
		}
		time.Sleep(24*time.Hour - time.Since(start)%time.Hour)
	})
}

func TestTickKeepsStepAndDropsWhatNobodyAskedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		s := compat.Tick(time.Second)
		next := pollster.Next(s)
		want := func(d time.Duration) {
			t.Helper()
			at, err := pollster.BlockOn(t.Context(), next)
			if got := at.Sub(start); got != d || err != nil {
				t.Fatalf("tick at %v, %v, want %v", got, err, d)
			}
		}
		want(time.Second)
		want(2 * time.Second)
		time.Sleep(3500 * time.Millisecond) // to 5.5 s: the ticks of 3, 4 and 5
		want(5500 * time.Millisecond)       // one of them, late
		want(6 * time.Second)
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		if _, err := pollster.BlockOn(ctx, next); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
		want(7 * time.Second) // a wait that was given up loses nothing
		time.Sleep(time.Second)
		want(8 * time.Second)
		pollster.Cancel(s)
		if _, _, err := s.PollNext(nil); err != pollster.ErrCanceled {
			t.Fatal(err)
		}
	})
}

func TestTickHoldsNoTimerWhileNobodyWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := compat.Tick(time.Second)
		if _, err := pollster.BlockOn(t.Context(), pollster.Next(s)); err != nil {
			t.Fatal(err)
		}
		// With a timer running, this would be where the bubble's clock stops.
		var woken atomic.Int32
		s.PollNext(pollster.NewWaker(func() { woken.Add(1) }))
		time.Sleep(time.Minute)
		if n := woken.Load(); n != 1 {
			t.Fatalf("woken %d times for one poll", n)
		}
	})
}
