package executor_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/causeway-go/causeway/executor"
	"github.com/causeway-go/causeway/internal/leak"
	"github.com/causeway-go/causeway/pollster"
)

// asChild runs this test again in a process of its own, which is expected to
// die, and returns what it said. In the child it returns false.
func asChild(t *testing.T) (said string, parent bool) {
	t.Helper()
	const mark = "EXECUTOR_TEST_CHILD"
	if os.Getenv(mark) == t.Name() {
		return "", false
	}
	self, err := os.Executable()
	if err != nil {
		t.Skipf("no executable to start: %v", err)
	}
	cmd := exec.Command(self, "-test.run=^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), mark+"="+t.Name())
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Skipf("this system starts no processes: %v", err)
	}
	if err == nil {
		t.Errorf("the child lived:\n%s", out)
	}
	return string(out), true
}

func TestAPanicThatNobodyCanSeeEndsTheProgram(t *testing.T) {
	if said, parent := asChild(t); parent {
		for _, want := range []string{"panic: ", "lost for good", "deepInATask"} {
			if !strings.Contains(said, want) {
				t.Errorf("no %q in\n%s", want, said)
			}
		}
		return
	}
	ex := start(t, 1, executor.Options{})
	executor.Go(ex, func(context.Context) (int, error) { return deepInATask() }).Detach()
	time.Sleep(10 * time.Second)
}

//go:noinline
func deepInATask() (int, error) { panic("lost for good") }

func TestAPanicInAWakerEndsTheProgramByDefault(t *testing.T) {
	if said, parent := asChild(t); parent {
		if !strings.Contains(said, "bad waker") {
			t.Errorf("said:\n%s", said)
		}
		return
	}
	l := newLocal(t, executor.LocalOptions{})
	task := executor.Spawn(l, pollster.Ready(1))
	task.Poll(pollster.NewWaker(func() { panic("bad waker") }))
	pump(l)
}

func TestSpawnAllOnLocalsAndThreads(t *testing.T) {
	l := newLocal(t, executor.LocalOptions{})
	th := newThread(t, executor.LocalOptions{})
	for _, in := range []executor.Spawner{l, th} {
		var futures []pollster.Future[int]
		for i := range 50 {
			futures = append(futures, pollster.Ready(i))
		}
		tasks := executor.SpawnAll(in, futures...)
		named := executor.SpawnAttr(in, executor.Attr{Name: "one"}, pollster.Ready(1))
		pump(l)
		for i, task := range tasks {
			if v, err := task.Wait(background); v != i || err != nil {
				t.Errorf("task %d: %d, %v", i, v, err)
			}
		}
		if v, err := named.Wait(background); v != 1 || err != nil || named.Name() != "one" {
			t.Errorf("%d, %v", v, err)
		}
	}
	if th.Local() == nil || th.Local().OnLocal() {
		t.Error("the thread's Local")
	}
}

func TestScopesOnAThread(t *testing.T) {
	leak.Check(t, leak.Options{Threads: -1})
	th := newThread(t, executor.LocalOptions{})
	count := 0 // only the thread touches it
	err := executor.Within(background, th, func(s *executor.Scope) error {
		for range 20 {
			executor.Go(s, func(ctx context.Context) (int, error) {
				mustYield()
				count++
				if !th.OnThread() {
					t.Error("not on the thread")
				}
				return 0, nil
			})
		}
		return nil
	})
	th.Call(background, func() {
		if count != 20 {
			t.Errorf("%d tasks", count)
		}
	})
	if err != nil {
		t.Error(err)
	}
}

func TestCloseOfALocalUnderAnotherThreadLock(t *testing.T) {
	needsExactLocks(t)
	l := newLocal(t, executor.LocalOptions{})
	p := &probe{}
	runtime.LockOSThread()
	task := executor.Go(l, func(context.Context) (int, error) {
		return pollster.BlockOn(background, pollster.Future[int](p))
	})
	pump(l)
	runtime.UnlockOSThread()
	l.Close() // its stack belongs to the locked thread
	if _, err := task.Wait(background); !errors.Is(err, executor.ErrClosed) {
		t.Errorf("ended with %v", err)
	}
	p.Open() // and a late wake is harmless
}

func TestTheContextOfAFunctionIsAContext(t *testing.T) {
	ex := start(t, 1, executor.Options{})
	stopped, ran := make(chan struct{}), make(chan struct{})
	task := executor.Go(ex, func(ctx context.Context) (int, error) {
		if ctx.Err() != nil || ctx.Value("x") != nil || context.Cause(ctx) != nil {
			t.Error("a fresh context has ended")
		}
		stop := context.AfterFunc(ctx, func() { t.Error("a stopped function was called") })
		if !stop() || stop() {
			t.Error("stop does not tell the first from the second")
		}
		context.AfterFunc(ctx, func() { close(ran) })
		derived, cancel := context.WithCancel(ctx)
		defer cancel()
		go func() {
			<-derived.Done()
			close(stopped)
		}()
		_, err := forever(ctx)
		context.AfterFunc(ctx, func() {})
		if _, open := <-ctx.Done(); open || !errors.Is(ctx.Err(), context.Canceled) {
			t.Error("not ended")
		}
		return 0, err
	})
	for !strings.Contains(task.String(), "waiting") {
		runtime.Gosched()
	}
	task.Cancel()
	<-stopped
	<-ran
	if _, err := task.Wait(background); !errors.Is(err, context.Canceled) {
		t.Errorf("ended with %v", err)
	}
}

