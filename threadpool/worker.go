package threadpool

import (
	"runtime/debug"
	"sync"
)

// A worker is a goroutine that has a slot and runs jobs in it for as long as
// there are any. It is recycled, with the function that its go statement needs.
type worker struct {
	holder
	first *Job // nil if it was started for what is in the queue
	run   func()
}

var workers sync.Pool // of *worker

// startWorker starts a goroutine for the caller's slot. The caller has counted
// it in starting.
func (p *Pool) startWorker(first *Job) {
	w, _ := workers.Get().(*worker)
	if w == nil {
		w = new(worker)
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
	p, j := w.pool, w.first
	w.first = nil
	w.place.Enter(&w.holder)
	p.starting.Add(-1)
	if j == nil {
		j = p.fetch(true)
	} else {
		if p.state.load().queued() {
			p.kick()
		}
		if !j.begin() { // Cancel came before us
			j = p.fetch(false)
		}
	}
	for j != nil {
		if !p.runJob(j, &w.holder) {
			return // the goroutine is ending; runJob has seen to the slot
		}
		if p.state.give() {
			break
		}
		j = p.fetch(false)
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
	wake.run(p)
}

// fetch decides what becomes of a worker's slot: it returns the next job to run
// in it, or nil when the slot has gone to somebody else, or back. The first time
// of a worker that has been sent for one must be told.
func (p *Pool) fetch(sent bool) *Job {
	var (
		wake wakeList
		j    *Job
	)
	p.mu.Lock()
	if sent {
		p.fetching--
	}
	if p.keepLocked() {
		j = p.passLocked(&wake)
	}
	p.dispatchLocked(&wake)
	p.mu.Unlock()
	wake.run(p)
	return j
}

// passLocked takes the next entry out of the queue for the slot in hand. It
// returns a job for the worker to run, or nil when the slot is no longer its
// own.
func (p *Pool) passLocked(wake *wakeList) *Job {
	for {
		e := p.headLocked()
		if e == nil {
			p.dropSlotLocked()
			return nil
		}
		e.remove()
		if e.job == nil {
			wake.grant(e.waiter)
			return nil
		}
		if e.job.begin() {
			return e.job
		}
		// Cancel has won the job and is waiting for the mutex to take it out.
	}
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
			j.finish()
		}
		h.end(0)
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
	j.finish()
	finished = true
	if end != nil {
		end.jobEnded()
	}
	return true
}
