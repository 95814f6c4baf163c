package threadpool_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/causeway-go/causeway/threadpool"
)

// The caller runs its blocking code itself, between Enter and Leave.
func ExamplePool_Enter() {
	pool, err := threadpool.New(threadpool.Options{Limit: 4})
	if err != nil {
		fmt.Println(err)
		return
	}
	read := func(ctx context.Context, name string) (string, error) {
		// Waits here, if need be, so that never more than four of us read.
		slot, err := pool.Enter(ctx)
		if err != nil {
			return "", err
		}
		defer slot.Leave()         // also if the code below panics
		return "read " + name, nil // blocking code
	}
	fmt.Println(read(context.Background(), "a"))
	fmt.Println("running:", pool.Stats().Running)
	// Output:
	// read a <nil>
	// running: 0
}

// With a context that can end, the job runs elsewhere, so that the caller can
// leave it.
func ExamplePool_Do() {
	pool, _ := threadpool.New(threadpool.Options{Limit: 4})
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()

	stuck := make(chan struct{}) // a call that does not come back
	err := pool.Do(ctx, func() {
		cancel() // the time is over, somebody has pressed Ctrl-C
		<-stuck
	})
	fmt.Println(err, errors.Is(err, context.Canceled))

	// The call goes on, and keeps its slot until it returns.
	fmt.Println("abandoned:", pool.Stats().Abandoned)
	close(stuck)
	fmt.Println(pool.Shutdown(context.Background()))
	fmt.Println("abandoned:", pool.Stats().Abandoned)
	// Output:
	// context canceled true
	// abandoned: 1
	// <nil>
	// abandoned: 0
}

// Jobs that nobody waits for, until Shutdown waits for all of them.
func ExamplePool_Submit() {
	pool, _ := threadpool.New(threadpool.Options{
		Limit: 2,
		Queue: 10, // Submit waits when ten jobs wait
		OnPanic: func(v any, stack []byte) {
			fmt.Println("a job has panicked:", v)
		},
	})
	var mu sync.Mutex
	sum := 0
	for i := range 100 {
		err := pool.Submit(context.Background(), func() {
			mu.Lock()
			defer mu.Unlock()
			sum += i
			if i == 50 {
				panic("fifty")
			}
		})
		if err != nil {
			fmt.Println(err)
		}
	}
	fmt.Println(pool.Shutdown(context.Background()))
	fmt.Println(sum, pool.Stats().Completed)
	fmt.Println(pool.TrySubmit(func() {}))
	// Output:
	// a job has panicked: fifty
	// <nil>
	// 4950 100
	// threadpool: pool is closed
}

// The limit can be changed while jobs run. Those keep their slots.
func ExamplePool_Resize() {
	pool, _ := threadpool.New(threadpool.Options{Limit: 1})
	err := pool.Do(context.Background(), func() {
		second := make(chan struct{})
		_ = pool.Submit(context.Background(), func() { close(second) })
		fmt.Println("queued:", pool.Stats().Queued)
		_ = pool.Resize(2)
		<-second // has got the new slot
	})
	fmt.Println(err, pool.Resize(0))
	// Output:
	// queued: 1
	// <nil> threadpool: bad options: limit of 0 jobs is not between 1 and 9000
}

// One slow dependency gets a class of its own: when it hangs, the others go on.
func ExamplePool_Class() {
	pool, err := threadpool.New(threadpool.Options{Name: "backend", Limit: 64})
	if err != nil {
		panic(err)
	}
	legacy, err := pool.Class(threadpool.ClassOptions{Name: "legacy", Limit: 4, Hint: threadpool.WillBlock})
	if err != nil {
		panic(err)
	}
	hang := make(chan struct{})
	for range 100 { // four of these run, and hang; the rest waits
		_ = legacy.Submit(context.Background(), func() { <-hang })
	}
	_ = pool.Do(context.Background(), func() { fmt.Println("the others go on") })
	fmt.Println(legacy.Stats().Name, "has a limit of", legacy.Stats().Limit)
	close(hang)
	_ = pool.Shutdown(context.Background())
	// Output:
	// the others go on
	// backend/legacy has a limit of 4
}

// A job that hangs is reported with the place where it does.
func ExampleOptions_onStall() {
	reported := make(chan string)
	pool, err := threadpool.New(threadpool.Options{
		StallAfter: 10 * time.Millisecond,
		OnStall: func(j threadpool.JobInfo) {
			reported <- fmt.Sprintf("stalled, with a stack: %t", len(j.Stack) > 0)
		},
	})
	if err != nil {
		panic(err)
	}
	stop := make(chan struct{})
	_ = pool.Submit(context.Background(), func() { <-stop })
	fmt.Println(<-reported)
	close(stop)
	// Output: stalled, with a stack: true
}
