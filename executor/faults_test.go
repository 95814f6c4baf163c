package executor_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/causeway-go/causeway/executor"
	"github.com/causeway-go/causeway/internal/hammer"
	"github.com/causeway-go/causeway/pollster"
)

// panicOf returns what f panics with, or nil.
func panicOf(f func()) (v any) {
	defer func() { v = recover() }()
	f()
	return nil
}

func TestNilFunctionsAndFutures(t *testing.T) {
	ex := start(t, 1, executor.Options{})
	isNilCall := func(name string, v any) {
		t.Helper()
		p, ok := v.(*executor.PanicError)
		if !ok {
			t.Fatalf("%s: %v", name, v)
		}
		if err, ok := p.Value.(runtime.Error); !ok || !strings.Contains(err.Error(), "nil pointer") {
			t.Errorf("%s: %v", name, p.Value)
		}
	}
	task := executor.Go[int](ex, nil)
	isNilCall("Go", panicOf(func() { task.Wait(background) }))
	task = executor.GoAttr[int](ex, executor.Attr{Goroutine: true}, nil)
	isNilCall("GoAttr", panicOf(func() { task.Wait(background) }))
	isNilCall("All", panicOf(func() { executor.All[int](background, ex, nil) }))

	th := newThread(t, executor.LocalOptions{})
	isNilCall("Call", panicOf(func() { th.Call(background, nil) }))
	if err := th.Call(background, func() {}); err != nil {
		t.Errorf("a thread after a call of nil: %v", err)
	}
	for _, in := range []executor.Spawner{ex, th} {
		for _, task := range executor.SpawnAll(in, pollster.Ready(1), nil, pollster.Ready(3)) {
			if v, err := task.Wait(background); v == 0 && !errors.Is(err, pollster.ErrNilFuture) {
				t.Errorf("%d, %v", v, err)
			}
		}
	}
	if all := executor.SpawnAll[int](ex); len(all) != 0 {
		t.Errorf("nothing spawned makes %d tasks", len(all))
	}
}

func TestAnExecutorOfBadTasksWorksOn(t *testing.T) {
	// What ends badly is mixed with what ends well, spawned by it and waiting
	// for it, on workers that have to outlast it all.
	ex := start(t, 2, executor.Options{OnPanic: func(any, []byte) {}})
	var good atomic.Int64
	bad := []func(context.Context) (int, error){
		func(context.Context) (int, error) { panic("bad") },
		func(context.Context) (int, error) { runtime.Goexit(); return 0, nil },
		func(context.Context) (int, error) { return 0, errors.New("bad") },
		func(ctx context.Context) (int, error) {
			defer func() { panic("bad, late") }()
			return pollster.BlockOn(ctx, yields(2))
		},
		func(ctx context.Context) (int, error) {
			defer runtime.Goexit()
			return pollster.BlockOn(ctx, yields(2))
		},
	}
	const rounds = 100
	var wg sync.WaitGroup
	for i := range rounds {
		for _, f := range bad {
			wg.Add(1)
			executor.Go(ex, func(ctx context.Context) (int, error) {
				defer wg.Done()
				t := executor.Go(ex, f)
				if i%2 == 0 {
					t.Cancel()
				}
				panicOf(func() { t.Wait(ctx) })
				good.Add(1)
				return 0, nil
			}).Detach()
		}
	}
	wg.Wait()
	if n := good.Load(); n != rounds*int64(len(bad)) {
		t.Errorf("%d of %d", n, rounds*len(bad))
	}
	for !ex.IsEmpty() {
		runtime.Gosched()
	}
}

// A wakerBomb panics in OnWake, or ends the goroutine.
type wakerBomb struct{ exit bool }

func (b *wakerBomb) OnWake() {
	if b.exit {
		runtime.Goexit()
	}
	panic("waker")
}

func TestABadWakerHarmsNobodyButItself(t *testing.T) {
	var reported atomic.Int32
	onPanic := func(any, []byte) { reported.Add(1) }
	testABadWaker(t, start(t, 1, executor.Options{OnPanic: onPanic}))
	testABadWaker(t, newThread(t, executor.LocalOptions{OnPanic: onPanic}))
	if reported.Load() != 2 {
		t.Errorf("%d panics reported, want 2", reported.Load())
	}
}

func testABadWaker(t *testing.T, in executor.Spawner) {
	for _, exit := range []bool{false, true} {
		p := &probe{value: 5}
		task := executor.Spawn(in, pollster.Future[int](p))
		var w pollster.Waker
		w.Init(&wakerBomb{exit: exit})
		if _, ready, _ := task.Poll(&w); ready {
			t.Fatal("ready at once")
		}
		p.Open()
		// The waiter in the table is told although the poller's waker is bad.
		if v, err := task.Wait(background); v != 5 || err != nil {
			t.Errorf("exit %v: %d, %v", exit, v, err)
		}
		if v, err := executor.Spawn(in, pollster.Ready(6)).Wait(background); v != 6 || err != nil {
			t.Errorf("the worker after it, exit %v: %d, %v", exit, v, err)
		}
	}
}

