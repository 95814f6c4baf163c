package threadpool_test

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/causeway-go/causeway/internal/goroutine"
	"github.com/causeway-go/causeway/internal/leak"
	"github.com/causeway-go/causeway/threadpool"
)

// A DropJob that ends its goroutine takes no slot with it, nor the next job.
func TestADropJobThatEndsItsGoroutine(t *testing.T) {
	leak.Check(t)
	for _, classes := range []bool{false, true} {
		p := newPool(t, threadpool.Options{Limit: 2, Hint: threadpool.WillBlock})
		q := p
		if classes {
			q = mustClass(t, p, threadpool.ClassOptions{Limit: 1, Hint: threadpool.WillBlock})
		} else if err := p.Resize(1); err != nil {
			t.Fatal(err)
		}
		for _, next := range []bool{true, false} {
			release := occupy(t, q, 1)
			ctx, cancel := context.WithCancel(background)
			var dropped atomic.Int32
			for range 3 {
				j := &named{run: func() { t.Error("it runs") }, drop: func(error) { dropped.Add(1); runtime.Goexit() }}
				if err := q.StartContext(ctx, &j.Job, j); err != nil {
					t.Fatal(err)
				}
			}
			ran := make(chan struct{}, 2)
			if next {
				j := &named{run: func() { ran <- struct{}{} }}
				if err := q.Start(&j.Job, j); err != nil {
					t.Fatal(err)
				}
				if err := q.Submit(background, func() { ran <- struct{}{} }); err != nil {
					t.Fatal(err)
				}
			}
			cancel()
			release()
			if next {
				<-ran
				<-ran
			}
			waitFor(t, "the slot to come back", func() bool { s := q.Stats(); return s.Running == 0 && s.Queued == 0 })
			if n := dropped.Load(); n != 3 {
				t.Errorf("%d have been told of 3", n)
			}
		}
	}
}

// Jobs that shut down a pool and its class do not wait for each other, whichever of
// the two they shut down.
func TestShutdownOfAPoolAndItsClassInsideJobs(t *testing.T) {
	leak.Check(t)
	p := mustNew(t, threadpool.Options{Limit: 6, Hint: threadpool.WillBlock})
	c := mustClass(t, p, threadpool.ClassOptions{Hint: threadpool.WillBlock})
	d := mustClass(t, p, threadpool.ClassOptions{Hint: threadpool.WillBlock})
	var in, all sync.WaitGroup
	in.Add(4)
	ctx, cancel := context.WithTimeout(background, 10*time.Second)
	defer cancel()
	for _, x := range []struct{ job, closed *threadpool.Pool }{{c, p}, {c, c}, {d, c}, {p, d}} {
		all.Go(func() {
			if err := x.job.Do(background, func() {
				in.Done()
				in.Wait()
				if err := x.closed.Shutdown(ctx); err != nil {
					t.Errorf("%s in %s: %v", x.closed.Stats().Name, x.job.Stats().Name, err)
				}
			}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if s := p.Stats(); s.All != 0 || s.Waiting != 0 {
		t.Errorf("%+v", s)
	}
}

// An OnStall that ends its goroutine does not keep the other reports back.
func TestAnOnStallThatEndsItsGoroutine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var reports atomic.Int32
		p := mustNew(t, threadpool.Options{OnStall: func(threadpool.JobInfo) { reports.Add(1); runtime.Goexit() }})
		stop := make(chan struct{})
		for range 5 {
			if err := p.Submit(background, func() { <-stop }); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Hour)
		if n := reports.Load(); n != 5 {
			t.Errorf("%d reports of 5", n)
		}
		close(stop)
		if err := p.Shutdown(background); err != nil {
			t.Error(err)
		}
	})
}

// The time that a job has waited is not time that it has run.
func TestAJobIsNotStalledForHavingWaited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var reports atomic.Int32
		p := mustNew(t, threadpool.Options{OnStall: func(threadpool.JobInfo) { reports.Add(1) }})
		q := mustNew(t, threadpool.Options{})
		if err := p.Do(background, func() {
			ctx, cancel := context.WithCancel(background)
			defer cancel()
			_ = q.Do(ctx, func() { time.Sleep(time.Hour) })
			time.Sleep(9 * time.Second)
		}); err != nil {
			t.Error(err)
		}
		synctest.Wait()
		if n := reports.Load(); n != 0 {
			t.Errorf("%d reports", n)
		}
		if err := p.Do(background, func() {
			ctx, cancel := context.WithCancel(background)
			defer cancel()
			_ = q.Do(ctx, func() { time.Sleep(time.Hour) })
			time.Sleep(13 * time.Second)
		}); err != nil {
			t.Error(err)
		}
		synctest.Wait()
		if n := reports.Load(); n != 1 {
			t.Errorf("%d reports of one that has run for long", n)
		}
	})
}

