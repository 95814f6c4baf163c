package executor_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/causeway-go/causeway/executor"
	"github.com/causeway-go/causeway/internal/leak"
	"github.com/causeway-go/causeway/pollster"
)

// forever waits until its context ends.
func forever(ctx context.Context) (int, error) {
	return pollster.BlockOn(ctx, pollster.Future[int](&probe{}))
}

func TestNothingOutlivesAScope(t *testing.T) {
	leak.Check(t)
	ex := start(t, 2, executor.Options{})
	var tasks []*executor.Task[int]
	err := executor.Within(background, ex, func(s *executor.Scope) error {
		for i := range 20 {
			if i%2 == 0 {
				tasks = append(tasks, executor.Spawn(s, pollster.Ready(i)))
				continue
			}
			tasks = append(tasks, executor.Go(s, func(context.Context) (int, error) {
				mustYield()
				executor.Go(s, func(context.Context) (int, error) { // a grandchild
					mustYield()
					return 0, nil
				})
				return i, nil
			}))
		}
		return nil
	})
	if err != nil || !ex.IsEmpty() {
		t.Errorf("%v, %d tasks left", err, ex.Stats().Tasks)
	}
	for i, task := range tasks {
		if v, _ := task.Wait(background); v != i {
			t.Errorf("task %d: %d", i, v)
		}
	}
}

func TestTheFirstErrorCancelsTheRest(t *testing.T) {
	ex := start(t, 2, executor.Options{})
	broken := errors.New("broken")
	var rest *executor.Task[int]
	err := executor.Within(background, ex, func(s *executor.Scope) error {
		rest = executor.Go(s, forever)
		p := &probe{}
		executor.Spawn(s, pollster.Future[int](p))
		executor.Spawn(s, pollster.Failed[int](broken))
		return nil
	})
	if !errors.Is(err, broken) {
		t.Errorf("Within returned %v", err)
	}
	if _, err := rest.Wait(background); !errors.Is(err, context.Canceled) {
		t.Errorf("the rest ended with %v", err)
	}
}

func TestAScopeMayKeepGoing(t *testing.T) {
	ex := start(t, 1, executor.Options{})
	ran := false
	err := executor.Within(background, ex, func(s *executor.Scope) error {
		s.KeepGoing()
		executor.Spawn(s, pollster.Failed[int](errLife))
		executor.Go(s, func(ctx context.Context) (int, error) {
			mustYield()
			ran = ctx.Err() == nil
			return 0, nil
		})
		return nil
	})
	if err != errLife || !ran {
		t.Errorf("%v, ran %v", err, ran)
	}
}

func TestTheErrorOfTheBlockCancelsItsTasks(t *testing.T) {
	ex := start(t, 1, executor.Options{})
	err := executor.Within(background, ex, func(s *executor.Scope) error {
		executor.Go(s, forever)
		return errLife
	})
	if err != errLife {
		t.Errorf("Within returned %v", err)
	}
}

