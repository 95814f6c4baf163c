package executor_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/causeway-go/causeway/executor"
	"github.com/causeway-go/causeway/internal/hammer"
	"github.com/causeway-go/causeway/internal/leak"
	"github.com/causeway-go/causeway/pollster"
)

func TestRunEndsWithItsContext(t *testing.T) {
	leak.Check(t)
	ex := newExecutor(t, executor.Options{})
	cause := errors.New("enough")
	ctx, cancel := context.WithCancelCause(background)
	over := make(chan error)
	go func() { over <- ex.Run(ctx) }()
	p := &probe{}
	task := executor.Spawn(ex, pollster.Future[int](p))
	cancel(cause)
	if err := <-over; !errors.Is(err, cause) || !errors.Is(err, context.Canceled) {
		t.Errorf("Run returned %v", err)
	}
	// The task stays, and another Run goes on with it.
	ctx, stop := context.WithCancel(background)
	go func() { over <- ex.Run(ctx) }()
	p.Open()
	if _, err := task.Wait(background); err != nil {
		t.Error(err)
	}
	stop()
	<-over
}

func TestARunThatEndsLeavesItsTasksToTheOthers(t *testing.T) {
	ex := newExecutor(t, executor.Options{})
	ctx, cancel := context.WithCancel(background)
	over := make(chan error)
	go func() { over <- ex.Run(ctx) }()
	// A task on the worker fills the worker's own queue, and ends its Run.
	var tasks []*executor.Task[int]
	executor.Spawn(ex, future(func(*pollster.Waker) (int, bool, error) {
		for i := range 1000 {
			tasks = append(tasks, executor.Spawn(ex, pollster.Ready(i)))
		}
		cancel()
		return 0, true, nil
	})).Wait(background)
	<-over
	for tickAll(ex) > 0 {
	}
	for i, task := range tasks {
		if !task.Done() {
			t.Fatalf("task %d has been lost", i)
		}
	}
}

func TestTickWaitsForATask(t *testing.T) {
	ex := newExecutor(t, executor.Options{})
	over := make(chan error)
	go func() { over <- ex.Tick(background) }()
	task := executor.Spawn(ex, pollster.Ready(1))
	if err := <-over; err != nil || !task.Done() {
		t.Errorf("%v, done %v", err, task.Done())
	}
	ctx, cancel := context.WithCancel(background)
	go func() { over <- ex.Tick(ctx) }()
	cancel()
	if err := <-over; !errors.Is(err, context.Canceled) {
		t.Errorf("Tick returned %v", err)
	}
	ex.Close()
	if err := ex.Tick(background); !errors.Is(err, executor.ErrClosed) {
		t.Errorf("Tick returned %v", err)
	}
}

func TestTryTickSteals(t *testing.T) {
	ex := start(t, 1, executor.Options{})
	release, filled := make(chan struct{}), make(chan struct{})
	var ran atomic.Int32
	executor.Spawn(ex, future(func(*pollster.Waker) (int, bool, error) {
		for range 10 { // into the worker's own queue
			executor.Spawn(ex, future(func(*pollster.Waker) (int, bool, error) { return int(ran.Add(1)), true, nil }))
		}
		close(filled)
		<-release
		return 0, true, nil
	}))
	<-filled
	for ran.Load() < 10 {
		ex.TryTick()
	}
	close(release)
}

func TestSpawnAllKeepsTheOrder(t *testing.T) {
	ex := newExecutor(t, executor.Options{})
	var order []int
	var futures []pollster.Future[int]
	for i := range 1000 {
		futures = append(futures, future(func(*pollster.Waker) (int, bool, error) {
			order = append(order, i)
			return i, true, nil
		}))
	}
	tasks := executor.SpawnAll(ex, futures...)
	tickAll(ex)
	for i, task := range tasks {
		if v, _ := task.Wait(background); v != i || order[i] != i {
			t.Fatalf("task %d: value %d, polled was %d", i, v, order[i])
		}
	}
	if n := len(executor.SpawnAll[int](ex)); n != 0 {
		t.Errorf("%d tasks of nothing", n)
	}
}

