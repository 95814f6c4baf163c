package executor_test

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/causeway-go/causeway/executor"
	"github.com/causeway-go/causeway/executor/internal/threadlock"
	"github.com/causeway-go/causeway/internal/leak"
	"github.com/causeway-go/causeway/pollster"
)

func newThread(t testing.TB, o executor.LocalOptions) *executor.Thread {
	t.Helper()
	th, err := executor.NewThread(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { th.Close() })
	return th
}

func TestCallsRunOnOneThread(t *testing.T) {
	needsExactLocks(t)
	leak.Check(t)
	th := newThread(t, executor.LocalOptions{})
	threads := make(map[threadlock.State]bool)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 50 {
				if err := th.Call(background, func() { threads[threadlock.Current()] = true }); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	executor.Go(th, func(context.Context) (int, error) {
		mustYield()
		threads[threadlock.Current()] = true
		return 0, nil
	}).Wait(background)
	if len(threads) != 1 || threads[threadlock.State{}] {
		t.Errorf("ran under %v", threads)
	}
}

func TestOnThreadTells(t *testing.T) {
	th := newThread(t, executor.LocalOptions{})
	if th.OnThread() {
		t.Error("the test is on the thread")
	}
	nested := false
	th.Call(background, func() {
		if !th.OnThread() {
			t.Error("Call is not on the thread")
		}
		th.Call(background, func() { nested = true }) // runs inline
		var wg sync.WaitGroup
		wg.Go(func() {
			if th.OnThread() {
				t.Error("a goroutine is on the thread")
			}
		})
		wg.Wait()
	})
	if !nested {
		t.Error("a call from the thread to itself did not run")
	}
}

func TestCallRaisesThePanic(t *testing.T) {
	th := newThread(t, executor.LocalOptions{})
	func() {
		defer func() {
			if pe, ok := recover().(*executor.PanicError); !ok || pe.Value != "broken" {
				t.Errorf("got %v", pe)
			}
		}()
		th.Call(background, func() { panic("broken") })
	}()
	if err := th.Call(background, runtime.Goexit); !errors.Is(err, executor.ErrGoexit) {
		t.Errorf("Goexit: %v", err)
	}
	if err := th.Call(background, func() {}); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

func TestACallThatWaitsLetsOthersIn(t *testing.T) {
	th := newThread(t, executor.LocalOptions{})
	p := &probe{}
	var wg sync.WaitGroup
	inside := make(chan struct{})
	wg.Go(func() {
		th.Call(background, func() {
			close(inside)
			pollster.BlockOn(background, pollster.Future[int](p))
		})
	})
	<-inside
	if err := th.Call(background, p.Open); err != nil {
		t.Error(err)
	}
	wg.Wait()
}

func TestACallWhoseContextEndsBeforeItBeginsNeverRuns(t *testing.T) {
	th := newThread(t, executor.LocalOptions{})
	block, inside := make(chan struct{}), make(chan struct{})
	th.Go(func() {
		close(inside)
		<-block
	})
	<-inside
	ctx, cancel := context.WithCancel(background)
	var ran atomic.Bool
	result := make(chan error)
	go func() { result <- th.Call(ctx, func() { ran.Store(true) }) }()
	cancel()
	if err := <-result; !errors.Is(err, context.Canceled) {
		t.Errorf("Call returned %v", err)
	}
	close(block)
	th.Call(background, func() {})
	if ran.Load() {
		t.Error("it ran")
	}
}

func TestGoReportsPanics(t *testing.T) {
	reported := make(chan any, 1)
	th := newThread(t, executor.LocalOptions{OnPanic: func(v any, _ []byte) { reported <- v }})
	th.Go(func() { panic("alone") })
	if v := <-reported; v != "alone" {
		t.Errorf("reported %v", v)
	}
}

func TestCloseEndsTheThread(t *testing.T) {
	leak.Check(t)
	// A thread left by each would be three times what the check allows.
	for range 3 * (runtime.GOMAXPROCS(0) + 4) {
		th, err := executor.NewThread(executor.LocalOptions{})
		if err != nil {
			t.Fatal(err)
		}
		p := &probe{}
		task := executor.Go(th, func(context.Context) (int, error) {
			return pollster.BlockOn(background, pollster.Future[int](p))
		})
		th.Call(background, func() {})
		th.Close()
		th.Close()
		if _, err := task.Wait(background); !errors.Is(err, executor.ErrClosed) {
			t.Errorf("ended with %v", err)
		}
		if err := th.Call(background, func() {}); !errors.Is(err, executor.ErrClosed) {
			t.Errorf("Call returned %v", err)
		}
	}
}

func TestUnbalancedUnlocksDoNotLoseTheThread(t *testing.T) {
	needsExactLocks(t)
	th := newThread(t, executor.LocalOptions{})
	var before, after threadlock.State
	executor.Go(th, func(context.Context) (int, error) {
		before = threadlock.Current()
		runtime.UnlockOSThread()
		runtime.UnlockOSThread()
		return 0, nil
	}).Wait(background)
	executor.Go(th, func(context.Context) (int, error) {
		runtime.LockOSThread()
		mustYield() // parks, since the lock is another one
		return 0, nil
	}).Wait(background)
	th.Call(background, func() { after = threadlock.Current() })
	if before != after {
		t.Errorf("before %v, after %v", before, after)
	}
}

func TestMainRunsOnTheCallersThread(t *testing.T) {
	needsExactLocks(t)
	done := make(chan struct{})
	go func() { // in the place of the main goroutine
		defer close(done)
		runtime.LockOSThread()
		mine := threadlock.Current()
		err := executor.Main(executor.LocalOptions{}, func(main *executor.Thread) error {
			if main.OnThread() {
				t.Error("f is on the main thread")
			}
			return main.Call(background, func() {
				if !threadlock.Current().SameThread(mine) {
					t.Error("a call is on another thread")
				}
			})
		})
		if err != nil || threadlock.Current() != mine {
			t.Errorf("%v, lock %v, was %v", err, threadlock.Current(), mine)
		}
	}()
	<-done
}
