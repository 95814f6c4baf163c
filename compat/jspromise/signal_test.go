//go:build js

package jspromise_test

import (
	"context"
	"errors"
	"syscall/js"
	"testing"
	"time"

	"github.com/causeway-go/causeway/compat/jspromise"
)

// counted is a new AbortController whose signal counts its listeners.
func counted() (controller, signal js.Value, listeners func() int) {
	v := script(`let d = new AbortController(), s = d.signal; s.n = 0;
		s.addEventListener = function (...a) { s.n++; return EventTarget.prototype.addEventListener.apply(s, a) };
		s.removeEventListener = function (...a) { s.n--; return EventTarget.prototype.removeEventListener.apply(s, a) };
		return d`).Invoke()
	s := v.Get("signal")
	return v, s, func() int { return s.Get("n").Int() }
}

func TestSignalEndsAContext(t *testing.T) {
	balanced(t, 0)
	everywhere(t, func(t *testing.T) {
		controller, signal, listeners := counted()
		ctx, cancel := jspromise.Context(background, signal)
		defer cancel()
		if ctx.Err() != nil || listeners() != 1 {
			t.Errorf("at first: %v, %d listeners", ctx.Err(), listeners())
		}
		controller.Call("abort")
		is(t, ctx.Err(), context.Canceled)
		is(t, context.Cause(ctx), context.Canceled)
		if n := listeners(); n != 0 {
			t.Errorf("%d listeners after the end", n)
		}
	})
}

func TestReasonOfASignalIsTheCause(t *testing.T) {
	balanced(t, 0)
	for _, before := range []bool{true, false} {
		controller, signal, listeners := counted()
		if before {
			controller.Call("abort", script("return new RangeError('because')").Invoke())
		}
		ctx, cancel := jspromise.Context(background, signal)
		if !before {
			controller.Call("abort", script("return new RangeError('because')").Invoke())
		}
		if err := context.Cause(ctx); err == nil || err.Error() != "RangeError: because" {
			t.Error(err)
		}
		cancel()
		if listeners() != 0 {
			t.Error("it still listens")
		}
	}
	ctx, cancel := jspromise.Context(background, js.Global().Get("AbortSignal").Call("timeout", 1))
	defer cancel()
	<-ctx.Done()
	is(t, context.Cause(ctx), context.DeadlineExceeded)
}

func TestContextStopsListening(t *testing.T) {
	balanced(t, 0)
	_, signal, listeners := counted()
	_, cancel := jspromise.Context(background, signal)
	cancel()
	cancel()
	if listeners() != 0 {
		t.Error("it listens after cancel")
	}
	parent, end := context.WithCancelCause(background)
	ctx, cancel := jspromise.Context(parent, signal)
	cause := errors.New("parent")
	end(cause)
	is(t, context.Cause(ctx), cause)
	turn(t)
	if listeners() != 0 {
		t.Error("it listens after the end of the parent")
	}
	cancel()
	for _, none := range []js.Value{js.Undefined(), js.Null()} {
		ctx, cancel := jspromise.Context(background, none)
		is(t, ctx.Err(), nil)
		cancel()
		is(t, ctx.Err(), context.Canceled)
	}
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	jspromise.Context(background, js.ValueOf(1))
}

func TestContextAbortsASignal(t *testing.T) {
	balanced(t, 0)
	everywhere(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(background)
		signal, stop := jspromise.Signal(ctx)
		defer stop()
		if signal.Get("aborted").Bool() {
			t.Error("aborted at first")
		}
		cancel()
		turn(t)
		if name := signal.Get("reason").Get("name").String(); !signal.Get("aborted").Bool() || name != "AbortError" {
			t.Error("not aborted, or", name)
		}
		signal, _ = jspromise.Signal(ctx)
		if !signal.Get("aborted").Bool() {
			t.Error("not aborted at once")
		}
	})
}

func TestReasonsOfContexts(t *testing.T) {
	late, cancel := context.WithDeadline(background, time.Unix(0, 0))
	defer cancel()
	signal, _ := jspromise.Signal(late)
	if name := signal.Get("reason").Get("name").String(); name != "TimeoutError" {
		t.Error(name)
	}
	ctx, end := context.WithCancelCause(background)
	end(errors.New("because"))
	signal, _ = jspromise.Signal(ctx)
	if r := signal.Get("reason"); r.Get("name").String() != "AbortError" || r.Get("message").String() != "because" {
		t.Error(r.Get("name"), r.Get("message"))
	}
	// There and back the reason is the same object.
	controller, from, _ := counted()
	reason := script("return new Error('m')").Invoke()
	controller.Call("abort", reason)
	ctx, stop := jspromise.Context(background, from)
	defer stop()
	to, _ := jspromise.Signal(ctx)
	if !to.Get("reason").Equal(reason) {
		t.Error("the reason has become another")
	}
}

func TestStoppedSignalNeverAborts(t *testing.T) {
	balanced(t, 0)
	ctx, cancel := context.WithCancel(background)
	signal, stop := jspromise.Signal(ctx)
	stop()
	stop()
	cancel()
	turn(t)
	if signal.Get("aborted").Bool() {
		t.Error("aborted")
	}
}
