package threadpool

import (
	"context"

	"github.com/causeway-go/causeway/internal/ended"
	"github.com/causeway-go/causeway/internal/goroutine"
)

// Close refuses new jobs and drops the ones that wait in the queue: they never
// run, and whoever waits for them gets ErrClosed. It does not wait for jobs
// that run; use Shutdown for that. Further calls do nothing. The error is
// always nil.
func (p *Pool) Close() error {
	p.refuse()
	p.dropQueue()
	return nil
}

// Shutdown refuses new jobs, waits until the queue is empty and all jobs have
// ended, and returns nil. If ctx ends first, it drops what is still queued, as
// Close does, and returns the end of ctx; jobs that run cannot be stopped, and
// go on. It may be called more than once, after Close, and inside a job of the
// pool, which it does not wait for.
func (p *Pool) Shutdown(ctx context.Context) error {
	p.refuse()
	here := goroutine.Here()
	own := p.inside(here)
	w := p.newWaiter()
	defer w.free()
	p.mu.Lock()
	p.draining += own
	p.drains.push(&w.entry)
	p.mu.Unlock()
	p.checkDrained()
	for {
		woken := w.n.WaitAt(here, ctx, false)
		p.mu.Lock()
		if w.granted || !woken {
			break
		}
		p.mu.Unlock()
	}
	drained := w.granted
	if w.in != nil {
		w.remove()
	}
	p.draining -= own
	p.mu.Unlock()
	if !drained {
		p.dropQueue()
		return ended.Error(ctx)
	}
	return nil
}

// refuse closes the pool for new jobs. Those who wait outside the queue have
// not got in.
func (p *Pool) refuse() {
	var wake wakeList
	p.mu.Lock()
	p.state.update(func(w word) word { return w | closedBit })
	for p.outside.len > 0 {
		wake.turnAway(p.outside.pop().waiter)
	}
	p.mu.Unlock()
	wake.run(p)
}

// dropQueue drops everything that waits to be started.
func (p *Pool) dropQueue() {
	var (
		wake wakeList
		jobs []*Job
	)
	p.mu.Lock()
	for p.fifo.len > 0 {
		e := p.fifo.pop()
		if e.job == nil {
			wake.turnAway(e.waiter)
		} else if e.job.state.CompareAndSwap(jobQueued, jobDropped) {
			jobs = append(jobs, e.job)
		}
	}
	p.dispatchLocked(&wake)
	p.mu.Unlock()
	wake.run(p)
	for _, j := range jobs {
		p.dropped.Add(1)
		j.run.DropJob(ErrClosed)
	}
	p.checkDrained()
}

// checkDrained wakes those in Shutdown if there is nothing left to wait for.
// It is called whenever a slot has been given back.
func (p *Pool) checkDrained() {
	if !p.state.load().closed() {
		return
	}
	var wake wakeList
	p.mu.Lock()
	// Running is read before waiting: a job on its way from one to the other
	// is counted in both for a moment, never in neither.
	busy := p.state.load().running() + int(p.waiting.Load())
	if p.fifo.len+p.back.len == 0 && busy <= p.draining {
		for p.drains.len > 0 {
			wake.grant(p.drains.pop().waiter)
		}
	}
	p.mu.Unlock()
	wake.run(p)
}
