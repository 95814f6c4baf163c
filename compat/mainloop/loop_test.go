package mainloop_test

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/causeway-go/causeway/compat/mainloop"
	"github.com/causeway-go/causeway/executor"
	"github.com/causeway-go/causeway/internal/goroutine"
	"github.com/causeway-go/causeway/internal/leak"
	"github.com/causeway-go/causeway/pollster"
	"github.com/causeway-go/causeway/threadpool"
	"github.com/causeway-go/causeway/unblock"
)

func TestOptionsAreChecked(t *testing.T) {
	for name, o := range map[string]mainloop.Options{
		"Budget":    {Budget: -1},
		"Polls":     {Polls: -1},
		"OnWake":    {Local: executor.LocalOptions{OnWake: func() {}}},
		"StopAfter": {Local: executor.LocalOptions{StopAfter: -1}},
	} {
		if _, err := mainloop.NewPolled(o); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := mainloop.NewBlocked(nil, mainloop.Options{}); err == nil {
		t.Error("no error for a nil wake")
	}
	if _, err := mainloop.NewQueued(nil, mainloop.Options{}); err == nil {
		t.Error("no error for a nil Host")
	}
}

func TestTasksOfAllSortsRunOnEveryKindOfLoop(t *testing.T) {
	eachKind(t, mainloop.Options{}, func(t *testing.T, l *mainloop.Loop, run func(func() bool) error) {
		leak.Check(t)
		var home, count int
		var ended atomic.Int32
		for i := range 60 {
			switch i % 3 {
			case 0:
				executor.Go(l, func(ctx context.Context) (int, error) {
					defer ended.Add(1)
					for range 10 {
						var p pollster.Promise[int]
						go p.Resolve(1)
						v, err := pollster.BlockOn(ctx, pollster.Future[int](&p))
						if err != nil {
							return 0, err
						}
						count += v // no lock: the race detector watches
					}
					return 0, nil
				})
			case 1:
				if err := l.Post(func() {
					defer ended.Add(1)
					home++
					v, err := unblock.Call(background, func() (int, error) { return 10, nil })
					if err != nil || !l.OnLoop() {
						t.Errorf("in a posted function: %v", err)
					}
					count += v
				}); err != nil {
					t.Error(err)
				}
			case 2:
				go func() {
					defer func() {
						ended.Add(1)
						l.Post(func() {}) // the loop looks at ended when it is awake
					}()
					if err := l.Call(background, func() { count += 10 }); err != nil {
						t.Error(err)
					}
				}()
			}
		}
		if err := run(func() bool { return ended.Load() == 60 }); err != nil {
			t.Error(err)
		}
		if count != 600 || home != 20 {
			t.Errorf("counted %d and %d", count, home)
		}
	})
}

func TestAWaitOnTheLoopIsRefusedAndInATaskItIsNot(t *testing.T) {
	eachKind(t, mainloop.Options{}, func(t *testing.T, l *mainloop.Loop, run func(func() bool) error) {
		leak.Check(t)
		p := &probe{}
		tried := false
		task := executor.Go(l, func(context.Context) (int, error) {
			return pollster.BlockOn(background, pollster.Future[int](p))
		})
		err := run(func() bool {
			// This is the main loop's own code.
			if !tried && p.polls.Load() > 0 {
				tried = true
				checkRefusals(t, l, task)
				p.Open()
			}
			return task.Done()
		})
		if err != nil || !tried {
			t.Errorf("%v; tried %v", err, tried)
		}
		// After Run the goroutine is an ordinary one again.
		if _, err := pollster.BlockOn(background, pollster.Future[int](delayed())); err != nil {
			t.Errorf("after Run: %v", err)
		}
	})
}

func delayed() *probe {
	p := &probe{}
	go p.Open()
	return p
}

// checkRefusals waits in every way there is, where none may.
func checkRefusals(t *testing.T, l *mainloop.Loop, task *executor.Task[int]) {
	t.Helper()
	ctx, cancel := context.WithCancel(background)
	defer cancel()
	for _, ctx := range []context.Context{background, ctx} {
		q := &probe{}
		if _, err := pollster.BlockOn(ctx, pollster.Future[int](q)); !errors.Is(err, mainloop.ErrWait) {
			t.Errorf("BlockOn: %v", err)
		}
		if q.cancels.Load() != 1 {
			t.Errorf("the future was cancelled %d times", q.cancels.Load())
		}
		q.Open() // a late wake comes to nobody
		if _, err := task.Wait(ctx); !errors.Is(err, mainloop.ErrWait) {
			t.Errorf("Task.Wait: %v", err)
		}
		hold := make(chan struct{})
		call := func() (int, error) { <-hold; return 0, nil }
		if _, err := unblock.Call(ctx, call); !errors.Is(err, mainloop.ErrWait) {
			t.Errorf("unblock.Call: %v", err)
		}
		close(hold)
		if v, err := pollster.BlockOn(ctx, pollster.Ready(3)); v != 3 || err != nil {
			t.Errorf("what needs no wait: %d, %v", v, err)
		}
		if v, err := pollster.BlockOn(ctx, pollster.Future[int](opened())); v != 0 || err != nil {
			t.Errorf("what is ready at its first poll: %d, %v", v, err)
		}
	}
	if threadpool.CanBlock() {
		t.Error("the pool would run its jobs on the loop")
	}
	ran := false
	if err := l.Call(background, func() { ran = true }); err != nil || !ran {
		t.Errorf("Call on the loop: %v", err)
	}
}

func opened() *probe {
	p := &probe{}
	p.Open()
	return p
}

func TestTheHookOfTheLocalMayNotWaitEither(t *testing.T) {
	var got error
	calls := 0
	l, err := mainloop.NewPolled(mainloop.Options{Local: executor.LocalOptions{Turn: func() (time.Time, bool) {
		calls++
		_, got = pollster.BlockOn(background, pollster.Future[int](&probe{}))
		return time.Time{}, false
	}}})
	if err != nil {
		t.Fatal(err)
	}
	l.Run(func() error { l.Turn(); return nil })
	if !errors.Is(got, mainloop.ErrWait) || calls != 1 {
		t.Errorf("%v in %d calls", got, calls)
	}
}

func TestAPanicSurfacesInTheLoopAndNothingIsLost(t *testing.T) {
	eachKind(t, mainloop.Options{}, func(t *testing.T, l *mainloop.Loop, run func(func() bool) error) {
		leak.Check(t)
		var ran atomic.Int32
		for i := range 30 {
			l.Post(func() {
				ran.Add(1)
				if i%3 == 1 {
					panic(i)
				}
			})
		}
		var seen []int
		// The handler of the toolkit: here it wraps each turn, so the loop goes
		// on; run would end the Loop.
		l.Run(func() error {
			for ran.Load() < 30 || len(seen) < 10 {
				func() {
					defer func() {
						if p, ok := recover().(*executor.PanicError); ok {
							seen = append(seen, p.Value.(int))
						}
					}()
					l.Turn()
				}()
			}
			return nil
		})
		want := []int{1, 4, 7, 10, 13, 16, 19, 22, 25, 28}
		if !slices.Equal(seen, want) {
			t.Errorf("seen %v", seen)
		}
	})
}

func TestAPanicInTheHostsCallAsksForTheNextTurn(t *testing.T) {
	q := newQueue(10)
	l, _ := mainloop.NewQueued(q, mainloop.Options{})
	ran := 0
	for i := range 3 {
		l.Post(func() { ran++; panic(i) })
	}
	panics := 0
	for steps := 0; q.length() > 0; steps++ {
		func() {
			defer func() {
				if recover() != nil {
					panics++
				}
			}()
			q.step()
		}()
		if steps > 10 {
			t.Fatal("no end")
		}
	}
	if ran != 3 || panics != 3 {
		t.Errorf("%d ran, %d panics", ran, panics)
	}
	l.End()
}

func TestAPanicOfATaskWithAHandleGoesToWhoWaits(t *testing.T) {
	l, _ := mainloop.NewPolled(mainloop.Options{})
	task := executor.Go(l, func(context.Context) (int, error) { panic("mine") })
	l.Turn()
	defer l.End()
	defer func() {
		if p, ok := recover().(*executor.PanicError); !ok || p.Value != "mine" {
			t.Errorf("got %v", p)
		}
	}()
	task.Wait(background)
}

func TestAPanicOfAForgottenTaskWakesTheLoop(t *testing.T) {
	q := newQueue(10)
	l, _ := mainloop.NewQueued(q, mainloop.Options{})
	defer l.End()
	func() { executor.Go(l, func(context.Context) (int, error) { panic("forgotten") }) }()
	var got any
	step := func() {
		defer func() {
			if v := recover(); v != nil {
				got = v
			}
		}()
		q.step()
	}
	for range 1000 {
		step()
		if got != nil {
			break
		}
		runtime.GC()
		runtime.Gosched()
	}
	if p, ok := got.(*executor.PanicError); !ok || p.Value != "forgotten" {
		t.Errorf("got %v", got)
	}
}

func TestOnPanicTakesPrecedence(t *testing.T) {
	var got any
	l, _ := mainloop.NewPolled(mainloop.Options{Local: executor.LocalOptions{OnPanic: func(v any, _ []byte) { got = v }}})
	l.Post(func() { panic(1) })
	l.Turn()
	l.End()
	if got != 1 {
		t.Errorf("got %v", got)
	}
}

func TestGoexitInAPostedFunctionIsItsOwnAffair(t *testing.T) {
	l, _ := mainloop.NewPolled(mainloop.Options{})
	defer l.End()
	result := make(chan error, 1)
	go func() { result <- l.Call(background, runtime.Goexit) }()
	var err error
	for over := false; !over; {
		l.Turn()
		select {
		case err = <-result:
			over = true
		default:
			runtime.Gosched()
		}
	}
	if !errors.Is(err, executor.ErrGoexit) {
		t.Errorf("got %v", err)
	}
}

func TestCallIsLeftWhenItsContextEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, _ := mainloop.NewPolled(mainloop.Options{})
		ctx, cancel := context.WithTimeout(background, time.Second)
		defer cancel()
		ran := false
		if err := l.Call(ctx, func() { ran = true }); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		l.Turn()
		if ran {
			t.Error("it ran nevertheless")
		}
		l.End()
	})
}

func TestCallOnTheLoopJustCalls(t *testing.T) {
	l, _ := mainloop.NewPolled(mainloop.Options{})
	depth := 0
	l.Post(func() {
		here := goroutine.Current()
		l.Call(background, func() {
			if goroutine.Current() == here && l.OnLoop() {
				depth++
			}
		})
	})
	l.Turn()
	if depth != 1 || l.OnLoop() {
		t.Errorf("depth %d", depth)
	}
	l.End()
}
