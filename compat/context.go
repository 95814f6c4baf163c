package compat

import (
	"context"
	"sync/atomic"

	"github.com/causeway-go/causeway/pollster"
)

// Done returns a future that never has a value and fails when ctx ends, with an
// error for which errors.Is holds with ctx.Err() and context.Cause(ctx). Its
// type is that of whatever it is raced against:
//
//	pollster.Race(work, compat.Done[Page](ctx))
//
// It holds a registration with ctx (context.AfterFunc) from its first poll until
// the end or Cancel.
func Done[T any](ctx context.Context) pollster.Future[T] { return &done[T]{ctx: ctx} }

type done[T any] struct {
	ctx   context.Context
	waker pollster.AtomicWaker
	stop  func() bool
	left  bool // by Cancel
}

func (d *done[T]) Poll(w *pollster.Waker) (v T, ready bool, err error) {
	if d.left {
		return v, false, pollster.ErrCanceled
	}
	if d.ctx.Err() == nil && d.ctx.Done() != nil {
		// Register first, look afterwards; see pollster.AtomicWaker.
		d.waker.Register(w)
		if d.stop == nil {
			d.stop = context.AfterFunc(d.ctx, d.waker.Wake)
		}
	}
	if d.ctx.Err() != nil {
		d.waker.Take()
		return v, false, ctxError(d.ctx)
	}
	return v, false, nil
}

// Cancel implements [pollster.Canceler].
func (d *done[T]) Cancel() {
	d.left = d.left || d.ctx.Err() == nil
	d.waker.Take()
	if d.stop != nil {
		d.stop()
	}
}

// Context starts f, on a goroutine of its own that waits for it, and returns a
// context that ends when f does: with the cause context.Canceled if f has ended
// with a value, which [Value] then returns, and else with f's error as the
// cause. It also ends with parent and with cancel, which cancel f. Call cancel
// when the context is not needed any more, or f goes on. A panic of f is one of
// that goroutine.
func Context[T any](parent context.Context, f pollster.Future[T]) (ctx context.Context, cancel context.CancelFunc) {
	c, end := context.WithCancelCause(parent)
	cell := new(atomic.Pointer[T])
	go func() {
		cause := error(context.Canceled) // also if f ends the goroutine
		defer func() { end(cause) }()
		v, err := pollster.BlockOn(c, f)
		if err != nil {
			cause = err
			return
		}
		cell.Store(&v) // before the end, so that it is there then
	}()
	return context.WithValue(c, valueKey[T]{}, cell), func() { end(nil) }
}

// valueKey is the key under which a context keeps the value of its future.
type valueKey[T any] struct{}

// Value returns what the future behind ctx, which [Context] has made from a
// Future[T], has ended with. ok is false if it has not ended, or has failed, or
// if there is none of that type. Of several the innermost counts. It does not
// block.
func Value[T any](ctx context.Context) (v T, ok bool) {
	cell, _ := ctx.Value(valueKey[T]{}).(*atomic.Pointer[T])
	if cell == nil {
		return v, false
	}
	if p := cell.Load(); p != nil {
		return *p, true
	}
	return v, false
}
