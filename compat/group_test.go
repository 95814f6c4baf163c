package compat_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/causeway-go/causeway/compat"
	"github.com/causeway-go/causeway/compat/mainloop"
	"github.com/causeway-go/causeway/executor"
	"github.com/causeway-go/causeway/internal/hammer"
	"github.com/causeway-go/causeway/internal/leak"
	"github.com/causeway-go/causeway/pollster"
	"github.com/causeway-go/causeway/threadpool"
)

func TestGroupWaitsForFunctionsAndFutures(t *testing.T) {
	leak.Check(t)
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		g := compat.NewGroup(t.Context())
		g.Go(func(context.Context) error { time.Sleep(time.Second); return nil })
		at := compat.Add(g, compat.After(3*time.Second))
		if err := g.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		if v, ready, err := at.Poll(nil); !ready || err != nil || v.Sub(start) != 3*time.Second {
			t.Fatal(v.Sub(start), ready, err)
		}
	})
}

func TestGroupWithoutMembersEndsAtOnce(t *testing.T) {
	if err := compat.NewGroup(t.Context()).Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestGroupFirstErrorEndsTheOthers(t *testing.T) {
	leak.Check(t)
	for _, who := range []string{"function", "future"} {
		t.Run(who, func(t *testing.T) {
			g := compat.NewGroup(t.Context())
			causes := make(chan error, 1)
			g.Go(func(ctx context.Context) error {
				<-ctx.Done()
				causes <- context.Cause(ctx)
				return errors.New("the second error")
			})
			var p pollster.Promise[int]
			added := compat.Add[int](g, &p)
			if who == "function" {
				g.Go(func(context.Context) error { return errTest })
			} else {
				compat.Add(g, pollster.Failed[int](errTest))
			}
			if err := g.Wait(t.Context()); err != errTest {
				t.Fatal(err)
			}
			if err := <-causes; err != errTest {
				t.Fatalf("cause %v", err)
			}
			if _, _, err := added.Poll(nil); !errors.Is(err, errTest) || !p.Canceled() {
				t.Fatal(err, p.Canceled())
			}
		})
	}
}

func TestGroupEndsItsContextWhenItHasEnded(t *testing.T) {
	leak.Check(t)
	g := compat.NewGroup(t.Context())
	var member context.Context
	g.Go(func(ctx context.Context) error { member = ctx; return ctx.Err() })
	if err := g.Wait(t.Context()); err != nil || member.Err() == nil {
		t.Fatal(err, member.Err())
	}
}

func TestGroupPanicReachesWhoWaits(t *testing.T) {
	leak.Check(t)
	g := compat.NewGroup(t.Context())
	g.Go(func(ctx context.Context) error { <-ctx.Done(); return nil })
	g.Go(func(context.Context) error { _, err := panics(); return err })
	for range 2 {
		func() {
			defer func() {
				p, ok := recover().(*threadpool.PanicError)
				if !ok || p.Value != "boom" || !strings.Contains(string(p.Stack), "panics") {
					t.Fatalf("recovered %v", p)
				}
			}()
			g.Wait(t.Context())
		}()
	}
	g = compat.NewGroup(t.Context())
	p := compat.Add[int](g, pollster.Func[int](func(*pollster.Waker) (int, bool, error) { v, err := panics(); return v, true, err }))
	var e *threadpool.PanicError
	if _, err := p.Wait(t.Context()); !errors.As(err, &e) || e.Value != "boom" {
		t.Fatal(err)
	}
}

func TestGroupGoexitIsAnError(t *testing.T) {
	leak.Check(t)
	g := compat.NewGroup(t.Context())
	g.Go(func(context.Context) error { runtime.Goexit(); return nil })
	if err := g.Wait(t.Context()); !errors.Is(err, threadpool.ErrGoexit) {
		t.Fatal(err)
	}
}

func TestGroupWaitCanBeLeft(t *testing.T) {
	leak.Check(t)
	g := compat.NewGroup(t.Context())
	stuck := make(chan struct{})
	heeds := make(chan struct{})
	g.Go(func(context.Context) error { <-stuck; return nil })
	g.Go(func(ctx context.Context) error { <-ctx.Done(); close(heeds); return nil })
	ctx, cancel := context.WithCancelCause(t.Context())
	time.AfterFunc(time.Millisecond, func() { cancel(errTest) })
	if err := g.Wait(ctx); !errors.Is(err, errTest) || !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	<-heeds
	close(stuck)
	if err := g.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestGroupMemberMayStartOthers(t *testing.T) {
	leak.Check(t)
	g := compat.NewGroup(t.Context())
	var n atomic.Int32
	var member func(depth int) func(context.Context) error
	member = func(depth int) func(context.Context) error {
		return func(context.Context) error {
			n.Add(1)
			if depth > 0 {
				g.Go(member(depth - 1))
				g.Go(member(depth - 1))
			}
			return nil
		}
	}
	g.Go(member(6))
	if err := g.Wait(t.Context()); err != nil || n.Load() != 127 {
		t.Fatal(err, n.Load())
	}
}

func TestGroupUnderFire(t *testing.T) {
	leak.Check(t)
	hammer.Run(t, 4, func(_, i int) {
		g := compat.NewGroup(context.Background())
		var ended atomic.Int32
		for m := range 5 {
			g.Go(func(context.Context) error {
				defer ended.Add(1)
				if m == 3 && i%2 == 0 {
					return errTest
				}
				return nil
			})
		}
		err := g.Wait(context.Background())
		if ended.Load() != 5 || (i%2 == 0) != (err == errTest) {
			t.Error(ended.Load(), err)
		}
	})
}

// Whoever ends a task does not know the group in it.
func TestGroupEndsWithTheTaskThatWaitsForIt(t *testing.T) {
	leak.Check(t)
	l, err := executor.NewLocal(executor.LocalOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ended := make(chan error)
	task := executor.Go(l, func(context.Context) (int, error) {
		g := compat.NewGroup(context.Background())
		g.Go(func(ctx context.Context) error {
			<-ctx.Done()
			ended <- context.Cause(ctx)
			return nil
		})
		return 0, g.Wait(context.Background())
	})
	for l.Poll(1) {
	}
	task.Cancel()
	for l.Poll(1) {
	}
	if err := <-ended; !errors.Is(err, pollster.ErrCanceled) {
		t.Error(err)
	}
}

func TestGroupEndsWhereTheWaitForItIsRefused(t *testing.T) {
	leak.Check(t)
	l, err := mainloop.NewPolled(mainloop.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error)
	l.Run(func() error {
		g := compat.NewGroup(t.Context())
		g.Go(func(ctx context.Context) error {
			<-ctx.Done()
			ended <- context.Cause(ctx)
			return nil
		})
		if err := g.Wait(t.Context()); !errors.Is(err, mainloop.ErrWait) {
			t.Error(err)
		}
		return nil
	})
	if err := <-ended; !errors.Is(err, mainloop.ErrWait) {
		t.Error(err)
	}
}
