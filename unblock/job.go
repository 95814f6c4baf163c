package unblock

import (
	"context"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"github.com/causeway-go/causeway/pollster"
	"github.com/causeway-go/causeway/threadpool"
)

// A Job is a blocking call that has been handed to a pool: a
// [pollster.Future] of its result that runs whether it is polled or not. Make
// one with [Go]. One goroutine at a time may poll it or wait for it; Cancel,
// Detach and Done may be called from anywhere.
//
// A Job that is neither waited for nor detached keeps the panic of its function
// to itself.
type Job[T any] struct {
	job       threadpool.Job
	pool      *threadpool.Pool
	f         func() (T, error)
	interrupt func()
	fence     sync.Mutex // held by the hook, and by the end of a call that has one

	state atomic.Uint32
	waker pollster.AtomicWaker

	// Written before state becomes known, read after.
	v        T
	err      error
	panicked *threadpool.PanicError
}

// The state of a Job.
//
//	jobOpen   the result is not known. Left once, by whoever is first of:
//	jobKnown  the job's goroutine has written the result. Never left: a result
//	          that has been there once survives Cancel.
//	jobLeft   Cancel or Detach: nobody will read the result, and a panic goes to
//	          the pool. Never left.
const (
	jobOpen = iota
	jobKnown
	jobLeft
)

// Go starts f, which may block, on the default pool, and returns a future of its
// result. See [GoOn].
func Go[T any](f func() (T, error)) *Job[T] { return GoOn(nil, f) }

// GoOn starts f, which may block, on a goroutine of p as soon as a slot is free.
// It does not block; a nil p means the default pool. If f cannot be queued the
// Job has failed with threadpool.ErrFull, ErrClosed or ErrNilFunc.
//
// A panic in f is raised again, as a *threadpool.PanicError, by the Poll or Wait
// that finds it. If f ends its goroutine with runtime.Goexit the Job fails with
// threadpool.ErrGoexit.
func GoOn[T any](p *threadpool.Pool, f func() (T, error)) *Job[T] {
	return GoInterruptibleOn(p, f, nil)
}

// GoInterruptibleOn is [GoOn] with a hook that Cancel calls if f is running; see
// [CallInterruptibleOn] for what the hook may do. A nil hook is as none.
func GoInterruptibleOn[T any](p *threadpool.Pool, f func() (T, error), interrupt func()) *Job[T] {
	if p == nil {
		p = threadpool.Default()
	}
	return start(context.Background(), p, f, interrupt)
}

func start[T any](ctx context.Context, p *threadpool.Pool, f func() (T, error), interrupt func()) *Job[T] {
	j := &Job[T]{pool: p, f: f, interrupt: interrupt}
	err := threadpool.ErrNilFunc
	if f != nil {
		err = p.StartContext(ctx, &j.job, (*runner[T])(j))
	}
	if err != nil {
		j.err = err
		j.state.Store(jobKnown)
	}
	return j
}

// Poll implements [pollster.Future]. After the end it goes on returning the
// result.
func (j *Job[T]) Poll(w *pollster.Waker) (T, bool, error) {
	if j.state.Load() == jobOpen {
		j.waker.Register(w)
		// The job's goroutine makes the state known and then wakes. If it
		// did so before Register, this load sees it.
	}
	return j.result()
}

// result returns the result if it is known.
func (j *Job[T]) result() (v T, ready bool, err error) {
	switch {
	case j.state.Load() != jobKnown:
		return v, false, nil
	case j.panicked != nil:
		panic(j.panicked)
	}
	return j.v, j.err == nil, j.err
}

// Wait waits for the result as [pollster.BlockOn] does: if ctx ends first, the
// job is cancelled.
func (j *Job[T]) Wait(ctx context.Context) (T, error) { return pollster.BlockOn(ctx, j) }

// Done reports whether the result is known. It does not block.
func (j *Job[T]) Done() bool { return j.state.Load() == jobKnown }

// Cancel gives up the result. If the function has not started it never runs. If
// it is running it goes on, after the interrupt hook has been called if there is
// one; its slot stays taken until it returns. Cancel implements
// [pollster.Canceler]; it does not block, may be called more than once, and does
// nothing when the result is known.
func (j *Job[T]) Cancel() {
	if j.interrupt == nil {
		j.leave()
		return
	}
	j.fence.Lock()
	defer j.fence.Unlock()
	if j.leave() && j.job.Running() {
		j.interrupt()
	}
}

// Detach lets the job run to its end with nobody waiting for it. A panic goes to
// the pool's OnPanic, on the calling goroutine if it has happened already. The Job
// must not be polled any more.
func (j *Job[T]) Detach() {
	if j.state.CompareAndSwap(jobOpen, jobLeft) {
		j.waker.Take()
	} else if j.state.Load() == jobKnown && j.panicked != nil {
		j.pool.Panicked(j.panicked.Value, j.panicked.Stack)
	}
}

// leave gives up the result, unless it is known or has been given up.
func (j *Job[T]) leave() bool {
	if !j.state.CompareAndSwap(jobOpen, jobLeft) {
		return false
	}
	j.waker.Take()
	if !j.job.Cancel() {
		j.job.Leave()
	}
	return true
}

// runner is the side of a Job that the pool sees.
type runner[T any] Job[T]

// RunJob implements threadpool.Runner.
func (r *runner[T]) RunJob() {
	j := (*Job[T])(r)
	returned := false
	defer func() {
		if !returned {
			if v := recover(); v != nil {
				j.panicked = threadpool.NewPanicError(v, debug.Stack())
			} else {
				j.err = threadpool.ErrGoexit
			}
		}
		j.settle()
	}()
	j.v, j.err = j.f()
	returned = true
}

// DropJob implements threadpool.Runner.
func (r *runner[T]) DropJob(err error) {
	j := (*Job[T])(r)
	j.err = err
	j.settle()
}

// settle makes the result known, or drops it.
func (j *Job[T]) settle() {
	if j.interrupt != nil {
		j.fence.Lock() // until a hook that is running has returned
		defer j.fence.Unlock()
	}
	if j.state.CompareAndSwap(jobOpen, jobKnown) {
		j.waker.Wake()
	} else if j.panicked != nil {
		j.pool.Panicked(j.panicked.Value, j.panicked.Stack)
	}
}
