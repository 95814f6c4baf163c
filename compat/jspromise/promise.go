//go:build js

package jspromise

import (
	"context"
	"fmt"
	"runtime/debug"
	"syscall/js"

	"github.com/causeway-go/causeway/internal/goroutine"
	"github.com/causeway-go/causeway/pollster"
	"github.com/causeway-go/causeway/threadpool"
)

// Promise returns the result of f as a promise for JavaScript. It does not block,
// and starts now: a goroutine waits for f. The end of ctx cancels f and rejects
// the promise, with an AbortError or a TimeoutError; see [Context] for one that
// JavaScript can end. f belongs to the promise.
//
// Values become what js.ValueOf makes of them (which knows no negative zero and no
// integers beyond 53 bits); in addition a []byte becomes a new
// Uint8Array, an error what [JSError] makes of it, and a struct{} undefined. Any
// other value is a rejection, with a TypeError. An error of f rejects with
// [JSError] of it, and so does a panic in f, with its stack in the message: who
// waits is JavaScript, and that is how it is told there. To resolve with a promise
// means to wait for it, as always in JavaScript.
func Promise[T any](ctx context.Context, f pollster.Future[T]) js.Value {
	return newPromise(func() (any, error) { return pollster.BlockOn(ctx, f) })
}

// FuncOf is js.FuncOf, with a callback that knows what it is: where fn, or what it
// calls, would have to wait for the page, it gets [ErrWouldHang], in those parts of
// this module too that wait without pollster.BlockOn. The caller releases it.
func FuncOf(fn func(this js.Value, args []js.Value) any) js.Func {
	if fn == nil {
		panic("jspromise: FuncOf of a nil function")
	}
	return js.FuncOf(func(this js.Value, args []js.Value) any {
		var p goroutine.Place
		p.Enter(goroutine.Callback{})
		defer p.Leave()
		return fn(this, args)
	})
}

// AsyncFunc returns a function for JavaScript that returns a promise. Each call
// runs fn on a goroutine of its own, where it may wait for anything; its result is
// that of the promise, as in [Promise]. The caller releases it, when JavaScript
// calls it no more; calls under way go on.
//
// ctx ends with the ctx given here. If the last argument of a call is an object
// with an AbortSignal as its signal, as is the custom, ctx ends with that too, and
// in any case with the call. fn is told, and waited for.
func AsyncFunc(ctx context.Context, fn func(ctx context.Context, this js.Value, args []js.Value) (any, error)) js.Func {
	if fn == nil {
		panic("jspromise: AsyncFunc of a nil function")
	}
	return js.FuncOf(func(this js.Value, args []js.Value) any {
		return newPromise(func() (any, error) {
			ctx, cancel := Context(ctx, signalOf(args))
			defer cancel()
			return fn(ctx, this, args)
		})
	})
}

// signalOf returns the signal in the last of args, or undefined.
func signalOf(args []js.Value) js.Value {
	if len(args) == 0 || !isObject(args[len(args)-1]) {
		return js.Undefined()
	}
	signal := field(args[len(args)-1], "signal")
	if !isObject(signal) || field(signal, "addEventListener").Type() != js.TypeFunction {
		return js.Undefined() // something else of that name
	}
	return signal
}

// newPromise runs f on a goroutine and returns its result as a promise.
func newPromise(f func() (any, error)) js.Value {
	s := &settler{}
	id := enter(s)
	promise := js.Global().Get("Promise").New(bound(id, 0))
	leave(id) // it was called at once
	go s.run(f)
	return promise
}

// A settler holds the two functions that settle a promise.
type settler struct{ resolve, reject js.Value }

func (s *settler) called(_ int, args []js.Value) any {
	s.resolve, s.reject = args[0], args[1]
	return nil
}

func (s *settler) run(f func() (any, error)) {
	returned := false
	defer func() {
		if returned {
			return
		}
		if v := recover(); v != nil {
			s.reject.Invoke(jsReason(threadpool.NewPanicError(v, debug.Stack())))
		} else {
			s.reject.Invoke(jsReason(threadpool.ErrGoexit))
		}
	}()
	result, err := f()
	returned = true
	if err != nil {
		s.reject.Invoke(jsReason(err))
		return
	}
	v, err := value(result)
	if err != nil {
		s.reject.Invoke(js.Global().Get("TypeError").New(err.Error()))
		return
	}
	s.resolve.Invoke(v)
}

// jsReason is [JSError], for an error whose own methods may panic.
func jsReason(err error) (v js.Value) {
	defer func() {
		if p := recover(); p != nil {
			v = js.Global().Get("Error").New(fmt.Sprintf("jspromise: an error, a %T, whose methods panic: %v", err, p))
		}
	}()
	return JSError(err)
}

// value returns v as a value of JavaScript.
func value(v any) (_ js.Value, err error) {
	switch v := v.(type) {
	case error:
		return jsReason(v), nil
	case []byte:
		return bytesOf(v), nil
	case struct{}:
		return js.Undefined(), nil
	}
	defer func() {
		if recover() != nil {
			err = fmt.Errorf("jspromise: no value of JavaScript for a %T", v)
		}
	}()
	return js.ValueOf(v), nil
}

// bytesOf returns a new Uint8Array with a copy of b.
func bytesOf(b []byte) js.Value {
	array := js.Global().Get("Uint8Array").New(len(b))
	js.CopyBytesToJS(array, b)
	return array
}
