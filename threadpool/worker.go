package threadpool

import (
	"context"
	"runtime/debug"
	"sync"
	"time"
)

// A worker is a goroutine that has a slot and runs jobs in it for as long as
// there are any. It is recycled, with the function that its go statement needs.
type worker struct {
	holder
	first task // none if it was started for what is in the queue
	run   func()
}

// A task is what a worker runs: a Job, or just a function.
type task struct {
	job   *Job
	f     func()
	since time.Duration // when it came, if it had to wait
	begun bool          // the job is running: its first worker could not
}

func (t task) none() bool { return t.job == nil && t.f == nil }

var workers sync.Pool // of *worker

// startWorker starts a goroutine for the caller's slot. The caller has counted
// it in starting.
func (p *Pool) startWorker(first task) {
	w, _ := workers.Get().(*worker)
	if w == nil {
		w = new(worker)
		w.gauge = newGauge()
		w.run = w.work
	}
	w.pool, w.first, w.held = p, first, true
	go w.run()
}

// work is what a worker does.
//
// The lost-wake window: Start leaves its job in the queue and starts no worker
// because enough of them are starting; meanwhile those arrive and find nothing
// to take. It is closed because Start sets the queued bit before it reads
// starting, and work lowers starting before it reads the bit: one of the two
// sees the other.
func (w *worker) work() {
	p, t := w.pool, w.first
	w.first = task{}
	w.place.Enter(&w.holder)
	p.starting.Add(-1)
	if t.none() {
		t, p = w.fetch(p, true)
	} else {
		if p.state.load().queued() {
			p.kick()
		}
		if t.job != nil && !t.begun && !t.job.begin() { // Cancel came before us
			t, p = w.fetch(p, false)
		}
	}
	for now := clock(); !t.none(); now = w.gauge.ended {
		w.pool = p
		w.jobBegins(context.Background(), now, t.job)
		if t.since != 0 {
			p.meter.waited(&w.gauge, now-t.since, now)
		}
		if !p.runTask(t, &w.holder) {
			return // the goroutine is ending; runTask has seen to the slot
		}
		if p.give() {
			break
		}
		t, p = w.fetch(p, false)
	}
	w.leave()
	workers.Put(w)
	p.checkDrained()
}

// kick starts what can be started.
func (p *Pool) kick() {
	var wake wakeList
	p.mu.Lock()
	p.dispatchLocked(&wake)
	p.mu.Unlock()
	wake.run()
}

// fetch decides what becomes of a worker's slot: it returns the next task to run
// in it, which in a family may be one of another pool, or none when the slot has
// gone to somebody else, or back. The first time of a worker that has been sent
// for one must be told.
func (w *worker) fetch(p *Pool, sent bool) (t task, of *Pool) {
	of = p
	var wake wakeList
	p.mu.Lock()
	if sent {
		p.fetching--
	}
	if p.family != nil {
		t, of = p.family.fetchLocked(p, &wake)
	} else if p.keepLocked() {
		t = p.passLocked(&wake)
	}
	p.dispatchLocked(&wake)
	p.mu.Unlock()
	if wake.expired == nil {
		wake.run()
	} else {
		w.tell(&wake, t, of)
	}
	if of != p {
		p.checkDrained() // else at the end of work
	}
	return t, of
}

// tell is wake.run where jobs are told that their contexts have ended. If one of
// them ends the goroutine, another worker runs t. They run on w without being its
// job: they have no slot that they could give up.
func (w *worker) tell(wake *wakeList, t task, of *Pool) {
	told, p := false, w.pool
	w.leave()
	defer func() {
		if told {
			w.place.Enter(&w.holder)
			return
		}
		if !t.none() {
			t.begun = true
			of.starting.Add(1)
			of.startWorker(t)
		}
		p.checkDrained()
	}()
	wake.run()
	told = true
}

// passLocked takes the next entry out of the queue for the slot in hand. It
// returns a task for the worker to run, or none when the slot is no longer its
// own.
func (p *Pool) passLocked(wake *wakeList) task {
	for {
		e := p.headLocked()
		if e == nil {
			p.dropLocked()
			return task{}
		}
		if e.waiter != nil {
			e.remove()
			wake.grant(e.waiter)
			return task{}
		}
		if t := p.popLocked(e, wake); !t.none() {
			return t
		}
	}
}

// popLocked takes the job, or the first of the functions, of an entry out of the
// queue. It returns none if the context of the job has ended, or if Cancel has won
// the job and is waiting for the mutex to take it out.
func (p *Pool) popLocked(e *entry, wake *wakeList) task {
	if e.batch != nil {
		f, since, out := e.batch.popFunc()
		if out {
			p.spare = e.batch
		}
		return task{f: f, since: since}
	}
	e.remove()
	if !e.job.expire(wake) && e.job.begin() {
		return task{job: e.job, since: e.since}
	}
	return task{}
}

// runTask runs t and reports whether its goroutine can go on.
func (p *Pool) runTask(t task, h *holder) bool {
	if t.job != nil {
		return p.runJob(t.job, h)
	}
	return p.runFunc(t.f, h)
}

// runFunc is runJob for a function.
func (p *Pool) runFunc(f func(), h *holder) (ok bool) {
	defer func() {
		if !ok {
			h.jobEnds()
			h.end()
		}
	}()
	if p.opts.OnPanic != nil {
		defer func() {
			if v := recover(); v != nil {
				p.opts.OnPanic(v, debug.Stack())
			}
		}()
	}
	f()
	if !h.held {
		return false // a wait has panicked, and again when it was to get the slot back
	}
	h.jobEnds()
	return true
}

// An ender is a Runner of this package that is told when the pool has done with
// its job, after all the books, and may be used again from then on.
type ender interface{ jobEnded() }

// runJob runs j and reports whether its goroutine can go on. If j has ended the
// goroutine (runtime.Goexit), or is about to end the process by a panic, the
// slot is passed on to another worker. j must not be touched afterwards.
func (p *Pool) runJob(j *Job, h *holder) (ok bool) {
	end, _ := j.run.(ender)
	finished := false
	defer func() {
		if ok {
			return
		}
		if !finished {
			j.finish(h)
		}
		h.end()
		if !finished && end != nil {
			end.jobEnded()
		}
	}()
	if p.opts.OnPanic != nil {
		defer func() {
			if v := recover(); v != nil {
				p.opts.OnPanic(v, debug.Stack())
			}
		}()
	}
	j.run.RunJob()
	if !h.held {
		return false // a wait has panicked, and again when it was to get the slot back
	}
	j.finish(h)
	finished = true
	if end != nil {
		end.jobEnded()
	}
	return true
}
