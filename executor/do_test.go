package executor_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/causeway-go/causeway/executor"
	"github.com/causeway-go/causeway/internal/leak"
	"github.com/causeway-go/causeway/pollster"
)

// idle returns when n workers of ex sleep.
func idle(t testing.TB, ex *executor.Executor, n int) {
	t.Helper()
	for began := time.Now(); ex.Stats().Idle != n; runtime.Gosched() {
		if time.Since(began) > 20*time.Second {
			t.Fatalf("not idle: %+v", ex.Stats())
		}
	}
}

// wakesNobody fails if f has a worker of ex woken.
func wakesNobody(t *testing.T, ex *executor.Executor, f func()) {
	t.Helper()
	before := ex.Stats()
	f()
	after := ex.Stats()
	if after.WakeUps != before.WakeUps || after.Idle != before.Idle || after.Tasks != before.Tasks {
		t.Errorf("before %+v, after %+v", before, after)
	}
}

func TestDoWakesNobody(t *testing.T) {
	leak.Check(t)
	ex := start(t, 2, executor.Options{StuckAfter: -1})
	idle(t, ex, 2)
	wakesNobody(t, ex, func() {
		for i := range 1000 {
			v, err := executor.Do(background, ex, func(context.Context) (int, error) {
				if s := ex.Stats(); s.Idle != 1 || s.Tasks != 1 || s.Workers != 2 {
					t.Errorf("in the task: %+v", s)
				}
				return i, nil
			})
			if v != i || err != nil {
				t.Errorf("%d, %v", v, err)
			}
		}
	})
	if n := ex.Stats().Polls; n < 1000-2*61 {
		t.Errorf("%d polls of 1000 counted", n)
	}
}

// Whatever a function does, Do does with it what Go and Wait do.
func TestDoEndsAsGoDoes(t *testing.T) {
	leak.Check(t)
	boom := errors.New("boom")
	for name, f := range map[string]func(ctx context.Context) (int, error){
		"value":  func(context.Context) (int, error) { return 3, nil },
		"error":  func(context.Context) (int, error) { return 3, boom },
		"panic":  func(context.Context) (int, error) { panic(boom) },
		"Goexit": func(context.Context) (int, error) { runtime.Goexit(); return 1, nil },
		"waits": func(ctx context.Context) (int, error) {
			p := &probe{value: 5}
			time.AfterFunc(time.Millisecond, p.Open)
			return pollster.BlockOn(ctx, pollster.Future[int](p))
		},
		"waits, panics": func(ctx context.Context) (int, error) {
			p := &probe{}
			time.AfterFunc(time.Millisecond, p.Open)
			pollster.BlockOn(ctx, pollster.Future[int](p))
			panic(boom)
		},
		"locks its thread": func(context.Context) (int, error) { runtime.LockOSThread(); return 6, nil },
		"does it again":    nil,
	} {
		ex := start(t, 1, executor.Options{})
		if f == nil {
			f = func(ctx context.Context) (int, error) {
				return executor.Do(ctx, ex, func(context.Context) (int, error) { return 7, boom })
			}
		}
		end := func(run func() (int, error)) (v int, err error) {
			defer func() {
				if p, ok := recover().(*executor.PanicError); ok {
					if !strings.Contains(string(p.Stack), "TestDoEndsAsGoDoes") {
						t.Errorf("%s: not the stack of the task:\n%s", name, p.Stack)
					}
					v, err = -1, p.Unwrap()
				}
			}()
			return run()
		}
		wantV, want := end(func() (int, error) { return executor.Go(ex, f).Wait(background) })
		for range 3 {
			idle(t, ex, 1)
			if v, err := end(func() (int, error) { return executor.Do(background, ex, f) }); v != wantV || err != want {
				t.Errorf("%s: %d, %v; want %d, %v", name, v, err, wantV, want)
			}
		}
	}
}

