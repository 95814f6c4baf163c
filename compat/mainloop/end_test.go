package mainloop_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/causeway-go/causeway/compat/mainloop"
	"github.com/causeway-go/causeway/executor"
	"github.com/causeway-go/causeway/internal/hammer"
	"github.com/causeway-go/causeway/internal/leak"
	"github.com/causeway-go/causeway/pollster"
)

func TestTheEndDropsEveryTaskOnce(t *testing.T) {
	eachKind(t, mainloop.Options{}, func(t *testing.T, l *mainloop.Loop, run func(func() bool) error) {
		leak.Check(t)
		var probes [6]probe
		var tasks []*executor.Task[int]
		cleaned, ran := 0, false
		for i := range probes {
			if i%2 == 0 {
				tasks = append(tasks, executor.Spawn(l, pollster.Future[int](&probes[i])))
				continue
			}
			tasks = append(tasks, executor.Go(l, func(context.Context) (int, error) {
				defer func() {
					cleaned++
					if err := l.Post(func() {}); !errors.Is(err, mainloop.ErrEnded) {
						t.Errorf("Post while the loop ends: %v", err)
					}
				}()
				return pollster.BlockOn(background, pollster.Future[int](&probes[i]))
			}))
		}
		result := make(chan error, 1)
		want := errors.New("the host's own")
		err := l.Run(func() error {
			for probes[5].polls.Load() == 0 {
				l.Turn()
			}
			l.Post(func() { ran = true })
			go func() { result <- l.Call(background, func() {}) }()
			return want
		})
		if err != want || ran || cleaned != 3 {
			t.Errorf("%v; ran %v, cleaned %d", err, ran, cleaned)
		}
		for i, task := range tasks {
			if _, err := task.Wait(background); !errors.Is(err, executor.ErrClosed) {
				t.Errorf("task %d: %v", i, err)
			}
			if n := probes[i].cancels.Load(); n != 1 {
				t.Errorf("future %d was dropped %d times", i, n)
			}
		}
		if err := <-result; !errors.Is(err, mainloop.ErrEnded) {
			t.Errorf("Call: %v", err)
		}
		afterEnd(t, l)
	})
}

// afterEnd checks what the end of l means for those who come later.
func afterEnd(t *testing.T, l *mainloop.Loop) {
	t.Helper()
	err := l.Post(func() { t.Error("ran after the end") })
	if !errors.Is(err, mainloop.ErrEnded) || !errors.Is(err, executor.ErrClosed) {
		t.Errorf("Post: %v", err)
	}
	if err := l.Call(background, func() { t.Error("ran after the end") }); !errors.Is(err, mainloop.ErrEnded) {
		t.Errorf("Call: %v", err)
	}
	if _, err := executor.Spawn(l, pollster.Ready(1)).Wait(background); !errors.Is(err, executor.ErrClosed) {
		t.Errorf("Spawn: %v", err)
	}
	before := l.Stats()
	if d := l.Turn(); d != mainloop.Forever {
		t.Errorf("Turn: %v", d)
	}
	l.End()
	if after := l.Stats(); after != before {
		t.Errorf("from %+v to %+v", before, after)
	}
}

func TestEndInATaskComesWhenTheTurnIsOver(t *testing.T) {
	for _, inRun := range []bool{false, true} {
		l, _ := mainloop.NewPolled(patient)
		p := &probe{}
		executor.Spawn(l, pollster.Future[int](p))
		after := false
		l.Post(func() {
			l.End()
			after = p.cancels.Load() == 0
		})
		late := false
		l.Post(func() { late = true })
		body := func() error { l.Turn(); return nil }
		if inRun {
			l.Run(body)
		} else {
			body()
		}
		if !after || late || p.cancels.Load() != 1 {
			t.Errorf("after %v, late %v, cancelled %d times", after, late, p.cancels.Load())
		}
		afterEnd(t, l)
	}
}

