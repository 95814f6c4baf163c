package executor_test

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/causeway-go/causeway/executor"
	"github.com/causeway-go/causeway/pollster"
)

// The whole of it: an executor, a worker, a function that waits for futures.
func Example() {
	ctx, stop := context.WithCancel(context.Background())
	ex, err := executor.New(executor.Options{})
	if err != nil {
		panic(err)
	}
	// An executor has no goroutines of its own. This one becomes a worker; a
	// second «go ex.Run(ctx)» would be a second one.
	var workers sync.WaitGroup
	workers.Go(func() { ex.Run(ctx) })

	var price pollster.Promise[int] // some callback resolves it
	task := executor.Go(ex, func(ctx context.Context) (string, error) {
		// This suspends the task, not the worker, and would work the same
		// ten calls further down, in code that knows of no task.
		v, err := pollster.BlockOn(ctx, pollster.Future[int](&price))
		return fmt.Sprint("it costs ", v), err
	})
	price.Resolve(12)
	fmt.Println(task.Wait(ctx))

	stop() // ends Run; what has not ended stays until Close
	workers.Wait()
	ex.Close()
	// Output: it costs 12 <nil>
}

// Cancel, then Wait, waits until the task is gone: its deferred calls have run.
func ExampleTask_Cancel() {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	ex, _ := executor.New(executor.Options{})
	go ex.Run(ctx)

	var never pollster.Promise[int]
	waiting := make(chan struct{})
	task := executor.Go(ex, func(ctx context.Context) (int, error) {
		defer fmt.Println("cleaned up")
		close(waiting)
		return pollster.BlockOn(ctx, pollster.Future[int](&never))
	})
	<-waiting
	task.Cancel()
	_, err := task.Wait(ctx)
	fmt.Println(errors.Is(err, context.Canceled))
	// Output:
	// cleaned up
	// true
}

// Everything spawned in the scope has ended when Within returns.
func ExampleWithin() {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	ex, _ := executor.New(executor.Options{})
	go ex.Run(ctx)

	var left, right *executor.Task[int]
	err := executor.Within(ctx, ex, func(s *executor.Scope) error {
		left = executor.Spawn(s, pollster.Ready(20))
		right = executor.Go(s, func(context.Context) (int, error) { return 22, nil })
		return nil
	})
	if err != nil {
		panic(err)
	}
	a, _ := left.Wait(ctx) // at once
	b, _ := right.Wait(ctx)
	fmt.Println(a + b)
	// Output: 42
}

// A loop that belongs to somebody else, here a channel of events, drives a
// Local: it polls when OnWake says so, and goes on at once while there is more.
func ExampleLocal_Poll() {
	events := make(chan string, 1)
	local, err := executor.NewLocal(executor.LocalOptions{
		OnWake: func() { events <- "poll" }, // once per sleep, so there is room
	})
	if err != nil {
		panic(err)
	}
	defer local.Close()

	task := executor.Go(local, func(ctx context.Context) (string, error) {
		var answer pollster.Promise[string]
		go answer.Resolve("done") // elsewhere
		return pollster.BlockOn(ctx, pollster.Future[string](&answer))
	})
	for !task.Done() {
		<-events
		for local.Poll(100) { // at most 100 polls, then other events
		}
	}
	fmt.Println(task.Wait(context.Background()))
	// Output: done <nil>
}

// A library that must always be called on the same OS thread.
func ExampleThread() {
	gl, err := executor.NewThread(executor.LocalOptions{})
	if err != nil {
		panic(err)
	}
	defer gl.Close()

	ctx := context.Background()
	version := ""
	err = gl.Call(ctx, func() { version = "4.6" }) // C.glGetString(…)
	fmt.Println(version, err, gl.OnThread())
	// Output: 4.6 <nil> false
}

// Code outside that wants something done among the tasks waits for it on the spot.
func ExampleDo() {
	n, err := executor.Do(context.Background(), executor.Default(), func(ctx context.Context) (int, error) {
		return pollster.BlockOn(ctx, pollster.Ready(42)) // would suspend the task, if it had to wait
	})
	fmt.Println(n, err)
	// Output: 42 <nil>
}
