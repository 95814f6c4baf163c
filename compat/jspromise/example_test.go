//go:build js

package jspromise_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"syscall/js"
	"time"

	"github.com/causeway-go/causeway/compat/jspromise"
	"github.com/causeway-go/causeway/executor"
	"github.com/causeway-go/causeway/pollster"
)

// A goroutine waits for JavaScript as for anything else.
func ExampleWait() {
	promise := js.Global().Get("Promise").Call("resolve", 42)
	v, err := jspromise.Wait(context.Background(), promise)
	fmt.Println(v, err)

	promise = js.Global().Get("Promise").Call("reject", js.Global().Get("RangeError").New("too far"))
	_, err = jspromise.Wait(context.Background(), promise)
	fmt.Println(err)
	// Output:
	// <number: 42> <nil>
	// RangeError: too far
}

// What JavaScript settles is a future, so it can be raced, cut off and joined like
// the others.
func ExampleAwait() {
	never := js.Global().Get("Promise").New(js.Global().Get("Function").New())
	_, err := pollster.BlockOn(context.Background(), pollster.Timeout(jspromise.Await(never), time.Millisecond))
	fmt.Println(err)
	// Output: pollster: timeout
}

// A handler of the page must not wait. It learns that instead of stopping the page,
// and starts what does.
func ExampleErrWouldHang() {
	answer := make(chan string)
	var refused error
	handler := js.FuncOf(func(js.Value, []js.Value) any {
		promise := js.Global().Get("Promise").Call("resolve", "the answer")
		_, refused = jspromise.Wait(context.Background(), promise) // to print it here would hang Node
		go func() {
			v, _ := jspromise.Wait(context.Background(), promise)
			answer <- v.String()
		}()
		return nil
	})
	defer handler.Release()
	handler.Invoke()
	fmt.Println(errors.Is(refused, jspromise.ErrWouldHang))
	fmt.Println(<-answer)
	// Output:
	// true
	// the answer
}

// A function that JavaScript awaits, and may end by the signal it passes.
func ExampleAsyncFunc() {
	read := jspromise.AsyncFunc(context.Background(), func(ctx context.Context, _ js.Value, args []js.Value) (any, error) {
		if args[0].String() == "none" {
			return nil, io.EOF
		}
		return []byte(args[0].String()), nil
	})
	defer read.Release()
	for _, name := range []string{"abc", "none"} {
		v, err := jspromise.Wait(context.Background(), read.Invoke(name))
		fmt.Println(v.Type(), err)
	}
	// Output:
	// object <nil>
	// undefined EOF
}

// Tasks that the page runs: they wait, and it goes on.
func ExampleNewLoop() {
	loop, err := jspromise.NewLoop(jspromise.LoopOptions{Queue: jspromise.Frame})
	if err != nil {
		panic(err)
	}
	defer loop.Close()
	draw := executor.Go(loop, func(ctx context.Context) (frames int, err error) {
		for range 3 {
			if _, err := pollster.BlockOn(ctx, jspromise.NextFrame()); err != nil {
				return frames, err
			}
			frames++ // and draw
		}
		return frames, nil
	})
	fmt.Println(draw.Wait(context.Background()))
	// Output: 3 <nil>
}

// Events come as a stream, with a bound.
func ExampleListen() {
	target := js.Global().Get("EventTarget").New()
	events := jspromise.Listen(target, "greet", jspromise.ListenOptions{Buffer: 2})
	defer events.Cancel()
	for range 3 {
		target.Call("dispatchEvent", js.Global().Get("Event").New("greet"))
	}
	e, err := pollster.BlockOn(context.Background(), pollster.Next[js.Value](events))
	fmt.Println(e.Get("type"), err, events.Dropped())
	// Output: greet <nil> 1
}
