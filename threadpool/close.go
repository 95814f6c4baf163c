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
// pool, which it does not wait for, nor for others in which it is called too.
func (p *Pool) Shutdown(ctx context.Context) error {
	p.refuse()
	here := goroutine.Here()
	w := p.newWaiter()
	p.mu.Lock()
	w.own = p.drainingLocked(here, 1)
	p.drains.push(&w.entry)
	p.mu.Unlock()
	p.checkDrained()
	err := p.await(ctx, here, w)
	if err != nil {
		p.dropQueue()
	}
	return err
}

// refuse closes the pool for new jobs. Those who wait outside the queue have
// not got in.
func (p *Pool) refuse() {
	var wake wakeList
	p.mu.Lock()
	for _, m := range p.scopeLocked() {
		m.state.update(func(w word) word { return w | closedBit })
		for m.outside.len > 0 {
			wake.wake(m.outside.pop().waiter)
		}
	}
	p.mu.Unlock()
	wake.run()
}

// dropQueue drops everything that waits to be started.
func (p *Pool) dropQueue() {
	var (
		wake wakeList
		jobs []*Job
	)
	p.mu.Lock()
	scope := p.scopeLocked()
	for _, m := range scope {
		jobs = m.emptyLocked(jobs, &wake)
	}
	p.dispatchLocked(&wake)
	p.mu.Unlock()
	wake.run()
	defer func() {
		for _, m := range scope {
			m.checkDrained()
		}
	}()
	dropJobs(jobs)
}

// emptyLocked takes everything out of the queue that waits to be started. The
// jobs among it, which are to be told, are appended to jobs.
func (p *Pool) emptyLocked(jobs []*Job, wake *wakeList) []*Job {
	for p.fifo.len > 0 {
		e := p.fifo.first()
		if e.batch != nil {
			e.batch.popFunc()
			p.dropped.Add(1)
			continue
		}
		e.remove()
		if e.job == nil {
			wake.wake(e.waiter)
		} else if e.job.state.CompareAndSwap(jobQueued, jobDropped) {
			jobs = append(jobs, e.job)
		}
	}
	return jobs
}

// dropJobs tells jobs that they will never run. If one of them does not take it
// well, by a panic or runtime.Goexit, the others are told nevertheless.
func dropJobs(jobs []*Job) {
	told := 0
	defer func() {
		if told < len(jobs) {
			dropJobs(jobs[told:])
		}
	}()
	for _, j := range jobs {
		told++
		j.pool.dropped.Add(1)
		err := ErrClosed
		if j.ctx != nil && j.ctx.Err() != nil {
			err = ended.Error(j.ctx)
		}
		j.run.DropJob(err)
	}
}

// checkDrained wakes those in Shutdown who have nothing left to wait for. It is
// called whenever a slot has been given back.
func (p *Pool) checkDrained() {
	if !p.state.load().closed() {
		return
	}
	var wake wakeList
	p.mu.Lock()
	p.drainedLocked(&wake)
	if f := p.family; f != nil {
		for _, m := range f.members {
			if m != p && m.drains.len > 0 {
				m.drainedLocked(&wake)
			}
		}
		if root := f.root; root != p && !root.state.load().closed() && p.idleLocked() {
			f.retireLocked(p)
			root.dispatchLocked(&wake)
		}
	}
	p.mu.Unlock()
	wake.run()
}

// drainedLocked is checkDrained for those in Shutdown of p.
func (p *Pool) drainedLocked(wake *wakeList) {
	busy, draining := 0, 0
	for _, m := range p.scopeLocked() {
		if m.standing() > 0 {
			return
		}
		busy += m.busy()
		draining += m.draining
	}
	if busy > draining {
		return
	}
	for e := p.drains.head; e != nil; {
		w := e.waiter
		e = e.next
		// Those who are in jobs of the family do not wait for each other,
		// whichever of it they shut down; those who are not wait for all.
		if busy == 0 || w.own > 0 {
			w.remove()
			wake.grant(w)
		}
	}
}

// busy counts the jobs of p that have started and not ended. Running is read
// before waiting: a job that gives its slot up counts as both for a moment, never
// as neither. And none gets its slot back meanwhile: those of a closed pool are
// given out under mu only.
func (p *Pool) busy() int { return p.state.load().running() + int(p.waiting.Load()) }

func (p *Pool) idleLocked() bool { return p.standing() == 0 && p.busy() == 0 }

// scopeLocked returns the pools that are closed with p: itself and its classes.
func (p *Pool) scopeLocked() []*Pool {
	if p.family != nil && p.family.root == p {
		return p.family.members
	}
	return []*Pool{p}
}
