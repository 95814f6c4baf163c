//go:build js

package jspromise_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"syscall/js"
	"testing"

	"github.com/causeway-go/causeway/compat/jspromise"
)

func TestGoErrorOfAnything(t *testing.T) {
	for _, c := range []struct{ body, name, want string }{
		{"return new Error('m')", "Error", "m"},
		{"return new TypeError('m')", "TypeError", "TypeError: m"},
		{"return new TypeError()", "TypeError", "TypeError"},
		{"return new Error()", "Error", "Error"},
		{"return new DOMException('m', 'DataError')", "DataError", "DataError: m"},
		{"return 'm'", "", "m"},
		{"return 42", "", "42"},
		{"return undefined", "", "undefined"},
		{"return null", "", "null"},
		{"return Symbol('m')", "", "Symbol(m)"},
		{"return {message: 'm', name: 'N'}", "N", "N: m"},
		{"return {message: 1}", "", "[object Object]"},
		{"return {get message() { throw 1 }}", "", "[object Object]"},
		{"return {get message() { throw 1 }, toString() { throw 2 }}", "", "an object that cannot be printed"},
		{"return new Proxy({}, {get() { throw 1 }})", "", "an object that cannot be printed"},
		{"return Object.create(null)", "", "an object that cannot be printed"},
		{"return Object.assign(new Error('m'), {name: 3})", "Error", "m"},
		{"return () => 1", "", "() => 1"},
	} {
		v := script(c.body).Invoke()
		err := jspromise.GoError(v)
		e, ok := err.(*jspromise.Error)
		if !ok || e.Name != c.name || err.Error() != c.want {
			t.Errorf("%s: %q, name %q", c.body, err, e.Name)
		} else if !e.Value.Equal(v) {
			t.Errorf("%s: Value is another", c.body)
		}
		if back := jspromise.JSError(fmt.Errorf("round: %w", err)).Get("cause"); !back.Equal(v) {
			t.Errorf("%s: there and back it is another", c.body)
		}
	}
}

func TestErrorsAreWhatGoCallsThem(t *testing.T) {
	for _, c := range []struct {
		body string
		want error
	}{
		{"let d = new AbortController(); d.abort(); return d.signal.reason", context.Canceled},
		{"return new DOMException('', 'TimeoutError')", context.DeadlineExceeded},
		{"return new Error('m', {cause: new DOMException('', 'AbortError')})", context.Canceled},
		{"return new AggregateError([1, new DOMException('', 'TimeoutError')])", context.DeadlineExceeded},
	} {
		err := jspromise.GoError(script(c.body).Invoke())
		is(t, err, c.want)
		if errors.Is(err, io.EOF) {
			t.Errorf("%s is io.EOF", c.body)
		}
	}
}

func TestACircleOfCausesEnds(t *testing.T) {
	err := jspromise.GoError(script("let e = new Error('m'); e.cause = e; return e").Invoke())
	depth := 0
	for e := err; e != nil; depth++ {
		e = e.(*jspromise.Error).Cause
	}
	if depth < 2 || depth > 100 {
		t.Errorf("depth %d", depth)
	}
	circle := &loopError{}
	circle.next = circle
	if v := jspromise.JSError(circle); v.Get("message").String() != "circle" {
		t.Error(v)
	}
}

// Each level has two ways on, so depth alone would be 2 to the power of 32.
func TestACircleOfPartsEnds(t *testing.T) {
	err := jspromise.GoError(script("let e = new AggregateError([], 'm'); e.errors = [e, e]; e.cause = e; return e").Invoke())
	n := count(err)
	if n < 3 || n > 2000 {
		t.Errorf("%d errors", n)
	}
}

func count(err error) int {
	n := 1
	for _, e := range err.(*jspromise.Error).Unwrap() {
		n += count(e)
	}
	return n
}

