package executor_test

import (
	"context"
	"errors"
	"runtime"
	"runtime/pprof"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/causeway-go/causeway/executor"
	"github.com/causeway-go/causeway/executor/internal/threadlock"
	"github.com/causeway-go/causeway/internal/hammer"
	"github.com/causeway-go/causeway/internal/leak"
	"github.com/causeway-go/causeway/pollster"
)

// What is queued while the only worker is lent is done afterwards.
func TestNoTaskIsLeftByDo(t *testing.T) {
	leak.Check(t)
	ex := start(t, 1, executor.Options{StuckAfter: -1})
	for range 200 {
		idle(t, ex, 1)
		var outside, inside *executor.Task[int]
		executor.Do(background, ex, func(context.Context) (int, error) {
			inside = executor.Spawn(ex, pollster.Ready(1))
			done := make(chan struct{})
			go func() {
				outside = executor.Spawn(ex, pollster.Ready(2))
				close(done)
			}()
			<-done
			return 0, nil
		})
		for want, task := range []*executor.Task[int]{1: inside, 2: outside} {
			if task != nil {
				if v, _ := task.Wait(background); v != want {
					t.Error(v)
				}
			}
		}
	}
}

// Tasks that were there first are polled first.
func TestDoWaitsItsTurn(t *testing.T) {
	leak.Check(t)
	ex := start(t, 1, executor.Options{StuckAfter: -1})
	idle(t, ex, 1)
	began, goOn := make(chan struct{}), make(chan struct{})
	executor.Go(ex, func(context.Context) (int, error) { close(began); <-goOn; return 0, nil })
	<-began
	var order []int
	first := executor.Go(ex, func(context.Context) (int, error) { order = append(order, 1); return 0, nil })
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		executor.Do(background, ex, func(context.Context) (int, error) { order = append(order, 2); return 0, nil })
	}()
	for ex.Stats().Tasks < 3 {
		runtime.Gosched()
	}
	close(goOn)
	<-ended
	first.Wait(background)
	if len(order) != 2 || order[0] != 1 {
		t.Error(order)
	}
}

func TestDoNeverRunsMoreThanThereAreWorkers(t *testing.T) {
	leak.Check(t)
	const workers = 2
	ex := start(t, workers, executor.Options{StuckAfter: -1})
	var now atomic.Int32
	var inline atomic.Int64
	body := func(context.Context) (int, error) {
		if n := now.Add(1); n > workers {
			t.Errorf("%d at once", n)
		}
		for range 3 {
			runtime.Gosched() // on its goroutine: it keeps its place
		}
		now.Add(-1)
		return 1, nil
	}
	before := ex.Stats().WakeUps
	hammer.Run(t, 6, func(g, i int) {
		switch {
		case g == 0 && i%3 == 0:
			executor.Go(ex, body).Wait(background)
		case g == 1 && i%3 == 0:
			p := new(probe)
			task := executor.Spawn(ex, pollster.Future[int](p))
			p.Open()
			task.Wait(background)
		default:
			if v, err := executor.Do(background, ex, body); v != 1 || err != nil {
				t.Errorf("%d, %v", v, err)
			}
			inline.Add(1)
		}
	})
	idle(t, ex, workers)
	s := ex.Stats()
	t.Logf("%d calls of Do, %d wake-ups", inline.Load(), s.WakeUps-before)
	if s.Tasks != 0 || s.Queued != 0 || s.StandIns != 0 {
		t.Errorf("%+v", s)
	}
}

// Everything at once: functions that wait, are cancelled, panic; workers that
// leave and come; and in the end Close.
func TestDoUnderFire(t *testing.T) {
	leak.Check(t)
	ex := newExecutor(t, executor.Options{StuckAfter: time.Millisecond})
	base := start2(t, ex)
	hammer.Run(t, 6, func(g, i int) {
		ctx, cancel := context.WithCancel(background)
		defer cancel()
		p := &probe{value: i}
		defer func() { _ = recover() }()
		if g == 5 { // a worker that comes and goes
			time.AfterFunc(50*time.Microsecond, cancel)
			ex.Run(ctx)
			return
		}
		v, err := executor.Do(ctx, ex, func(ctx context.Context) (int, error) {
			switch i % 5 {
			case 0:
				go p.Open()
				return pollster.BlockOn(ctx, pollster.Future[int](p))
			case 1:
				go cancel()
				return pollster.BlockOn(background, pollster.Future[int](p))
			case 2:
				go cancel()
				<-ctx.Done()
				return i, nil
			case 3:
				panic("x")
			}
			return executor.Go(ex, func(context.Context) (int, error) { return i, nil }).Wait(ctx)
		})
		if i%5 != 1 && (v != i || err != nil) || i%5 == 1 && !errors.Is(err, context.Canceled) {
			t.Errorf("%d: %d, %v", i, v, err)
		}
	})
	if n := ex.Stats().Tasks; n != 0 {
		t.Errorf("%d tasks left", n)
	}
	base()
	if _, err := executor.Do(background, ex, func(context.Context) (int, error) { return 1, nil }); !errors.Is(err, executor.ErrClosed) {
		t.Error(err)
	}
}