func TestDoInEveryPlace(t *testing.T) {
	leak.Check(t)
	one := func(context.Context) (int, error) { return 1, nil }
	ex := start(t, 1, executor.Options{})
	for name, in := range map[string]executor.Spawner{
		"thread":   newThread(t, executor.LocalOptions{}),
		"observed": start(t, 1, executor.Options{Inspect: true, Labels: true, Trace: true}), "parking": start(t, 1, executor.Options{Park: true}),
	} {
		for range 10 {
			if v, err := executor.Do(background, in, one); v != 1 || err != nil {
				t.Errorf("%s: %d, %v", name, v, err)
			}
		}
	}
	for _, a := range []executor.Attr{{Park: true}, {Goroutine: true}, {Priority: executor.High}, {Priority: executor.Low}, {Name: "x", Meta: 1}} {
		for range 10 {
			if v, err := executor.DoAttr(background, ex, a, one); v != 1 || err != nil {
				t.Errorf("%+v: %d, %v", a, v, err)
			}
		}
	}
	err := executor.Within(background, ex, func(s *executor.Scope) error {
		v, err := executor.Do(background, s, one)
		if v != 1 {
			t.Errorf("scope: %d", v)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	var deep func(n int) (int, error)
	deep = func(n int) (int, error) {
		if n == 0 {
			return 0, nil
		}
		v, err := executor.Do(background, ex, func(context.Context) (int, error) { return deep(n - 1) })
		return v + 1, err
	}
	if v, err := deep(200); v != 200 || err != nil {
		t.Errorf("%d, %v", v, err)
	}
}

// Without leak.Check: workers of the default stay, and keep coroutines.
func TestDoOnTheDefault(t *testing.T) {
	for range 100 {
		if v, err := executor.Do(background, executor.Default(), func(context.Context) (int, error) { return 1, nil }); v != 1 || err != nil {
			t.Errorf("%d, %v", v, err)
		}
	}
}

// A task that waits gives the worker's place back, and goes on as any other does.
func TestDoThatWaitsLetsOthers(t *testing.T) {
	leak.Check(t)
	ex := start(t, 1, executor.Options{StuckAfter: -1})
	idle(t, ex, 1)
	p := &probe{value: 4}
	polled := make(chan struct{})
	p.during = func(n int32) {
		if n == 1 {
			close(polled)
		}
	}
	end := make(chan int)
	go func() {
		v, _ := executor.Do(background, ex, func(ctx context.Context) (int, error) {
			return pollster.BlockOn(background, pollster.Future[int](p))
		})
		end <- v
	}()
	<-polled
	idle(t, ex, 1)
	wakesNobody(t, ex, func() { executor.Do(background, ex, func(context.Context) (int, error) { return 1, nil }) })
	p.Open()
	if v := <-end; v != 4 {
		t.Error(v)
	}
	if s := ex.Stats(); s.StandIns != 0 {
		t.Errorf("%+v", s)
	}
}

func TestDoAndTheEndOfItsContext(t *testing.T) {
	leak.Check(t)
	cause := errors.New("why")
	type key struct{}
	value := func(ctx context.Context) context.Context { return context.WithValue(ctx, key{}, 1) }
	for name, f := range map[string]func(ctx context.Context) (int, error){
		"Done":    func(ctx context.Context) (int, error) { <-ctx.Done(); return 1, ctx.Err() },
		"Err":     func(ctx context.Context) (int, error) { return 1, untilErr(ctx) },
		"derived": func(ctx context.Context) (int, error) { return 1, derived(ctx) },
		"a wait that watches": func(ctx context.Context) (int, error) {
			return pollster.BlockOn(ctx, pollster.Future[int](&probe{}))
		},
		"a wait that does not": func(ctx context.Context) (int, error) {
			return pollster.BlockOn(background, pollster.Future[int](&probe{}))
		},
		"a wait that does not, after a look": func(ctx context.Context) (int, error) {
			ctx.Done()
			return pollster.BlockOn(background, pollster.Future[int](&probe{}))
		},
	} {
		for _, attr := range []bool{false, true} {
			ex := start(t, 1, executor.Options{StuckAfter: -1})
			idle(t, ex, 1)
			ctx, cancel := context.WithCancelCause(value(background))
			var a executor.Attr
			if attr {
				a.Context, ctx = ctx, background
			}
			_, err := executor.DoAttr(ctx, ex, a, func(ctx context.Context) (int, error) {
				if ctx.Value(key{}) != 1 {
					t.Errorf("%s: no value", name)
				}
				time.AfterFunc(time.Millisecond, func() { cancel(cause) })
				return f(ctx)
			})
			if !errors.Is(err, context.Canceled) {
				t.Errorf("%s: %v", name, err)
			}
			if !attr && name == "a wait that does not" && !errors.Is(err, cause) {
				t.Errorf("%s: the cause is missing in %v", name, err)
			}
			if _, err := executor.DoAttr(ctx, ex, a, func(context.Context) (int, error) { return 1, nil }); err == nil {
				t.Errorf("%s: nothing is wrong with a context that has ended before", name)
			}
		}
	}
}

// With a context in the attributes, the end of either is seen in the first poll.
func TestDoFollowsBothContexts(t *testing.T) {
	leak.Check(t)
	ex := start(t, 1, executor.Options{StuckAfter: -1})
	for _, other := range []bool{false, true} {
		idle(t, ex, 1)
		ctx, cancel := context.WithCancel(background)
		in, a := ctx, executor.Attr{Context: context.WithoutCancel(ctx)}
		if other {
			in, a.Context = a.Context, in
		}
		_, err := executor.DoAttr(in, ex, a, func(ctx context.Context) (int, error) {
			cancel()
			select {
			case <-ctx.Done():
			case <-time.After(5 * time.Second):
			}
			return 1, ctx.Err()
		})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("other %v: %v", other, err)
		}
	}
}

func untilErr(ctx context.Context) error {
	for ctx.Err() == nil {
		runtime.Gosched()
	}
	return ctx.Err()
}

func derived(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Hour)
	defer cancel()
	<-ctx.Done()
	return ctx.Err()
}

// A function that does not look at its context pays nothing for it.
func TestDoIsOneAllocation(t *testing.T) {
	ex := start(t, 1, executor.Options{StuckAfter: -1})
	ctx, cancel := context.WithCancel(background)
	defer cancel()
	idle(t, ex, 1)
	f := func(context.Context) (int, error) { return 1, nil }
	if n := testing.AllocsPerRun(100, func() { executor.Do(ctx, ex, f) }); n > 1 {
		t.Errorf("%v allocations", n)
	}
}

func TestDoInABubble(t *testing.T) {
	leak.Check(t)
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(background)
		defer cancel()
		ex := newExecutor(t, executor.Options{StuckAfter: -1})
		go ex.Run(ctx)
		synctest.Wait()
		sleeps := func(ctx context.Context) (int, error) {
			begin := time.Now()
			time.Sleep(time.Hour)
			pollster.BlockOn(ctx, pollster.Future[int](pollster.Timeout(pollster.Future[int](&probe{}), time.Hour)))
			return int(time.Since(begin).Hours()), nil
		}
		for range 3 {
			for name, in := range map[string]executor.Spawner{"its own": ex, "default": executor.Default()} {
				if v, err := executor.Do(ctx, in, sleeps); v != 2 || err != nil {
					t.Errorf("%s: %d, %v", name, v, err)
				}
			}
			synctest.Wait()
		}
	})
}

