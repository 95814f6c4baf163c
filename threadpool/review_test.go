package threadpool_test

import (
	"context"
	"errors"
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

// The list of events can be asked for while the limit begins to move.
func TestEventsWhileTheLimitBeginsToMove(t *testing.T) {
	p := newPool(t, threadpool.Options{Limit: 1})
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range 100 {
			p.Events()
		}
	}()
	if err := p.Resize(20); err != nil {
		t.Error(err)
	}
	<-done
	if s := p.Stats(); s.Max != 20 || s.Reason == "" {
		t.Errorf("%+v", s)
	}
}

// The slots that a goroutine of a bubble may take at once, because the clock outside
// does not move for it, are those of its pool, not those that others hold.
func TestABubbleDoesNotExceedWhatAFamilyHas(t *testing.T) {
	leak.Check(t)
	p := newPool(t, threadpool.Options{Limit: 14, Hint: threadpool.WillBlock})
	hog := mustClass(t, p, threadpool.ClassOptions{Limit: 12, Hint: threadpool.WillBlock})
	c := mustClass(t, p, threadpool.ClassOptions{Limit: 14})
	release := occupy(t, hog, 12)
	defer release()
	synctest.Test(t, func(t *testing.T) {
		var all sync.WaitGroup
		for range 5 {
			all.Go(func() {
				s, err := c.Enter(background)
				if err != nil {
					t.Error(err)
					return
				}
				defer s.Leave()
				if n := p.Stats().All; n > 14 {
					t.Errorf("%d jobs run of 14", n)
				}
				runtime.Gosched()
			})
		}
		all.Wait()
	})
}

