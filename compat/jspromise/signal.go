//go:build js

package jspromise

import (
	"context"
	"syscall/js"
)

// Context returns a context that ends when parent does and when the AbortSignal
// does. Then context.Cause is the signal's reason as an *[Error]: errors.Is holds
// with context.Canceled for what AbortController.abort gives, and with
// context.DeadlineExceeded for AbortSignal.timeout. ctx.Err is context.Canceled in
// either case. A signal that is undefined or null never ends; anything else that
// is no AbortSignal panics. It does not block.
//
// It listens to the signal from now on, until the context ends. The caller must
// see to that: after cancel has returned the listener is gone.
func Context(parent context.Context, signal js.Value) (ctx context.Context, cancel context.CancelFunc) {
	ctx, end := context.WithCancelCause(parent)
	if signal.IsUndefined() || signal.IsNull() {
		return ctx, func() { end(nil) }
	}
	if !signal.InstanceOf(js.Global().Get("AbortSignal")) {
		panic("jspromise: Context of what is no AbortSignal")
	}
	if signal.Get("aborted").Bool() {
		end(GoError(signal.Get("reason")))
		return ctx, func() {}
	}
	a := &aborted{signal: signal, end: end}
	a.id = enter(a)
	a.listener = bound(a.id, 0)
	signal.Call("addEventListener", "abort", a.listener)
	stop := context.AfterFunc(ctx, a.remove)
	return ctx, func() {
		stop()
		end(nil)
		a.remove()
	}
}

// An aborted listens to an AbortSignal.
type aborted struct {
	signal, listener js.Value
	id               int
	end              context.CancelCauseFunc
}

func (a *aborted) called(int, []js.Value) any {
	a.end(GoError(a.signal.Get("reason")))
	a.remove()
	return nil
}

func (a *aborted) remove() {
	if leave(a.id) {
		a.signal.Call("removeEventListener", "abort", a.listener)
	}
}

// Signal returns an AbortSignal that aborts when ctx ends, with what [JSError]
// makes of its cause as the reason: at once if ctx has ended, else on a goroutine
// of its own, which is where the listeners of the signal run. stop, which the
// caller must call if ctx may not end, takes the signal off ctx; it then never
// aborts. It does not block.
func Signal(ctx context.Context) (signal js.Value, stop func()) {
	controller := js.Global().Get("AbortController").New()
	abort := func() { controller.Call("abort", JSError(reason(ctx))) }
	if ctx.Err() != nil {
		abort()
		return controller.Get("signal"), func() {}
	}
	off := context.AfterFunc(ctx, abort)
	return controller.Get("signal"), func() { off() }
}

// reason returns the cause of the end of ctx, as something that JavaScript knows
// for what it is.
func reason(ctx context.Context) error {
	err, cause := ctx.Err(), context.Cause(ctx)
	if cause == err {
		return err
	}
	if _, ok := cause.(*Error); ok {
		return cause
	}
	return &ended{cause, err}
}

// An ended is a cause that counts as ctx.Err too.
type ended struct{ cause, err error }

func (e *ended) Error() string        { return e.cause.Error() }
func (e *ended) Is(target error) bool { return target == e.err }
func (e *ended) Unwrap() error        { return e.cause }
