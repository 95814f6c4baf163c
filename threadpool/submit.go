package threadpool

import (
	"context"
	"sync"

	"github.com/causeway-go/causeway/internal/ended"
	"github.com/causeway-go/causeway/internal/goroutine"
)

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
	w.admit = j
	var wake wakeList
	p.mu.Lock()
	if p.state.load().closed() {
		p.mu.Unlock()
		w.free()
		return ErrClosed
	}
	j.state.Store(jobQueued)
	p.outside.push(&w.entry)
	p.dispatchLocked(&wake)
	p.mu.Unlock()
	wake.run(p)
	return p.await(ctx, goroutine.Here(), w)
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
	d.f = nil
	d.Job.reset()
	detachedJobs.Put(d)
}

// RunJob implements Runner.
func (d *detached) RunJob() { d.f() }

// DropJob implements Runner.
func (d *detached) DropJob(error) {}

// jobEnded implements ender.
func (d *detached) jobEnded() { d.free() }
