package executor_test

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/causeway-go/causeway/executor"
	"github.com/causeway-go/causeway/executor/meet"
	"github.com/causeway-go/causeway/pollster"
)

// Waits that are ended by a cancellation while something else comes too.

// TestAWakeOfAWaitThatWasEndedDoesNotEndTheNext cancels a body and wakes it at the
// same time. What it has deferred waits for something else, which must be there
// when that wait returns.
func TestAWakeOfAWaitThatWasEndedDoesNotEndTheNext(t *testing.T) {
	ex := start(t, 2, executor.Options{})
	rounds := 20000
	if testing.Short() {
		rounds = 2000
	}
	ended := 0
	for range rounds {
		first, second := new(probe), &probe{value: 2}
		waits := make(chan struct{})
		first.during = func(poll int32) {
			if poll == 1 {
				close(waits)
			}
		}
		after, returned := 0, false
		task := executor.Go(ex, func(context.Context) (int, error) {
			defer func() { after, _ = pollster.BlockOn(background, pollster.Future[int](second)) }()
			_, err := pollster.BlockOn(background, pollster.Future[int](first))
			returned = true
			return 0, err
		})
		<-waits
		var all sync.WaitGroup
		all.Go(first.Open)
		all.Go(task.Cancel)
		all.Wait()
		second.Open()
		task.Wait(background)
		if returned { // then the deferred wait may be the one that is ended
			continue
		}
		if ended++; after != 2 {
			t.Fatalf("the wait that was deferred has returned %d", after)
		}
	}
	t.Logf("%d of %d bodies were ended in their wait", ended, rounds)
}

// A slow context hears of the end of its parent when the gate opens.
type slow struct {
	context.Context
	telling, gate, over chan struct{}
}

func newSlow(parent context.Context) *slow {
	c := &slow{parent, make(chan struct{}), make(chan struct{}), make(chan struct{})}
	parent.(interface{ AfterFunc(func()) func() bool }).AfterFunc(func() {
		close(c.telling)
		<-c.gate
		close(c.over)
	})
	return c
}

func (c *slow) Done() <-chan struct{} { return c.over }

func (c *slow) Err() error {
	select {
	case <-c.over:
		return context.Canceled
	default:
		return nil
	}
}

// TestAWaitEndsWithTheErrorOfAContextThatIsBeingTold has a worker come to a
// cancelled body while whoever cancels it still tells the contexts that come from
// that of the body.
func TestAWaitEndsWithTheErrorOfAContextThatIsBeingTold(t *testing.T) {
	ex := start(t, 1, executor.Options{})
	for range 20 {
		p, waits := new(probe), make(chan *slow, 1)
		task := executor.Go(ex, func(ctx context.Context) (int, error) {
			derived := newSlow(ctx)
			p.during = func(poll int32) {
				if poll == 1 {
					waits <- derived
					<-derived.telling
				}
			}
			_, err := pollster.BlockOn(derived, pollster.Future[int](p))
			return 7, err
		})
		derived := <-waits
		go task.Cancel()
		<-derived.telling
		time.Sleep(time.Millisecond) // for the worker to come too early, which it must not use
		close(derived.gate)
		if v, err := task.Wait(background); v != 7 || !errors.Is(err, context.Canceled) {
			t.Fatalf("%d, %v: ended by force", v, err)
		}
	}
}

// wrapped hides what a context can do but for its four methods, as many do that add
// a value. Contexts derived from it need a goroutine each to hear of its end.
type wrapped struct{ context.Context }

