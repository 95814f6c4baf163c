package mainloop_test

import (
	"errors"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/causeway-go/causeway/compat/mainloop"
	"github.com/causeway-go/causeway/executor"
	"github.com/causeway-go/causeway/pollster"
)

// A scope cannot wait for its tasks in the handler of a key: they are cancelled, and
// the error says why.
func TestWithinOutsideATaskIsRefusedAndCancelsItsTasks(t *testing.T) {
	own := errors.New("of f")
	for _, result := range []error{nil, own} {
		l, _ := mainloop.NewPolled(mainloop.Options{})
		p := &probe{}
		var task *executor.Task[int]
		err := l.Run(func() error {
			l.Turn()
			err := executor.Within(background, l, func(s *executor.Scope) error {
				task = executor.Spawn(s, pollster.Future[int](p))
				return result
			})
			if task.Done() {
				t.Error("the task has ended before its loop could see to it")
			}
			l.Turn()
			return err
		})
		if !errors.Is(err, mainloop.ErrWait) || result != nil && !errors.Is(err, result) {
			t.Errorf("Within: %v", err)
		}
		if _, err := task.Wait(background); !errors.Is(err, executor.ErrCanceled) || p.cancels.Load() != 1 {
			t.Errorf("task: %v, %d cancels", err, p.cancels.Load())
		}
	}
}

func TestAPanicInAScopeOfAMainLoopIsWhatComesOut(t *testing.T) {
	l, _ := mainloop.NewPolled(mainloop.Options{})
	p := &probe{}
	defer func() {
		if v := recover(); v != "of f" || p.cancels.Load() != 1 {
			t.Errorf("recovered %v, %d cancels", v, p.cancels.Load())
		}
	}()
	l.Run(func() error {
		return executor.Within(background, l, func(s *executor.Scope) error {
			executor.Spawn(s, pollster.Future[int](p))
			l.Turn()
			panic("of f")
		})
	})
}

// The turn that End wakes the loop for is the one that ends the tasks, however quick
// it is, since there is no other wake: so the end comes before the wake.
func TestTheTurnThatEndWakesTheLoopForEndsTheTasks(t *testing.T) {
	var l *mainloop.Loop
	ending, seen := false, false
	wake := func() {
		if ending {
			seen = errors.Is(l.Post(func() {}), mainloop.ErrEnded)
		}
	}
	queue := make(chan func(), 1)
	blocked, _ := mainloop.NewBlocked(wake, mainloop.Options{})
	queued, _ := mainloop.NewQueued(mainloop.HostFunc(func(f func()) error {
		queue <- f
		wake()
		return nil
	}), mainloop.Options{})
	for _, l = range []*mainloop.Loop{blocked, queued} {
		turn := func() { l.Turn() }
		if l == queued {
			turn = func() { (<-queue)() }
		}
		ending, seen = false, false
		p := &probe{}
		task := executor.Spawn(l, pollster.Future[int](p))
		l.Run(func() error {
			turn()
			ending = true
			<-done(l.End)
			if !seen {
				t.Error("a turn as quick as the wake would leave the tasks, and the loop would sleep")
			}
			if turn(); !task.Done() || p.cancels.Load() != 1 {
				t.Errorf("its tasks have not ended; %d cancels", p.cancels.Load())
			}
			return nil
		})
	}
}

// A panic of the host goes to whoever has woken the task, and the turn is still owed.
func TestAHostWhosePostPanicsIsAskedAgain(t *testing.T) {
	for name, fail := range map[string]func(){"panic": func() { panic("post") }, "Goexit": runtime.Goexit} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				q := newQueue(10)
				failures := 2 // the call and the first retry
				l, _ := mainloop.NewQueued(mainloop.HostFunc(func(f func()) error {
					if failures > 0 {
						if failures--; failures > 0 {
							fail()
						}
						return errFull
					}
					return q.Post(f)
				}), mainloop.Options{})
				ran := 0
				var got any
				<-done(func() {
					defer func() { got = recover() }()
					l.Post(func() { ran++ })
				})
				if name == "panic" && got != "post" {
					t.Errorf("Post has hidden the panic: %v", got)
				}
				l.Post(func() { ran++ })
				time.Sleep(time.Second)
				synctest.Wait()
				if !q.step() || ran != 2 || l.Stats().Refused != 2 {
					t.Errorf("%d ran, %+v", ran, l.Stats())
				}
				l.End()
			})
		})
	}
}

// What a panic takes away is not only tasks that are ready but what Turn would have
// returned too.
func TestAfterAPanicTheDeadlineIsNotLost(t *testing.T) {
	b := newBell()
	due := time.Now().Add(time.Hour)
	l, _ := mainloop.NewBlocked(b.ring, mainloop.Options{Local: executor.LocalOptions{
		Turn: func() (time.Time, bool) { return due, true },
	}})
	l.Turn()
	l.Post(func() { panic(1) })
	rings := b.rings.Load()
	func() {
		defer func() { _ = recover() }()
		l.Turn()
	}()
	if b.rings.Load() != rings+1 {
		t.Errorf("%d wakes: a host that has recovered does not know for how long it may sleep", b.rings.Load()-rings)
	}
	if d := l.Turn(); d <= 0 || d > time.Hour {
		t.Errorf("Turn returns %v", d)
	}
	l.End()
}
