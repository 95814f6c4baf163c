package executor_test

import (
	"context"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/causeway-go/causeway/executor"
	"github.com/causeway-go/causeway/internal/leak"
	"github.com/causeway-go/causeway/pollster"
)

// run spawns a task that only has to be polled, and waits for it.
func run(t *testing.T, ex executor.Spawner) {
	t.Helper()
	if v, err := executor.Spawn(ex, pollster.Ready(1)).Wait(background); v != 1 || err != nil {
		t.Fatalf("%d, %v", v, err)
	}
}

func TestAPollThatWaitsIsStoodInFor(t *testing.T) {
	leak.Check(t)
	ex := start(t, 1, executor.Options{StuckAfter: -1})
	for range 3 {
		p := &probe{value: 4}
		task := executor.Spawn(ex, future(func(*pollster.Waker) (int, bool, error) {
			v, err := pollster.BlockOn(background, pollster.Future[int](p))
			return v, true, err
		}))
		run(t, ex)
		p.Open()
		if v, err := task.Wait(background); v != 4 || err != nil {
			t.Errorf("%d, %v", v, err)
		}
	}
	if s := ex.Stats(); s.StandIns < 3 {
		t.Errorf("%+v", s)
	}
}

func TestPollsThatWaitWithinPollsThatWait(t *testing.T) {
	leak.Check(t)
	ex := start(t, 1, executor.Options{StuckAfter: -1})
	const depth = 1000
	var nest func(n int) (int, error)
	nest = func(n int) (int, error) {
		if n == 0 {
			return 0, nil
		}
		v, err := executor.Spawn(ex, future(func(*pollster.Waker) (int, bool, error) {
			v, err := nest(n - 1)
			return v, true, err
		})).Wait(background)
		return v + 1, err
	}
	if v, err := nest(depth); v != depth || err != nil {
		t.Errorf("%d, %v", v, err)
	}
}

func TestEverythingNestsAThousandDeepOnOneWorker(t *testing.T) {
	leak.Check(t)
	ex := start(t, 1, executor.Options{StuckAfter: -1})
	depth := 1000
	if testing.Short() {
		depth = 200
	}
	var nest func(n int) (int, error)
	nest = func(n int) (v int, err error) {
		if n == 0 {
			return 0, nil
		}
		switch n % 5 {
		case 0: // a function
			v, err = executor.Go(ex, func(ctx context.Context) (int, error) { return nest(n - 1) }).Wait(background)
		case 1: // a future that waits in its Poll
			v, err = executor.Spawn(ex, future(func(*pollster.Waker) (int, bool, error) {
				v, err := nest(n - 1)
				return v, true, err
			})).Wait(background)
		case 2: // a goroutine
			var p pollster.Promise[int]
			go func() {
				v, _ := nest(n - 1)
				p.Resolve(v)
			}()
			v, err = pollster.BlockOn(background, pollster.Future[int](&p))
		case 3: // a function on a goroutine of its own
			a := executor.Attr{Goroutine: true}
			v, err = executor.GoAttr(ex, a, func(ctx context.Context) (int, error) { return nest(n - 1) }).Wait(background)
		case 4: // a function that parks
			a := executor.Attr{Park: true}
			v, err = executor.GoAttr(ex, a, func(ctx context.Context) (int, error) { return nest(n - 1) }).Wait(background)
		}
		return v + 1, err
	}
	if v, err := nest(depth); v != depth || err != nil {
		t.Errorf("%d, %v", v, err)
	}
}

func TestATaskMayRunAnotherExecutor(t *testing.T) {
	outer := start(t, 1, executor.Options{StuckAfter: -1})
	inner := newExecutor(t, executor.Options{})
	ctx, cancel := context.WithCancel(background)
	host := executor.Go(outer, func(context.Context) (int, error) { return 0, inner.Run(ctx) })
	for range 10 {
		run(t, inner)
		run(t, outer) // the inner worker is idle: its task is suspended
	}
	cancel()
	host.Wait(background)
}

func TestAStuckPollIsStoodInForAndReported(t *testing.T) {
	leak.Check(t)
	reports := make(chan []byte, 10)
	ex := start(t, 1, executor.Options{
		StuckAfter: time.Millisecond,
		OnStuck: func(stack []byte) {
			select {
			case reports <- stack:
			default:
			}
		},
	})
	for _, function := range []bool{false, true} {
		var mu sync.Mutex
		mu.Lock()
		var task *executor.Task[int]
		if function {
			task = executor.Go(ex, func(context.Context) (int, error) { return stuckHere(&mu), nil })
		} else {
			task = executor.Spawn(ex, future(func(*pollster.Waker) (int, bool, error) { return stuckHere(&mu), true, nil }))
		}
		run(t, ex) // needs the stand-in
		for stack := range reports {
			if strings.Contains(string(stack), "stuckHere") {
				break
			}
		}
		mu.Unlock()
		task.Wait(background)
		run(t, ex)
	}
	if s := ex.Stats(); s.Stuck < 2 || s.StandIns < 2 {
		t.Errorf("%+v", s)
	}
}

//go:noinline
func stuckHere(mu *sync.Mutex) int {
	mu.Lock()
	defer mu.Unlock()
	return 1
}

func TestABusyLoopDoesNotStopTheOthers(t *testing.T) {
	if runtime.GOARCH == "wasm" {
		t.Skip("nothing interrupts a loop where there is one thread and no signals")
	}
	ex := start(t, 1, executor.Options{})
	var stop atomic.Bool
	task := executor.Spawn(ex, future(func(*pollster.Waker) (int, bool, error) {
		for !stop.Load() {
		}
		return 1, true, nil
	}))
	run(t, ex)
	stop.Store(true)
	task.Wait(background)
}

func TestAMutexHeldAcrossAWaitWorksOnAnExecutor(t *testing.T) {
	for _, park := range []bool{false, true} {
		ex := start(t, 1, executor.Options{Park: park})
		var mu sync.Mutex
		p := &probe{}
		locked := make(chan struct{})
		first := executor.Go(ex, func(context.Context) (int, error) {
			mu.Lock()
			defer mu.Unlock()
			close(locked)
			return pollster.BlockOn(background, pollster.Future[int](p))
		})
		<-locked
		second := executor.Go(ex, func(context.Context) (int, error) {
			mu.Lock()
			defer mu.Unlock()
			return 2, nil
		})
		run(t, ex)
		p.Open()
		first.Wait(background)
		if v, err := second.Wait(background); v != 2 || err != nil {
			t.Errorf("park %v: %d, %v", park, v, err)
		}
	}
}

func TestAnIdleExecutorDoesNothing(t *testing.T) {
	ex := start(t, 2, executor.Options{StuckAfter: time.Microsecond})
	for range 10 {
		run(t, ex)
	}
	idle := func() bool { return ex.Stats().Idle == 2 && !ex.MonitorArmed() }
	n := uint64(0)
	for range 20 { // a wake-up may still be on its way to a worker that is idle by now
		for !idle() {
			time.Sleep(time.Millisecond)
		}
		wakes := ex.WakeUps()
		time.Sleep(20 * time.Millisecond)
		if n = ex.WakeUps() - wakes; n == 0 && idle() {
			return
		}
	}
	t.Errorf("%d wake-ups while idle", n)
}
