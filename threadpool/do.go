package threadpool

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"github.com/causeway-go/causeway/internal/ended"
	"github.com/causeway-go/causeway/internal/goroutine"
	"github.com/causeway-go/causeway/internal/park"
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
// ErrNilFunc, ErrClosed, ErrFull, ErrLate, and the end of ctx.
func (p *Pool) Do(ctx context.Context, f func()) error {
	if f == nil {
		return ErrNilFunc
	}
	return p.DoWork(ctx, workFunc(f))
}

// A Work is a function together with what it works on and a place for its result,
// so that handing it over allocates nothing.
type Work interface {
	// Work does it. It is called once, and may block.
	Work()
}

type workFunc func()

func (f workFunc) Work() { f() }

// DoWork is [Pool.Do] for a Work. If the error is the end of ctx, w may still be
// running.
func (p *Pool) DoWork(ctx context.Context, w Work) error {
	if w == nil {
		return ErrNilFunc
	}
	if ctx.Done() == nil && CanBlock() {
		return p.doHere(ctx, w)
	}
	return p.doElsewhere(ctx, w)
}

// doHere runs w on the calling goroutine.
func (p *Pool) doHere(ctx context.Context, w Work) error {
	s, err := p.Enter(ctx)
	if err != nil {
		return err
	}
	defer s.Leave()
	w.Work()
	return nil
}

// doElsewhere runs w on a goroutine of the pool.
func (p *Pool) doElsewhere(ctx context.Context, w Work) error {
	if ctx.Done() != nil && ctx.Err() != nil {
		return ended.Error(ctx)
	}
	d := newWaited(w)
	if err := p.StartContext(ctx, &d.Job, d); err != nil {
		d.free()
		return err
	}
	known, err := d.wait(ctx)
	switch {
	case err != nil:
		return err // as below
	case !known:
		return ended.Error(ctx) // d still belongs to its job
	}
	panicked, err := d.panicked, d.err
	d.free()
	if panicked != nil {
		panic(panicked)
	}
	return err
}

// CanBlock reports whether blocking code may run on the calling goroutine as it
// is: whether it is an ordinary goroutine, or one that is in a job. It is false
// for the workers and tasks of an executor.
func CanBlock() bool {
	for p := goroutine.Here(); p != nil; p = p.Outer() {
		if b, ok := p.Hooks().(interface{ MayBlock() bool }); !ok || !b.MayBlock() {
			return false
		}
	}
	return true
}

// A waited is the job of Do when it runs on another goroutine. It is recycled if
// the waiter has stayed for the outcome, which is the last thing that its job
// touches in it.
type waited struct {
	Job
	work       Work
	n          *park.Notifier // of the waiter
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

var waitedJobs = sync.Pool{New: func() any { return &waited{n: park.New()} }}

func newWaited(w Work) *waited {
	d := waitedJobs.Get().(*waited)
	d.work, d.generation = w, d.n.Begin()
	return d
}

func (d *waited) free() {
	d.n.Detach()
	d.Job.reset()
	d.work, d.panicked, d.err = nil, nil, nil
	d.outcome.Store(outcomeOpen)
	waitedJobs.Put(d)
}

// wait waits until the outcome is known, or gives the job up when ctx ends and
// returns false. It also gives the job up if the waiting goroutine ends, or may
// not wait (see goroutine.Refusal); the latter is an error.
func (d *waited) wait(ctx context.Context) (known bool, err error) {
	over := false
	defer func() {
		if over {
			return
		}
		d.n.Detach()
		d.n.Begin() // nobody sets out to unpark this goroutine any more
		if !d.Cancel() && !d.leave() && d.panicked != nil {
			// It is known how the job ended, and to nobody else.
			defer d.pool.Panicked(d.panicked.Value, d.panicked.Stack)
		}
		err = goroutine.Refused(recover())
	}()
	for {
		woken := d.n.Wait(ctx, false)
		known = d.outcome.Load() == outcomeKnown
		if !known && woken {
			continue // woken by something else
		}
		over = true
		if !known && (d.Cancel() || d.leave()) {
			d.n.Detach()
			return false, nil
		}
		return true, nil
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
		if returned {
			return
		}
		if v := recover(); v != nil {
			d.panicked = NewPanicError(v, debug.Stack())
		} else {
			d.err = ErrGoexit
		}
	}()
	d.work.Work()
	returned = true
}

// DropJob implements Runner.
func (d *waited) DropJob(err error) {
	d.err = err
	d.jobEnded()
}

// jobEnded implements ender. Nothing of d may be touched after the outcome has
// become known but what has been read before.
func (d *waited) jobEnded() {
	n, generation := d.n, d.generation
	if d.outcome.CompareAndSwap(outcomeOpen, outcomeKnown) {
		n.Notify(generation)
	} else if d.panicked != nil {
		d.pool.Panicked(d.panicked.Value, d.panicked.Stack)
	}
}
