package executor_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/causeway-go/causeway/executor"
	"github.com/causeway-go/causeway/internal/leak"
	"github.com/causeway-go/causeway/pollster"
)

func TestAFunctionSuspendsAtAnyDepth(t *testing.T) {
	ex := newExecutor(t, executor.Options{})
	p := &probe{value: 6}
	var deep func(n int) (int, error)
	deep = func(n int) (int, error) {
		if n == 0 {
			return pollster.BlockOn(background, pollster.Future[int](p))
		}
		return deep(n - 1)
	}
	task := executor.Go(ex, func(context.Context) (int, error) { return deep(100) })
	tickAll(ex)
	if task.Done() || ex.Stats().StandIns != 0 {
		t.Errorf("done %v, %+v", task.Done(), ex.Stats())
	}
	p.Open()
	tickAll(ex)
	if v, err := task.Wait(background); v != 6 || err != nil {
		t.Errorf("%d, %v", v, err)
	}
}

func TestCoroutinesAreReused(t *testing.T) {
	ex := start(t, 1, executor.Options{StuckAfter: -1}) // nobody stands in
	run := func() {
		executor.Go(ex, func(context.Context) (int, error) { return 1, nil }).Wait(background)
	}
	run()
	before := leak.Goroutines()
	const times = 200
	for range times {
		run()
	}
	// Go counts those that run cleanups while they do, and there may be others.
	if after := leak.Goroutines(); after > before+times/10 {
		t.Errorf("%d goroutines, %d before", after, before)
	}
}

func TestCancelEndsTheContextOfAFunction(t *testing.T) {
	ex := start(t, 1, executor.Options{})
	began := make(chan struct{})
	task := executor.Go(ex, func(ctx context.Context) (int, error) {
		if ctx.Err() != nil {
			t.Error("ended already")
		}
		close(began)
		for ctx.Err() == nil { // computes, and looks at its context
			runtime.Gosched()
		}
		<-ctx.Done()
		return 1, ctx.Err()
	})
	<-began
	task.Cancel()
	if v, err := task.Wait(background); v != 1 || !errors.Is(err, context.Canceled) {
		t.Errorf("%d, %v", v, err)
	}
}

func TestAWaitThatWatchesTheContextReturns(t *testing.T) {
	for _, derive := range []bool{false, true} {
		ex := newExecutor(t, executor.Options{})
		p := &probe{}
		cleaned := false
		task := executor.Go(ex, func(ctx context.Context) (int, error) {
			if derive {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, time.Hour)
				defer cancel()
			}
			_, err := pollster.BlockOn(ctx, pollster.Future[int](p))
			if !errors.Is(err, context.Canceled) {
				t.Errorf("wait ended with %v", err)
			}
			// Cleaning up may wait, with any context.
			cleaned = mustYield()
			return 2, nil
		})
		tickAll(ex)
		task.Cancel()
		for !task.Done() { // the end of a context comes on a goroutine
			ex.TryTick()
			runtime.Gosched()
		}
		if n := p.cancels.Load(); n != 1 {
			t.Errorf("%d cancels", n)
		}
		if v, err := task.Wait(background); v != 2 || err != nil || !cleaned {
			t.Errorf("%d, %v, cleaned %v", v, err, cleaned)
		}
	}
}

// mustYield waits until another goroutine says so.
func mustYield() bool {
	q := &probe{}
	go q.Open()
	_, err := pollster.BlockOn(background, pollster.Future[int](q))
	return err == nil
}

func TestAWaitThatWatchesNothingEndsTheFunction(t *testing.T) {
	leak.Check(t)
	ex := newExecutor(t, executor.Options{})
	p := &probe{}
	var order []string
	task := executor.Go(ex, func(context.Context) (int, error) {
		defer func() { order = append(order, "outer") }()
		defer func() {
			if v := recover(); v != nil {
				t.Errorf("recovered %v", v)
			}
			if mustYield() { // deferred calls may wait
				order = append(order, "inner")
			}
		}()
		pollster.BlockOn(background, pollster.Future[int](p))
		t.Error("went on after its wait was ended")
		return 0, nil
	})
	tickAll(ex)
	task.Cancel()
	for !task.Done() {
		ex.TryTick()
		runtime.Gosched()
	}
	p.counts(t, 1, 1)
	if s := strings.Join(order, " "); s != "inner outer" {
		t.Errorf("deferred calls: %s", s)
	}
	if _, err := task.Wait(background); !errors.Is(err, executor.ErrCanceled) {
		t.Errorf("ended with %v", err)
	}
	p.Open() // too late, and harmless
	tickAll(ex)
}

func TestCloseEndsASuspendedFunctionThatCleansUp(t *testing.T) {
	leak.Check(t)
	ex := newExecutor(t, executor.Options{})
	p := &probe{}
	cleaned := false
	task := executor.Go(ex, func(context.Context) (int, error) {
		defer func() { cleaned = mustYield() }()
		return pollster.BlockOn(background, pollster.Future[int](p))
	})
	tickAll(ex)
	ex.Close()
	if _, err := task.Wait(background); !errors.Is(err, executor.ErrClosed) || !cleaned {
		t.Errorf("ended with %v, cleaned %v", err, cleaned)
	}
	p.counts(t, 1, 1)
}

