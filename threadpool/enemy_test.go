package threadpool_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/causeway-go/causeway/internal/hammer"
	"github.com/causeway-go/causeway/internal/leak"
	"github.com/causeway-go/causeway/threadpool"
)

// A waiter that finds its grant when its context ends goes on at once and is
// recycled, while whoever has granted it, and many others, is still on its way
// to wake them.
func TestAGrantAtTheMomentOfLeaving(t *testing.T) {
	leak.Check(t)
	const n = 40
	p := newPool(t, threadpool.Options{Hint: threadpool.WillBlock, Limit: 1})
	rounds := 60
	if testing.Short() {
		rounds = 10
	}
	for range rounds {
		release := hold(t, p)
		ctx, cancel := context.WithCancel(background)
		var all sync.WaitGroup
		for i := range n {
			all.Go(func() {
				how := ctx
				if i%3 == 2 {
					how = background
				}
				for range 3 {
					s, err := p.Enter(how)
					if err == nil {
						s.Leave()
					} else if !errors.Is(err, context.Canceled) || how == background {
						t.Error(err)
					}
					how = background // so that the recycled waiters are in use
				}
			})
		}
		waitFor(t, "all in the queue", func() bool { return p.Stats().Queued == n })
		all.Go(cancel)
		if err := p.Resize(n); err != nil {
			t.Fatal(err)
		}
		release()
		all.Wait()
		if err := p.Resize(1); err != nil {
			t.Fatal(err)
		}
	}
}

func TestWaitersAreWokenInTheirOrder(t *testing.T) {
	leak.Check(t)
	const n = 20
	p := newPool(t, threadpool.Options{Hint: threadpool.WillBlock, Limit: 1})
	release := hold(t, p)
	defer release()
	var all sync.WaitGroup
	stop := make(chan struct{})
	for i := range n {
		all.Go(func() {
			if err := p.Do(background, func() { <-stop }); err != nil {
				t.Error(err)
			}
		})
		waitFor(t, "in the queue", func() bool { return p.Stats().Queued == i+1 })
	}
	if err := p.Resize(n + 1); err != nil { // all at once
		t.Fatal(err)
	}
	if s := p.Stats(); s.Queued != 0 || s.Running != n+1 {
		t.Errorf("%+v", s)
	}
	close(stop)
	release()
	all.Wait()
}

// As long as there are free slots nobody waits, however the workers are on
// their way: the queue is not full.
func TestAQueueIsNotFullWhileThereAreSlots(t *testing.T) {
	leak.Check(t)
	for _, o := range []threadpool.Options{{Limit: 10, Queue: 1}, {Limit: 64, Queue: 3}, {Limit: 1, Queue: 1}} {
		p := newPool(t, o)
		for range 20 {
			stop := make(chan struct{})
			for i := range o.Limit + o.Queue {
				if err := p.TrySubmit(func() { <-stop }); err != nil {
					t.Fatalf("%+v: job %d: %v; %+v", o, i, err, p.Stats())
				}
			}
			for range 3 {
				if err := p.TrySubmit(func() { <-stop }); !errors.Is(err, threadpool.ErrFull) {
					t.Errorf("%+v: one too many: %v; %+v", o, err, p.Stats())
				}
			}
			close(stop)
			waitFor(t, "all to end", func() bool { s := p.Stats(); return s.Running+s.Queued == 0 })
		}
	}
}

// Goroutines that wait in Enter come and go; a Submit that waits for room must
// not wait for a moment without any.
func TestEnterersDoNotKeepASubmitterOut(t *testing.T) {
	leak.Check(t)
	p := newPool(t, threadpool.Options{Limit: 1, Queue: 2})
	release := hold(t, p)
	defer release()
	var all sync.WaitGroup
	for range 5 {
		all.Go(func() {
			if err := p.Do(background, func() {}); err != nil {
				t.Error(err)
			}
		})
	}
	waitFor(t, "five in the queue", func() bool { return p.Stats().Queued == 5 })
	for i := range 2 {
		if err := p.TrySubmit(func() {}); err != nil {
			t.Errorf("job %d: %v", i, err)
		}
	}
	if err := p.TrySubmit(func() {}); !errors.Is(err, threadpool.ErrFull) {
		t.Error(err)
	}
	release()
	all.Wait()
	waitFor(t, "all to end", func() bool { s := p.Stats(); return s.Running+s.Queued == 0 })
}

// A job that gets into the queue because somebody before it has got a slot gets
// one itself if there is another.
func TestAJobFromOutsideTheQueueGetsAFreeSlot(t *testing.T) {
	leak.Check(t)
	p := newPool(t, threadpool.Options{Limit: 1, Queue: 1})
	release := hold(t, p)
	defer release()
	stop := make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() {
		if err := p.Do(background, func() { <-stop }); err != nil {
			t.Error(err)
		}
	})
	waitFor(t, "one", func() bool { return p.Stats().Queued == 1 })
	for i := range 2 {
		all.Go(func() {
			if err := p.Submit(background, func() { <-stop }); err != nil {
				t.Error(err)
			}
		})
		waitFor(t, "the next", func() bool { return p.Stats().Queued == 2+i })
	}
	if err := p.Resize(10); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "all to run at once", func() bool { return p.Stats().Running == 4 })
	close(stop)
	release()
	all.Wait()
}