// Nor beyond the limit of the pool, when many come at the same time.
func TestABubbleDoesNotExceedTheLimit(t *testing.T) {
	leak.Check(t)
	p := newPool(t, threadpool.Options{Limit: 12})
	synctest.Test(t, func(t *testing.T) {
		var g gauge
		var all sync.WaitGroup
		for i := range 60 {
			all.Go(func() {
				for range 20 {
					if err := ways[i%len(ways)].run(t, p, background, func() { g.enter(); runtime.Gosched(); g.leave() }); err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		if n := g.most.Load(); n > 12 {
			t.Errorf("%d at once of 12", n)
		}
	})
}

// A slot that comes back from a bubble goes by priority, too.
func TestPrioritiesWhenABubbleLeaves(t *testing.T) {
	leak.Check(t)
	p := newPool(t, threadpool.Options{Limit: 4, Hint: threadpool.WillBlock})
	low := mustClass(t, p, threadpool.ClassOptions{Name: "low", Priority: -1, Hint: threadpool.WillBlock})
	high := mustClass(t, p, threadpool.ClassOptions{Name: "high", Priority: 1, Hint: threadpool.WillBlock})
	r1, r2, r3 := occupy(t, low, 1), occupy(t, high, 1), occupy(t, p, 1)
	leave, go1 := make(chan struct{}), make(chan struct{})
	order := make(chan string, 2)
	var all sync.WaitGroup
	all.Go(func() {
		synctest.Test(t, func(t *testing.T) {
			s, err := p.Enter(background)
			close(go1)
			if err != nil {
				t.Error(err)
				return
			}
			<-leave
			s.Leave()
		})
	})
	<-go1
	for name, c := range map[string]*threadpool.Pool{"low": low, "high": high} {
		all.Go(func() {
			s, err := c.Enter(background)
			if err != nil {
				t.Error(err)
				return
			}
			order <- name
			s.Leave()
		})
	}
	waitFor(t, "both to wait", func() bool { return low.Stats().Queued+high.Stats().Queued == 2 })
	close(leave)
	all.Wait()
	if first := <-order; first != "high" {
		t.Errorf("%s is first", first)
	}
	r1()
	r2()
	r3()
}

// A slot that comes back from a bubble to the family does not take a job of another
// class into the bubble.
func TestJobsOfAnotherClassDoNotRunInsideABubble(t *testing.T) {
	leak.Check(t)
	p := newPool(t, threadpool.Options{Limit: 4, Hint: threadpool.WillBlock})
	a := mustClass(t, p, threadpool.ClassOptions{Limit: 2, Hint: threadpool.WillBlock})
	b := mustClass(t, p, threadpool.ClassOptions{Limit: 3, Hint: threadpool.WillBlock})
	release := occupy(t, b, 1)
	leave, inside := make(chan struct{}), make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() {
		synctest.Test(t, func(t *testing.T) {
			var both sync.WaitGroup
			var n atomic.Int32
			for range 2 {
				both.Go(func() {
					s, err := a.Enter(background)
					if n.Add(1) == 2 {
						close(inside)
					}
					if err != nil {
						t.Error(err)
						return
					}
					<-leave
					s.Leave()
				})
			}
			both.Wait()
		})
	})
	<-inside
	done := make(chan bool)
	if err := b.Submit(background, func() { done <- goroutine.InBubble() }); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "it to wait", func() bool { return b.Stats().Queued == 1 })
	close(leave)
	if <-done {
		t.Error("it ran in the bubble")
	}
	all.Wait()
	release()
}

// A pool that has been used in a bubble keeps the order of deadlines outside.
func TestDeadlinesOfAPoolThatABubbleHasUsed(t *testing.T) {
	leak.Check(t)
	for _, mixed := range []bool{false, true} {
		p := newPool(t, threadpool.Options{Limit: 1, Order: threadpool.EarliestDeadline})
		if mixed {
			synctest.Test(t, func(t *testing.T) { _ = p.Do(background, func() {}) })
		}
		release := hold(t, p)
		order := make(chan int, 4)
		far := time.Unix(1<<40, 0) // beyond what a Duration can say
		for i, at := range []time.Time{far, time.Now().Add(3 * time.Hour), time.Now().Add(time.Hour), time.Now().Add(2 * time.Hour)} {
			j := &named{run: func() { order <- i }}
			if err := p.StartContext(laterContext{background, at}, &j.Job, j); err != nil {
				t.Fatal(err)
			}
		}
		release()
		for _, want := range []int{2, 3, 1, 0} {
			if i := <-order; i != want {
				t.Errorf("mixed %v: job %d instead of %d", mixed, i, want)
			}
		}
	}
}

// A job that has a goroutine of its own is dropped too if its context has ended.
func TestABornJobIsSkippedWhoseContextHasEnded(t *testing.T) {
	leak.Check(t)
	p := newPool(t, threadpool.Options{Limit: 1, RefuseLate: true})
	synctest.Test(t, func(t *testing.T) { _ = p.Do(background, func() {}) })
	release := hold(t, p)
	ctx, cancel := context.WithCancel(background)
	dropped := make(chan error, 1)
	j := &named{run: func() { t.Error("it runs"); dropped <- nil }, drop: func(err error) { dropped <- err }}
	if err := p.StartContext(ctx, &j.Job, j); err != nil {
		t.Fatal(err)
	}
	cancel()
	start := time.Now()
	waitFor(t, "some time to pass", func() bool { return time.Since(start) > 30*time.Millisecond })
	soon, cancel := context.WithTimeout(background, time.Millisecond)
	defer cancel()
	late := &named{run: func() {}, drop: func(error) {}}
	if err := p.StartContext(soon, &late.Job, late); !errors.Is(err, threadpool.ErrLate) {
		t.Errorf("late: %v", err)
	}
	release()
	if err := <-dropped; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if err := p.Shutdown(background); err != nil {
		t.Error(err)
	}
	if s := p.Stats(); s.Dropped != 1 || s.Refused != 1 {
		t.Errorf("%+v", s)
	}
}

// One job that hangs does not make all others too late while they come through.
func TestOneThatHangsDoesNotMakeTheOthersLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := mustNew(t, threadpool.Options{Limit: 4, RefuseLate: true})
		stop := make(chan struct{})
		if err := p.Submit(background, func() { <-stop }); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		var all sync.WaitGroup
		ctx, cancel := context.WithCancel(background)
		for range 6 { // these keep the other slots busy
			all.Go(func() {
				for ctx.Err() == nil {
					_ = p.Do(background, func() { time.Sleep(10 * time.Millisecond) })
				}
			})
		}
		for i := range 20 {
			time.Sleep(105 * time.Millisecond)
			soon, cancel := context.WithTimeout(background, time.Second)
			if err := p.Do(soon, func() {}); err != nil {
				t.Errorf("job %d: %v", i, err)
			}
			cancel()
			soon, cancel = context.WithTimeout(background, time.Microsecond)
			if err := p.Do(soon, func() {}); err != threadpool.ErrLate {
				t.Errorf("job %d has no time: %v", i, err)
			}
			cancel()
		}
		cancel()
		all.Wait()
		// Now all hang, and nothing comes through.
		for range 3 {
			if err := p.Submit(background, func() { <-stop }); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Minute)
		soon, cancel := context.WithTimeout(background, time.Second)
		defer cancel()
		if err := p.Do(soon, func() {}); err != threadpool.ErrLate {
			t.Errorf("all hang: %v", err)
		}
		close(stop)
		if err := p.Shutdown(background); err != nil {
			t.Error(err)
		}
	})
}

// Those are refused too who wait for a slot that other classes have.
func TestAJobOfAClassIsRefusedThatWouldComeTooLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := mustNew(t, threadpool.Options{Limit: 8, RefuseLate: true})
		hog, c := mustClass(t, p, threadpool.ClassOptions{}), mustClass(t, p, threadpool.ClassOptions{})
		stop := make(chan struct{})
		for range 6 {
			if err := hog.Submit(background, func() { <-stop }); err != nil {
				t.Fatal(err)
			}
		}
		if err := c.Submit(background, func() { <-stop }); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		soon, cancel := context.WithTimeout(background, time.Second)
		defer cancel()
		if err := c.Do(soon, func() {}); err != threadpool.ErrLate {
			t.Error(err)
		}
		close(stop)
		if err := p.Shutdown(background); err != nil {
			t.Error(err)
		}
	})
}
