package threadpool

import (
	"context"

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
	err := p.TrySubmit(f)
	if err == ErrFull {
		err = p.submitOutside(ctx, f)
	}
	return err
}

// TrySubmit is Submit without waiting: if the queue is full it returns ErrFull.
func (p *Pool) TrySubmit(f func()) error {
	if f == nil {
		return ErrNilFunc
	}
	if p.born() {
		return p.Start(new(Job), orphan(f))
	}
	if p.takeForNew() {
		p.startWorker(task{f: f})
		return nil
	}
	var wake wakeList
	p.mu.Lock()
	err := p.mayQueueLocked()
	if err == nil {
		p.pushFuncLocked(f)
		p.dispatchLocked(&wake)
	}
	p.mu.Unlock()
	wake.run()
	return err
}

// An orphan is the function of a job that has a goroutine of its own.
type orphan func()

// RunJob implements Runner.
func (f orphan) RunJob() { f() }

// DropJob implements Runner.
func (f orphan) DropJob(error) {}

// submitOutside waits for room in the queue for f.
func (p *Pool) submitOutside(ctx context.Context, f func()) error {
	w := p.newWaiter()
	w.admit = f
	var wake wakeList
	p.mu.Lock()
	if p.state.load().closed() {
		p.mu.Unlock()
		w.free()
		return ErrClosed
	}
	p.outside.push(&w.entry)
	p.dispatchLocked(&wake)
	p.mu.Unlock()
	wake.run()
	return p.await(ctx, goroutine.Here(), w)
}