func TestATickMayBeEndedByAWaker(t *testing.T) {
	ex := newExecutor(t, executor.Options{})
	p := &probe{value: 5}
	task := executor.Spawn(ex, pollster.Future[int](p))
	var w pollster.Waker
	w.Init(&wakerBomb{exit: true})
	task.Poll(&w)
	p.Open()
	tickAll(ex) // each tick on a goroutine of its own, the first of which ends
	if v, err := task.Wait(background); v != 5 || err != nil {
		t.Errorf("%d, %v", v, err)
	}
	if v, err := executor.Spawn(ex, pollster.Ready(6)), ex.TryTick(); !err || !v.Done() {
		t.Error("the executor does not go on")
	}
}

// Cancel meets the first poll, a wait, the end, Detach and other Cancels: the
// task ends once, with its value or ErrCanceled, and its future is dropped
// exactly if it has not ended by itself.
func TestCancelAtAnyMoment(t *testing.T) {
	ex := start(t, 2, executor.Options{})
	hammer.Run(t, 2, func(_, i int) {
		p := &probe{value: 7}
		task := executor.Spawn(ex, pollster.Future[int](p))
		var wg sync.WaitGroup
		wg.Go(p.Open)
		for range 1 + i%2 {
			wg.Go(task.Cancel)
		}
		v, err := task.Wait(background)
		wg.Wait()
		switch drops := p.cancels.Load(); {
		case err == nil && (v != 7 || drops != 0):
			t.Errorf("value %d, %d drops", v, drops)
		case err != nil && (!errors.Is(err, executor.ErrCanceled) || drops != 1):
			t.Errorf("%v, %d drops", err, drops)
		}
		if again, err2 := task.Wait(background); again != v || err2 != err {
			t.Errorf("asked again: %d, %v; was %d, %v", again, err2, v, err)
		}
	})
}

// The same for a function in a wait, which may end by its context's error, by
// Goexit, or with its value, and whose deferred calls run once whatever happens.
func TestCancelOfAFunctionAtAnyMoment(t *testing.T) {
	ex := start(t, 2, executor.Options{})
	hammer.Run(t, 2, func(_, i int) {
		p := &probe{value: 7}
		var begun, deferred atomic.Int32
		task := executor.Go(ex, func(ctx context.Context) (int, error) {
			begun.Add(1)
			defer deferred.Add(1)
			if i%2 == 0 {
				ctx = background
			}
			return pollster.BlockOn(ctx, pollster.Future[int](p))
		})
		var wg sync.WaitGroup
		wg.Go(task.Cancel)
		wg.Go(p.Open)
		v, err := task.Wait(background)
		wg.Wait()
		if err == nil && v != 7 || err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("%d, %v", v, err)
		}
		if begun.Load() != deferred.Load() || begun.Load() > 1 {
			t.Errorf("begun %d times, deferred calls run %d times", begun.Load(), deferred.Load())
		}
	})
}

// A Run that ends at any moment leaves no task behind that another worker would
// not do.
func TestRunsThatComeAndGo(t *testing.T) {
	ex := start(t, 1, executor.Options{})
	over := make(chan struct{})
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for {
				select {
				case <-over:
					return
				default:
				}
				ctx, cancel := context.WithCancel(background)
				wg.Go(cancel)
				ex.Run(ctx)
				runtime.Gosched()
			}
		})
	}
	for range 300 {
		a := executor.Spawn(ex, yields(5))
		b := executor.Go(ex, func(ctx context.Context) (int, error) { return pollster.BlockOn(ctx, yields(5)) })
		executor.SpawnDetached(ex, pollster.Ready(none{}))
		a.Wait(background)
		b.Wait(background)
	}
	close(over)
	wg.Wait()
	for !ex.IsEmpty() {
		runtime.Gosched()
	}
}

// A body that is cancelled and does not wait any more must not leave its end to
// the next body on the same stack.
func TestACancellationStaysWithItsFunction(t *testing.T) {
	ex := start(t, 1, executor.Options{})
	p := &probe{value: 1}
	first := executor.Go(ex, func(context.Context) (int, error) {
		return pollster.BlockOn(background, pollster.Future[int](p))
	})
	for p.polls.Load() == 0 {
		runtime.Gosched()
	}
	inTask(ex, func() { // on its worker, so that it is suspended, and stays so meanwhile
		p.Open()
		first.Cancel()
	})
	if v, err := first.Wait(background); v != 1 || err != nil {
		t.Errorf("cancelled after its wait was over: %d, %v", v, err)
	}
	q := &probe{value: 2}
	second := executor.Go(ex, func(context.Context) (int, error) {
		return pollster.BlockOn(background, pollster.Future[int](q))
	})
	for q.polls.Load() == 0 {
		runtime.Gosched()
	}
	inTask(ex, q.Open)
	if v, err := second.Wait(background); v != 2 || err != nil {
		t.Errorf("an innocent one after it: %d, %v", v, err)
	}
}
