package executor_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/causeway-go/causeway/executor"
	"github.com/causeway-go/causeway/internal/leak"
	"github.com/causeway-go/causeway/pollster"
	"github.com/causeway-go/causeway/pollster/futuretest"
)

func TestWakerHasTheExpectedShape(t *testing.T) {
	if executor.WakerSize != executor.ShapeSize || !executor.SelfIsTask() {
		t.Fatal("core.self reads the waker wrongly")
	}
}

func TestATaskIsSmall(t *testing.T) {
	if executor.TaskSize > 96 {
		t.Errorf("a Task[int] takes %d bytes", executor.TaskSize)
	}
	ex := newExecutor(t, executor.Options{})
	f := pollster.Ready(1)
	if n := testing.AllocsPerRun(100, func() { executor.Spawn(ex, f) }); n != 1 {
		t.Errorf("%v allocations to spawn", n)
	}
	tickAll(ex)
}

func TestAWakeDuringThePollReschedulesOnce(t *testing.T) {
	ex := newExecutor(t, executor.Options{})
	p := &probe{}
	p.during = func(n int32) {
		if n == 1 {
			w := p.waker.Take()
			for range 5 {
				w.Wake()
			}
		}
	}
	executor.Spawn(ex, pollster.Future[int](p))
	tickAll(ex)
	p.counts(t, 2, 0)
}

func TestWakesBeforeThePollAreOnePoll(t *testing.T) {
	ex := newExecutor(t, executor.Options{})
	p := &probe{}
	executor.Spawn(ex, pollster.Future[int](p))
	tickAll(ex)
	w := p.waker.Take()
	for range 5 {
		w.Wake()
	}
	if n := tickAll(ex); n != 1 {
		t.Errorf("%d ticks for 5 wakes", n)
	}
	p.counts(t, 2, 0)
}

func TestAWakeAfterTheEndIsNothing(t *testing.T) {
	ex := newExecutor(t, executor.Options{})
	p := &probe{}
	task := executor.Spawn(ex, pollster.Future[int](p))
	tickAll(ex)
	w := p.waker.Take()
	p.open.Store(true)
	w.Wake()
	tickAll(ex)
	w.Wake()
	if n := tickAll(ex); n != 0 || !task.Done() {
		t.Errorf("%d ticks after the end, done %v", n, task.Done())
	}
	p.counts(t, 2, 0)
}

func TestCancelFromInsideThePoll(t *testing.T) {
	ex := newExecutor(t, executor.Options{})
	p := &probe{}
	var task *executor.Task[int]
	p.during = func(int32) { task.Cancel() }
	task = executor.Spawn(ex, pollster.Future[int](p))
	tickAll(ex)
	p.counts(t, 1, 1)
	if _, err := task.Wait(background); !errors.Is(err, executor.ErrCanceled) {
		t.Errorf("ended with %v", err)
	}
}

func TestAResultSurvivesACancel(t *testing.T) {
	ex := newExecutor(t, executor.Options{})
	task := executor.Spawn(ex, pollster.Ready(3))
	tickAll(ex)
	task.Cancel()
	tickAll(ex)
	if v, err := task.Wait(background); v != 3 || err != nil {
		t.Errorf("%d, %v", v, err)
	}
}

func TestTasksConform(t *testing.T) {
	ex := start(t, 2, executor.Options{})
	futuretest.TestFuture(t, func() futuretest.Subject[int] {
		p := &probe{value: 5}
		return futuretest.Subject[int]{
			Future:   executor.Spawn(ex, pollster.Future[int](p)),
			Complete: p.Open,
			Check: func(v int, err error) error {
				if v != 5 || err != nil {
					return fmt.Errorf("%d, %v", v, err)
				}
				return nil
			},
		}
	})
}

func TestManyMayWait(t *testing.T) {
	leak.Check(t)
	ex := start(t, 2, executor.Options{})
	p := &probe{value: 9}
	task := executor.Spawn(ex, pollster.Future[int](p))
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if v, err := task.Wait(background); v != 9 || err != nil {
				t.Errorf("%d, %v", v, err)
			}
		})
	}
	var inside []*executor.Task[int]
	for range 20 {
		inside = append(inside, executor.Go(ex, task.Wait))
	}
	ctx, cancel := context.WithCancel(background)
	cancel()
	if _, err := task.Wait(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("left with %v", err)
	}
	p.Open()
	wg.Wait()
	for _, x := range inside {
		if v, err := x.Wait(background); v != 9 || err != nil {
			t.Errorf("%d, %v", v, err)
		}
	}
}

func TestLeavingAWaitLeavesTheTask(t *testing.T) {
	ex := newExecutor(t, executor.Options{})
	p := &probe{value: 1}
	task := executor.Spawn(ex, pollster.Future[int](p))
	tickAll(ex)
	ctx, cancel := context.WithTimeout(background, time.Millisecond)
	defer cancel()
	if _, err := task.Wait(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("left with %v", err)
	}
	p.Open()
	tickAll(ex)
	if v, err := task.Wait(background); v != 1 || err != nil {
		t.Errorf("%d, %v", v, err)
	}
}

func TestBlockOnATaskCancelsIt(t *testing.T) {
	ex := newExecutor(t, executor.Options{})
	p := &probe{}
	task := executor.Spawn(ex, pollster.Future[int](p))
	tickAll(ex)
	ctx, cancel := context.WithTimeout(background, time.Millisecond)
	defer cancel()
	pollster.BlockOn(ctx, pollster.Future[int](task))
	tickAll(ex)
	p.counts(t, 1, 1)
}

