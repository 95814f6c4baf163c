package compat_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/causeway-go/causeway/compat"
	"github.com/causeway-go/causeway/pollster"
)

// A page is wanted from a channel, from a function, or not at all: whichever
// comes first decides, and the others are told to stop.
func Example() {
	request, giveUp := context.WithTimeout(context.Background(), time.Minute)
	defer giveUp()
	cache := make(chan string) // never has it

	page := pollster.Race(
		compat.Recv(cache),
		compat.Async(request, func(ctx context.Context) (string, error) {
			return "fetched", nil
		}),
		compat.Done[string](request), // so that BlockOn need not know
	)
	fmt.Println(pollster.BlockOn(context.Background(), page))
	// Output: fetched <nil>
}

func ExampleFromChan() {
	ch := make(chan int, 3)
	go func() {
		defer close(ch) // whoever sends closes, as ever
		for i := range 3 {
			ch <- i
		}
	}()
	r := compat.FromChan(ch)
	defer r.Cancel() // in case the loop is left
	for v, err := range pollster.Seq(context.Background(), r) {
		fmt.Println(v, err)
	}
	// Output:
	// 0 <nil>
	// 1 <nil>
	// 2 <nil>
}

// A wait with a timeout that loses no value: the timeout is for the wait and not
// for the stream.
func ExampleReceiver_Next() {
	ch := make(chan string, 1)
	r := compat.FromChan(ch)
	defer r.Cancel()

	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	_, err := r.Next(ctx)
	fmt.Println(errors.Is(err, context.DeadlineExceeded))

	ch <- "late, but here"
	fmt.Println(r.Next(context.Background()))
	// Output:
	// true
	// late, but here <nil>
}

func ExampleFeed() {
	ch := make(chan string)
	words := compat.FromSeq(strings.FieldsSeq("one two three"))
	go func() {
		defer close(ch) // after Feed, which does not
		if err := compat.Feed(context.Background(), words, ch); err != nil {
			fmt.Println(err)
		}
	}()
	for w := range ch { // code that only knows channels
		fmt.Println(w)
	}
	// Output:
	// one
	// two
	// three
}

func ExampleCallback() {
	// An SDK that calls back, sometimes more than once.
	begin := func(done func(int, error)) {
		done(7, nil)
		done(0, errors.New("connection closed"))
	}
	f := compat.Callback(func(done func(int, error)) (cancel func()) {
		begin(done)
		return nil // it cannot be cancelled
	})
	v, err := pollster.BlockOn(context.Background(), f)
	fmt.Println(v, err, "and", f.Late(), "call too late")
	// Output: 7 <nil> and 1 call too late
}

// A future as an ordinary function, of which the callers need not know.
func ExampleFunc() {
	config := compat.Func(compat.Async(context.Background(), func(context.Context) (string, error) {
		fmt.Println("loading")
		return "configuration", nil
	}))
	for range 2 {
		fmt.Println(config(context.Background()))
	}
	// Output:
	// loading
	// configuration <nil>
	// configuration <nil>
}

// Code that only takes contexts stops when a future ends.
func ExampleContext() {
	ctx, cancel := compat.Context(context.Background(), pollster.Ready("enough"))
	defer cancel()
	<-ctx.Done()
	fmt.Println(compat.Value[string](ctx))
	// Output: enough true
}

func ExampleGroup() {
	g := compat.NewGroup(context.Background())
	g.Go(func(ctx context.Context) error { return nil })
	sum := compat.Add(g, pollster.Map(pollster.Ready(20), func(v int) int { return v + 1 }))
	if err := g.Wait(context.Background()); err != nil {
		fmt.Println(err)
		return
	}
	v, _, _ := sum.Poll(nil) // it has ended
	fmt.Println(v)
	// Output: 21
}

func ExampleCondWait() {
	var mu sync.Mutex
	queue, notEmpty := []int{}, sync.NewCond(&mu)

	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	mu.Lock()
	defer mu.Unlock()
	for len(queue) == 0 {
		if err := compat.CondWait(ctx, notEmpty); err != nil {
			fmt.Println(err)
			return
		}
	}
	// Output: context deadline exceeded
}

func ExampleTick() {
	ticks := compat.Tick(time.Millisecond)
	defer pollster.Cancel(ticks)
	for range 3 {
		if _, err := pollster.BlockOn(context.Background(), pollster.Next(ticks)); err != nil {
			fmt.Println(err)
		}
	}
	fmt.Println("three ticks")
	// Output: three ticks
}

func ExampleStart() {
	var out bytes.Buffer
	cmd := exec.Command("echo", "hello")
	cmd.Stdout = &out
	child, err := compat.Start(cmd)
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	// Returns by the end of ctx, whatever the child has left running.
	if _, err := child.Wait(ctx); err != nil {
		fmt.Println(err)
	}
	fmt.Print(out.String())
	// Output: hello
}