func TestCountsAreNeverNegative(t *testing.T) {
	leak.Check(t)
	p := newPool(t, threadpool.Options{Limit: 3})
	var last atomic.Uint64
	hammer.Run(t, 8, func(goroutine, _ int) {
		if goroutine == 0 {
			old := last.Load()
			s := p.Stats()
			if s.Running < 0 || s.Waiting < 0 || s.Queued < 0 || s.Abandoned < 0 || s.Completed < old || s.Dropped > 1<<60 {
				t.Errorf("%+v", s)
			}
			last.Store(s.Completed)
			return
		}
		ctx, cancel := context.WithCancel(background)
		err := p.Do(ctx, func() { go cancel(); runtime.Gosched() })
		if err != nil && !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
}

func TestThePeakNeverFalls(t *testing.T) {
	leak.Check(t)
	p := newPool(t, threadpool.Options{Hint: threadpool.WillBlock, Limit: 8, KeepAlive: 2_000_000}) // looked at every millisecond
	release := hold(t, p)
	release()
	hammer.Run(t, 4, func(goroutine, _ int) {
		if goroutine == 0 {
			_ = p.Do(background, func() {})
			return
		}
		if s := p.Stats(); s.Peak != 8 {
			t.Errorf("peak %d of 8", s.Peak)
		}
	})
}

func TestDefaultIsNeverNil(t *testing.T) {
	old := threadpool.SetDefault(nil)
	defer func() { threadpool.SetDefault(old) }()
	hammer.Run(t, 4, func(goroutine, _ int) {
		if goroutine%2 == 0 {
			threadpool.SetDefault(nil)
		} else if threadpool.Default() == nil {
			t.Error("nil")
		}
	})
}

// A dropper is a Runner whose DropJob ends badly.
type dropper struct {
	threadpool.Job
	drop func()
}

func (d *dropper) RunJob()       {}
func (d *dropper) DropJob(error) { d.drop() }

func TestADropJobThatEndsBadlyDoesNotKeepTheOthers(t *testing.T) {
	leak.Check(t)
	for name, bad := range map[string]func(){"panic": func() { panic("bad") }, "Goexit": runtime.Goexit} {
		p := mustNew(t, threadpool.Options{Limit: 1})
		release := hold(t, p)
		var dropped atomic.Int64
		for i := range 5 {
			d := &dropper{drop: func() {
				dropped.Add(1)
				if i%2 == 0 {
					bad()
				}
			}}
			if err := p.Start(&d.Job, d); err != nil {
				t.Fatal(err)
			}
		}
		var closed sync.WaitGroup
		closed.Go(func() {
			defer func() {
				if v := recover(); v != nil && v != "bad" {
					t.Error(v)
				}
			}()
			_ = p.Close()
			t.Error("the end of DropJob is lost")
		})
		closed.Wait()
		if n := dropped.Load(); n != 5 {
			t.Errorf("%s: %d of 5 jobs were told", name, n)
		}
		release()
		if err := p.Shutdown(background); err != nil {
			t.Error(err)
		}
	}
}

// Shutdown inside a job does not wait for that job, but others do.
func TestShutdownWaitsForAJobThatShutsDown(t *testing.T) {
	leak.Check(t)
	p := mustNew(t, threadpool.Options{Limit: 2})
	inside, stop := make(chan struct{}), make(chan struct{})
	go func() {
		err := p.Do(background, func() {
			<-inside
			if err := p.Shutdown(background); err != nil {
				t.Error(err)
			}
			<-stop
		})
		if err != nil {
			t.Error(err)
		}
	}()
	waitFor(t, "the job", func() bool { return p.Stats().Running == 1 })
	ended := make(chan error)
	go func() { ended <- p.Shutdown(background) }()
	waitFor(t, "shutdown", func() bool { return p.Stats().Closed })
	close(inside)
	ctx, cancel := context.WithCancel(background)
	defer cancel()
	for range 100 {
		runtime.Gosched()
	}
	select {
	case <-ended:
		t.Error("returned while the job was running")
	default:
	}
	go func() { close(stop); cancel() }()
	<-ctx.Done()
	if !t.Failed() {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

func TestCancelTakesOutWhatHasNotStarted(t *testing.T) {
	leak.Check(t)
	p := newPool(t, threadpool.Options{Limit: 2})
	hammer.Run(t, 6, func(g, i int) {
		var ran atomic.Int32
		r := &recorder{ran: &ran, done: make(chan struct{})}
		if err := p.Start(&r.Job, r); err != nil {
			t.Error(err)
			return
		}
		if (g+i)%3 == 0 {
			runtime.Gosched()
		}
		if r.Cancel() {
			if r.Cancel() || r.Leave() || r.Running() {
				t.Error("cancelled, and yet there")
			}
			runtime.Gosched()
			if ran.Load() != 0 {
				t.Error("ran after it had been cancelled")
			}
			return
		}
		<-r.done
		if ran.Load() != 1 {
			t.Error(fmt.Sprint("ran ", ran.Load(), " times"))
		}
	})
}

// A recorder is a Runner that counts.
type recorder struct {
	threadpool.Job
	ran  *atomic.Int32
	done chan struct{}
	f    func()
}

func (r *recorder) RunJob() {
	if r.ran != nil {
		r.ran.Add(1)
	}
	defer close(r.done)
	if r.f != nil {
		r.f()
	}
}
func (r *recorder) DropJob(error) { close(r.done) }
