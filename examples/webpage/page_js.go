package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"strconv"
	"sync"
	"syscall/js"
	"time"

	"github.com/causeway-go/causeway/compat/jspromise"
	"github.com/causeway-go/causeway/executor"
	"github.com/causeway-go/causeway/pollster"
)

func main() {
	if err := show(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "webpage:", err)
		os.Exit(1)
	}
}

// show runs until the page is left.
func show(ctx context.Context) error {
	loop, err := jspromise.NewLoop(jspromise.LoopOptions{})
	if err != nil {
		return err
	}
	defer loop.Close()
	answer := jspromise.AsyncFunc(ctx, func(ctx context.Context, _ js.Value, args []js.Value) (any, error) {
		time.Sleep(100 * time.Millisecond) // it may wait for anything here
		return "six times seven is " + strconv.Itoa(6*7), nil
	})
	defer answer.Release()
	js.Global().Set("answer", answer)
	js.Global().Get("Function").New("answer().then(v => document.getElementById('promise').textContent = v)").Invoke()

	var done sync.WaitGroup // what happens once
	done.Add(3)
	tasks := []func(context.Context) (int, error){
		draw,
		once(&done, download),
		once(&done, primes),
		func(ctx context.Context) (int, error) { return clicks(ctx, done.Done) },
	}
	handler := mistake()
	defer handler.Release()
	go func() {
		done.Wait()
		time.Sleep(200 * time.Millisecond)
		_, _ = pollster.BlockOn(ctx, jspromise.Fetch(jspromise.Request{URL: "shown", Method: "POST"}))
	}()
	_, err = executor.All(ctx, loop, tasks...)
	return err
}

func once(done *sync.WaitGroup, f func(context.Context) (int, error)) func(context.Context) (int, error) {
	return func(ctx context.Context) (int, error) {
		defer done.Done()
		return f(ctx)
	}
}

func element(id string) js.Value { return js.Global().Get("document").Call("getElementById", id) }

func say(id, format string, args ...any) {
	element(id).Set("textContent", fmt.Sprintf(format, args...))
}

// draw moves the ball, once per frame.
func draw(ctx context.Context) (int, error) {
	canvas := element("canvas")
	pen := canvas.Call("getContext", "2d")
	width, height := canvas.Get("width").Float(), canvas.Get("height").Float()
	var first, last, longest time.Duration
	for frames := 0; ; frames++ {
		now, err := pollster.BlockOn(ctx, jspromise.NextFrame())
		if err != nil {
			return frames, err
		}
		if frames == 0 {
			first = now
		} else {
			longest = max(longest, now-last)
		}
		last = now
		pen.Call("clearRect", 0, 0, width, height)
		pen.Set("fillStyle", "#2a6fb0")
		for i := 11; i >= 0; i-- { // its shadow, and the ball at last
			at := (now - time.Duration(i)*16*time.Millisecond).Seconds()
			pen.Set("globalAlpha", 1/float64(i+1))
			pen.Call("beginPath")
			pen.Call("arc", width/2+math.Sin(at*1.7)*(width/2-20), height-16-math.Abs(math.Sin(at*4))*(height-34), 14, 0, 7)
			pen.Call("fill")
		}
		if frames%10 == 9 {
			say("frames", "%d, one in %.1f ms, the longest took %d ms", frames+1,
				float64((now-first).Microseconds())/1000/float64(frames), longest.Milliseconds())
		}
	}
}

// download reads a file as it comes.
func download(ctx context.Context) (int, error) {
	resp, err := pollster.BlockOn(ctx, jspromise.Fetch(jspromise.Request{URL: "file"}))
	if err != nil {
		return 0, err
	}
	header, _ := resp.Header("Content-Length")
	size, err := strconv.Atoi(header)
	if err != nil {
		return 0, err
	}
	n := 0
	for piece, err := range pollster.Seq(ctx, resp.Body()) {
		if err != nil {
			return n, err
		}
		n += len(piece)
		element("progress").Set("value", float64(n)/float64(size))
		say("file", "%d of %d kB", n/1000, size/1000)
	}
	return n, nil
}

// primes computes. Nothing can take the thread from it, so it gives it back.
func primes(ctx context.Context) (n int, err error) {
	began := time.Now()
	for i := 2; i < 60_000; i++ {
		prime := true
		for d := 2; d*d <= i && prime; d++ {
			prime = i%d != 0
		}
		if prime {
			n++
		}
		if time.Since(began) > 4*time.Millisecond {
			say("primes", "%d up to %d", n, i)
			if _, err := pollster.BlockOn(ctx, jspromise.NextFrame()); err != nil {
				return n, err
			}
			began = time.Now()
		}
	}
	say("primes", "%d below 60000", n)
	return n, nil
}

// clicks counts those on the first button. It makes a few itself, to begin with.
func clicks(ctx context.Context, enough func()) (n int, err error) {
	button := element("click")
	events := jspromise.Listen(button, "click", jspromise.ListenOptions{Buffer: 16})
	for range 3 {
		button.Call("click")
	}
	for _, err := range pollster.Seq(ctx, pollster.Stream[js.Value](events)) {
		if err != nil {
			return n, err
		}
		n++
		say("clicks", "%d, and %d lost", n, events.Dropped())
		if n == 3 {
			element("wait").Call("click")
			enough()
		}
	}
	return n, nil
}

// mistake is a handler that waits for what only the page can bring.
func mistake() js.Func {
	handler := js.FuncOf(func(js.Value, []js.Value) any {
		promise := js.Global().Get("answer").Invoke()
		_, err := jspromise.Wait(context.Background(), promise)
		say("mistake", "%v", err)
		if !errors.Is(err, jspromise.ErrWouldHang) {
			panic(err)
		}
		return nil
	})
	element("wait").Call("addEventListener", "click", handler)
	return handler
}