// start2 starts two workers; close closes ex and waits for them.
func start2(t *testing.T, ex *executor.Executor) (end func()) {
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() { ex.Run(background) })
	}
	return func() { ex.Close(); wg.Wait() }
}

func TestCloseWhileAWorkerIsLent(t *testing.T) {
	leak.Check(t)
	for _, waits := range []bool{false, true} {
		ex := newExecutor(t, executor.Options{StuckAfter: -1})
		end := make(chan error)
		go func() { end <- ex.Run(background) }()
		idle(t, ex, 1)
		deferred := false
		v, err := executor.Do(background, ex, func(ctx context.Context) (int, error) {
			defer func() { deferred = true }()
			ex.Close()
			select {
			case err := <-end:
				t.Errorf("Run has returned %v though it is lent", err)
			case <-time.After(10 * time.Millisecond):
			}
			if waits {
				return pollster.BlockOn(background, pollster.Future[int](&probe{}))
			}
			return 1, nil
		})
		if !deferred || !waits && (v != 1 || err != nil) || waits && !errors.Is(err, executor.ErrClosed) {
			t.Errorf("waits %v: %d, %v, deferred %v", waits, v, err, deferred)
		}
		if err := <-end; !errors.Is(err, executor.ErrClosed) {
			t.Error(err)
		}
		if s := ex.Stats(); s.Tasks != 0 || s.Idle != 0 || s.Workers != 0 {
			t.Errorf("%+v", s)
		}
	}
}

func TestDoThatIsStuckIsStoodInFor(t *testing.T) {
	leak.Check(t)
	stacks := make(chan string, 100)
	ex := start(t, 1, executor.Options{OnStuck: func(s []byte) { stacks <- string(s) }})
	for range 2 {
		idle(t, ex, 1)
		executor.Do(background, ex, func(context.Context) (int, error) {
			return stuckInDo(func() {
				run(t, ex)
				for !strings.Contains(<-stacks, "stuckInDo") { // others may be slow too
				}
			}), nil
		})
		for ex.Stats().Workers != 1 { // the stand-in retires
			runtime.Gosched()
		}
	}
	if s := ex.Stats(); s.Stuck < 2 || s.StandIns < 2 {
		t.Errorf("%+v", s)
	}
}

// stuckInDo is in a plain wait until f, elsewhere, has ended.
//
//go:noinline
func stuckInDo(f func()) int {
	done := make(chan struct{})
	go func() { defer close(done); f() }()
	<-done
	return 1
}

func TestDoOnALockedThread(t *testing.T) {
	needsThreads(t)
	leak.Check(t)
	ex := start(t, 1, executor.Options{})
	idle(t, ex, 1)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	woken := uint64(0)
	for range 10 {
		idle(t, ex, 1)
		before := ex.Stats().WakeUps
		executor.Do(background, ex, func(context.Context) (int, error) {
			if threadlock.Current().Locked() {
				t.Error("on the locked thread")
			}
			return pollster.BlockOn(background, pollster.Ready(1))
		})
		woken += ex.Stats().WakeUps - before
		runtime.UnlockOSThread()
		executor.Do(background, ex, func(context.Context) (int, error) { runtime.LockOSThread(); return 1, nil })
		if threadlock.Current().Locked() {
			t.Fatal("the caller's thread is locked")
		}
		runtime.LockOSThread()
	}
	// Not each time: a worker that is about to park looks once more.
	if woken == 0 {
		t.Error("the worker was never woken for it")
	}
}

// Tick promises to poll on the goroutine of its caller.
func TestATickerIsNotLent(t *testing.T) {
	leak.Check(t)
	ex := newExecutor(t, executor.Options{StuckAfter: -1})
	ticked := make(chan error)
	go func() { ticked <- ex.Tick(background) }()
	idle(t, ex, 1)
	if v, err := executor.Do(background, ex, func(context.Context) (int, error) { return 1, nil }); v != 1 || err != nil {
		t.Errorf("%d, %v", v, err)
	}
	if err := <-ticked; err != nil {
		t.Error(err)
	}
}

// A coroutine that is made in the place of a worker has that worker's labels.
func TestLabelsOfTheCallerOfDoStayWithIt(t *testing.T) {
	ex := start(t, 1, executor.Options{StuckAfter: -1})
	idle(t, ex, 1)
	pprof.Do(background, pprof.Labels("caller", "of-do"), func(ctx context.Context) {
		executor.Do(ctx, ex, func(context.Context) (int, error) {
			if n := strings.Count(goroutineLabels(t), `"caller":"of-do"`); n != 1 {
				t.Errorf("%d goroutines have the label", n)
			}
			return 1, nil
		})
	})
}