func TestAPartThatThrowsWhenItIsLookedAt(t *testing.T) {
	err := jspromise.GoError(script("let l = [1, 2]; Object.defineProperty(l, 1, {get() { throw 3 }}); let e = new Error('m'); e.errors = l; return e").Invoke())
	if parts := err.(*jspromise.Error).Errors; len(parts) != 2 || parts[0].Error() != "1" || parts[1].Error() != "undefined" {
		t.Error(parts)
	}
}

type loopError struct{ next error }

func (e *loopError) Error() string        { return "circle" }
func (e *loopError) Unwrap() (next error) { return stopAt(e) }

// stopAt ends the circle for errors.Is, which would follow it for ever, but not
// soon.
func stopAt(e *loopError) error {
	if unwrapped++; unwrapped > 1000 {
		return nil
	}
	return e.next
}

var unwrapped int

func TestJSErrorNames(t *testing.T) {
	for _, c := range []struct {
		err  error
		name string
	}{
		{io.EOF, "Error"},
		{context.Canceled, "AbortError"},
		{fmt.Errorf("x: %w", context.DeadlineExceeded), "TimeoutError"},
		{errors.Join(io.EOF, io.ErrUnexpectedEOF), "AggregateError"},
	} {
		v := jspromise.JSError(c.err)
		if v.Get("name").String() != c.name || v.Get("message").String() != c.err.Error() || !v.InstanceOf(js.Global().Get("Error")) {
			t.Errorf("%v: %v", c.err, v)
		}
	}
	if !jspromise.JSError(nil).IsNull() {
		t.Error("nil is not null")
	}
	thrown := script("return new Error('m')").Invoke()
	if !jspromise.JSError(js.Error{Value: thrown}).Equal(thrown) {
		t.Error("a js.Error is another there")
	}
}

// build makes an error of a plan: a letter is a new error, w wraps, j joins.
func build(plan string) (err error) {
	for _, c := range plan {
		switch {
		case err == nil || c != 'w' && c != 'j':
			err = fmt.Errorf("error %q", c)
			if c == 'c' {
				err = context.Canceled
			}
		case c == 'w':
			err = fmt.Errorf("wrap(%w)", err)
		case c == 'j':
			err = errors.Join(err, errors.New("other"))
		}
	}
	return err
}

// shape prints an error with all that it wraps.
func shape(err error) string {
	switch e := err.(type) {
	case *jspromise.Error:
		parts := e.Errors
		if e.Cause != nil {
			parts = append([]error{e.Cause}, parts...)
		}
		return e.Message + shapes(parts)
	case interface{ Unwrap() error }:
		return err.Error() + shapes([]error{e.Unwrap()})
	case interface{ Unwrap() []error }:
		return err.Error() + shapes(e.Unwrap())
	}
	return err.Error()
}

func shapes(list []error) string {
	if len(list) == 0 {
		return ""
	}
	var s []string
	for _, e := range list {
		s = append(s, shape(e))
	}
	return "[" + strings.Join(s, ",") + "]"
}

func FuzzErrorsGoThereAndBack(f *testing.F) {
	for _, plan := range []string{"a", "aw", "awwww", "ajw", "cw", "cjj", "ajwjwjw", "c", "\x00w", "é", strings.Repeat("aw", 20)} {
		f.Add(plan)
	}
	f.Fuzz(func(t *testing.T, plan string) {
		if len(plan) > 24 {
			plan = plan[:24]
		}
		err := build(plan)
		if err == nil {
			return
		}
		there := jspromise.JSError(err)
		back := jspromise.GoError(there)
		if got, want := shape(back), shape(err); got != want {
			t.Errorf("%q came back as %q", want, got)
		}
		if errors.Is(err, context.Canceled) != errors.Is(back, context.Canceled) {
			t.Errorf("%q: Canceled has changed", plan)
		}
		if !jspromise.JSError(back).Equal(there) {
			t.Errorf("%q: there again it is another", plan)
		}
	})
}
