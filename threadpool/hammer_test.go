package threadpool_test

import (
	"context"
	"errors"
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/causeway-go/causeway/internal/hammer"
	"github.com/causeway-go/causeway/internal/leak"
	"github.com/causeway-go/causeway/threadpool"
)

// An account of what has become of all jobs.
type account struct {
	inside  gauge
	begun   atomic.Int64
	ended   atomic.Int64
	panics  atomic.Int64 // raised in jobs
	raised  atomic.Int64 // come out of Do
	reports atomic.Int64 // come to OnPanic
}

// job is a job that ends in one of several ways, after some of them have waited.
func (a *account) job(p *threadpool.Pool, ctx context.Context, i int, wait bool) func() {
	return func() {
		a.begun.Add(1)
		defer a.ended.Add(1)
		a.inside.enter()
		runtime.Gosched()
		a.inside.leave()
		if wait && i%4 == 1 { // gives the slot up meanwhile
			_ = p.Do(ctx, func() { a.inside.enter(); a.inside.leave() })
			if ctx.Err() == nil { // else it may have come back beyond the limit
				a.inside.enter()
				a.inside.leave()
			}
		}
		switch i % 7 {
		case 3:
			a.panics.Add(1)
			panic("boom")
		case 5:
			runtime.Goexit()
		}
	}
}

// call runs f on a goroutine that f may end, and waits for it.
func (a *account) call(f func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() {
			if recover() != nil {
				a.raised.Add(1)
			}
		}()
		f()
	}()
	<-done
}

func allowed(err error) bool {
	return err == nil || errors.Is(err, context.Canceled) || errors.Is(err, threadpool.ErrFull) ||
		errors.Is(err, threadpool.ErrGoexit) || errors.Is(err, threadpool.ErrClosed)
}

func TestEverythingAtOnce(t *testing.T) {
	leak.Check(t)
	for _, queue := range []int{0, 2} {
		const limit = 3
		a := &account{}
		p := mustNew(t, threadpool.Options{Hint: threadpool.WillBlock, Limit: limit, Queue: queue, OnPanic: func(any, []byte) { a.reports.Add(1) }})
		hammer.Run(t, 8, func(g, i int) {
			ctx, cancel := context.WithCancel(background)
			defer cancel()
			if i%3 == 0 {
				go cancel()
			}
			f := a.job(p, ctx, i, queue == 0)
			var err error
			switch (g + i) % 6 {
			case 0:
				a.call(func() { err = p.Do(background, f) })
			case 1:
				a.call(func() { err = p.Do(ctx, f) })
			case 2:
				err = p.Submit(ctx, f)
			case 3:
				err = p.TrySubmit(f)
			case 4:
				r := &recorder{done: make(chan struct{}), f: f}
				if err = p.Start(&r.Job, r); err == nil && !r.Cancel() {
					<-r.done
				}
			case 5:
				err = p.Resize(1 + i%limit)
			}
			if !allowed(err) {
				t.Error(err)
			}
		})
		if err := p.Shutdown(background); err != nil {
			t.Error(err)
		}
		s := p.Stats()
		if s.Running != 0 || s.Waiting != 0 || s.Queued != 0 || s.Abandoned != 0 || a.begun.Load() != a.ended.Load() {
			t.Errorf("begun %d, ended %d: %+v", a.begun.Load(), a.ended.Load(), s)
		}
		if a.inside.most.Load() > limit || s.Peak > limit {
			t.Errorf("%d jobs at once, peak %d", a.inside.most.Load(), s.Peak)
		}
		if a.raised.Load()+a.reports.Load() != a.panics.Load() {
			t.Errorf("%d panics: %d raised, %d reported", a.panics.Load(), a.raised.Load(), a.reports.Load())
		}
		if queue == 2 && s.Completed != uint64(a.ended.Load()) {
			t.Errorf("completed %d, ended %d", s.Completed, a.ended.Load())
		}
		t.Logf("%d jobs, %d panics, %d dropped, peak %d", a.ended.Load(), a.panics.Load(), s.Dropped, s.Peak)
	}
}

// The pool is closed in the middle of everything: what has been accepted has run
// or has been told.
func TestEverythingAtOnceAndTheEnd(t *testing.T) {
	leak.Check(t)
	for round := range 40 {
		p := mustNew(t, threadpool.Options{Limit: 1 + round%3, Queue: round % 4})
		var accepted, told atomic.Int64
		hammerOnce(12, func(g int) {
			for i := range 20 {
				switch {
				case g == 0 && i == 10:
					_ = p.Close()
				case g == 1 && i == 12:
					if err := p.Shutdown(background); err != nil {
						t.Error(err)
					}
				case g == 2:
					_ = p.Resize(1 + i%4)
				case g%3 == 0:
					if err := p.Do(background, func() {}); !allowed(err) {
						t.Error(err)
					}
				default:
					r := &counted{told: &told}
					err := p.Start(&r.Job, r)
					if err == nil {
						accepted.Add(1)
					}
					if err == nil && i%3 == 0 && r.Cancel() {
						told.Add(1)
					}
					if !allowed(err) {
						t.Error(err)
					}
				}
			}
		})
		if err := p.Shutdown(background); err != nil {
			t.Error(err)
		}
		waitFor(t, "the last one", func() bool { return told.Load() == accepted.Load() })
		if s := p.Stats(); s.Completed+s.Dropped < uint64(accepted.Load()) {
			t.Errorf("accepted %d: %+v", accepted.Load(), s)
		}
	}
}

// A counted job counts when it is run or dropped.
type counted struct {
	threadpool.Job
	told *atomic.Int64
}

func (c *counted) RunJob()       { c.told.Add(1) }
func (c *counted) DropJob(error) { c.told.Add(1) }

// hammerOnce runs f on n goroutines that are released together.
func hammerOnce(n int, f func(g int)) {
	start, done := make(chan struct{}), make(chan struct{}, n)
	for g := range n {
		go func() { <-start; f(g); done <- struct{}{} }()
	}
	close(start)
	for range n {
		<-done
	}
}
