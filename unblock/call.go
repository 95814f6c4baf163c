package unblock

import (
	"context"
	"sync"

	"github.com/causeway-go/causeway/internal/ended"
	"github.com/causeway-go/causeway/pollster"
	"github.com/causeway-go/causeway/threadpool"
)

// Call runs f, which may block, in a slot of the default pool, and returns what
// f returns. It is [CallOn] with [threadpool.Default].
func Call[T any](ctx context.Context, f func() (T, error)) (T, error) {
	return CallOn(ctx, threadpool.Default(), f)
}

// CallOn runs f, which may block, in a slot of p, and returns what f returns. A
// nil p means the default pool.
//
// With a ctx that cannot end, f runs on the calling goroutine as soon as a slot
// is free. Otherwise, and always in a task, f runs on a goroutine of the pool,
// and the caller waits in its own way. If ctx ends first, CallOn returns an error
// for which errors.Is holds with ctx.Err() and context.Cause(ctx): if f had not
// started it never runs; if it had, it goes on with nobody waiting for it, its
// slot stays taken (Stats.Abandoned counts it), and its result is dropped.
//
// A panic in f comes out of CallOn, from a goroutine of the pool as a
// *threadpool.PanicError with the stack of f; if nobody waits any more it goes to
// the pool's OnPanic. If f ends its goroutine with runtime.Goexit, the calling
// goroutine ends if f has run there, else the error is threadpool.ErrGoexit. Other
// errors are threadpool.ErrNilFunc, ErrClosed, ErrFull and ErrLate.
func CallOn[T any](ctx context.Context, p *threadpool.Pool, f func() (T, error)) (T, error) {
	var zero T
	if f == nil {
		return zero, threadpool.ErrNilFunc
	}
	if p == nil {
		p = threadpool.Default()
	}
	if ctx.Done() == nil && threadpool.CanBlock() {
		s, err := p.Enter(ctx)
		if err != nil {
			return zero, err
		}
		defer s.Leave()
		return f()
	}
	c, ok := calls.Get().(*called[T])
	if !ok {
		c = new(called[T])
	}
	c.f = f
	if err := p.DoWork(ctx, c); err != nil {
		return zero, err // c may still be in use
	}
	v, err := c.v, c.err
	*c = called[T]{}
	calls.Put(c)
	return v, err
}

// A called is a call that another goroutine makes.
type called[T any] struct {
	f   func() (T, error)
	v   T
	err error
}

// calls recycles values of type *called[T] of any T. One of the wrong T is given
// to the collector, and soon there are some of those that are asked for.
var calls sync.Pool

// Work implements threadpool.Work.
func (c *called[T]) Work() { c.v, c.err = c.f() }

// CallInterruptible is [CallInterruptibleOn] with the default pool.
func CallInterruptible[T any](ctx context.Context, f func() (T, error), interrupt func()) (T, error) {
	return CallInterruptibleOn(ctx, threadpool.Default(), f, interrupt)
}

// CallInterruptibleOn is [CallOn] for a call that can be stopped: if ctx ends
// while f is running, interrupt is called once, on the goroutine that waits, and
// should make f return soon. Typical hooks close a descriptor, send a signal, or
// call the interrupt function of a C library.
//
// The hook is fenced: it is never called before f has started or after f has
// returned, and f is not taken to have returned while the hook is running. So a
// hook that stops «whatever is running now» cannot hit a later call. It must not
// block and must not wait for f.
//
// CallInterruptibleOn does not wait for f after the hook, which may not have
// worked. Whoever must know when f has returned uses [GoInterruptibleOn] and waits.
func CallInterruptibleOn[T any](ctx context.Context, p *threadpool.Pool, f func() (T, error), interrupt func()) (T, error) {
	if f == nil || interrupt == nil {
		var zero T
		return zero, threadpool.ErrNilFunc
	}
	if p == nil {
		p = threadpool.Default()
	}
	if ctx.Done() != nil && ctx.Err() != nil {
		var zero T
		return zero, ended.Error(ctx)
	}
	return pollster.BlockOn(ctx, start(ctx, p, f, interrupt))
}

// Func wraps f, so that it takes a context and runs as [Call] would run it.
func Func[T any](f func() (T, error)) func(context.Context) (T, error) {
	return FuncOn(nil, f)
}

// FuncOn is [Func] for the pool p.
func FuncOn[T any](p *threadpool.Pool, f func() (T, error)) func(context.Context) (T, error) {
	return func(ctx context.Context) (T, error) { return CallOn(ctx, p, f) }
}

// Func1 wraps a function of one argument, such as os.ReadFile, so that it takes
// a context too and runs as [Call] would run it.
func Func1[A, T any](f func(A) (T, error)) func(context.Context, A) (T, error) {
	return Func1On(nil, f)
}

// Func1On is [Func1] for the pool p.
func Func1On[A, T any](p *threadpool.Pool, f func(A) (T, error)) func(context.Context, A) (T, error) {
	return func(ctx context.Context, a A) (T, error) {
		return CallOn(ctx, p, bind(f != nil, func() (T, error) { return f(a) }))
	}
}

// Func2 is [Func1] for a function of two arguments.
func Func2[A, B, T any](f func(A, B) (T, error)) func(context.Context, A, B) (T, error) {
	return Func2On(nil, f)
}

// Func2On is [Func2] for the pool p.
func Func2On[A, B, T any](p *threadpool.Pool, f func(A, B) (T, error)) func(context.Context, A, B) (T, error) {
	return func(ctx context.Context, a A, b B) (T, error) {
		return CallOn(ctx, p, bind(f != nil, func() (T, error) { return f(a, b) }))
	}
}

// Func3 is [Func1] for a function of three arguments.
func Func3[A, B, C, T any](f func(A, B, C) (T, error)) func(context.Context, A, B, C) (T, error) {
	return Func3On(nil, f)
}

// Func3On is [Func3] for the pool p.
func Func3On[A, B, C, T any](p *threadpool.Pool, f func(A, B, C) (T, error)) func(context.Context, A, B, C) (T, error) {
	return func(ctx context.Context, a A, b B, c C) (T, error) {
		return CallOn(ctx, p, bind(f != nil, func() (T, error) { return f(a, b, c) }))
	}
}

// bind returns call, or nil if there is nothing to call.
func bind[T any](ok bool, call func() (T, error)) func() (T, error) {
	if !ok {
		return nil
	}
	return call
}
