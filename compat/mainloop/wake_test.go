package mainloop_test

import (
	"context"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/causeway-go/causeway/compat"
	"github.com/causeway-go/causeway/compat/mainloop"
	"github.com/causeway-go/causeway/executor"
	"github.com/causeway-go/causeway/internal/hammer"
	"github.com/causeway-go/causeway/internal/leak"
	"github.com/causeway-go/causeway/pollster"
)

func TestABlockedLoopIsWokenOncePerSleep(t *testing.T) {
	b := newBell()
	l, _ := mainloop.NewBlocked(b.ring, patient)
	defer l.End()
	p, q := &probe{}, &probe{}
	executor.Spawn(l, pollster.Future[int](p))
	executor.Spawn(l, pollster.Future[int](q))
	if n := b.rings.Load(); n != 0 {
		t.Errorf("%d wakes before the first turn, which comes anyway", n)
	}
	if d := l.Turn(); d != mainloop.Forever {
		t.Errorf("wants to be called in %v", d)
	}
	for sleep := range 5 {
		for range 3 {
			p.waker.Wake()
			q.waker.Wake()
			l.Post(func() { q.waker.Wake() }) // in the turn: nobody else's business
		}
		if n := b.rings.Load(); n != int64(sleep)+1 {
			t.Errorf("%d wakes in %d sleeps", n, sleep+1)
		}
		if d := l.Turn(); d != mainloop.Forever {
			t.Errorf("wants to be called in %v", d)
		}
	}
	if s := l.Stats(); s.Wakes != 5 || s.Turns != 6 || s.Cut != 0 {
		t.Errorf("%+v", s)
	}
}

func TestATurnThatLeavesSomethingSaysSoInsteadOfWaking(t *testing.T) {
	b := newBell()
	l, _ := mainloop.NewBlocked(b.ring, mainloop.Options{Budget: time.Hour, Polls: 10})
	defer l.End()
	polls := 0
	spawn(l, func(w *pollster.Waker) (int, bool, error) {
		polls++
		w.Wake()
		return 0, polls >= 35, nil
	})
	for turn := 1; turn <= 3; turn++ {
		before := polls
		if d := l.Turn(); d != 0 || polls-before != 10 {
			t.Errorf("turn %d: %v after %d polls", turn, d, polls-before)
		}
		l.Post(func() { polls++ })
		<-done(func() { l.Post(func() { polls++ }) })
	}
	for l.Turn() == 0 {
	}
	if n := b.rings.Load(); n != 0 || polls < 35 {
		t.Errorf("%d wakes, %d polls", n, polls)
	}
}

// done runs f on another goroutine.
func done(f func()) <-chan struct{} {
	c := make(chan struct{})
	go func() { defer close(c); f() }()
	return c
}

func TestThereIsOneTurnInTheQueueAtMost(t *testing.T) {
	q := newQueue(100)
	l, _ := mainloop.NewQueued(q, mainloop.Options{Polls: 3})
	defer l.End()
	spins := 0
	spawn(l, func(w *pollster.Waker) (int, bool, error) {
		spins++
		w.Wake()
		return 0, spins == 50, nil
	})
	for range 200 {
		l.Post(func() {})
		if spins%5 == 0 {
			l.Turn() // by hand, while one of ours is in the queue
		}
		if n := q.length(); n > 1 {
			t.Fatalf("%d turns in the queue", n)
		}
		q.step()
	}
	for q.step() {
	}
	if spins != 50 {
		t.Errorf("%d polls", spins)
	}
}

func TestAFullQueueIsAskedAgainUntilItTakesTheTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(0)
		l, _ := mainloop.NewQueued(q, mainloop.Options{})
		ran := false
		l.Post(func() { ran = true })
		l.Post(func() {}) // does not ask again: the retry will
		if s := l.Stats(); s.Refused != 1 || q.asked() != 1 {
			t.Errorf("%+v, %d calls", s, q.asked())
		}
		time.Sleep(time.Second)
		synctest.Wait()
		// 1+2+4+8+16+32 ms, then every 32: 6 + (1000-63)/32.
		if s := l.Stats(); s.Refused < 30 || s.Refused > 40 {
			t.Errorf("%d retries in a second", s.Refused)
		}
		q.mu.Lock()
		q.limit = 1
		q.mu.Unlock()
		time.Sleep(32 * time.Millisecond)
		synctest.Wait()
		if !q.step() || !ran {
			t.Error("the wake was lost")
		}
		time.Sleep(time.Second)
		if s := l.Stats(); s.Wakes != 1 || q.length() != 0 {
			t.Errorf("%+v, %d in the queue", s, q.length())
		}
		// The next time it begins with a short pause again.
		q.mu.Lock()
		q.limit = 0
		q.mu.Unlock()
		before := l.Stats().Refused
		l.Post(func() {})
		time.Sleep(4 * time.Millisecond)
		synctest.Wait()
		if n := l.Stats().Refused - before; n != 3 { // at once, after 1 ms, after 3 ms
			t.Errorf("asked %d times in 4 ms", n)
		}
		l.End()
	})
}

func TestATurnByHandPaysWhatIsOwed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(0)
		l, _ := mainloop.NewQueued(q, mainloop.Options{})
		ran := false
		l.Post(func() { ran = true })
		l.Turn()
		calls := q.asked()
		time.Sleep(time.Second)
		synctest.Wait()
		if !ran || q.asked() != calls {
			t.Errorf("ran %v; asked %d times since", ran, q.asked()-calls)
		}
		// An end while something is owed leaves no timer that does anything.
		l.Post(func() { t.Error("ran after the end") })
		l.End()
		calls = q.asked()
		time.Sleep(time.Second)
		if q.asked() != calls {
			t.Error("asked after the end")
		}
	})
}

