package unblock_test

import (
	"context"
	"errors"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/causeway-go/causeway/internal/goroutine"
	"github.com/causeway-go/causeway/internal/hammer"
	"github.com/causeway-go/causeway/internal/leak"
	"github.com/causeway-go/causeway/pollster"
	"github.com/causeway-go/causeway/pollster/futuretest"
	"github.com/causeway-go/causeway/threadpool"
	"github.com/causeway-go/causeway/unblock"
)

var (
	background = context.Background()
	errBoom    = errors.New("boom")
)

// newPool returns a pool that is shut down, and found empty, at the end.
func newPool(t testing.TB, opts threadpool.Options) *threadpool.Pool {
	t.Helper()
	p, err := threadpool.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Shutdown(background); err != nil {
			t.Error(err)
		}
		if s := p.Stats(); s.Running != 0 || s.Waiting != 0 || s.Queued != 0 || s.Abandoned != 0 {
			t.Errorf("left behind: %+v", s)
		}
	})
	return p
}

func cancelable(t testing.TB) context.Context {
	ctx, cancel := context.WithCancel(background)
	t.Cleanup(cancel)
	return ctx
}

// block takes the only slot of p until release.
func block(t testing.TB, p *threadpool.Pool) (release func()) {
	t.Helper()
	stop, in := make(chan struct{}), make(chan struct{})
	if err := p.Submit(background, func() { close(in); <-stop }); err != nil {
		t.Fatal(err)
	}
	<-in
	return sync.OnceFunc(func() { close(stop) })
}

func eventually(t testing.TB, what string, cond func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !cond(); {
		if time.Now().After(deadline) {
			t.Fatalf("%s: has not come", what)
		}
		time.Sleep(100 * time.Microsecond)
	}
}

// onCaller reports whether a call runs without another goroutine.
func onCaller(ctx context.Context, p *threadpool.Pool) bool {
	var there uintptr
	_, _ = unblock.CallOn(ctx, p, func() (int, error) { there = goroutine.Current(); return 0, nil })
	return there == goroutine.Current()
}

func TestCallReturnsWhatTheFunctionReturns(t *testing.T) {
	leak.Check(t)
	p := newPool(t, threadpool.Options{Limit: 1})
	for name, ctx := range map[string]context.Context{"here": background, "elsewhere": cancelable(t)} {
		for _, want := range []error{nil, errBoom} {
			v, err := unblock.CallOn(ctx, p, func() (int, error) { return 7, want })
			if v != 7 || err != want {
				t.Errorf("%s: %d, %v", name, v, err)
			}
		}
	}
	if onCaller(cancelable(t), p) {
		t.Error("with a context that can end the call must not be on the caller")
	}
	if !onCaller(background, p) {
		t.Error("with context.Background the caller must run the call")
	}
}

func TestNilFunctions(t *testing.T) {
	p := newPool(t, threadpool.Options{})
	ctx := cancelable(t)
	var (
		f0 func() (int, error)
		f1 func(int) (int, error)
		f2 func(int, int) (int, error)
		f3 func(int, int, int) (int, error)
		ok = func() (int, error) { return 1, nil }
	)
	for i, call := range []func() (int, error){
		func() (int, error) { return unblock.Call(ctx, f0) },
		func() (int, error) { return unblock.CallOn(background, p, f0) },
		func() (int, error) { return unblock.CallInterruptible(ctx, f0, func() {}) },
		func() (int, error) { return unblock.CallInterruptible(ctx, ok, nil) },
		func() (int, error) { return unblock.Go(f0).Wait(ctx) },
		func() (int, error) { return unblock.Func(f0)(ctx) },
		func() (int, error) { return unblock.Func1(f1)(ctx, 1) },
		func() (int, error) { return unblock.Func2(f2)(ctx, 1, 2) },
		func() (int, error) { return unblock.Func3(f3)(background, 1, 2, 3) },
	} {
		if _, err := call(); !errors.Is(err, threadpool.ErrNilFunc) {
			t.Errorf("call %d: %v", i, err)
		}
	}
}