func TestPrioritiesGoFirstAndStarveNobody(t *testing.T) {
	ex := newExecutor(t, executor.Options{})
	var order []executor.Priority
	yielder := func(p executor.Priority, polls int) {
		executor.SpawnAttr(ex, executor.Attr{Priority: p}, future(func(w *pollster.Waker) (int, bool, error) {
			order = append(order, p)
			polls--
			w.Wake()
			return 0, polls == 0, nil
		}))
	}
	yielder(executor.Low, 20)
	yielder(executor.Normal, 200)
	yielder(executor.High, 2000)
	ctx, cancel := context.WithCancel(background)
	executor.SpawnAttr(ex, executor.Attr{Priority: executor.Low}, future(func(w *pollster.Waker) (int, bool, error) {
		if ex.Stats().Tasks == 1 {
			cancel()
			return 0, true, nil
		}
		w.Wake()
		return 0, false, nil
	}))
	ex.Run(ctx)
	first := map[executor.Priority]int{}
	for i := len(order) - 1; i >= 0; i-- {
		first[order[i]] = i
	}
	if first[executor.High] != 0 {
		t.Errorf("high is polled at %d", first[executor.High])
	}
	if first[executor.Normal] > 8 || first[executor.Low] > 64 {
		t.Errorf("normal is first polled at %d, low at %d", first[executor.Normal], first[executor.Low])
	}
}

func TestATaskThatWakesItselfDoesNotStarveOthers(t *testing.T) {
	ex := newExecutor(t, executor.Options{})
	ctx, cancel := context.WithCancel(background)
	polls := 0
	executor.Spawn(ex, future(func(w *pollster.Waker) (int, bool, error) {
		polls++
		w.Wake()
		return 0, false, nil
	}))
	var over sync.WaitGroup
	over.Go(func() { ex.Run(ctx) })
	// From outside, so into the queue of all.
	for range 100 {
		if _, err := executor.Spawn(ex, pollster.Ready(0)).Wait(background); err != nil {
			t.Fatal(err)
		}
	}
	cancel()
	over.Wait()
	ex.Close()
}

func TestAMillionTasksEachRun(t *testing.T) {
	n := 1_000_000
	if testing.Short() {
		n = 50_000
	}
	ex := start(t, 2, executor.Options{})
	ran := make([]atomic.Int32, n)
	for i := range n {
		once := false
		executor.Spawn(ex, future(func(w *pollster.Waker) (int, bool, error) {
			if !once {
				once = true
				w.Wake()
				return 0, false, nil
			}
			ran[i].Add(1)
			return 0, true, nil
		}))
	}
	for !ex.IsEmpty() {
		time.Sleep(time.Millisecond)
	}
	for i := range ran {
		if ran[i].Load() != 1 {
			t.Fatalf("task %d ran %d times", i, ran[i].Load())
		}
	}
}

func TestNoWakeIsLost(t *testing.T) {
	leak.Check(t)
	ex := start(t, 2, executor.Options{})
	// Each goroutine hands a number to its task and waits until the task has
	// seen it; a lost wake stops both for good.
	const pairs = 4
	type cell struct {
		want, seen atomic.Int64
		waker      pollster.AtomicWaker
		back       pollster.AtomicWaker
	}
	cells := make([]cell, pairs)
	for i := range cells {
		c := &cells[i]
		executor.Spawn(ex, future(func(w *pollster.Waker) (int, bool, error) {
			c.waker.Register(w)
			n := c.want.Load()
			if n < 0 {
				return 0, true, nil
			}
			if c.seen.Swap(n) != n {
				c.back.Wake()
			}
			return 0, false, nil
		}))
	}
	hammer.Run(t, pairs, func(g, i int) {
		c := &cells[g]
		c.want.Store(int64(i + 1))
		c.waker.Wake()
		pollster.BlockOn(background, future(func(w *pollster.Waker) (int, bool, error) {
			c.back.Register(w)
			return 0, c.seen.Load() == int64(i+1), nil
		}))
	})
	for i := range cells {
		cells[i].want.Store(-1)
		cells[i].waker.Wake()
	}
	for !ex.IsEmpty() {
		time.Sleep(time.Millisecond)
	}
}

