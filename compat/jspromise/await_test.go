//go:build js

package jspromise_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"syscall/js"
	"testing"
	"testing/synctest"

	"github.com/causeway-go/causeway/compat/jspromise"
	"github.com/causeway-go/causeway/executor"
	"github.com/causeway-go/causeway/pollster"
	"github.com/causeway-go/causeway/pollster/futuretest"
)

var awaits = []struct {
	name, body string
	want, err  string
}{
	{"resolved", "return Promise.resolve('v')", "v", ""},
	{"resolved later", "return new Promise(done => setTimeout(done, 1, 'v'))", "v", ""},
	{"rejected", "return Promise.reject(new TypeError('no'))", "", "TypeError: no"},
	{"rejected later", "return new Promise((_, no) => setTimeout(no, 1, new Error('no')))", "", "no"},
	{"rejected with a string", "return Promise.reject('no')", "", "no"},
	{"rejected with nothing", "return Promise.reject()", "", "undefined"},
	{"throws", "return (async () => { throw new RangeError('no') })()", "", "RangeError: no"},
	{"no promise", "return 'v'", "v", ""},
	{"thenable", "return {then: done => done('v')}", "v", ""},
	{"thenable that throws", "return {get then() { throw new Error('no') }}", "", "no"},
	{"calls back with nothing", "let p = Promise.resolve('v'); p.then = done => { done() }; return p", "<undefined>", ""},
	{"rejects with nothing at all", "let p = Promise.resolve('v'); p.then = (_, no) => { no() }; return p", "", "undefined"},
	{"a then that throws", "let p = Promise.resolve('v'); p.then = () => { throw new Error('no') }; return p", "", "no"},
	{"a constructor that throws", "return Object.defineProperty(Promise.resolve('v'), 'constructor', {get() { throw new Error('no') }})", "", "no"},
	{"promise of a promise", "return Promise.resolve(new Promise(done => done('v')))", "v", ""},
}

func TestAwaitEverywhere(t *testing.T) {
	balanced(t, 0)
	everywhere(t, func(t *testing.T) {
		for _, c := range awaits {
			v, err := jspromise.Wait(within(t), script(c.body).Invoke())
			switch {
			case c.err == "" && (err != nil || v.String() != c.want):
				t.Errorf("%s: %v, %v", c.name, v, err)
			case c.err != "" && (err == nil || err.Error() != c.err):
				t.Errorf("%s: %v, want %s", c.name, err, c.err)
			}
		}
	})
}

// deferred is a promise and the functions that settle it.
func deferred() js.Value {
	return script("let d = {}; d.promise = new Promise((y, n) => { d.yes = y; d.no = n }); return d").Invoke()
}

func TestAwaitKeepsToTheContract(t *testing.T) {
	balanced(t, 0)
	for _, reject := range []bool{false, true} {
		t.Run(fmt.Sprint("reject ", reject), func(t *testing.T) {
			futuretest.TestFuture(t, func() futuretest.Subject[js.Value] {
				d, before := deferred(), jspromise.Live()
				return futuretest.Subject[js.Value]{
					Future: jspromise.Await(d.Get("promise")),
					Complete: func() {
						if reject {
							d.Call("no", script("return new TypeError('no')").Invoke())
						} else {
							d.Call("yes", 21)
						}
					},
					Check: func(v js.Value, err error) error {
						if reject && (err == nil || err.Error() != "TypeError: no") || !reject && (err != nil || v.Int() != 21) {
							return fmt.Errorf("got %v, %v", v, err)
						}
						return nil
					},
					Held: func() int { return jspromise.Live() - before },
				}
			})
		})
	}
}

func TestCancelledAwaitLeavesNothing(t *testing.T) {
	balanced(t, 0)
	d := deferred()
	f := jspromise.Await(d.Get("promise"))
	woken := 0
	if _, ready, err := f.Poll(pollster.NewWaker(func() { woken++ })); ready || err != nil {
		t.Fatal(ready, err)
	}
	pollster.Cancel(f)
	pollster.Cancel(f)
	d.Call("no", "nobody minds")
	turn(t)
	if woken != 0 {
		t.Errorf("woken %d times after Cancel", woken)
	}
	_, err := pollster.BlockOn(background, f)
	is(t, err, pollster.ErrCanceled)
}

// The promise would be one whose rejection nobody handles, and Node end, if Await
// listened from the first poll only.
func TestAwaitListensBeforeItIsPolled(t *testing.T) {
	f := jspromise.Await(script("return Promise.reject(new Error('early'))").Invoke())
	turn(t)
	turn(t)
	if _, err := pollster.BlockOn(background, f); err == nil || err.Error() != "early" {
		t.Error(err)
	}
}

