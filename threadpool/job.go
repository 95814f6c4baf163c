package threadpool

import (
	"context"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"github.com/causeway-go/causeway/internal/ended"
)

// A Runner is what a Job runs.
type Runner interface {
	// RunJob runs the job, on a goroutine of the pool.
	RunJob()
	// DropJob is called instead of RunJob, with ErrClosed, if the pool drops
	// the job from its queue because it has been closed. It must not block.
	DropJob(err error)
}

// A Job is one stay of a Runner in a pool. It is for those who build on the
// pool: embed it in the structure that holds the function and its result, so
// that all of it is one allocation. The zero value is ready. A Job is used once
// and must not be copied.
type Job struct {
	entry
	pool  *Pool
	run   Runner
	state atomic.Uint32
	born  *waiter // of a job from another bubble: its goroutine, waiting for a slot
}

// The state of a Job.
//
//	jobNew      not started. Left by Start.
//	jobQueued   waits for a slot. Left by the worker that takes it (running), by
//	            Cancel or by the closing of the pool (dropped): whoever wins the
//	            CAS. The entry is in the queue exactly while this is the state,
//	            or its goroutine holds it (born).
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

// Start queues j to run r on a goroutine of the pool. It does not block: if the
// queue is full it returns ErrFull. Other errors are ErrClosed and ErrNilFunc
// (r is nil). If Start returns an error, j can be started again.
//
// In a testing/synctest bubble that p is not in, j runs on a goroutine that is
// born in the bubble, and the bound of the queue does not count it.
func (p *Pool) Start(j *Job, r Runner) error {
	if r == nil {
		return ErrNilFunc
	}
	if !j.state.CompareAndSwap(jobNew, jobQueued) {
		panic("threadpool: Job started twice")
	}
	j.pool, j.run, j.job = p, r, j
	if p.foreign() {
		return p.startForeign(j)
	}
	if p.starting.Load() < p.maxStarting {
		if n := p.state.take(); n > 0 {
			p.starting.Add(1)
			p.took(n)
			j.state.Store(jobRunning)
			p.startWorker(j)
			return nil
		}
	}
	var wake wakeList
	p.mu.Lock()
	err := p.queueLocked(j)
	if err == nil {
		p.dispatchLocked(&wake)
	}
	p.mu.Unlock()
	if err != nil {
		j.state.Store(jobNew)
		return err
	}
	wake.run(p)
	return nil
}

func (p *Pool) queueLocked(j *Job) error {
	switch {
	case p.state.load().closed():
		return ErrClosed
	case p.fullLocked():
		return ErrFull
	}
	p.fifo.push(&j.entry)
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
	if j.born != nil {
		j.born.n.Notify(j.born.generation)
	}
	p.dispatchLocked(&wake)
	p.mu.Unlock()
	p.dropped.Add(1)
	wake.run(p)
	return true
}

// Leave says that nobody waits for j any more. If j is running it counts as
// abandoned in Stats until it ends, and Leave returns true.
func (j *Job) Leave() bool {
	if !j.state.CompareAndSwap(jobRunning, jobLeft) {
		return false
	}
	j.pool.abandoned.Add(1)
	return true
}

// Running reports whether j has been started by a worker and has not ended.
func (j *Job) Running() bool {
	s := j.state.Load()
	return s == jobRunning || s == jobLeft
}