func TestFuncsKeepTheirShape(t *testing.T) {
	leak.Check(t)
	ctx := cancelable(t)
	if v, err := unblock.Func(os.Getwd)(ctx); err != nil || v == "" {
		t.Error(v, err)
	}
	if _, err := unblock.Func1(os.Stat)(ctx, "no such file"); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
	sum := func(a, b int) (int, error) { return a + b, nil }
	if v, err := unblock.Func2(sum)(ctx, 1, 2); v != 3 || err != nil {
		t.Error(v, err)
	}
	sum3 := func(a, b, c int) (int, error) { return a + b + c, nil }
	if v, err := unblock.Func3(sum3)(background, 1, 2, 3); v != 6 || err != nil {
		t.Error(v, err)
	}
}

func TestACallThatHasNotStartedNeverRuns(t *testing.T) {
	leak.Check(t)
	p := newPool(t, threadpool.Options{Limit: 1})
	release := block(t, p)
	ctx, cancel := context.WithCancelCause(background)
	go func() {
		eventually(t, "queued", func() bool { return p.Stats().Queued == 1 })
		cancel(errBoom)
	}()
	_, err := unblock.CallOn(ctx, p, func() (int, error) { t.Error("ran"); return 0, nil })
	if !errors.Is(err, context.Canceled) || !errors.Is(err, errBoom) {
		t.Error(err)
	}
	if _, err := unblock.CallOn(ctx, p, func() (int, error) { t.Error("ran"); return 0, nil }); !errors.Is(err, errBoom) {
		t.Error("context ended before the call:", err)
	}
	release()
}

func TestACallThatRunsIsLeft(t *testing.T) {
	leak.Check(t)
	p := newPool(t, threadpool.Options{Limit: 1})
	ctx, cancel := context.WithCancel(background)
	stop := make(chan struct{})
	_, err := unblock.CallOn(ctx, p, func() (int, error) { cancel(); <-stop; return 1, nil })
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if s := p.Stats(); s.Abandoned != 1 || s.Running != 1 {
		t.Errorf("%+v", s)
	}
	close(stop)
}

func TestInterruptStopsTheCall(t *testing.T) {
	leak.Check(t)
	p := newPool(t, threadpool.Options{Limit: 1})
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	ctx, cancel := context.WithCancel(background)
	calls := 0
	_, err = unblock.CallInterruptibleOn(ctx, p, func() (int, error) {
		cancel()
		return r.Read(make([]byte, 1)) // for ever, but for the hook
	}, func() { calls++; r.Close() })
	if !errors.Is(err, context.Canceled) || calls != 1 {
		t.Errorf("%d calls of the hook: %v", calls, err)
	}
}

func TestInterruptIsNeverCalledAfterTheEnd(t *testing.T) {
	leak.Check(t)
	p := newPool(t, threadpool.Options{})
	var late atomic.Int64
	hammer.Run(t, 4, func(_, i int) {
		var running atomic.Bool
		ctx, cancel := context.WithCancel(background)
		j := unblock.GoInterruptibleOn(p, func() (int, error) {
			running.Store(true)
			if i%2 == 0 {
				go cancel()
			}
			runtime.Gosched()
			running.Store(false)
			return 0, nil
		}, func() {
			// Between started and ended: the function may be past its last
			// line, but its end has not been seen by anybody.
			if running.Load() {
				late.Add(1) // counts that the hook hits running calls too
			}
		})
		if i%2 == 1 {
			go cancel()
		}
		_, err := j.Wait(ctx)
		if err == nil {
			j.Cancel() // the result is known: no hook
		}
		cancel()
	})
	t.Logf("the hook ran during %d calls", late.Load())

	called := false
	j := unblock.GoInterruptibleOn(p, func() (int, error) { return 1, nil }, func() { called = true })
	if v, err := j.Wait(background); v != 1 || err != nil {
		t.Error(v, err)
	}
	j.Cancel()
	if called {
		t.Error("the hook was called after the end")
	}
}