func TestAThousandAwaits(t *testing.T) {
	balanced(t, 0)
	make := script(`return new Promise(done => setTimeout(done, 0, a))`)
	var all sync.WaitGroup
	for i := range 1000 {
		all.Go(func() {
			v, err := jspromise.Wait(background, make.Invoke(i))
			if err != nil || v.Int() != i {
				t.Errorf("%d: %v, %v", i, v, err)
			}
		})
	}
	all.Wait()
}

func TestAwaitsKeepTheOrderOfThePage(t *testing.T) {
	balanced(t, 0)
	const n = 200
	var d [n]js.Value
	var futures [n]pollster.Future[js.Value]
	var order []int
	for i := range n {
		d[i] = deferred()
		futures[i] = jspromise.Await(d[i].Get("promise"))
		futures[i].Poll(pollster.NewWaker(func() { order = append(order, i) }))
	}
	want := rand.Perm(n)
	for k, i := range want {
		if k%3 == 0 {
			d[i].Call("no", i)
		} else {
			d[i].Call("yes", i)
		}
	}
	turn(t)
	if !slices.Equal(order, want) {
		t.Errorf("settled as %v, woken as %v", want, order)
	}
}

func TestContextEndsAWait(t *testing.T) {
	balanced(t, 0)
	everywhere(t, func(t *testing.T) {
		cause := errors.New("enough")
		ctx, cancel := context.WithCancelCause(background)
		go cancel(cause)
		_, err := jspromise.Wait(ctx, deferred().Get("promise"))
		is(t, err, cause)
		is(t, err, context.Canceled)
	})
}

func TestWaitInACallbackIsRefused(t *testing.T) {
	balanced(t, 40)
	for _, plain := range []bool{true, false} {
		t.Run(fmt.Sprint("plain js.FuncOf: ", plain), func(t *testing.T) {
			check := func() {
				if !jspromise.InCallback() {
					t.Error("InCallback is false")
				}
				d := deferred()
				_, err := jspromise.Wait(background, d.Get("promise"))
				is(t, err, jspromise.ErrWouldHang)
				_, err = jspromise.Wait(within(t), d.Get("promise"))
				is(t, err, jspromise.ErrWouldHang)
				_, err = new(pollster.Promise[int]).Wait(background)
				is(t, err, jspromise.ErrWouldHang)
			}
			callback(t, plain, check)
			// A callback that Go's own call of JavaScript causes.
			everywhere(t, func(t *testing.T) {
				if jspromise.InCallback() && t.Name() == "" {
					t.Error("InCallback outside")
				}
				call := func(js.Value, []js.Value) any { check(); return nil }
				fn := js.FuncOf(call)
				if !plain {
					fn.Release()
					fn = jspromise.FuncOf(call)
				}
				defer fn.Release()
				script("a()").Invoke(fn)
				turn(t) // and outside it all is well
			})
		})
	}
}

func TestNoJavaScriptInABubble(t *testing.T) {
	balanced(t, 1)
	// Made outside: Go itself does not let a bubble call one of its own.
	fn := js.FuncOf(func(js.Value, []js.Value) any {
		_, err := new(pollster.Promise[int]).Wait(background)
		is(t, err, jspromise.ErrWouldHang)
		return nil
	})
	defer fn.Release()
	synctest.Test(t, func(t *testing.T) {
		defer func() {
			if recover() == nil {
				t.Error("no panic")
			}
		}()
		fn.Invoke()
		jspromise.Await(js.ValueOf(1))
	})
}

func TestWhatGoroutinesCanDoIsWaitedForInACallback(t *testing.T) {
	balanced(t, 10)
	ex, err := executor.New(executor.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(background)
	var running sync.WaitGroup
	running.Go(func() { _ = ex.Run(ctx) })
	for _, plain := range []bool{true, false} {
		callback(t, plain, func() {
			// A chain of goroutines, each of which waits for the next.
			last := &pollster.Promise[int]{}
			f := pollster.Future[int](last)
			for range 50 {
				p, inner := &pollster.Promise[int]{}, f
				go func() {
					v, err := pollster.BlockOn(background, inner)
					p.Settle(v+1, err)
				}()
				f = p
			}
			go last.Resolve(0)
			if v, err := pollster.BlockOn(within(t), f); v != 50 || err != nil {
				t.Errorf("chain: %d, %v", v, err)
			}
			v, err := executor.Go(ex, func(context.Context) (int, error) {
				_, err := pollster.BlockOn(background, pollster.Yield())
				return 7, err
			}).Wait(background)
			if v != 7 || err != nil {
				t.Errorf("task: %d, %v", v, err)
			}
		})
	}
	cancel()
	running.Wait()
	if err := ex.Close(); err != nil {
		t.Error(err)
	}
}
