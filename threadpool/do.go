package threadpool

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync/atomic"

	"github.com/causeway-go/causeway/internal/ended"
	"github.com/causeway-go/causeway/internal/goroutine"
)

// A PanicError is a panic on its way from a job's goroutine to the goroutine
// that waits for the job, where it is raised again.
type PanicError struct {
	Value any    // what the job panicked with
	Stack []byte // the stack of the job at the panic
}

// NewPanicError returns a PanicError for a recovered value. A value that is a
// PanicError already is returned as it is.
func NewPanicError(v any, stack []byte) *PanicError {
	if e, ok := v.(*PanicError); ok {
		return e
	}
	return &PanicError{Value: v, Stack: stack}
}

// Error returns the value and the stack of the job.
func (e *PanicError) Error() string {
	return fmt.Sprintf("%v\n\npanicked in a job of a pool:\n%s", e.Value, e.Stack)
}

// Unwrap returns Value if it is an error.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}

// Do runs f in a slot of the pool and returns when it has returned.
//
// With a ctx that cannot end, f runs on the calling goroutine. Otherwise it runs
// on a goroutine of the pool, so that Do can return when ctx ends: f never runs
// if it had not started by then, and counts as abandoned if it had, until it
// returns.
//
// A panic in f comes out of Do; from a goroutine of the pool it comes as a
// *PanicError that has the job's stack. Where nobody is left to receive it, it
// goes to Options.OnPanic. If f calls runtime.Goexit, Do does so too if f has run
// on the calling goroutine, else it returns ErrGoexit. Other errors are
// ErrNilFunc, ErrClosed, ErrFull, and the end of ctx.
func (p *Pool) Do(ctx context.Context, f func()) error {
	if f == nil {
		return ErrNilFunc
	}
	if ctx.Done() == nil && MayBlock() {
		s, err := p.Enter(ctx)
		if err != nil {
			return err
		}
		defer s.Leave()
		f()
		return nil
	}
	if ctx.Done() != nil && ctx.Err() != nil {
		return ended.Error(ctx)
	}
	d := &waited{f: f, w: newWaiter()}
	d.generation = d.w.generation
	if err := p.Start(&d.Job, d); err != nil {
		d.w.free()
		return err
	}
	if !d.wait(ctx) {
		return ended.Error(ctx)
	}
	if d.panicked != nil {
		panic(d.panicked)
	}
	return d.err
}

// MayBlock reports whether blocking code may run on the calling goroutine as it
// is: whether it is an ordinary goroutine, or one that is in a job. It is false
// for the workers and tasks of an executor.
func MayBlock() bool {
	for p := goroutine.Here(); p != nil; p = p.Outer() {
		if b, ok := p.Hooks().(interface{ MayBlock() bool }); !ok || !b.MayBlock() {
			return false
		}
	}
	return true
}

// A waited is the job of Do when it runs on another goroutine.
type waited struct {
	Job
	f          func()
	w          *waiter
	generation uint64
	outcome    atomic.Uint32
	panicked   *PanicError
	err        error
}

// The outcome of a waited job: the first of its two sides to move it decides.
const (
	outcomeOpen  = iota
	outcomeKnown // by the job, after it has written panicked and err
	outcomeLeft  // by the waiter, who does not read them
)

// wait waits until the outcome is known, or gives the job up when ctx ends and
// returns false. It also gives the job up if the waiting goroutine ends.
func (d *waited) wait(ctx context.Context) (known bool) {
	over := false
	defer func() {
		if over {
			d.w.free()
			return
		}
		d.w.lose()
		_ = d.Cancel() || d.leave()
	}()
	for {
		woken := d.w.n.Wait(ctx, false)
		known = d.outcome.Load() == outcomeKnown
		if !known && woken {
			continue // woken by something else
		}
		over = true
		return known || !d.Cancel() && !d.leave()
	}
}

// leave gives the outcome up, unless it is known.
func (d *waited) leave() bool {
	if !d.outcome.CompareAndSwap(outcomeOpen, outcomeLeft) {
		return false
	}
	d.Leave()
	return true
}

// RunJob implements Runner.
func (d *waited) RunJob() {
	returned := false
	defer func() {
		if !returned {
			if v := recover(); v != nil {
				d.panicked = NewPanicError(v, debug.Stack())
			} else {
				d.err = ErrGoexit
			}
		}
		d.settle()
	}()
	d.f()
	returned = true
}

// DropJob implements Runner.
func (d *waited) DropJob(err error) {
	d.err = err
	d.settle()
}

func (d *waited) settle() {
	if d.outcome.CompareAndSwap(outcomeOpen, outcomeKnown) {
		d.w.n.Notify(d.generation)
	} else if d.panicked != nil {
		d.pool.Panicked(d.panicked.Value, d.panicked.Stack)
	}
}
