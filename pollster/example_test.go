package pollster_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"time"

	"github.com/causeway-go/causeway/pollster"
)

// A Bell is a future that ends when it is rung. It is all there is to writing
// one by hand.
type Bell struct {
	rung  atomic.Bool
	waker pollster.AtomicWaker
}

// Poll is called by one goroutine at a time and must not block.
func (b *Bell) Poll(w *pollster.Waker) (string, bool, error) {
	// First be reachable, then look. The other way round, Ring could come
	// between the two and find nobody to wake.
	b.waker.Register(w)
	return "ding", b.rung.Load(), nil
}

// Ring may be called from anywhere.
func (b *Bell) Ring() {
	// First make it true, then wake: the poll that follows must see it.
	b.rung.Store(true)
	b.waker.Wake()
}

// The whole protocol: a future, an event, and somebody who waits.
func Example() {
	bell := new(Bell)
	time.AfterFunc(time.Millisecond, bell.Ring)
	v, err := pollster.BlockOn(context.Background(), bell)
	fmt.Println(v, err)
	// Output: ding <nil>
}

// Polling by hand, as an executor or a foreign event loop does it.
func ExampleNewWaker() {
	bell := new(Bell)
	woken := make(chan struct{}, 1)
	w := pollster.NewWaker(func() {
		select {
		case woken <- struct{}{}:
		default: // wakes coalesce: one token is enough for any number
		}
	})
	go bell.Ring()
	for {
		v, ready, err := bell.Poll(w)
		if ready || err != nil {
			fmt.Println(v, err)
			break
		}
		<-woken // whatever woke us during Poll has left its token
	}
	// Output: ding <nil>
}

// A callback API becomes a future.
func ExamplePromise() {
	fetch := func(name string, callback func(string, error)) { // somebody else's
		go callback(strings.ToUpper(name), nil)
	}
	p := new(pollster.Promise[string])
	fetch("hello", func(s string, err error) { p.Settle(s, err) })
	fmt.Println(p.Wait(context.Background()))
	// Output: HELLO <nil>
}

// The one who produces the result can stop when nobody wants it any more.
func ExamplePromise_OnCancel() {
	p := new(pollster.Promise[int])
	p.OnCancel(func() { fmt.Println("stop fetching") })
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	_, err := pollster.BlockOn(ctx, p)
	fmt.Println(errors.Is(err, context.DeadlineExceeded), p.Resolve(1))
	// Output:
	// stop fetching
	// true false
}

// BlockOn ends with its context and cancels the future.
func ExampleBlockOn_context() {
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(errors.New("the user has gone home"))
	_, err := pollster.BlockOn(ctx, new(Bell))
	fmt.Println(err, errors.Is(err, context.Canceled))
	// Output: context canceled: the user has gone home true
}

func ExampleThen() {
	name := pollster.Ready("gopher")
	greeting := pollster.Then(name, func(s string) pollster.Future[string] {
		return pollster.Map(pollster.Yield(), func(struct{}) string { return "hello, " + s })
	})
	fmt.Println(pollster.BlockOn(context.Background(), greeting))
	// Output: hello, gopher <nil>
}

func ExampleJoin() {
	square := func(n int) pollster.Future[int] {
		return pollster.Map(pollster.Ready(n), func(n int) int { return n * n })
	}
	fmt.Println(pollster.BlockOn(context.Background(), pollster.Join(square(1), square(2), square(3))))
	// Output: [1 4 9] <nil>
}

func ExampleJoin2() {
	p, err := pollster.BlockOn(context.Background(), pollster.Join2(pollster.Ready(1), pollster.Ready("one")))
	fmt.Println(p.First, p.Second, err)
	// Output: 1 one <nil>
}

// The first to end wins, the other one is cancelled.
func ExampleRace() {
	slow := new(pollster.Promise[string])
	fmt.Println(pollster.BlockOn(context.Background(), pollster.Race(slow, pollster.Ready("fast"))))
	fmt.Println(slow.Canceled())
	// Output:
	// fast <nil>
	// true
}

// Select leaves the others alive, so they can be waited for later.
func ExampleSelect() {
	a, b := new(pollster.Promise[string]), new(pollster.Promise[string])
	b.Resolve("b")
	s, _ := pollster.BlockOn(context.Background(), pollster.Select[string](a, b))
	fmt.Println(s.Index, s.Value)
	a.Resolve("a")
	fmt.Println(pollster.BlockOn(context.Background(), a))
	// Output:
	// 1 b
	// a <nil>
}

func ExampleTimeout() {
	_, err := pollster.BlockOn(context.Background(), pollster.Timeout(new(Bell), time.Millisecond))
	fmt.Println(err, errors.Is(err, context.DeadlineExceeded))
	// Output: pollster: timeout true
}

// Results in the order in which they come.
func ExampleUnordered() {
	slow, fast := new(pollster.Promise[string]), new(pollster.Promise[string])
	results := pollster.Unordered[string](slow, fast)
	fast.Resolve("fast")
	for s, err := range pollster.Seq(context.Background(), results) {
		fmt.Println(s.Index, s.Value, err)
		slow.Resolve("slow")
	}
	// Output:
	// 1 fast <nil>
	// 0 slow <nil>
}

// A Countdown is a stream written by hand.
type Countdown struct{ n int }

// PollNext never has to wait here, so it keeps no waker.
func (c *Countdown) PollNext(*pollster.Waker) (int, bool, error) {
	if c.n == 0 {
		return 0, false, io.EOF
	}
	c.n--
	return c.n, true, nil
}

func ExampleSeq() {
	for v, err := range pollster.Seq(context.Background(), &Countdown{3}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(v)
	}
	// Output:
	// 2
	// 1
	// 0
}

// Main is for a program's main function, as os.Exit(pollster.Main(run)).
func ExampleMain() {
	status := pollster.Main(func(ctx context.Context) pollster.Future[int] {
		greeting := pollster.Then(pollster.Yield(), func(struct{}) pollster.Future[string] {
			return pollster.Ready("hello")
		})
		return pollster.Map(greeting, func(s string) int {
			fmt.Println(s)
			return 0
		})
	})
	fmt.Println("status", status)
	// Output:
	// hello
	// status 0
}
