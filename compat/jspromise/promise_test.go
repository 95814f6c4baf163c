//go:build js

package jspromise_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"runtime"
	"strings"
	"syscall/js"
	"testing"

	"github.com/causeway-go/causeway/compat/jspromise"
	"github.com/causeway-go/causeway/pollster"
)

// thereAndBack makes a promise of f and waits for it.
func thereAndBack[T any](ctx context.Context, f pollster.Future[T]) (js.Value, error) {
	return jspromise.Wait(background, jspromise.Promise(ctx, f))
}

func TestPromiseEverywhere(t *testing.T) {
	balanced(t, 0)
	everywhere(t, func(t *testing.T) {
		if v, err := thereAndBack(background, pollster.Ready("v")); err != nil || v.String() != "v" {
			t.Error(v, err)
		}
		if _, err := thereAndBack(background, pollster.Failed[int](io.EOF)); err == nil || err.Error() != "EOF" {
			t.Error(err)
		}
		p := &pollster.Promise[int]{}
		promise := jspromise.Promise(background, pollster.Future[int](p))
		p.Resolve(3)
		if v, err := jspromise.Wait(background, promise); err != nil || v.Int() != 3 {
			t.Error(v, err)
		}
	})
}

func TestPromiseValues(t *testing.T) {
	check := script("return a.then(eval(b))")
	for _, c := range []struct {
		v    any
		test string
	}{
		{nil, "v => v === null"},
		{true, "v => v === true"},
		{"ü\x00", "v => v === 'ü\\0'"},
		{1.5, "v => v === 1.5"},
		{int64(-7), "v => v === -7"},
		{[]byte{1, 255}, "v => v instanceof Uint8Array && v.length == 2 && v[1] == 255"},
		{[]byte{}, "v => v instanceof Uint8Array && v.length == 0"},
		{struct{}{}, "v => v === undefined"},
		{[]any{1, "x"}, "v => v.length == 2 && v[1] === 'x'"},
		{map[string]any{"a": 1}, "v => v.a === 1"},
		{js.Global(), "v => v === globalThis"},
		{io.EOF, "v => v instanceof Error && v.message === 'EOF'"},
	} {
		v, err := jspromise.Wait(background, check.Invoke(jspromise.Promise(background, pollster.Ready(c.v)), c.test))
		if err != nil || !v.Bool() {
			t.Errorf("%v, %s: %v, %v", c.v, c.test, v, err)
		}
	}
	for _, v := range []any{make(chan int), []int{1}, struct{ A int }{}, complex(1, 2)} {
		_, err := thereAndBack(background, pollster.Ready(v))
		if e, ok := err.(*jspromise.Error); !ok || e.Name != "TypeError" {
			t.Errorf("%T: %v", v, err)
		}
	}
}

// A bomb is an error that nobody can read.
type bomb struct{}

func (bomb) Error() string { panic("bomb") }

func TestPromiseIsRejectedByAllThatEndsIt(t *testing.T) {
	balanced(t, 0)
	poll := func(f func()) pollster.Future[int] {
		return pollster.Func[int](func(*pollster.Waker) (int, bool, error) { f(); return 0, false, nil })
	}
	_, err := thereAndBack(background, poll(func() { panic("the value") }))
	if err == nil || !strings.Contains(err.Error(), "the value") || !strings.Contains(err.Error(), "promise_test.go") {
		t.Errorf("panic: %v", err)
	}
	_, err = thereAndBack(background, poll(runtime.Goexit))
	if err == nil || !strings.Contains(err.Error(), "Goexit") {
		t.Errorf("Goexit: %v", err)
	}
	for _, f := range []pollster.Future[any]{
		pollster.Failed[any](bomb{}), pollster.Ready[any](bomb{}), pollster.Failed[any](fmt.Errorf("%w", bomb{})),
	} {
		v, err := thereAndBack(background, f)
		if err == nil { // resolved, with the error
			err = jspromise.GoError(v)
		}
		if !strings.Contains(err.Error(), "bomb") {
			t.Errorf("an error whose methods panic: %v", err)
		}
	}
	ctx, cancel := context.WithCancel(background)
	p := &pollster.Promise[int]{}
	promise := jspromise.Promise(ctx, pollster.Future[int](p))
	cancel()
	_, err = jspromise.Wait(background, promise)
	is(t, err, context.Canceled)
	if !p.Canceled() {
		t.Error("the future has not been cancelled")
	}
}