func TestTasksSeesOneOfDo(t *testing.T) {
	ex := start(t, 1, executor.Options{Inspect: true, StuckAfter: -1})
	idle(t, ex, 1)
	wakesNobody(t, ex, func() {
		executor.DoAttr(background, ex, executor.Attr{Name: "seen"}, func(context.Context) (int, error) {
			all := ex.Tasks()
			if len(all) != 1 || all[0].Name != "seen" || all[0].State != executor.Running {
				t.Errorf("%+v", all)
			}
			return 1, nil
		})
	})
	if all := ex.Tasks(); len(all) != 0 {
		t.Errorf("left: %+v", all)
	}
}

// The goroutine that calls Do in a task is ended with it, and takes its own along.
func TestDoIsEndedWithItsTask(t *testing.T) {
	leak.Check(t)
	ex := start(t, 1, executor.Options{StuckAfter: -1})
	p := &probe{}
	polled := make(chan struct{})
	p.during = func(int32) { close(polled) }
	task := executor.Go(ex, func(context.Context) (int, error) {
		return executor.Do(background, ex, func(context.Context) (int, error) {
			return pollster.BlockOn(background, pollster.Future[int](p))
		})
	})
	<-polled
	task.Cancel()
	if _, err := task.Wait(background); !errors.Is(err, executor.ErrCanceled) {
		t.Error(err)
	}
	p.counts(t, 1, 1)
	if n := ex.Stats().Tasks; n != 0 {
		t.Errorf("%d tasks left", n)
	}
}