// A host may run what it is given right away when it is on its own goroutine.
func TestAHostThatCallsBackAtOnceDoesNotRecurWithoutEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		depth, deepest := 0, 0
		host := mainloop.HostFunc(func(f func()) error {
			depth++
			deepest = max(deepest, depth)
			f()
			depth--
			return nil
		})
		l, _ := mainloop.NewQueued(host, mainloop.Options{Polls: 1})
		polls := 0
		task := spawn(l, func(w *pollster.Waker) (int, bool, error) {
			polls++
			w.Wake()
			return 0, polls == 20, nil
		})
		time.Sleep(time.Minute)
		synctest.Wait()
		if !task.Done() || deepest != 1 {
			t.Errorf("%d polls, depth %d", polls, deepest)
		}
		l.Post(l.End)
		time.Sleep(time.Minute)
		afterEnd(t, l)
	})
}

func TestDeadlinesOfTheHookAreKept(t *testing.T) {
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := &probe{}
				at := time.Now().Add(time.Second)
				l, run, _ := k.make(mainloop.Options{Local: executor.LocalOptions{Turn: func() (time.Time, bool) {
					if !time.Now().Before(at) {
						p.Open()
					}
					return at, !p.open.Load()
				}}})
				task := executor.Spawn(l, pollster.Future[int](p))
				run(task.Done)
				if late := time.Since(at); late < 0 || late > time.Millisecond {
					t.Errorf("late by %v", late)
				}
				if n := l.Stats().Turns; k.name != "polled" && n > 10 {
					t.Errorf("%d turns for one timer", n)
				}
			})
		})
	}
}

// What a task asks of the hook in the last poll of a turn is seen in that turn.
func TestTheHookLooksLast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var at time.Time
		calls := 0
		l, _ := mainloop.NewPolled(mainloop.Options{Local: executor.LocalOptions{Turn: func() (time.Time, bool) {
			calls++
			return at, !at.IsZero()
		}}})
		for range 100 {
			l.Post(func() { at = time.Now().Add(time.Second) })
		}
		if d := l.Turn(); d != time.Second || calls != 1 {
			t.Errorf("sleeps %v after %d calls", d, calls)
		}
		l.End()
	})
}

func TestTimersAndChannelsWakeEveryKindOfLoopInABubble(t *testing.T) {
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l, run, _ := k.make(mainloop.Options{})
				c := make(chan int)
				go func() {
					time.Sleep(200 * time.Millisecond)
					c <- 7
				}()
				began := time.Now()
				task := executor.Go(l, func(ctx context.Context) (int, error) {
					if _, err := pollster.BlockOn(ctx, compat.After(100*time.Millisecond)); err != nil {
						return 0, err
					}
					return pollster.BlockOn(ctx, compat.Recv(c))
				})
				run(task.Done)
				v, err := task.Wait(background)
				if v != 7 || err != nil {
					t.Errorf("%d, %v", v, err)
				}
				if d := time.Since(began); d < 200*time.Millisecond || d > 200*time.Millisecond+time.Millisecond {
					t.Errorf("after %v", d)
				}
			})
		})
	}
}

func TestWakesFromEverywhereReachEveryKindOfLoop(t *testing.T) {
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			leak.Check(t)
			l, run, _ := k.make(mainloop.Options{Polls: 5})
			const goroutines = 4
			var want [goroutines]atomic.Int64
			var seen [goroutines]int64
			var wakers [goroutines]pollster.AtomicWaker
			for i := range goroutines {
				spawn(l, func(w *pollster.Waker) (int, bool, error) {
					wakers[i].Register(w)
					seen[i] = want[i].Load()
					return 0, seen[i] < 0, nil
				})
			}
			over := done(func() { run(l.Local().IsEmpty) })
			hammer.Run(t, goroutines, func(g, i int) {
				want[g].Store(int64(i))
				wakers[g].Wake()
				if i%64 == 0 {
					runtime.Gosched() // let it fall asleep now and then
				}
			})
			for i := range want {
				want[i].Store(-1)
				wakers[i].Wake()
			}
			<-over
			for i, n := range seen {
				if n != -1 {
					t.Errorf("task %d last saw %d", i, n)
				}
			}
		})
	}
}

func TestLoopsFitIntoLoops(t *testing.T) {
	leak.Check(t)
	q := newQueue(3)
	outer, _ := mainloop.NewQueued(q, mainloop.Options{})
	inner, _ := mainloop.NewQueued(outer, mainloop.Options{})
	v := 0
	over := done(func() { outer.Run(q.run) })
	if err := inner.Call(background, func() {
		if !inner.OnLoop() {
			t.Error("not on the inner loop")
		}
		v = 1
	}); err != nil || v != 1 {
		t.Errorf("%v, %d", err, v)
	}
	p := &probe{}
	task := executor.Spawn(inner, pollster.Future[int](p))
	inner.Call(background, func() {})
	q.end()
	<-over
	p.waker.Wake() // finds that the outer loop has ended
	task.Wait(background)
	if p.cancels.Load() != 1 {
		t.Errorf("%d cancels", p.cancels.Load())
	}
}

func TestADeadlineThatHasPassedMeansNow(t *testing.T) {
	for _, k := range kinds {
		l, _, _ := k.make(mainloop.Options{Local: executor.LocalOptions{Turn: func() (time.Time, bool) {
			return time.Now().Add(-time.Second), true
		}}})
		if d := l.Turn(); d != 0 {
			t.Errorf("%s: sleeps for %v", k.name, d)
		}
		l.End()
	}
}