func TestTheParentContextCancelsAndGivesValues(t *testing.T) {
	type key struct{}
	ex := newExecutor(t, executor.Options{})
	parent, cancel := context.WithCancel(context.WithValue(background, key{}, "here"))
	task := executor.GoAttr(ex, executor.Attr{Context: parent}, func(ctx context.Context) (string, error) {
		if _, ok := ctx.Deadline(); ok {
			t.Error("there is a deadline")
		}
		pollster.BlockOn(ctx, pollster.Future[int](&probe{}))
		return ctx.Value(key{}).(string), nil
	})
	tickAll(ex)
	cancel()
	for !task.Done() {
		ex.TryTick()
		runtime.Gosched()
	}
	if v, err := task.Wait(background); v != "here" || err != nil {
		t.Errorf("%q, %v", v, err)
	}
}

// The lock of the OS thread: every combination of who is locked when must work,
// and none may reach the runtime's fatal error.
func TestBodiesMayLockTheirThread(t *testing.T) {
	needsThreads(t)
	leak.Check(t)
	for _, own := range []bool{false, true} {
		for _, unlock := range []bool{false, true} {
			ex := start(t, 1, executor.Options{})
			a := executor.Attr{Goroutine: own}
			p := &probe{value: 1}
			task := executor.GoAttr(ex, a, func(ctx context.Context) (int, error) {
				runtime.LockOSThread()
				runtime.LockOSThread()
				v, err := pollster.BlockOn(ctx, pollster.Future[int](p))
				if unlock {
					runtime.UnlockOSThread()
					runtime.UnlockOSThread()
				}
				mustYield()
				return v, err
			})
			// The worker goes on meanwhile.
			for range 10 {
				if v, err := executor.Go(ex, func(context.Context) (int, error) {
					mustYield()
					return 2, nil
				}).Wait(background); v != 2 || err != nil {
					t.Fatalf("%d, %v", v, err)
				}
			}
			p.Open()
			if v, err := task.Wait(background); v != 1 || err != nil {
				t.Errorf("own %v, unlock %v: %d, %v", own, unlock, v, err)
			}
		}
	}
}

func TestALockedWorkerWorksToo(t *testing.T) {
	needsThreads(t)
	leak.Check(t, leak.Options{Threads: -1})
	ex := newExecutor(t, executor.Options{})
	ctx, cancel := context.WithCancel(background)
	var wg sync.WaitGroup
	for _, lock := range []bool{true, false} {
		wg.Go(func() {
			if lock {
				runtime.LockOSThread()
				defer runtime.UnlockOSThread()
			}
			ex.Run(ctx)
		})
	}
	var tasks []*executor.Task[int]
	for range 50 {
		tasks = append(tasks, executor.Go(ex, func(context.Context) (int, error) {
			for range 20 {
				mustYield()
			}
			return 1, nil
		}))
	}
	for _, task := range tasks {
		if _, err := task.Wait(background); err != nil {
			t.Error(err)
		}
	}
	cancel()
	wg.Wait()
}

func TestTicksUnderALockAndWithoutTakeTurns(t *testing.T) {
	needsThreads(t)
	ex := newExecutor(t, executor.Options{})
	var probes [10]probe
	task := executor.Go(ex, func(context.Context) (int, error) {
		for i := range probes {
			pollster.BlockOn(background, pollster.Future[int](&probes[i]))
		}
		return 1, nil
	})
	for i := range probes {
		if i%2 == 0 {
			runtime.LockOSThread()
		}
		tick(ex)
		probes[i].Open()
		if i%2 == 0 {
			runtime.UnlockOSThread()
		}
	}
	tick(ex)
	if !task.Done() {
		t.Error(task)
	}
}

// tick is tickAll on the calling goroutine.
func tick(ex *executor.Executor) {
	for ex.TryTick() {
	}
}

func TestAFutureThatLocksTheWorkersThreadHarmsNobody(t *testing.T) {
	needsThreads(t)
	ex := start(t, 1, executor.Options{})
	for range 3 {
		executor.Spawn(ex, future(func(*pollster.Waker) (int, bool, error) {
			runtime.LockOSThread() // and forgets it
			return 0, true, nil
		})).Wait(background)
		if _, err := executor.Go(ex, func(context.Context) (int, error) {
			mustYield()
			return 1, nil
		}).Wait(background); err != nil {
			t.Error(err)
		}
	}
}

func TestAGoroutineOfATaskIsAnOrdinaryGoroutine(t *testing.T) {
	ex := start(t, 1, executor.Options{})
	task := executor.Go(ex, func(ctx context.Context) (int, error) {
		result := make(chan int, 1)
		p := &probe{value: 8}
		go func() {
			v, _ := pollster.BlockOn(ctx, pollster.Future[int](p)) // a context of the task, too
			result <- v
		}()
		mustYield()
		p.Open()
		return <-result, nil
	})
	if v, err := task.Wait(background); v != 8 || err != nil {
		t.Errorf("%d, %v", v, err)
	}
}
