//go:build js

package jspromise_test

import (
	"context"
	"errors"
	"runtime"
	"syscall/js"
	"testing"
	"time"

	"github.com/causeway-go/causeway/compat/jspromise"
	"github.com/causeway-go/causeway/executor"
	"github.com/causeway-go/causeway/pollster"
)

var background = context.Background()

// script makes a function of JavaScript of its body, whose arguments are a, b, c.
func script(body string) js.Value {
	return js.Global().Get("Function").New("a", "b", "c", body)
}

// turn lets the page go once around its loop, microtasks and timers included.
func turn(t testing.TB) {
	t.Helper()
	if _, err := jspromise.Wait(background, script("return new Promise(done => setTimeout(done, 0))").Invoke()); err != nil {
		t.Fatal(err)
	}
}

// within returns a context that is longer than any test should take.
func within(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(background, time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// made counts how many js.Funcs have been made by anyone. Those that package os
// makes for each of its writes, where testing says how it goes, are left out.
var made = func() func() int {
	script(`const make = a.prototype._makeFuncWrapper, write = fs.write;
		globalThis.funcsMade = 0;
		a.prototype._makeFuncWrapper = function (id) { globalThis.funcsMade++; return make.call(this, id); };
		fs.write = function (...args) { globalThis.funcsMade--; return write.apply(this, args); };`).
		Invoke(js.Global().Get("Go"))
	return func() int { return js.Global().Get("funcsMade").Int() }
}()

// balanced fails the test if at its end there are more entries, or goroutines,
// than at its beginning, or if more than funcs js.Funcs were made in it.
func balanced(t *testing.T, funcs int) {
	t.Helper()
	turn(t) // makes the one js.Func of the package
	entries, goroutines, before := jspromise.Live(), runtime.NumGoroutine(), made()
	t.Cleanup(func() {
		for range 100 {
			if jspromise.Live() <= entries && runtime.NumGoroutine() <= goroutines {
				break
			}
			turn(t)
		}
		if n := jspromise.Live(); n != entries {
			t.Errorf("%d entries, there were %d", n, entries)
		}
		if n := runtime.NumGoroutine(); n > goroutines {
			buf := make([]byte, 1<<16)
			t.Errorf("%d goroutines, there were %d\n%s", n, goroutines, buf[:runtime.Stack(buf, true)])
		}
		if n := made() - before; n > funcs {
			t.Errorf("%d js.Funcs were made, want at most %d", n, funcs)
		}
	})
}

// callback runs f in a callback of the page: of a plain js.FuncOf, or of ours.
func callback(t *testing.T, plain bool, f func()) {
	t.Helper()
	over := make(chan struct{})
	call := func(js.Value, []js.Value) any { f(); close(over); return nil }
	var fn js.Func
	if plain {
		fn = js.FuncOf(call)
	} else {
		fn = jspromise.FuncOf(call)
	}
	defer fn.Release()
	js.Global().Call("setTimeout", fn, 0)
	<-over
}

// places are where code may stand that waits.
var places = []struct {
	name string
	run  func(t *testing.T, f func())
}{
	{"goroutine", func(t *testing.T, f func()) {
		over := make(chan struct{})
		go func() { defer close(over); f() }()
		<-over
	}},
	{"task of an Executor", func(t *testing.T, f func()) {
		ex, err := executor.New(executor.Options{})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(background)
		over := make(chan struct{})
		go func() { defer close(over); _ = ex.Run(ctx) }()
		task(t, ex, f)
		cancel()
		<-over
		if err := ex.Close(); err != nil {
			t.Error(err)
		}
	}},
	{"task of a Local", func(t *testing.T, f func()) {
		local, err := executor.NewLocal(executor.LocalOptions{})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(background)
		over := make(chan struct{})
		go func() { defer close(over); _ = local.Run(ctx); _ = local.Close() }()
		task(t, local, f)
		cancel()
		<-over
	}},
	{"task of a Loop", func(t *testing.T, f func()) {
		loop := newLoop(t, jspromise.LoopOptions{})
		defer loop.Close()
		task(t, loop, f)
	}},
	{"Poll in a Loop", func(t *testing.T, f func()) {
		loop := newLoop(t, jspromise.LoopOptions{Queue: jspromise.Task})
		defer loop.Close()
		_, err := executor.Spawn(loop, pollster.Future[int](pollster.Func[int](func(*pollster.Waker) (int, bool, error) {
			f()
			return 0, true, nil
		}))).Wait(background)
		if err != nil {
			t.Error(err)
		}
	}},
}

func task(t *testing.T, ex executor.Spawner, f func()) {
	t.Helper()
	_, err := executor.Go(ex, func(context.Context) (int, error) { f(); return 0, nil }).Wait(within(t))
	if err != nil {
		t.Error(err)
	}
}

func newLoop(t *testing.T, o jspromise.LoopOptions) *jspromise.Loop {
	t.Helper()
	loop, err := jspromise.NewLoop(o)
	if err != nil {
		t.Fatal(err)
	}
	return loop
}

func everywhere(t *testing.T, f func(t *testing.T)) {
	for _, p := range places {
		t.Run(p.name, func(t *testing.T) {
			p.run(t, func() { f(t) })
		})
	}
}

// is reports an error that is not want.
func is(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("error %v, want %v", err, want)
	}
}