func TestAsyncFunc(t *testing.T) {
	balanced(t, 2)
	outer, cancelOuter := context.WithCancel(background)
	defer cancelOuter()
	f := jspromise.AsyncFunc(outer, func(ctx context.Context, this js.Value, args []js.Value) (any, error) {
		switch args[0].String() {
		case "this":
			return this.Get("x"), nil
		case "wait":
			v, err := jspromise.Wait(ctx, script("return new Promise(done => setTimeout(done, 1, 'came'))").Invoke())
			return v, err
		case "hang":
			return jspromise.Wait(ctx, deferred().Get("promise"))
		}
		return nil, io.ErrUnexpectedEOF
	})
	defer f.Release()
	object := script("return {x: 5, f: a}").Invoke(f)
	if v, err := jspromise.Wait(background, object.Call("f", "this")); err != nil || v.Int() != 5 {
		t.Error(v, err)
	}
	if v, err := jspromise.Wait(background, f.Invoke("wait")); err != nil || v.String() != "came" {
		t.Error(v, err)
	}
	if _, err := jspromise.Wait(background, f.Invoke("fail")); err == nil || err.Error() != "unexpected EOF" {
		t.Error(err)
	}
	// It may be called in a callback, too: only the wait is elsewhere.
	var promise js.Value
	callback(t, false, func() { promise = f.Invoke("wait") })
	if v, err := jspromise.Wait(background, promise); err != nil || v.String() != "came" {
		t.Error(v, err)
	}
	controller := js.Global().Get("AbortController").New()
	promise = f.Invoke("hang", map[string]any{"signal": controller.Get("signal")})
	turn(t)
	controller.Call("abort")
	_, err := jspromise.Wait(background, promise)
	is(t, err, context.Canceled)
	for _, signal := range []any{"SIGTERM", 15, nil, map[string]any{"aborted": true}} { // of another kind
		if v, err := jspromise.Wait(background, f.Invoke("wait", map[string]any{"signal": signal})); err != nil || v.String() != "came" {
			t.Error(signal, v, err)
		}
	}
	promise = f.Invoke("hang")
	cancelOuter()
	_, err = jspromise.Wait(background, promise)
	is(t, err, context.Canceled)
}

func TestNilFunctionsPanic(t *testing.T) {
	for name, f := range map[string]func(){
		"FuncOf":    func() { jspromise.FuncOf(nil) },
		"AsyncFunc": func() { jspromise.AsyncFunc(background, nil) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			f()
		}()
	}
}

func FuzzValuesGoThereAndBack(f *testing.F) {
	f.Add("text", 1.5, true, []byte{0, 255})
	f.Add("", math.Inf(1), false, []byte{})
	f.Add("é\x00\u2028", math.Copysign(0, -1), true, bytes.Repeat([]byte{7}, 5000))
	f.Fuzz(func(t *testing.T, s string, x float64, yes bool, b []byte) {
		s = strings.ToValidUTF8(s, "?")
		v, err := thereAndBack(background, pollster.Ready([]any{s, x, yes}))
		if err != nil {
			t.Fatal(err)
		}
		got := v.Index(1).Float()
		if v.Index(0).String() != s || got != x && !(math.IsNaN(got) && math.IsNaN(x)) || v.Index(2).Bool() != yes {
			t.Errorf("%q %v %v came back as %v", s, x, yes, v)
		}
		v, err = thereAndBack(background, pollster.Ready(b))
		if err != nil {
			t.Fatal(err)
		}
		back := make([]byte, v.Length())
		js.CopyBytesToGo(back, v)
		if !bytes.Equal(back, b) {
			t.Errorf("%d bytes came back as %d others", len(b), len(back))
		}
	})
}

// Random plans: promises that are settled, cancelled and awaited in any order,
// against what each must give.
func TestAnyOrderOfSettlingAndCancelling(t *testing.T) {
	balanced(t, 0)
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 1))
		const n = 5
		var d [n]js.Value
		var f [n]pollster.Future[js.Value]
		want := [n]string{}
		var settled [n]int
		for i := range n {
			d[i] = deferred()
			f[i] = jspromise.Await(d[i].Get("promise"))
		}
		for range 20 {
			i := r.IntN(n)
			switch r.IntN(5) {
			case 0:
				if d[i].Call("yes", i); want[i] == "" {
					want[i] = fmt.Sprint("value ", i)
				}
			case 1:
				if d[i].Call("no", i); want[i] == "" {
					want[i] = fmt.Sprint("error ", i)
				}
			case 2:
				if want[i] == "" {
					pollster.Cancel(f[i])
					want[i] = "canceled"
				}
			case 3:
				if want[i] == "" {
					f[i].Poll(pollster.NewWaker(func() { settled[i]++ }))
				}
			case 4:
				turn(t)
			}
		}
		for i := range n {
			if want[i] == "" {
				d[i].Call("yes", i)
				want[i] = fmt.Sprint("value ", i)
			}
			v, err := pollster.BlockOn(background, f[i])
			got := ""
			switch {
			case errors.Is(err, pollster.ErrCanceled):
				got = "canceled"
			case err != nil:
				got = fmt.Sprint("error ", err)
			default:
				got = fmt.Sprint("value ", v.Int())
			}
			if got != want[i] {
				t.Fatalf("seed %d, promise %d: %s, want %s", seed, i, got, want[i])
			}
			if settled[i] > 1 {
				t.Fatalf("seed %d, promise %d: woken %d times", seed, i, settled[i])
			}
		}
	}
}
