package threadpool

import (
	"context"
	"sync/atomic"
)

// A Runner is what a Job runs.
type Runner interface {
	// RunJob runs the job, on a goroutine of the pool.
	RunJob()
	// DropJob is called instead of RunJob, with ErrClosed, if the pool drops
	// the job from its queue because it has been closed, or with the end of
	// its context (StartContext). It must not block.
	DropJob(err error)
}

// A Job is one stay of a Runner in a pool. It is for those who build on the
// pool: embed it in the structure that holds the function and its result, so
// that all of it is one allocation. The zero value is ready. A Job is used once
// and must not be copied. Its methods may be called from any goroutine once
// Start has returned nil, and by its own RunJob and DropJob.
type Job struct {
	entry
	pool  *Pool
	run   Runner
	state atomic.Uint32
	ctx   context.Context // or nil if it cannot end
	born  *waiter         // of a job with a goroutine of its own: while that waits for its slot
}

// The state of a Job.
//
//	jobNew      not started. Left by Start.
//	jobQueued   waits for a slot. Left by the worker that takes it (running), by
//	            Cancel or by the closing of the pool (dropped): whoever wins the
//	            CAS. The entry, or that of its goroutine (born), is in the
//	            queue while this is the state, and for a moment longer; or a
//	            worker is on its way with the job and nothing is in the queue.
//	jobRunning  RunJob is being called. Cannot be cancelled any more.
//	jobLeft     as jobRunning, and nobody waits for it any more.
//	jobDone     RunJob has returned, or ended in some other way.
//	jobDropped  it will never run.
const (
	jobNew = iota
	jobQueued
	jobRunning
	jobLeft
	jobDone
	jobDropped
)

// Start is StartContext with a context that does not end.
func (p *Pool) Start(j *Job, r Runner) error { return p.StartContext(context.Background(), j, r) }

// StartContext queues j to run r on a goroutine of the pool. It does not block: if
// the queue is full it returns ErrFull. Other errors are ErrClosed, ErrNilFunc (r
// is nil) and ErrLate (Options.RefuseLate). If it returns an error, j can be
// started again.
//
// If ctx has ended when the turn of j comes, it is dropped (DropJob, with the end
// of ctx). Nobody watches ctx before that: for a job to leave the queue when ctx
// ends, call Cancel.
//
// In a testing/synctest bubble that p is not in, j runs on a goroutine that is
// born in the bubble, and the bound of the queue does not count it.
func (p *Pool) StartContext(ctx context.Context, j *Job, r Runner) error {
	if r == nil {
		return ErrNilFunc
	}
	if !j.state.CompareAndSwap(jobNew, jobQueued) {
		panic("threadpool: Job started twice")
	}
	j.pool, j.run, j.entry.job, j.ctx = p, r, j, nil
	if ctx.Done() != nil {
		j.ctx = ctx
	}
	if p.born() {
		return p.startBorn(ctx, j)
	}
	if p.takeForNew() {
		p.startWorker(task{job: j})
		return nil
	}
	var wake wakeList
	p.mu.Lock()
	now := clock()
	err := p.mayQueueLocked()
	if err == nil && p.refuseLocked(ctx, now) {
		err = ErrLate
	}
	if err == nil {
		j.since = now
		if p.fifo.byDeadline {
			j.deadline = deadline(ctx, now)
		}
		p.fifo.push(&j.entry)
		p.dispatchLocked(&wake)
	}
	p.mu.Unlock()
	if err != nil {
		j.state.Store(jobNew)
		return err
	}
	wake.run()
	return nil
}

// takeForNew takes a slot for a new worker, if there is one to be had without mu
// and not enough workers are starting already.
func (p *Pool) takeForNew() bool {
	if p.starting.Load() >= p.maxStarting {
		return false
	}
	n := p.take(inTurn)
	if n == 0 {
		return false
	}
	p.starting.Add(1)
	p.took(n)
	return true
}

// mayQueueLocked returns why no job can be put into the queue, or nil.
func (p *Pool) mayQueueLocked() error {
	switch {
	case p.state.load().closed():
		return ErrClosed
	case p.fullLocked():
		return ErrFull
	}
	return nil
}

// Cancel takes j out of the queue and reports whether that means that it will
// never run. It does not block. It returns false when j has been started by a
// worker, or has been cancelled or dropped before.
func (j *Job) Cancel() bool {
	if !j.state.CompareAndSwap(jobQueued, jobDropped) {
		return false
	}
	p := j.pool
	var wake wakeList
	p.mu.Lock()
	if j.in != nil {
		j.remove()
	}
	if b := j.born; b != nil && b.in != nil {
		b.remove()
		wake.wake(b)
	}
	p.dispatchLocked(&wake)
	p.mu.Unlock()
	p.dropped.Add(1)
	wake.run()
	return true
}

// Leave says that nobody waits for j any more. If j is running it counts as
// abandoned in Stats until it ends, and Leave returns true.
func (j *Job) Leave() bool {
	if j.state.Load() != jobRunning {
		return false
	}
	j.pool.abandoned.Add(1) // first, for finish may follow at once
	if !j.state.CompareAndSwap(jobRunning, jobLeft) {
		j.pool.abandoned.Add(-1)
		return false
	}
	return true
}

// Running reports whether j has been started by a worker and has not ended.
func (j *Job) Running() bool {
	s := j.state.Load()
	return s == jobRunning || s == jobLeft
}

// finish moves j, which h has run, to its end and counts it.
func (j *Job) finish(h *holder) {
	if j.state.Swap(jobDone) == jobLeft {
		j.pool.abandoned.Add(-1)
	}
	h.jobEnds()
}

// reset makes an ended job, which the pool does not know any more, new again.
func (j *Job) reset() {
	j.pool, j.run, j.ctx, j.since = nil, nil, nil, 0
	j.state.Store(jobNew)
}

// begin moves a queued job that its worker has taken out of the queue to
// running, unless it has been cancelled meanwhile.
func (j *Job) begin() bool { return j.state.CompareAndSwap(jobQueued, jobRunning) }

// Panicked reports a panic with value v that nobody waits for: to OnPanic if
// there is one, else by panicking with a *PanicError, which ends the process.
// It is called on the goroutine of the job.
func (p *Pool) Panicked(v any, stack []byte) {
	if p.opts.OnPanic == nil {
		panic(NewPanicError(v, stack))
	}
	p.opts.OnPanic(v, stack)
}
