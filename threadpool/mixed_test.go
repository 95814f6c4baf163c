package threadpool_test

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/causeway-go/causeway/internal/goroutine"
	"github.com/causeway-go/causeway/internal/leak"
	"github.com/causeway-go/causeway/threadpool"
)

func TestJobsFromABubbleKeepTheirOrder(t *testing.T) {
	leak.Check(t)
	p := newPool(t, threadpool.Options{Limit: 1})
	release := hold(t, p)
	defer release()
	synctest.Test(t, func(t *testing.T) {
		var order []int
		for i := range 20 {
			if err := p.Submit(background, func() { order = append(order, i) }); err != nil {
				t.Fatal(err)
			}
			if s := p.Stats(); s.Queued != i+1 {
				t.Errorf("%d in the queue after %d", s.Queued, i+1)
			}
		}
		release()
		for p.Stats().Completed < 21 {
			runtime.Gosched()
		}
		for i, n := range order {
			if i != n {
				t.Fatal(order)
			}
		}
	})
}

// What has been accepted is run, though Shutdown comes at once.
func TestShutdownDrainsTheJobsOfABubble(t *testing.T) {
	leak.Check(t)
	for range 50 {
		p := mustNew(t, threadpool.Options{Limit: 2})
		synctest.Test(t, func(t *testing.T) {
			n := make(chan int, 10)
			for i := range 10 {
				if err := p.Submit(background, func() { n <- i }); err != nil {
					t.Fatal(err)
				}
			}
			if err := p.Shutdown(background); err != nil {
				t.Error(err)
			}
			if len(n) != 10 {
				t.Errorf("%d of 10 jobs ran", len(n))
			}
		})
	}
}

func TestCancelOfAJobOfABubbleTakesItOut(t *testing.T) {
	leak.Check(t)
	p := newPool(t, threadpool.Options{Limit: 1})
	release := hold(t, p)
	defer release()
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{done: make(chan struct{})}
		if err := p.Start(&r.Job, r); err != nil {
			t.Fatal(err)
		}
		if !r.Cancel() || r.Cancel() {
			t.Error("cancel")
		}
		if s := p.Stats(); s.Queued != 0 || s.Dropped != 1 {
			t.Errorf("%+v", s)
		}
	})
}

// A goroutine of a bubble that gives its slot to a job from outside must not
// start a worker inside: that job would see the clock of the bubble.
func TestJobsFromOutsideDoNotRunInsideABubble(t *testing.T) {
	leak.Check(t)
	p := newPool(t, threadpool.Options{Limit: 1})
	hold(t, p)() // it is warm
	inside, queued := make(chan struct{}), make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() {
		<-inside
		for range 5 {
			all.Add(1)
			err := p.Submit(background, func() {
				defer all.Done()
				if goroutine.InBubble() {
					t.Error("runs in the bubble")
				}
				time.Sleep(time.Millisecond)
			})
			if err != nil {
				t.Error(err)
			}
		}
		close(queued)
	})
	synctest.Test(t, func(t *testing.T) {
		err := p.Do(background, func() { close(inside); <-queued })
		if err != nil {
			t.Error(err)
		}
	})
	all.Wait()
}

func TestABubbleDoesNotKeepTheReaperFromOthers(t *testing.T) {
	p := newPool(t, threadpool.Options{Hint: threadpool.WillBlock, Limit: 20, KeepAlive: 20 * time.Millisecond})
	synctest.Test(t, func(*testing.T) { hold(t, p)() })
	before := p.Looks()
	hold(t, p)()
	waitFor(t, "a look", func() bool { return p.Looks() > before })
}

func TestTasksAndBubblesAndContexts(t *testing.T) {
	leak.Check(t)
	p := newPool(t, threadpool.Options{Limit: 1})
	release := hold(t, p)
	defer release()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(background)
		var all sync.WaitGroup
		all.Go(func() {
			if _, err := p.Enter(ctx); !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		})
		for p.Stats().Queued == 0 {
			runtime.Gosched()
		}
		cancel()
		all.Wait()
	})
}
