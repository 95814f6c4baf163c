//go:build js

package jspromise

import (
	"context"
	"syscall/js"

	"github.com/causeway-go/causeway/pollster"
)

// Await returns the result of a promise as a future: its value, or, if it is
// rejected, the error that [GoError] makes of the reason. What is not a promise
// is treated as JavaScript's await does: what has a method then is asked, and any
// other value is the result.
//
// The future listens from now on, not from its first poll, since a promise that
// is rejected while nobody listens ends the process under Node and is reported as
// an error in a page. It does not block. Cancel stops listening, at once and for
// good; a promise cannot be told that nobody wants it (see [Signal] for what
// can). A future that is neither polled to its end nor cancelled holds an entry
// of a table until the promise is settled.
func Await(promise js.Value) pollster.Future[js.Value] {
	a := &awaiting{}
	a.id = enter(a)
	// Promise.resolve turns what throws into a rejection, unless it is a promise
	// with a constructor or a then of its own.
	err := caught(func() {
		js.Global().Get("Promise").Call("resolve", promise).
			Call("then", bound(a.id, onResolve), bound(a.id, onReject))
	})
	if err != nil {
		leave(a.id)
		a.result.Reject(err)
	}
	return a
}

// Wait waits for a promise: it is pollster.BlockOn of [Await]. In a callback from
// JavaScript it returns [ErrWouldHang]; not even a promise that has been settled
// gives its value there, since it tells that later.
func Wait(ctx context.Context, promise js.Value) (js.Value, error) {
	return pollster.BlockOn(ctx, Await(promise))
}

const (
	onResolve = iota
	onReject
)

// An awaiting is the listener of one promise.
type awaiting struct {
	result pollster.Promise[js.Value]
	id     int
}

// Poll implements pollster.Future.
func (a *awaiting) Poll(w *pollster.Waker) (js.Value, bool, error) { return a.result.Poll(w) }

// Cancel implements pollster.Canceler.
func (a *awaiting) Cancel() {
	leave(a.id)
	a.result.Cancel()
}

func (a *awaiting) called(kind int, args []js.Value) any {
	leave(a.id)
	if kind == onResolve {
		a.result.Resolve(firstOf(args))
	} else {
		a.result.Reject(GoError(firstOf(args)))
	}
	return nil
}

// firstOf returns the first of args, or undefined: JavaScript may call with none.
func firstOf(args []js.Value) js.Value {
	if len(args) == 0 {
		return js.Undefined()
	}
	return args[0]
}