func TestTheEndOfTheContextEndsAScope(t *testing.T) {
	ex := start(t, 1, executor.Options{})
	type key struct{}
	cause := errors.New("cause")
	ctx, cancel := context.WithCancelCause(context.WithValue(background, key{}, 5))
	err := executor.Within(ctx, ex, func(s *executor.Scope) error {
		executor.Go(s, func(ctx context.Context) (int, error) {
			if ctx.Value(key{}) != 5 {
				t.Error("no values")
			}
			cancel(cause)
			return forever(ctx)
		})
		return nil
	})
	if !errors.Is(err, cause) || !errors.Is(err, context.Canceled) {
		t.Errorf("Within returned %v", err)
	}
	// A scope that begins in a context that has ended.
	ran := false
	err = executor.Within(ctx, ex, func(s *executor.Scope) error {
		<-s.Context().Done()
		for !executor.Go(s, func(context.Context) (int, error) { ran = true; return 0, nil }).Done() {
			mustYield()
			break
		}
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Within returned %v, ran %v", err, ran)
	}
}

func TestAPanicInATaskIsRaisedByItsScope(t *testing.T) {
	leak.Check(t)
	ex := start(t, 1, executor.Options{})
	rest := false
	func() {
		defer func() {
			pe, ok := recover().(*executor.PanicError)
			if !ok || pe.Value != "task" || !rest {
				t.Errorf("got %v, the rest had ended: %v", pe, rest)
			}
		}()
		executor.Within(background, ex, func(s *executor.Scope) error {
			executor.Go(s, func(ctx context.Context) (int, error) {
				defer func() { rest = true }()
				return forever(ctx)
			})
			executor.Go(s, func(context.Context) (int, error) {
				mustYield()
				panic("task")
			})
			return nil
		})
	}()
	func() {
		defer func() {
			if v := recover(); v != "block" || !ex.IsEmpty() {
				t.Errorf("got %v, %d tasks left", v, ex.Stats().Tasks)
			}
		}()
		executor.Within(background, ex, func(s *executor.Scope) error {
			executor.Go(s, forever)
			panic("block")
		})
	}()
}

func TestScopesNestEverywhere(t *testing.T) {
	leak.Check(t)
	ex := start(t, 1, executor.Options{})
	var nest func(ctx context.Context, in executor.Spawner, depth int) (int, error)
	nest = func(ctx context.Context, in executor.Spawner, depth int) (n int, err error) {
		if depth == 0 {
			return 1, nil
		}
		err = executor.Within(ctx, in, func(s *executor.Scope) error {
			a := executor.Go(s, func(ctx context.Context) (int, error) { return nest(ctx, s, depth-1) })
			b := executor.Go(s, func(ctx context.Context) (int, error) { return nest(ctx, ex, depth-1) })
			va, err := a.Wait(ctx)
			if err != nil {
				return err
			}
			vb, err := b.Wait(ctx)
			n = va + vb
			return err
		})
		return n, err
	}
	if n, err := nest(background, ex, 6); n != 64 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
}

func TestCancelOfAScope(t *testing.T) {
	ex := start(t, 1, executor.Options{})
	err := executor.Within(background, ex, func(s *executor.Scope) error {
		executor.Go(s, forever)
		s.Cancel()
		late := executor.Spawn(s, pollster.Future[int](&probe{}))
		_, err := late.Wait(background)
		if !errors.Is(err, executor.ErrCanceled) {
			t.Errorf("late task: %v", err)
		}
		return nil
	})
	if !errors.Is(err, executor.ErrCanceled) {
		t.Errorf("Within returned %v", err)
	}
}

func TestSpawningAfterTheScopeIsAMistake(t *testing.T) {
	ex := newExecutor(t, executor.Options{})
	var leaked *executor.Scope
	executor.Within(background, ex, func(s *executor.Scope) error {
		leaked = s
		return nil
	})
	defer func() {
		if v := fmt.Sprint(recover()); !strings.Contains(v, "is over") {
			t.Errorf("got %v", v)
		}
	}()
	executor.Spawn(leaked, pollster.Ready(1))
}

func TestAllReturnsResultsInOrder(t *testing.T) {
	ex := start(t, 2, executor.Options{})
	var functions []func(context.Context) (int, error)
	for i := range 50 {
		functions = append(functions, func(context.Context) (int, error) {
			for range i % 3 {
				mustYield()
			}
			return i, nil
		})
	}
	results, err := executor.All(background, ex, functions...)
	if err != nil || len(results) != 50 || !slices.IsSorted(results) {
		t.Errorf("%v, %v", results, err)
	}
	functions = append(functions, func(context.Context) (int, error) { return 0, errLife }, forever)
	if _, err := executor.All(background, ex, functions...); err != errLife {
		t.Errorf("All returned %v", err)
	}
}