func TestAPanicIsRaisedInEveryWaiter(t *testing.T) {
	ex := start(t, 1, executor.Options{})
	task := executor.Spawn(ex, future(func(*pollster.Waker) (int, bool, error) { panic("broken") }))
	for range 2 {
		func() {
			defer func() {
				pe, ok := recover().(*executor.PanicError)
				if !ok || pe.Value != "broken" || !strings.Contains(pe.Error(), "TestAPanicIsRaisedInEveryWaiter") {
					t.Errorf("got %v", pe)
				}
			}()
			task.Wait(background)
		}()
	}
}

func TestAPanicThatNobodySeesIsReportedWhenTheHandleIsGarbage(t *testing.T) {
	reported := make(chan any, 1)
	ex := start(t, 1, executor.Options{OnPanic: func(v any, stack []byte) { reported <- v }})
	done := make(chan struct{})
	executor.Spawn(ex, future(func(*pollster.Waker) (int, bool, error) {
		defer close(done)
		panic("unseen")
	}))
	<-done
	for {
		runtime.GC()
		select {
		case v := <-reported:
			if v != "unseen" {
				t.Errorf("reported %v", v)
			}
			return
		case <-time.After(time.Millisecond):
		}
	}
}

func TestAPanicThatWasSeenIsNotReported(t *testing.T) {
	var reported atomic.Int32
	ex := newExecutor(t, executor.Options{OnPanic: func(any, []byte) { reported.Add(1) }})
	func() {
		defer func() { recover() }()
		task := executor.Spawn(ex, future(func(*pollster.Waker) (int, bool, error) { panic("seen") }))
		tickAll(ex)
		task.Wait(background)
	}()
	for range 5 {
		runtime.GC()
	}
	if n := reported.Load(); n != 0 {
		t.Errorf("reported %d times", n)
	}
}

func TestAPanicInTheWaitersWakerIsNotTheTasks(t *testing.T) {
	var reported []any
	ex := newExecutor(t, executor.Options{OnPanic: func(v any, _ []byte) { reported = append(reported, v) }})
	task := executor.Spawn(ex, pollster.Ready(1))
	other := executor.Spawn(ex, pollster.Ready(2))
	task.Poll(pollster.NewWaker(func() { panic("waker") }))
	tickAll(ex)
	if len(reported) != 1 || reported[0] != "waker" {
		t.Errorf("reported %v", reported)
	}
	for i, x := range []*executor.Task[int]{task, other} {
		if v, err := x.Wait(background); v != i+1 || err != nil {
			t.Errorf("%d, %v", v, err)
		}
	}
}

func TestAPanicInCancelIsTheTasks(t *testing.T) {
	ex := newExecutor(t, executor.Options{})
	task := executor.Spawn(ex, pollster.Future[int](badCancel{}))
	tickAll(ex)
	task.Cancel()
	tickAll(ex)
	defer func() {
		if pe, ok := recover().(*executor.PanicError); !ok || pe.Value != "cancel" {
			t.Errorf("got %v", pe)
		}
	}()
	task.Wait(background)
}

type badCancel struct{}

func (badCancel) Poll(*pollster.Waker) (int, bool, error) { return 0, false, nil }
func (badCancel) Cancel()                                 { panic("cancel") }

func TestAWorkerSurvivesGoexit(t *testing.T) {
	leak.Check(t)
	ex := newExecutor(t, executor.Options{})
	ctx, cancel := context.WithCancel(background)
	var wg sync.WaitGroup
	ended := false
	wg.Go(func() {
		defer func() { ended = true }()
		ex.Run(ctx)
	})
	for range 100 {
		task := executor.Spawn(ex, future(func(*pollster.Waker) (int, bool, error) {
			runtime.Goexit()
			return 0, false, nil
		}))
		if _, err := task.Wait(background); !errors.Is(err, executor.ErrGoexit) {
			t.Fatalf("ended with %v", err)
		}
		if v, err := executor.Spawn(ex, pollster.Ready(1)).Wait(background); v != 1 || err != nil {
			t.Fatalf("%d, %v", v, err)
		}
	}
	if s := ex.Stats(); s.Workers != 1 {
		t.Errorf("%d workers", s.Workers)
	}
	cancel()
	wg.Wait()
	if !ended {
		t.Error("the goroutine of Run has not ended")
	}
}

func TestNameAndMetadataAndState(t *testing.T) {
	ex := newExecutor(t, executor.Options{})
	p := &probe{}
	task := executor.SpawnAttr(ex, executor.Attr{Name: "pump", Meta: 12}, pollster.Future[int](p))
	if task.Name() != "pump" || task.Meta() != 12 {
		t.Errorf("%q, %v", task.Name(), task.Meta())
	}
	for _, want := range []string{"scheduled", "waiting", "canceled", "done"} {
		if s := task.String(); s != "pump ("+want+")" {
			t.Errorf("%s, want %s", s, want)
		}
		if want == "waiting" {
			task.Cancel()
		} else {
			tickAll(ex)
		}
	}
	if plain := executor.Spawn(ex, pollster.Ready(1)); plain.Name() != "" || plain.Meta() != nil {
		t.Error("a plain task has a name")
	}
	tickAll(ex)
}

func TestANilFutureIsAnError(t *testing.T) {
	ex := newExecutor(t, executor.Options{})
	task := executor.Spawn[int](ex, nil)
	tickAll(ex)
	if _, err := task.Wait(background); !errors.Is(err, pollster.ErrNilFuture) {
		t.Errorf("ended with %v", err)
	}
}
