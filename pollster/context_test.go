package pollster_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/causeway-go/causeway/pollster"
)

var errCause = errors.New("the cause")

// endings are the ways in which a context ends.
var endings = []struct {
	name string
	// start returns a context that ends after a second.
	start func() (context.Context, context.CancelFunc)
	want  []error
	deny  []error
}{
	{"cancel", func() (context.Context, context.CancelFunc) {
		ctx, cancel := context.WithCancel(bg)
		time.AfterFunc(time.Second, cancel)
		return ctx, cancel
	}, []error{context.Canceled}, []error{context.DeadlineExceeded, errCause}},
	{"cancel with a cause", func() (context.Context, context.CancelFunc) {
		ctx, cancel := context.WithCancelCause(bg)
		time.AfterFunc(time.Second, func() { cancel(errCause) })
		return ctx, func() { cancel(nil) }
	}, []error{context.Canceled, errCause}, []error{context.DeadlineExceeded}},
	{"deadline", func() (context.Context, context.CancelFunc) {
		return context.WithTimeout(bg, time.Second)
	}, []error{context.DeadlineExceeded}, []error{context.Canceled, errCause}},
	{"deadline with a cause", func() (context.Context, context.CancelFunc) {
		return context.WithTimeoutCause(bg, time.Second, errCause)
	}, []error{context.DeadlineExceeded, errCause}, []error{context.Canceled}},
	{"parent's cause", func() (context.Context, context.CancelFunc) {
		parent, cancel := context.WithCancelCause(bg)
		time.AfterFunc(time.Second, func() { cancel(errCause) })
		return context.WithValue(parent, &errCause, 1), func() { cancel(nil) }
	}, []error{context.Canceled, errCause}, []error{context.DeadlineExceeded}},
}

func TestBlockOnEndsWithItsContext(t *testing.T) {
	for _, e := range endings {
		for _, mode := range []string{"parked", "before", "waking itself"} {
			t.Run(e.name+", "+mode, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					ctx, cancel := e.start()
					defer cancel()
					m := newManual[int](t)
					start, polls := time.Now(), int64(1)
					switch mode {
					case "before":
						time.Sleep(time.Second)
						synctest.Wait() // until the timers that fire now have done their work
						polls = 0
					case "waking itself":
						polls = 100
						m.onPoll = func() {
							if m.polls.Load() == polls-1 {
								<-ctx.Done()
							}
							m.waker.Wake()
						}
					}
					_, err := pollster.BlockOn(ctx, m)
					for _, want := range e.want {
						if !errors.Is(err, want) {
							t.Errorf("error %q is not %q", err, want)
						}
					}
					for _, deny := range e.deny {
						if errors.Is(err, deny) {
							t.Errorf("error %q is %q", err, deny)
						}
					}
					if took := time.Since(start); took != time.Second {
						t.Errorf("after %v", took)
					}
					if m.cancels.Load() != 1 || m.polls.Load() != polls {
						t.Errorf("%d cancels, %d polls, want 1, %d", m.cancels.Load(), m.polls.Load(), polls)
					}
				})
			})
		}
	}
}

func TestBlockOnPrefersAResultThatNeedsNoPollToAnEndedContext(t *testing.T) {
	ctx, cancel := context.WithCancel(bg)
	cancel()
	if v, err := pollster.BlockOn(ctx, pollster.Ready(1)); v != 1 || err != nil {
		t.Errorf("Ready: %d, %v", v, err)
	}
	if _, err := pollster.BlockOn(ctx, pollster.Failed[int](errTest)); err != errTest {
		t.Errorf("Failed: %v", err)
	}
	if _, err := pollster.BlockOn[int](ctx, nil); err != pollster.ErrNilFuture {
		t.Errorf("nil: %v", err)
	}
}

// The timeouts of a parker, by way of the context.
func TestBlockOnTimesOutAsAParkerDoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		timeout := func(d time.Duration) (context.Context, context.CancelFunc) { return context.WithTimeout(bg, d) }
		for range 10 {
			// The permit is there: no waiting.
			ctx, cancel := timeout(time.Hour)
			start := time.Now()
			if _, err := pollster.BlockOn(ctx, &selfWaking{}); err != nil || time.Since(start) != 0 {
				t.Errorf("%v after %v", err, time.Since(start))
			}
			cancel()

			// No permit: exactly the timeout.
			ctx, cancel = timeout(10 * time.Millisecond)
			if _, err := pollster.BlockOn(ctx, never()); err == nil || time.Since(start) != 10*time.Millisecond {
				t.Errorf("%v after %v", err, time.Since(start))
			}
			cancel()

			// A permit from elsewhere, long before the timeout.
			ctx, cancel = timeout(1<<63 - 1)
			start = time.Now()
			m := newManual[int](t)
			time.AfterFunc(50*time.Millisecond, func() { m.end(1, nil) })
			if v, err := pollster.BlockOn(ctx, m); v != 1 || err != nil || time.Since(start) != 50*time.Millisecond {
				t.Errorf("%d, %v after %v", v, err, time.Since(start))
			}
			cancel()
		}
	})
}

// A wake and the end of the context at the same moment: either the result or
// the context's error, never a hang, and f is cancelled if and only if its end
// was not seen.
func TestBlockOnWakeAndContextEndTogether(t *testing.T) {
	rounds := 2000
	if testing.Short() {
		rounds = 200
	}
	results := 0
	for range rounds {
		ctx, cancel := context.WithCancel(bg)
		m := newManual[int](t)
		go cancel()
		go m.end(7, nil)
		v, err := pollster.BlockOn(ctx, m)
		if err == nil {
			results++
		}
		if err == nil && (v != 7 || m.canceled()) || err != nil && (!errors.Is(err, context.Canceled) || !m.canceled()) {
			t.Fatalf("%d, %v, canceled %v", v, err, m.canceled())
		}
	}
	t.Logf("%d of %d ended with the result", results, rounds)
}

// A context that is not one of the standard library's.
type foreignContext struct {
	context.Context
	done chan struct{}
}

func (c *foreignContext) Done() <-chan struct{} { return c.done }

func (c *foreignContext) Err() error {
	select {
	case <-c.done:
		return context.Canceled
	default:
		return nil
	}
}

func TestBlockOnTakesAForeignContext(t *testing.T) {
	forEachBlockOn(t, func(t *testing.T, blockOn func(context.Context, pollster.Future[int]) (int, error)) {
		ctx := &foreignContext{bg, make(chan struct{})}
		if v, err := blockOn(ctx, after(time.Millisecond)); v != 42 || err != nil {
			t.Errorf("%d, %v", v, err)
		}
		m := newManual[int](t)
		m.onPoll = func() { close(ctx.done) }
		if _, err := blockOn(ctx, m); !errors.Is(err, context.Canceled) || !m.canceled() {
			t.Errorf("%v, canceled %v", err, m.canceled())
		}
	})
}