func TestAWaitEndsWithTheErrorOfItsContextHoweverThatIsDerived(t *testing.T) {
	type key struct{}
	with := map[string]func(context.Context) (context.Context, context.CancelFunc){
		"itself":  func(ctx context.Context) (context.Context, context.CancelFunc) { return ctx, func() {} },
		"cancel":  context.WithCancel,
		"wrapped": func(ctx context.Context) (context.Context, context.CancelFunc) { return wrapped{ctx}, func() {} },
		"cancel of wrapped": func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithCancel(wrapped{context.WithValue(ctx, key{}, 1)})
		},
		"wrapped cancel of wrapped": func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithTimeout(wrapped{ctx}, time.Hour)
			return wrapped{ctx}, cancel
		},
	}
	ex := start(t, 2, executor.Options{})
	for name, derive := range with {
		t.Run(name, func(t *testing.T) {
			for range 200 {
				p, waits := new(probe), make(chan struct{}, 1)
				p.during = func(int32) { waits <- struct{}{} }
				task := executor.Go(ex, func(ctx context.Context) (int, error) {
					ctx, cancel := derive(ctx)
					defer cancel()
					_, err := pollster.BlockOn(ctx, pollster.Future[int](p))
					return 7, err
				})
				<-waits
				task.Cancel()
				if v, err := task.Wait(background); v != 7 || !errors.Is(err, context.Canceled) {
					t.Fatalf("%d, %v: ended by force", v, err)
				}
			}
		})
	}
}

// TestGivingWayEndsWithTheErrorOfItsContextHoweverThatIsDerived is the same for a task
// that is cancelled while it lets another one run.
func TestGivingWayEndsWithTheErrorOfItsContextHoweverThatIsDerived(t *testing.T) {
	ex := start(t, 1, executor.Options{})
	for range 200 {
		self := make(chan *executor.Task[int], 1)
		task := executor.Go(ex, func(ctx context.Context) (int, error) {
			ctx, cancel := context.WithCancel(wrapped{ctx})
			defer cancel()
			task := <-self
			executor.Go(ex, func(context.Context) (int, error) { // when this one gives way
				task.Cancel()
				return 0, nil
			})
			_, err := pollster.BlockOn(ctx, pollster.Yield())
			return 7, err
		})
		self <- task
		if v, err := task.Wait(background); v != 7 || !errors.Is(err, context.Canceled) {
			t.Fatalf("%d, %v: ended by force", v, err)
		}
	}
}

// TestAWaitWithAContextOfItsOwnIsEndedByForce is the other side: a context that
// does not come from that of the body tells nothing.
func TestAWaitWithAContextOfItsOwnIsEndedByForce(t *testing.T) {
	ex := start(t, 1, executor.Options{})
	p, waits := new(probe), make(chan struct{}, 1)
	p.during = func(int32) { waits <- struct{}{} }
	task := executor.Go(ex, func(ctx context.Context) (int, error) {
		ctx.Done() // somebody listens
		own, cancel := context.WithCancel(background)
		defer cancel()
		_, err := pollster.BlockOn(own, pollster.Future[int](p))
		return 7, err
	})
	<-waits
	task.Cancel()
	if v, err := task.Wait(background); v == 7 || !errors.Is(err, executor.ErrCanceled) {
		t.Fatalf("%d, %v", v, err)
	}
}

// TestAWaitIsEndedByForceThoughAContextBesideItIsTold has a context that comes from
// that of the body and that the wait does not watch.
func TestAWaitIsEndedByForceThoughAContextBesideItIsTold(t *testing.T) {
	ex := start(t, 1, executor.Options{})
	for name, wrap := range map[string]func(context.Context) context.Context{
		"told at once":        func(ctx context.Context) context.Context { return ctx },
		"told by a goroutine": func(ctx context.Context) context.Context { return wrapped{ctx} },
	} {
		for range 500 {
			p, waits := new(probe), make(chan struct{}, 1)
			p.during = func(int32) { waits <- struct{}{} }
			task := executor.Go(ex, func(ctx context.Context) (int, error) {
				_, cancel := context.WithCancel(wrap(ctx))
				defer cancel()
				_, err := pollster.BlockOn(background, pollster.Future[int](p))
				return 7, err
			})
			for <-waits; task.String() != "task (waiting)"; {
				runtime.Gosched()
			}
			task.Cancel()
			late := time.AfterFunc(20*time.Second, p.Open)
			if v, err := task.Wait(background); v == 7 || !errors.Is(err, executor.ErrCanceled) {
				t.Fatalf("%s: %d, %v", name, v, err)
			}
			late.Stop()
		}
	}
}