func TestEndElsewhereWakesTheLoopAndLeavesTheTasksToIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBell()
		l, _ := mainloop.NewBlocked(b.ring, mainloop.Options{})
		p := &probe{}
		task := executor.Spawn(l, pollster.Future[int](p))
		go func() {
			time.Sleep(time.Second)
			l.End()
			if err := l.Post(func() {}); !errors.Is(err, mainloop.ErrEnded) {
				t.Errorf("Post: %v", err)
			}
		}()
		began := time.Now()
		l.Run(func() error {
			for !task.Done() {
				b.sleep(l.Turn())
				if task.Done() {
					t.Error("dropped by another goroutine, under the loop's feet")
				}
				l.Turn() // the one that ends the tasks
			}
			return nil
		})
		if time.Since(began) != time.Second || p.cancels.Load() != 1 {
			t.Errorf("after %v, %d cancels", time.Since(began), p.cancels.Load())
		}
		afterEnd(t, l)
	})
}

func TestAHostThatHasGoneEndsTheLoop(t *testing.T) {
	leak.Check(t)
	// Without Run: nobody is left to say so.
	q := newQueue(10)
	l, _ := mainloop.NewQueued(q, mainloop.Options{})
	p := &probe{}
	task := executor.Spawn(l, pollster.Future[int](p))
	q.step()
	q.end()
	p.waker.Wake()
	if _, err := task.Wait(background); !errors.Is(err, executor.ErrClosed) || p.cancels.Load() != 1 {
		t.Errorf("%v, %d cancels", err, p.cancels.Load())
	}
	afterEnd(t, l)

	// In Run: the tasks wait for the right goroutine.
	q = newQueue(10)
	q.err = fmt.Errorf("gone: %w", mainloop.ErrEnded)
	l, _ = mainloop.NewQueued(q, mainloop.Options{})
	p = &probe{}
	task = executor.Spawn(l, pollster.Future[int](p))
	l.Run(func() error {
		q.step()
		q.mu.Lock()
		q.limit = 0
		q.mu.Unlock()
		p.waker.Wake()
		if task.Done() || !errors.Is(l.Post(func() {}), mainloop.ErrEnded) {
			t.Error("the Loop has not ended, or its tasks have")
		}
		return nil
	})
	if !task.Done() || p.cancels.Load() != 1 {
		t.Errorf("%d cancels", p.cancels.Load())
	}
}

func TestRunIsForOnceAndNotAfterTheEnd(t *testing.T) {
	l, _ := mainloop.NewPolled(mainloop.Options{})
	l.End()
	if err := l.Run(func() error { t.Error("called"); return nil }); !errors.Is(err, mainloop.ErrEnded) {
		t.Errorf("Run after End: %v", err)
	}
	for name, f := range map[string]func(){
		"mainloop: Run called twice":       func() { l.Run(func() error { return nil }) },
		"mainloop: Run of a nil function":  func() { l.Run(nil) },
		"mainloop: Post of a nil function": func() { l.Post(nil) },
		"mainloop: Call of a nil function": func() { l.Call(background, nil) },
	} {
		func() {
			defer func() {
				if v := recover(); v != name {
					t.Errorf("%v, want %s", v, name)
				}
			}()
			f()
		}()
	}
}

func TestRunEndsTheLoopWhenItPanics(t *testing.T) {
	l, _ := mainloop.NewPolled(mainloop.Options{})
	p := &probe{}
	task := executor.Spawn(l, pollster.Future[int](p))
	func() {
		defer func() {
			if v := recover(); v != "host" {
				t.Errorf("recovered %v", v)
			}
		}()
		l.Run(func() error { l.Turn(); panic("host") })
	}()
	if !task.Done() || p.cancels.Load() != 1 {
		t.Errorf("%d cancels", p.cancels.Load())
	}
	afterEnd(t, l)
}