// Do in a task suspends it, wherever the other one is.
func TestDoInATaskOfAnotherExecutor(t *testing.T) {
	leak.Check(t)
	ex, other := start(t, 1, executor.Options{StuckAfter: -1}), start(t, 1, executor.Options{StuckAfter: -1})
	idle(t, ex, 1)
	idle(t, other, 1)
	v, err := executor.Go(ex, func(ctx context.Context) (int, error) {
		return executor.Do(ctx, other, func(context.Context) (int, error) {
			return stuckInDo(func() { run(t, ex) }), nil
		})
	}).Wait(background)
	if v != 1 || err != nil {
		t.Errorf("%d, %v", v, err)
	}
}

func TestDoAfterClose(t *testing.T) {
	leak.Check(t)
	for range 200 {
		ex := newExecutor(t, executor.Options{StuckAfter: -1})
		ended := make(chan struct{})
		go func() { defer close(ended); ex.Run(background) }()
		idle(t, ex, 1)
		ex.Close() // the worker is on its way out
		_, err := executor.Do(background, ex, func(context.Context) (int, error) {
			t.Error("called")
			return 1, nil
		})
		if !errors.Is(err, executor.ErrClosed) {
			t.Error(err)
		}
		<-ended
	}
}

// Many short polls are not one that is stuck. On the clock of a bubble, where no
// machine is too busy for it, each takes exactly as long as it says.
func TestTheMonitorTellsCallsOfDoApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ex := start(t, 1, executor.Options{StuckAfter: 20 * time.Millisecond})
		for range 500 {
			executor.Do(background, ex, func(context.Context) (int, error) {
				time.Sleep(3 * time.Millisecond) // computes
				return 1, nil
			})
		}
		if n := ex.Stats().Stuck; n != 0 {
			t.Errorf("found stuck %d times", n)
		}
		executor.Do(background, ex, func(context.Context) (int, error) {
			time.Sleep(time.Second)
			return 1, nil
		})
		if n := ex.Stats().Stuck; n != 1 {
			t.Errorf("found stuck %d times in one long call", n)
		}
	})
}

// FuzzDo gives an executor a sequence of functions, each by Do or by Go, of which
// some wait until a later one, and compares each end with what it has to be.
func FuzzDo(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11})
	f.Add([]byte{4, 4, 0, 10, 3, 5, 11, 0, 1})
	f.Fuzz(func(t *testing.T, ops []byte) {
		ex := newExecutor(t, executor.Options{StuckAfter: -1})
		ended := make(chan struct{})
		go func() { defer close(ended); ex.Run(background) }()
		var wg sync.WaitGroup
		var waiting []*probe
		for i, op := range ops[:min(len(ops), 64)] {
			p := &probe{value: i}
			check := func() { fuzzOne(t, ex, op, i, p) }
			if op%6 > 3 {
				waiting = append(waiting, p)
				wg.Go(check)
				continue
			}
			check()
			if len(waiting) > 0 && op%2 == 0 {
				waiting[0].Open()
				waiting = waiting[1:]
			}
		}
		for _, p := range waiting {
			p.Open()
		}
		wg.Wait()
		if s := ex.Stats(); s.Tasks != 0 || s.Queued != 0 {
			t.Errorf("%+v", s)
		}
		ex.Close()
		<-ended
	})
}

func fuzzOne(t *testing.T, ex *executor.Executor, op byte, i int, p *probe) {
	ctx, cancel := context.WithCancel(background)
	defer cancel()
	boom := errors.New("boom")
	var want error
	f := func(ctx context.Context) (int, error) { return pollster.BlockOn(ctx, pollster.Future[int](p)) }
	switch op % 6 {
	case 0:
		f = func(context.Context) (int, error) { return i, nil }
	case 1:
		f, want = func(context.Context) (int, error) { return i, boom }, boom
	case 2:
		f, want = func(context.Context) (int, error) { runtime.Goexit(); return 0, nil }, executor.ErrGoexit
	case 3:
		wait := f
		f, want = func(ctx context.Context) (int, error) { cancel(); return wait(ctx) }, context.Canceled
	}
	run := func() (int, error) { return executor.Do(ctx, ex, f) }
	if op/6%2 == 1 {
		run = func() (int, error) {
			task := executor.Go(ex, f)
			defer task.Wait(background) // one that is left ends a little later
			return pollster.BlockOn(ctx, pollster.Future[int](task))
		}
	}
	if v, err := run(); !errors.Is(err, want) || want == nil && (v != i || err != nil) {
		t.Errorf("op %d: %d, %v, want %v", op, v, err, want)
	}
}
