package mainloop_test

import (
	"context"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/causeway-go/causeway/compat/mainloop"
	"github.com/causeway-go/causeway/executor"
	"github.com/causeway-go/causeway/pollster"
)

// Of each frame the tasks get the budget and what is left of the poll that was
// under way then; exactly, on the clock of a bubble.
func TestTheBudgetBoundsTheFrame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const work = 300 * time.Microsecond
		l, _ := mainloop.NewPolled(mainloop.Options{Budget: 2 * time.Millisecond})
		defer l.End()
		for range 10 {
			spawn(l, func(w *pollster.Waker) (int, bool, error) {
				time.Sleep(work) // computes
				w.Wake()
				return 0, false, nil
			})
		}
		for range 50 {
			began := time.Now()
			d := l.Turn()
			if took := time.Since(began); took < 2*time.Millisecond || took >= 2*time.Millisecond+work {
				t.Fatalf("a turn took %v", took)
			}
			if d != 0 {
				t.Fatalf("the loop may sleep for %v", d)
			}
		}
		if s := l.Stats(); s.Cut != 50 {
			t.Errorf("%+v", s)
		}
	})
}

// Tasks that never rest do not stop the loop, and the loop's events do not stop
// the tasks: each goes on in proportion.
func TestNeitherSideStarves(t *testing.T) {
	const tasks, polls, turns = 100, 30, 1000
	check := func(t *testing.T, l *mainloop.Loop, step func()) {
		var count [tasks]int
		for i := range tasks {
			spawn(l, func(w *pollster.Waker) (int, bool, error) {
				count[i]++
				w.Wake()
				return 0, false, nil
			})
		}
		for range turns {
			step()
		}
		for i, n := range count {
			if want := turns * polls / tasks; n < want-1 || n > want+1 {
				t.Errorf("task %d was polled %d times, want %d", i, n, want)
			}
		}
		l.End()
	}
	t.Run("polled", func(t *testing.T) {
		l, _ := mainloop.NewPolled(mainloop.Options{Polls: polls, Budget: time.Hour})
		check(t, l, func() { l.Turn() })
	})
	// A queue that is never empty: every event brings another one.
	t.Run("queued", func(t *testing.T) {
		q := newQueue(1000)
		l, _ := mainloop.NewQueued(q, mainloop.Options{Polls: polls, Budget: time.Hour})
		events := 0
		var event func()
		event = func() { events++; q.Post(event) }
		for range 5 {
			q.Post(event)
		}
		check(t, l, func() {
			for range 6 { // once around the queue
				q.step()
			}
		})
		if want := 5 * turns; events < want-5 || events > want+5 {
			t.Errorf("%d events, want %d", events, want)
		}
	})
	// By hand beside a queue that is full whenever we ask.
	t.Run("full", func(t *testing.T) {
		l, _ := mainloop.NewQueued(newQueue(0), mainloop.Options{Polls: polls, Budget: time.Hour})
		check(t, l, func() { l.Turn() })
	})
}

// The clock stands still in a bubble while anybody runs, so there it is the number
// of polls that ends a turn.
func TestATurnEndsWhereTimeStandsStill(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, _ := mainloop.NewPolled(mainloop.Options{})
		n := 0
		spawn(l, func(w *pollster.Waker) (int, bool, error) { n++; w.Wake(); return 0, false, nil })
		if d := l.Turn(); d != 0 || n == 0 {
			t.Errorf("%v after %d polls", d, n)
		}
		l.End()
	})
}

// A modal dialog: a task runs an event loop of its own.
func TestALoopInsideATaskSleepsAndIsNotDisturbed(t *testing.T) {
	b := newBell()
	l, _ := mainloop.NewBlocked(b.ring, patient)
	defer l.End()
	other := false
	inner := mainloop.Forever
	l.Post(func() {
		l.Post(func() { other = true })
		<-done(func() { l.Post(func() {}) })
		inner = l.Turn()
		if other {
			t.Error("a task ran inside another one")
		}
	})
	if d := l.Turn(); inner != mainloop.Forever || !other || b.rings.Load() != 0 {
		t.Errorf("inner %v, then %v; %d wakes; other %v", inner, d, b.rings.Load(), other)
	}
	for l.Turn() == 0 {
	}
}

// The window's thread is locked, and callbacks come from C; suspended stacks must
// be continued under the lock they were made under.
func TestALockedThread(t *testing.T) {
	b := newBell()
	l, _ := mainloop.NewBlocked(b.ring, mainloop.Options{})
	over := done(func() {
		runtime.LockOSThread()
		l.Run(func() error {
			var tasks []*executor.Task[int]
			for range 50 {
				tasks = append(tasks, executor.Go(l, func(ctx context.Context) (int, error) {
					for range 20 {
						var p pollster.Promise[int]
						go p.Resolve(0)
						if _, err := pollster.BlockOn(ctx, pollster.Future[int](&p)); err != nil {
							return 0, err
						}
					}
					return 1, nil
				}))
			}
			for !l.Local().IsEmpty() {
				if d := l.Turn(); d != 0 && !l.Local().IsEmpty() {
					b.sleep(d)
				}
			}
			for _, task := range tasks {
				if v, err := task.Wait(background); v != 1 || err != nil {
					t.Errorf("%d, %v", v, err)
				}
			}
			return nil
		})
	})
	<-over
}