// finish moves j to its end.
func (j *Job) finish() {
	if j.state.Swap(jobDone) == jobLeft {
		j.pool.abandoned.Add(-1)
	}
	j.pool.completed.Add(1)
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
	w.pool, w.first = p, first
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
		j = p.next()
	} else if p.state.load().queued() {
		p.kick()
	}
	for j != nil {
		if !p.runJob(j, &w.holder) {
			return // the goroutine is ending; runJob has seen to the slot
		}
		j = p.next()
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

// next decides what becomes of a worker's slot: it returns the next job to run
// in it, or nil when the slot has gone to somebody else, or back.
func (p *Pool) next() *Job {
	if p.state.give() {
		return nil
	}
	var (
		wake wakeList
		j    *Job
	)
	p.mu.Lock()
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

// runJob runs j and reports whether its goroutine can go on. If j has ended the
// goroutine (runtime.Goexit), or is about to end the process by a panic, the
// slot is passed on to another worker.
func (p *Pool) runJob(j *Job, h *holder) (ok bool) {
	defer func() {
		if !ok {
			j.finish()
			h.leave()
			p.release()
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
	j.finish()
	if d, ok := j.run.(*detached); ok {
		d.free()
	}
	return true
}

// startForeign starts j from a bubble that p is not in.
func (p *Pool) startForeign(j *Job) error {
	if p.state.load().closed() {
		j.state.Store(jobNew)
		return ErrClosed
	}
	w := p.newWaiter()
	j.born = w
	go p.workForeign(j, w)
	return nil
}

// workForeign is the goroutine of a job from another bubble. It waits for its
// slot itself, and runs nothing but j.
func (p *Pool) workForeign(j *Job, w *waiter) {
	err := p.standForeign(j, w)
	if err != nil {
		if j.state.CompareAndSwap(jobQueued, jobDropped) {
			p.dropped.Add(1)
			j.run.DropJob(err)
		}
		return
	}
	if !j.begin() {
		p.release()
		return
	}
	h := &holder{pool: p}
	h.place.Enter(h)
	if p.runJob(j, h) {
		h.leave()
		p.release()
	}
}

// standForeign waits for a slot. It returns an error if there will be none,
// because of Cancel or Close.
func (p *Pool) standForeign(j *Job, w *waiter) error {
	var wake wakeList
	p.mu.Lock()
	switch {
	case p.state.load().closed():
		j.born = nil
		p.mu.Unlock()
		w.free()
		return ErrClosed
	case p.state.load().free() > p.back.len+p.fifo.len && p.takeLocked():
		w.granted = true
	case j.state.Load() == jobQueued:
		p.fifo.push(&w.entry)
		p.dispatchLocked(&wake)
	}
	for !w.granted && w.in != nil && j.state.Load() == jobQueued {
		p.mu.Unlock()
		wake.run(p)
		w.n.WaitAt(nil, context.Background(), false)
		p.mu.Lock()
	}
	if w.in != nil {
		w.remove()
		p.dispatchLocked(&wake)
	}
	granted := w.granted
	j.born = nil
	p.mu.Unlock()
	wake.run(p)
	w.free()
	if !granted {
		return ErrClosed
	}
	return nil
}

// Submit queues f to run on a goroutine of the pool, with nobody waiting for
// it. If the queue is full it waits for room until ctx ends. A panic in f goes
// to Options.OnPanic. The error is ErrNilFunc, ErrClosed, or the end of ctx;
// with an error f never runs.
func (p *Pool) Submit(ctx context.Context, f func()) error {
	if f == nil {
		return ErrNilFunc
	}
	if ctx.Done() != nil && ctx.Err() != nil {
		return ended.Error(ctx)
	}
	d := newDetached(f)
	err := p.Start(&d.Job, d)
	if err == ErrFull {
		err = p.submitOutside(ctx, &d.Job)
	}
	if err != nil {
		d.free()
	}
	return err
}

// TrySubmit is Submit without waiting: if the queue is full it returns ErrFull.
func (p *Pool) TrySubmit(f func()) error {
	if f == nil {
		return ErrNilFunc
	}
	d := newDetached(f)
	err := p.Start(&d.Job, d)
	if err != nil {
		d.free()
	}
	return err
}

// submitOutside waits for room in the queue for j.
func (p *Pool) submitOutside(ctx context.Context, j *Job) error {
	w := p.newWaiter()
	defer w.free()
	w.admit = j
	var wake wakeList
	p.mu.Lock()
	if p.state.load().closed() {
		p.mu.Unlock()
		return ErrClosed
	}
	j.state.Store(jobQueued)
	p.outside.push(&w.entry)
	p.dispatchLocked(&wake)
	p.mu.Unlock()
	wake.run(p)
	for {
		woken := w.n.Wait(ctx, false)
		p.mu.Lock()
		switch {
		case w.granted:
			p.mu.Unlock()
			return nil
		case w.in == nil:
			p.mu.Unlock()
			return ErrClosed
		case !woken:
			w.remove()
			p.mu.Unlock()
			return ended.Error(ctx)
		}
		p.mu.Unlock()
	}
}

// A detached is the job of Submit.
type detached struct {
	Job
	f func()
}

var detachedJobs = sync.Pool{New: func() any { return new(detached) }}

func newDetached(f func()) *detached {
	d := detachedJobs.Get().(*detached)
	d.f = f
	return d
}

func (d *detached) free() {
	d.f, d.run, d.pool = nil, nil, nil
	d.state.Store(jobNew)
	detachedJobs.Put(d)
}

// RunJob implements Runner.
func (d *detached) RunJob() { d.f() }

// DropJob implements Runner.
func (d *detached) DropJob(error) {}
