package mainloop_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/causeway-go/causeway/compat"
	"github.com/causeway-go/causeway/compat/mainloop"
	"github.com/causeway-go/causeway/executor"
	"github.com/causeway-go/causeway/pollster"
	"github.com/causeway-go/causeway/unblock"
)

// A window's loop sleeps in its toolkit. Here a channel is the toolkit: wake is
// what glfw.PostEmptyEvent would be, and sleep is glfw.WaitEventsTimeout.
func Example() {
	events := make(chan struct{}, 1)
	wake := func() {
		select {
		case events <- struct{}{}:
		default: // it is going to wake up anyway
		}
	}
	sleep := func(d time.Duration) {
		select {
		case <-events:
		case <-time.After(d):
		}
	}

	loop, err := mainloop.NewBlocked(wake, mainloop.Options{})
	if err != nil {
		panic(err)
	}
	title := "loading" // of the window: touched on the loop only, without a lock
	task := executor.Go(loop, func(ctx context.Context) (string, error) {
		// This takes a thread of the pool; the task is suspended, the loop is not.
		page, err := unblock.Call(ctx, func() (string, error) { return "a page", nil })
		title = page
		return page, err
	})
	err = loop.Run(func() error {
		for !task.Done() {
			if d := loop.Turn(); d > 0 && !task.Done() {
				sleep(d)
			}
		}
		return nil
	})
	fmt.Println(title, err)
	// Output: a page <nil>
}

// A game draws frame after frame and gives the tasks a part of each. There is
// nothing to wake.
func ExampleNewPolled() {
	game, _ := mainloop.NewPolled(mainloop.Options{Budget: time.Millisecond})
	level := executor.Go(game, func(ctx context.Context) (int, error) {
		return pollster.BlockOn(ctx, pollster.Ready(1)) // loads it
	})
	game.Run(func() error {
		for !level.Done() {
			game.Turn() // at most a millisecond of this frame
			// input, physics, drawing
		}
		return nil
	})
	fmt.Println(level.Wait(context.Background()))
	// Output: 1 <nil>
}

// A program with a queue of events of its own, as terminal programs have. The
// queue may be full: Post says so, and is asked again.
func ExampleNewQueued() {
	queue := make(chan func(), 8)
	loop, _ := mainloop.NewQueued(mainloop.HostFunc(func(f func()) error {
		select {
		case queue <- f:
			return nil
		default:
			return errors.New("the queue is full")
		}
	}), mainloop.Options{})

	var done bool
	loop.Post(func() {
		fmt.Println("on the loop:", loop.OnLoop())
		// It may wait: the loop goes on meanwhile.
		pollster.BlockOn(context.Background(), compat.After(time.Millisecond))
		done = true
	})
	loop.Run(func() error {
		for !done {
			(<-queue)()
		}
		return nil
	})
	fmt.Println(loop.Post(func() {}))
	// Output:
	// on the loop: true
	// mainloop: the loop has ended: executor: closed
}

// The handler of a key is not a task. There a wait would stop the window, so it
// is refused; what is to be done goes into a task.
func ExampleLoop_Run() {
	loop, _ := mainloop.NewPolled(mainloop.Options{})
	pressed := func() *executor.Task[string] {
		save := executor.Go(loop, func(ctx context.Context) (string, error) {
			return unblock.Call(ctx, func() (string, error) { return "saved", nil })
		})
		// Only this goroutine can run the task, and it would be waiting here.
		_, err := save.Wait(context.Background())
		fmt.Println(errors.Is(err, mainloop.ErrWait))
		return save
	}
	loop.Run(func() error {
		task := pressed()
		for !task.Done() {
			loop.Turn()
		}
		fmt.Println(task.Wait(context.Background()))
		return nil
	})
	// Output:
	// true
	// saved <nil>
}