func TestInterruptIsNotCalledForWhatHasNotStarted(t *testing.T) {
	leak.Check(t)
	p := newPool(t, threadpool.Options{Limit: 1})
	release := block(t, p)
	j := unblock.GoInterruptibleOn(p, func() (int, error) { t.Error("ran"); return 0, nil }, func() { t.Error("hook") })
	j.Cancel()
	j.Cancel()
	release()
}

func TestTheEndWaitsForAHookThatIsRunning(t *testing.T) {
	leak.Check(t)
	p := newPool(t, threadpool.Options{Limit: 1})
	started, stop := make(chan struct{}), make(chan struct{})
	var order []string
	j := unblock.GoInterruptibleOn(p, func() (int, error) { close(started); <-stop; return 0, nil }, func() {
		close(stop)
		for range 100 {
			runtime.Gosched()
		}
		order = append(order, "hook returned")
	})
	<-started
	j.Cancel()
	if _, err := unblock.CallOn(background, p, func() (int, error) {
		order = append(order, "next call")
		return 0, nil
	}); err != nil {
		t.Fatal(err)
	}
	if len(order) != 2 || order[0] != "hook returned" {
		t.Error(order)
	}
}

func TestJobConforms(t *testing.T) {
	p := newPool(t, threadpool.Options{})
	futuretest.TestFuture(t, func() futuretest.Subject[int] {
		gate := make(chan struct{})
		open := sync.OnceFunc(func() { close(gate) })
		j := unblock.GoInterruptibleOn(p, func() (int, error) { <-gate; return 5, nil }, open)
		return futuretest.Subject[int]{
			Future:   j,
			Complete: open,
			Check: func(v int, err error) error {
				if v != 5 || err != nil {
					return errors.New("wrong result")
				}
				return nil
			},
		}
	})
}

func TestAResultSurvivesCancel(t *testing.T) {
	leak.Check(t)
	p := newPool(t, threadpool.Options{})
	j := unblock.GoOn(p, func() (int, error) { return 3, nil })
	eventually(t, "done", j.Done)
	j.Cancel()
	if v, err := j.Wait(background); v != 3 || err != nil {
		t.Error(v, err)
	}
}

func TestPanicsAndGoexit(t *testing.T) {
	leak.Check(t)
	reports := make(chan any, 1)
	p := newPool(t, threadpool.Options{Limit: 1, OnPanic: func(v any, _ []byte) { reports <- v }})
	caught := func(f func()) (v any) {
		defer func() { v = recover() }()
		f()
		return nil
	}
	explode := func() (int, error) { panic(errBoom) }

	if v := caught(func() { _, _ = unblock.CallOn(background, p, explode) }); v != errBoom {
		t.Errorf("here: %v", v)
	}
	for name, f := range map[string]func(){
		"elsewhere": func() { _, _ = unblock.CallOn(cancelable(t), p, explode) },
		"job":       func() { _, _ = unblock.GoOn(p, explode).Wait(background) },
	} {
		e, ok := caught(f).(*threadpool.PanicError)
		if !ok || !errors.Is(e, errBoom) || len(e.Stack) == 0 {
			t.Errorf("%s: %v", name, e)
		}
	}

	gate := make(chan struct{})
	unblock.GoOn(p, func() (int, error) { <-gate; panic(errBoom) }).Detach()
	close(gate)
	if v := <-reports; v != errBoom {
		t.Errorf("detached before the panic: %v", v)
	}
	j := unblock.GoOn(p, explode)
	eventually(t, "done", j.Done)
	j.Detach()
	if v := <-reports; v != errBoom {
		t.Errorf("detached after the panic: %v", v)
	}

	if _, err := unblock.CallOn(cancelable(t), p, func() (int, error) { runtime.Goexit(); return 0, nil }); !errors.Is(err, threadpool.ErrGoexit) {
		t.Errorf("Goexit: %v", err)
	}
}

func TestAPanickingWakerIsReported(t *testing.T) {
	leak.Check(t)
	reports := make(chan any, 1)
	p := newPool(t, threadpool.Options{Limit: 1, OnPanic: func(v any, _ []byte) { reports <- v }})
	gate := make(chan struct{})
	j := unblock.GoOn(p, func() (int, error) { <-gate; return 1, nil })
	if _, ready, _ := j.Poll(pollster.NewWaker(func() { panic(errBoom) })); ready {
		t.Fatal("ready")
	}
	close(gate)
	if v := <-reports; v != errBoom {
		t.Errorf("%v", v)
	}
	if v, err := j.Wait(background); v != 1 || err != nil {
		t.Error("the result must be there all the same:", v, err)
	}
}

