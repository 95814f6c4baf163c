//go:build js

package jspromise

import (
	"context"
	"errors"
	"strconv"
	"syscall/js"

	"github.com/causeway-go/causeway/internal/goroutine"
)

// ErrWouldHang is returned where waiting would hang the page: in a callback from
// JavaScript, of [FuncOf] or of js.FuncOf alike. See «Callbacks» in the package
// documentation.
var ErrWouldHang = goroutine.ErrCallback

// InCallback reports whether the caller is in a callback from JavaScript, where
// nothing that takes the page's loop can be waited for. It does not block.
func InCallback() bool { return goroutine.InCallback() }

// An Error is what JavaScript has thrown, or rejected a promise with. errors.Is
// and errors.As look into its cause and its parts. An AbortError is
// context.Canceled to errors.Is, and a TimeoutError context.DeadlineExceeded.
type Error struct {
	// Value is what was thrown. Any value can be.
	Value js.Value
	// Name is the name of the error, such as TypeError; empty if what was thrown
	// is no error.
	Name string
	// Message is the message of the error, or what was thrown as a string.
	Message string
	// Cause is the cause of the error; nil if it has none.
	Cause error
	// Errors are the parts of an AggregateError.
	Errors []error
}

// Error returns name and message, as JavaScript would print them, but leaves the
// name out if it is that of any error.
func (e *Error) Error() string {
	switch {
	case e.Name == "" || e.Name == "Error" && e.Message != "":
		return e.Message
	case e.Message == "":
		return e.Name
	}
	return e.Name + ": " + e.Message
}

// Unwrap returns the cause and the parts.
func (e *Error) Unwrap() []error {
	if e.Cause == nil {
		return e.Errors
	}
	return append([]error{e.Cause}, e.Errors...)
}

// Is reports whether target is how Go calls e.
func (e *Error) Is(target error) bool {
	switch target {
	case context.Canceled:
		return e.Name == abortError
	case context.DeadlineExceeded:
		return e.Name == timeoutError
	}
	return false
}

const (
	abortError     = "AbortError"
	timeoutError   = "TimeoutError"
	aggregateError = "AggregateError"
)

// errorDepth is how deep a chain of causes is followed. In JavaScript it may be a
// circle.
const errorDepth = 32

// errorParts is how many errors are taken out of one, all in all. Where several
// parts of an error each lead back to it, depth alone would take for ever.
const errorParts = 1024

// GoError returns the error for what JavaScript has thrown, an *[Error]. It never
// fails: an object that throws when it is looked at is an error too. It does not
// block.
func GoError(thrown js.Value) error {
	left := errorParts
	return goError(thrown, errorDepth, &left)
}

func goError(thrown js.Value, depth int, left *int) error {
	*left--
	e := &Error{Value: thrown}
	if !isObject(thrown) {
		e.Message = text(thrown)
		return e
	}
	message := field(thrown, "message")
	if message.Type() != js.TypeString {
		e.Message = text(thrown)
		return e
	}
	e.Message = message.String()
	e.Name = "Error"
	if name := field(thrown, "name"); name.Type() == js.TypeString {
		e.Name = name.String()
	}
	if depth == 0 || *left <= 0 {
		return e
	}
	if cause := field(thrown, "cause"); !cause.IsUndefined() && !cause.IsNull() {
		e.Cause = goError(cause, depth-1, left)
	}
	parts := field(thrown, "errors")
	if !isObject(parts) || !parts.InstanceOf(js.Global().Get("Array")) {
		return e
	}
	for i := range parts.Length() {
		if *left <= 0 {
			break
		}
		e.Errors = append(e.Errors, goError(field(parts, strconv.Itoa(i)), depth-1, left))
	}
	return e
}

// JSError returns err as an error of JavaScript, to throw or to reject with. What
// has come from JavaScript, an *[Error] or a js.Error, is what it was there. Any
// other error is a new Error with the same message, and what it wraps as cause; if
// it wraps several, an AggregateError of these. The name is AbortError where
// errors.Is holds with context.Canceled, TimeoutError with
// context.DeadlineExceeded. It does not block. JSError(nil) is null.
//
// The way there and back preserves message, name and what is wrapped, but not the
// type that an error had in Go.
func JSError(err error) js.Value { return jsError(err, errorDepth) }

func jsError(err error, depth int) js.Value {
	switch e := err.(type) {
	case nil:
		return js.Null()
	case *Error:
		return e.Value
	case js.Error:
		return e.Value
	}
	var parts []error
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		if cause := e.Unwrap(); cause != nil {
			parts = []error{cause}
		}
	case interface{ Unwrap() []error }:
		parts = e.Unwrap()
	}
	if depth == 0 {
		parts = nil
	}
	global := js.Global()
	var v js.Value
	switch len(parts) {
	case 0:
		v = global.Get("Error").New(err.Error())
	case 1:
		v = global.Get("Error").New(err.Error(), map[string]any{"cause": jsError(parts[0], depth-1)})
	default:
		list := make([]any, len(parts))
		for i, p := range parts {
			list[i] = jsError(p, depth-1)
		}
		v = global.Get(aggregateError).New(list, err.Error())
	}
	switch {
	case errors.Is(err, context.Canceled):
		v.Set("name", abortError)
	case errors.Is(err, context.DeadlineExceeded):
		v.Set("name", timeoutError)
	}
	return v
}

func isObject(v js.Value) bool { return v.Type() == js.TypeObject || v.Type() == js.TypeFunction }

// field returns a property of an object that is not to be trusted: undefined if it
// throws. Value.Get would not come back.
func field(v js.Value, name string) (f js.Value) {
	defer func() { _ = recover() }()
	return js.Global().Get("Reflect").Call("get", v, name)
}

// text returns what String makes of v, which may throw.
func text(v js.Value) (s string) {
	defer func() {
		if recover() != nil {
			s = "an object that cannot be printed"
		}
	}()
	return js.Global().Call("String", v).String()
}

// caught calls f, which calls JavaScript, and returns what that throws.
func caught(f func()) (err error) {
	defer func() {
		switch v := recover().(type) {
		case nil:
		case js.Error:
			err = GoError(v.Value)
		default:
			panic(v)
		}
	}()
	f()
	return nil
}