func TestCloseAgainstEverything(t *testing.T) {
	hammer.Run(t, 1, func(_, i int) {
		ex := newExecutor(t, executor.Options{})
		var wg sync.WaitGroup
		for range 2 {
			wg.Go(func() {
				if err := ex.Run(background); !errors.Is(err, executor.ErrClosed) {
					t.Errorf("Run returned %v", err)
				}
			})
		}
		var probes []*probe
		var tasks []*executor.Task[int]
		for j := range 20 {
			p := &probe{}
			probes = append(probes, p)
			if j%2 == 0 {
				tasks = append(tasks, executor.Spawn(ex, pollster.Future[int](p)))
			} else {
				tasks = append(tasks, executor.Go(ex, func(ctx context.Context) (int, error) {
					return pollster.BlockOn(background, pollster.Future[int](p))
				}))
			}
		}
		for j, p := range probes {
			wg.Go(func() {
				switch (i + j) % 3 {
				case 0:
					p.Open()
				case 1:
					tasks[j].Cancel()
				}
			})
		}
		wg.Go(func() { ex.Close() })
		for j, task := range tasks {
			if _, err := task.Wait(background); err == nil {
				if n := probes[j].cancels.Load(); n != 0 {
					t.Errorf("ended with a value and %d cancels", n)
				}
			} else if n := probes[j].cancels.Load(); n > 1 || n == 0 && probes[j].polls.Load() > 0 {
				t.Errorf("ended with %v, %d polls, %d cancels", err, probes[j].polls.Load(), n)
			}
		}
		wg.Wait()
		if !ex.IsEmpty() {
			t.Errorf("%d tasks left", ex.Stats().Tasks)
		}
	})
}

func TestSpawnAfterCloseEndsAtOnce(t *testing.T) {
	ex := newExecutor(t, executor.Options{})
	ex.Close()
	p := &probe{}
	task := executor.Spawn(ex, pollster.Future[int](p))
	if _, err := task.Wait(background); !errors.Is(err, executor.ErrClosed) {
		t.Errorf("ended with %v", err)
	}
	p.counts(t, 0, 1)
	if _, err := executor.Go(ex, func(context.Context) (int, error) { return 0, nil }).Wait(background); !errors.Is(err, executor.ErrClosed) {
		t.Errorf("ended with %v", err)
	}
	if err := ex.Run(background); !errors.Is(err, executor.ErrClosed) {
		t.Errorf("Run returned %v", err)
	}
}

func TestAnExecutorLivesInABubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ex := start(t, 2, executor.Options{})
		start := time.Now()
		task := executor.Go(ex, func(ctx context.Context) (int, error) {
			p := &probe{value: 3}
			time.AfterFunc(time.Hour, p.Open)
			return pollster.BlockOn(ctx, pollster.Future[int](p))
		})
		if v, err := task.Wait(background); v != 3 || err != nil {
			t.Errorf("%d, %v", v, err)
		}
		if d := time.Since(start); d != time.Hour {
			t.Errorf("%v have passed", d)
		}
	})
}

func TestTheDefaultIsFineInsideABubble(t *testing.T) {
	for range 2 {
		synctest.Test(t, func(t *testing.T) {
			ex := executor.Default()
			task := executor.Go(ex, func(ctx context.Context) (int, error) {
				time.Sleep(time.Second)
				return executor.Spawn(ex, pollster.Ready(4)).Wait(ctx)
			})
			if v, err := task.Wait(background); v != 4 || err != nil {
				t.Errorf("%d, %v", v, err)
			}
		})
	}
	// And outside afterwards.
	if v, err := executor.Spawn(executor.Default(), pollster.Ready(5)).Wait(background); v != 5 || err != nil {
		t.Errorf("%d, %v", v, err)
	}
}

func TestTheDefaultCanBeReplaced(t *testing.T) {
	mine := newExecutor(t, executor.Options{Name: "mine"})
	old := executor.SetDefault(mine)
	defer executor.SetDefault(old)
	if executor.Default() != mine {
		t.Error("not replaced")
	}
	executor.Spawn(executor.Default(), pollster.Ready(1))
	if n := tickAll(mine); n != 1 {
		t.Errorf("%d ticks", n)
	}
}

func TestOptionsAreChecked(t *testing.T) {
	if _, err := executor.New(executor.Options{StuckAfter: -1, OnStuck: func([]byte) {}}); err == nil {
		t.Error("a report without a monitor was accepted")
	}
	if _, err := executor.NewLocal(executor.LocalOptions{StopAfter: -1}); err == nil {
		t.Error("a negative StopAfter was accepted")
	}
	defer func() {
		if recover() == nil {
			t.Error("a wrong priority was accepted")
		}
	}()
	executor.SpawnAttr(newExecutor(t, executor.Options{}), executor.Attr{Priority: 7}, pollster.Ready(1))
}