// A DropJob has no slot that it could give up, though a worker calls it.
func TestADropJobHasNoSlot(t *testing.T) {
	leak.Check(t)
	p, q := newPool(t, threadpool.Options{Limit: 1}), newPool(t, threadpool.Options{})
	release := occupy(t, p, 1)
	ctx, cancel := context.WithCancel(background)
	running := make(chan int, 2)
	j := &named{run: func() { t.Error("it runs") }, drop: func(error) {
		running <- p.Stats().Running
		s, err := q.Enter(background)
		if err != nil {
			t.Error(err)
		}
		running <- p.Stats().Running
		s.Leave()
	}}
	if err := p.StartContext(ctx, &j.Job, j); err != nil {
		t.Fatal(err)
	}
	cancel()
	release()
	if before, after := <-running, <-running; before != 0 || after != 0 {
		t.Errorf("%d slots are taken, then %d", before, after)
	}
}

// Nor those that stood in the queue before the pool was used in a bubble, when the
// goroutine of the bubble has had a slot beyond those there were.
func TestJobsFromBeforeDoNotRunInsideABubble(t *testing.T) {
	leak.Check(t)
	for _, class := range []bool{false, true} {
		p := newPool(t, threadpool.Options{Limit: 30})
		if class {
			p = mustClass(t, p, threadpool.ClassOptions{Limit: 20})
		}
		n := p.Stats().Limit
		release, last := occupy(t, p, n-1), occupy(t, p, 1)
		done := make(chan bool, 5)
		for range cap(done) {
			if err := p.Submit(background, func() { done <- goroutine.InBubble() }); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Test(t, func(t *testing.T) {
			s, err := p.Enter(background)
			if err != nil {
				t.Fatal(err)
			}
			last() // this slot dies, if the tuner has not come first
			for p.Stats().Completed == 0 {
				runtime.Gosched()
			}
			s.Leave()
		})
		for range cap(done) {
			if <-done {
				t.Error("it ran in the bubble")
			}
		}
		release()
	}
}

// What is known of a job that runs by another clock does not say for how long.
func TestJobsByAnotherClock(t *testing.T) {
	leak.Check(t)
	p := newPool(t, threadpool.Options{Limit: 3, Track: true})
	release := occupy(t, p, 1)
	in, out := make(chan struct{}), make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() {
		synctest.Test(t, func(*testing.T) {
			_ = p.Do(background, func() {
				if jobs := p.Jobs(); len(jobs) != 2 || min(jobs[0].For, jobs[1].For) < 0 || max(jobs[0].For, jobs[1].For) > time.Hour {
					t.Errorf("%+v", jobs)
				}
				close(in)
				<-out
			})
		})
	})
	<-in
	if jobs := p.Jobs(); len(jobs) != 2 || min(jobs[0].For, jobs[1].For) < 0 || max(jobs[0].For, jobs[1].For) > time.Hour {
		t.Errorf("%+v", jobs)
	}
	close(out)
	all.Wait()
	release()
}

// Among equal deadlines those who came first are first, though the clock stands still.
func TestEqualDeadlinesByAge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := mustNew(t, threadpool.Options{Limit: 1, Order: threadpool.EarliestDeadline})
		stop := make(chan struct{})
		if err := p.Submit(background, func() { <-stop }); err != nil {
			t.Fatal(err)
		}
		var order []int
		for i := range 20 {
			if err := p.Submit(background, func() { order = append(order, i) }); err != nil {
				t.Fatal(err)
			}
		}
		close(stop)
		if err := p.Shutdown(background); err != nil {
			t.Error(err)
		}
		for i, n := range order {
			if i != n {
				t.Fatal(order)
			}
		}
	})
}