func TestAPanicWhileTheTasksEndSurfacesInEnd(t *testing.T) {
	l, _ := mainloop.NewPolled(mainloop.Options{})
	executor.Go(l, func(context.Context) (int, error) {
		defer func() { panic("on the way out") }()
		return pollster.BlockOn(background, pollster.Future[int](&probe{}))
	}).Detach()
	l.Turn()
	defer func() {
		if p, ok := recover().(*executor.PanicError); !ok || p.Value != "on the way out" {
			t.Errorf("recovered %v", p)
		}
		afterEnd(t, l)
	}()
	l.End()
}

// A toolkit may be shut down as soon as End has returned: a wake then would be a
// call into memory that is gone.
func TestNoWakeAfterEnd(t *testing.T) {
	for range 100 {
		var down, late atomic.Bool
		l, _ := mainloop.NewBlocked(func() {
			if down.Load() {
				late.Store(true)
			}
		}, mainloop.Options{Polls: 20})
		p := &probe{}
		executor.Spawn(l, pollster.Future[int](p))
		var wg sync.WaitGroup
		stop := make(chan struct{})
		for range 2 {
			wg.Go(func() {
				for {
					select {
					case <-stop:
						return
					default:
						p.waker.Wake()
						l.Post(func() {})
					}
				}
			})
		}
		for range 20 {
			l.Turn()
		}
		l.End()
		down.Store(true)
		close(stop)
		wg.Wait()
		if late.Load() {
			t.Fatal("woken after End")
		}
	}
}

// What was accepted has run, or the loop has ended; nothing runs twice.
func TestPostsRunAtMostOnceWhateverTheEndDoes(t *testing.T) {
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			leak.Check(t)
			l, run, _ := k.make(mainloop.Options{})
			var accepted, refused, ran atomic.Int64
			var stop atomic.Bool
			var wg sync.WaitGroup
			wg.Go(func() { run(stop.Load) })
			const goroutines = 4
			hammer.Run(t, goroutines, func(g, i int) {
				if g == 0 && i == 2000 {
					l.Post(func() { stop.Store(true) })
				}
				switch err := l.Post(func() { ran.Add(1) }); {
				case err == nil:
					accepted.Add(1)
				case errors.Is(err, mainloop.ErrEnded):
					refused.Add(1)
				default:
					t.Error(err)
				}
			})
			l.Post(func() { stop.Store(true) })
			wg.Wait()
			if ran.Load() > accepted.Load() || ran.Load() == 0 {
				t.Errorf("%d ran of %d, %d refused", ran.Load(), accepted.Load(), refused.Load())
			}
			afterEnd(t, l)
		})
	}
}

func TestEndWaitsForTheWakeUnderWay(t *testing.T) {
	inside, release := make(chan struct{}), make(chan struct{})
	var returned atomic.Bool
	l, _ := mainloop.NewBlocked(func() {
		close(inside)
		<-release
		returned.Store(true)
	}, mainloop.Options{})
	l.Turn()
	posted := done(func() { l.Post(func() {}) })
	<-inside
	over := done(func() {
		l.End()
		if !returned.Load() {
			t.Error("End has returned in the middle of a wake")
		}
	})
	for range 1000 {
		runtime.Gosched() // End has every opportunity
	}
	close(release)
	<-posted
	<-over
}

// A panic comes out before anything else is polled, and a blocked host, which does
// not get to see what Turn returns, is woken for the rest.
func TestAfterAPanicABlockedLoopIsWokenForTheRest(t *testing.T) {
	b := newBell()
	l, _ := mainloop.NewBlocked(b.ring, mainloop.Options{})
	rest := false
	l.Post(func() { panic(1) })
	l.Post(func() { rest = true })
	func() {
		defer func() {
			if recover() == nil || rest || b.rings.Load() != 1 {
				t.Errorf("the rest has run: %v; %d wakes", rest, b.rings.Load())
			}
		}()
		l.Turn()
	}()
	if d := l.Turn(); d != mainloop.Forever || !rest {
		t.Errorf("%v; the rest has run: %v", d, rest)
	}
	// With nothing left there is nothing to be woken for, but the host that has
	// recovered cannot know: one wake.
	l.Post(func() { panic(2) })
	func() {
		defer func() { recover() }()
		l.Turn()
	}()
	l.End()
}
