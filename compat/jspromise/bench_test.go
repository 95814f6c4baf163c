//go:build js

package jspromise_test

import (
	"context"
	"syscall/js"
	"testing"

	"github.com/causeway-go/causeway/compat/jspromise"
	"github.com/causeway-go/causeway/executor"
	"github.com/causeway-go/causeway/pollster"
)

// BenchmarkWait waits for a promise that has been resolved, ours beside the glue
// that is written by hand in plain Go.
func BenchmarkWait(b *testing.B) {
	promise := js.Global().Get("Promise").Call("resolve", 1)
	b.Run("ours", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := jspromise.Wait(background, promise); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("by-hand", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			type result struct {
				v    js.Value
				fail bool
			}
			came := make(chan result, 1)
			yes := js.FuncOf(func(_ js.Value, args []js.Value) any { came <- result{args[0], false}; return nil })
			no := js.FuncOf(func(_ js.Value, args []js.Value) any { came <- result{args[0], true}; return nil })
			promise.Call("then", yes, no)
			if r := <-came; r.fail {
				b.Fatal(r.v)
			}
			yes.Release()
			no.Release()
		}
	})
}

// BenchmarkWake is what it takes until a task that was woken runs: on a Loop, in a
// microtask, and on a goroutine that runs a Local.
func BenchmarkWake(b *testing.B) {
	b.Run("Loop", func(b *testing.B) {
		loop, err := jspromise.NewLoop(jspromise.LoopOptions{})
		if err != nil {
			b.Fatal(err)
		}
		defer loop.Close()
		wake(b, loop)
	})
	b.Run("Local", func(b *testing.B) {
		local, err := executor.NewLocal(executor.LocalOptions{})
		if err != nil {
			b.Fatal(err)
		}
		ctx, cancel := context.WithCancel(background)
		over := make(chan struct{})
		go func() { defer close(over); _ = local.Run(ctx); _ = local.Close() }()
		wake(b, local)
		cancel()
		<-over
	})
}

func wake(b *testing.B, ex executor.Spawner) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := executor.Spawn(ex, pollster.Ready(1)).Wait(background); err != nil {
			b.Fatal(err)
		}
	}
}