// TestAWaitWithTheValuesOfTheContextAndNotItsEndIsEndedByForce is the same for one that
// looks as if it were to end.
func TestAWaitWithTheValuesOfTheContextAndNotItsEndIsEndedByForce(t *testing.T) {
	ex := start(t, 1, executor.Options{})
	for name, derive := range map[string]func(context.Context) (context.Context, context.CancelFunc){
		"cancel": func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithCancel(context.WithoutCancel(ctx))
		},
		"wrapped time-out": func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(wrapped{context.WithoutCancel(ctx)}, time.Hour)
		},
	} {
		p, waits := new(probe), make(chan struct{}, 1)
		p.during = func(int32) { waits <- struct{}{} }
		cleaned := false
		task := executor.Go(ex, func(ctx context.Context) (int, error) {
			ctx.Done() // somebody listens
			own, cancel := derive(ctx)
			defer cancel()
			defer func() { _, err := pollster.BlockOn(own, pollster.Yield()); cleaned = err == nil }()
			_, err := pollster.BlockOn(own, pollster.Future[int](p))
			return 7, err
		})
		<-waits
		task.Cancel()
		late := time.AfterFunc(20*time.Second, p.Open)
		if v, err := task.Wait(background); v == 7 || !errors.Is(err, executor.ErrCanceled) || !cleaned {
			t.Errorf("%s: %d, %v, cleaned %v", name, v, err, cleaned)
		}
		late.Stop()
	}
}

// TestCloseEndsABodyThatWaitsForWhatAnotherOneHolds has the one clean up with the lock
// that the other gives back when it is ended.
func TestCloseEndsABodyThatWaitsForWhatAnotherOneHolds(t *testing.T) {
	for range 20 {
		ex := start(t, 1, executor.Options{})
		var m meet.Mutex
		first, second := new(probe), new(probe)
		locked := make(chan struct{})
		holder := executor.Go(ex, func(context.Context) (int, error) {
			if err := m.Lock(background); err != nil {
				return 0, err
			}
			defer m.Unlock()
			close(locked)
			return pollster.BlockOn(background, pollster.Future[int](first))
		})
		<-locked
		cleaned := false
		task := executor.Go(ex, func(context.Context) (int, error) {
			defer func() {
				cleaned = m.Lock(background) == nil
				m.Unlock()
			}()
			return pollster.BlockOn(background, pollster.Future[int](second))
		})
		for task.String() != "task (waiting)" || holder.String() != "task (waiting)" {
			runtime.Gosched()
		}
		ex.Close()
		if _, err := task.Wait(background); !errors.Is(err, executor.ErrClosed) || !cleaned {
			t.Fatal(err, cleaned)
		}
	}
}

// TestCloseDoesNotCutOffWhatABodyDefersThatWasEnded closes the executor of a task that
// has been cancelled in Do, and waits there for the end of what it has called.
func TestCloseDoesNotCutOffWhatABodyDefersThatWasEnded(t *testing.T) {
	ex, other := start(t, 1, executor.Options{}), start(t, 1, executor.Options{})
	never, gate := new(probe), new(probe)
	inside, cleaning := make(chan struct{}), make(chan struct{})
	ended := false // the race detector watches
	task := executor.Go(ex, func(context.Context) (int, error) {
		defer func() {
			if !ended {
				t.Error("Do has been left, and what it has called goes on")
			}
		}()
		return executor.Do(background, other, func(context.Context) (int, error) {
			defer func() {
				close(cleaning)
				_, _ = pollster.BlockOn(background, pollster.Future[int](gate))
				ended = true
			}()
			close(inside)
			return pollster.BlockOn(background, pollster.Future[int](never))
		})
	})
	<-inside
	task.Cancel()
	<-cleaning
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		ex.Close()
	}()
	time.Sleep(10 * time.Millisecond) // for Close to come too far, which it must not
	gate.Open()
	<-closed
	task.Wait(background)
}