func TestClosedAndFullPools(t *testing.T) {
	leak.Check(t)
	p := newPool(t, threadpool.Options{Limit: 1, Queue: 1})
	release := block(t, p)
	queued := unblock.GoOn(p, func() (int, error) { return 1, nil })
	f := func() (int, error) { t.Error("ran"); return 0, nil }
	if _, err := unblock.CallOn(cancelable(t), p, f); !errors.Is(err, threadpool.ErrFull) {
		t.Errorf("full: %v", err)
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := queued.Wait(background); !errors.Is(err, threadpool.ErrClosed) {
		t.Errorf("dropped: %v", err)
	}
	for _, ctx := range []context.Context{background, cancelable(t)} {
		if _, err := unblock.CallOn(ctx, p, f); !errors.Is(err, threadpool.ErrClosed) {
			t.Errorf("closed: %v", err)
		}
	}
	release()
}

// One slot, and jobs that wait for jobs: Rust's blocking never completes this.
func TestAThousandJobsThatWaitForEachOtherOnOneSlot(t *testing.T) {
	leak.Check(t)
	p := newPool(t, threadpool.Options{Limit: 1})
	var nest func(depth int) (int, error)
	nest = func(depth int) (int, error) {
		if depth == 0 {
			return 0, nil
		}
		job := unblock.GoOn(p, func() (int, error) { return nest(depth - 1) })
		n, err := pollster.BlockOn(background, job)
		return n + 1, err
	}
	n, err := unblock.CallOn(background, p, func() (int, error) { return nest(1000) })
	if n != 1000 || err != nil {
		t.Errorf("%d: %v", n, err)
	}
	if s := p.Stats(); s.Peak != 1 {
		t.Errorf("%d jobs at once on one slot", s.Peak)
	}
}

func TestTheDefaultPoolInsideABubble(t *testing.T) {
	leak.Check(t)
	if _, err := unblock.Call(cancelable(t), func() (int, error) { return 0, nil }); err != nil {
		t.Fatal(err) // warm, from outside
	}
	for range 2 {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(background, time.Minute)
			defer cancel()
			start := time.Now()
			_, err := unblock.Call(ctx, func() (int, error) { time.Sleep(time.Hour); return 0, nil })
			if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Minute {
				t.Errorf("%v after %v", err, time.Since(start))
			}
			j := unblock.Go(func() (int, error) { time.Sleep(time.Hour); return 4, nil })
			if v, err := j.Wait(background); v != 4 || err != nil {
				t.Error(v, err)
			}
		})
	}
}

func TestCallAllocatesNothing(t *testing.T) {
	p := newPool(t, threadpool.Options{})
	f := func() (int, error) { return 1, nil }
	if n := testing.AllocsPerRun(1000, func() { _, _ = unblock.CallOn(background, p, f) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestCallsFromEverywhereHammer(t *testing.T) {
	leak.Check(t)
	p := newPool(t, threadpool.Options{Limit: 2})
	var asked, ran, left atomic.Int64
	hammer.Run(t, 8, func(g, i int) {
		ctx, cancel := context.WithCancel(background)
		defer cancel()
		if g%3 == 0 {
			go cancel()
		}
		asked.Add(1)
		v, err := unblock.CallOn(ctx, p, func() (int, error) { ran.Add(1); runtime.Gosched(); return i, nil })
		switch {
		case err == nil && v != i:
			t.Errorf("got %d, want %d", v, i)
		case err != nil && !errors.Is(err, context.Canceled):
			t.Error(err)
		case err != nil:
			left.Add(1)
		}
	})
	if ran.Load() > asked.Load() || ran.Load()+left.Load() < asked.Load() {
		t.Errorf("asked %d, ran %d, left %d", asked.Load(), ran.Load(), left.Load())
	}
}