func TestADeadlineOfTheParentIsSeen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ex := start(t, 1, executor.Options{})
		parent, cancel := context.WithTimeout(background, time.Minute)
		defer cancel()
		begin := time.Now()
		task := executor.GoAttr(ex, executor.Attr{Context: parent}, func(ctx context.Context) (int, error) {
			if at, ok := ctx.Deadline(); !ok || at.Sub(begin) != time.Minute {
				t.Errorf("deadline %v", at)
			}
			return forever(ctx)
		})
		if _, err := task.Wait(background); !errors.Is(err, context.Canceled) {
			t.Errorf("ended with %v", err)
		}
		if d := time.Since(begin); d != time.Minute {
			t.Errorf("after %v", d)
		}
	})
}

func TestManyTasksOfTheDefaultInABubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ex := executor.Default()
		var sum atomic.Int64
		err := executor.Within(background, ex, func(s *executor.Scope) error {
			for i := range 20 {
				executor.Go(s, func(ctx context.Context) (int, error) {
					time.Sleep(time.Duration(i) * time.Second)
					inner := executor.SpawnAll(executor.Default(), pollster.Ready(i), pollster.Ready(1))
					for _, task := range inner {
						v, err := task.Wait(ctx)
						if err != nil {
							return 0, err
						}
						sum.Add(int64(v))
					}
					return 0, nil
				})
			}
			return nil
		})
		if err != nil || sum.Load() != 190+20 {
			t.Errorf("%v, sum %d", err, sum.Load())
		}
	})
}

func TestAPollThatWaitsInABubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ex := start(t, 1, executor.Options{})
		p := &probe{value: 3}
		time.AfterFunc(time.Hour, p.Open)
		task := executor.Spawn(ex, future(func(*pollster.Waker) (int, bool, error) {
			v, err := pollster.BlockOn(background, pollster.Future[int](p))
			return v, true, err
		}))
		run(t, ex) // by the stand-in
		if v, err := task.Wait(background); v != 3 || err != nil {
			t.Errorf("%d, %v", v, err)
		}
	})
}

func TestStatsCountWhatThereIs(t *testing.T) {
	ex := newExecutor(t, executor.Options{})
	for range 3 {
		executor.Spawn(ex, pollster.Future[int](&probe{}))
	}
	if s := ex.Stats(); s.Tasks != 3 || s.Workers != 0 || s.Polls != 0 {
		t.Errorf("%+v", s)
	}
	tickAll(ex)
	if s := ex.Stats(); s.Tasks != 3 || s.Queued != 0 || s.Polls != 3 {
		t.Errorf("%+v", s)
	}
	ctx, cancel := context.WithCancel(background)
	var wg sync.WaitGroup
	wg.Go(func() { ex.Run(ctx) })
	for ex.Stats().Idle != 1 {
		runtime.Gosched()
	}
	cancel()
	wg.Wait()
	if s := ex.Stats(); s.Idle != 0 {
		t.Errorf("%+v", s)
	}
	ex.Close()
	if s := ex.Stats(); s.Tasks != 0 {
		t.Errorf("%+v", s)
	}
}

func TestParkOfOneTaskOrOfAll(t *testing.T) {
	for _, all := range []bool{false, true} {
		ex := start(t, 1, executor.Options{Park: all, StuckAfter: -1})
		p := &probe{value: 2}
		task := executor.GoAttr(ex, executor.Attr{Park: !all}, func(ctx context.Context) (int, error) {
			return pollster.BlockOn(ctx, pollster.Future[int](p))
		})
		run(t, ex) // by the stand-in, since the worker is parked
		p.Open()
		if v, err := task.Wait(background); v != 2 || err != nil {
			t.Errorf("%d, %v", v, err)
		}
		if s := ex.Stats(); s.StandIns == 0 {
			t.Errorf("nobody stood in: %+v", s)
		}
	}
}

func TestATaskWaitsForItsOwnSpawner(t *testing.T) {
	// A task that waits for a task of its own executor, on one worker, a
	// hundred at once.
	ex := start(t, 1, executor.Options{StuckAfter: -1})
	var tasks []*executor.Task[int]
	for i := range 100 {
		tasks = append(tasks, executor.Go(ex, func(ctx context.Context) (int, error) {
			v, err := executor.Go(ex, func(context.Context) (int, error) { return i, nil }).Wait(ctx)
			return v + 1, err
		}))
	}
	for i, task := range tasks {
		if v, err := task.Wait(background); v != i+1 || err != nil {
			t.Errorf("task %d: %d, %v", i, v, err)
		}
	}
}

func TestAReportOfAStuckPollMayBeTheOnlyWish(t *testing.T) {
	reports := make(chan []byte, 100)
	ex := start(t, 2, executor.Options{StuckAfter: time.Millisecond, OnStuck: func(s []byte) { reports <- s }})
	release := make(chan struct{})
	task := executor.Spawn(ex, future(func(*pollster.Waker) (int, bool, error) {
		<-release
		return 1, true, nil
	}))
	for !strings.Contains(string(<-reports), "TestAReportOfAStuckPoll") {
		// On a busy machine others take a millisecond too.
	}
	close(release)
	task.Wait(background)
	for range 3 {
		run(t, ex)
	}
}

func TestATickThatPanicsIsATick(t *testing.T) {
	ex := newExecutor(t, executor.Options{})
	bad := func() *executor.Task[int] {
		return executor.Spawn(ex, future(func(*pollster.Waker) (int, bool, error) { panic("in a tick") }))
	}
	one, two := bad(), bad()
	if !ex.TryTick() {
		t.Error("TryTick says that there was nothing to poll")
	}
	if err := ex.Tick(background); err != nil { // and does not wait for another one
		t.Error(err)
	}
	for _, task := range []*executor.Task[int]{one, two} {
		func() {
			defer func() {
				if recover() == nil {
					t.Error("the panic is lost")
				}
			}()
			task.Wait(background)
		}()
	}
}
