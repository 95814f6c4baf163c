//go:build linux

package reactor_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log"
	"time"

	"golang.org/x/sys/unix"

	"github.com/causeway-go/causeway/pollster"
	"github.com/causeway-go/causeway/reactor"
)

// Any descriptor will do; here it is an eventfd, which os.File would read with a
// goroutine of its own.
func Example() {
	ctx := context.Background()
	fd, err := unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC)
	if err != nil {
		log.Fatal(err)
	}
	r, err := reactor.Default()
	if err != nil {
		log.Fatal(err)
	}
	s, err := r.Register(uintptr(fd))
	if err != nil {
		log.Fatal(err)
	}
	// The descriptor goes with the Source, when nobody is using it any more.
	defer s.CloseWith(unix.Close)

	go unix.Write(fd, binary.NativeEndian.AppendUint64(nil, 42))

	var buf [8]byte
	// One attempt, made again each time that there is a change.
	_, err = s.ReadWith(ctx, func(fd int) (int, error) { return unix.Read(fd, buf[:]) })
	fmt.Println(binary.NativeEndian.Uint64(buf[:]), err)
	// Output: 42 <nil>
}

// A timer is a future like any other: wait for it on a goroutine, or combine it.
func ExampleSleep() {
	_, err := pollster.BlockOn(context.Background(), reactor.Sleep(time.Millisecond))
	fmt.Println(err)
	// Output: <nil>
}

func ExampleTimeout() {
	var answer pollster.Promise[string] // which nobody gives
	_, err := pollster.BlockOn(context.Background(), reactor.Timeout(&answer, time.Millisecond))
	fmt.Println(errors.Is(err, context.DeadlineExceeded))
	// Output: true
}

// Each time is one period after the one before, whatever the loop does between.
func ExampleInterval() {
	interval := reactor.NewInterval(time.Millisecond)
	defer interval.Cancel()
	var last time.Time
	n := 0
	for at, err := range pollster.Seq(context.Background(), interval) {
		if err != nil {
			log.Fatal(err)
		}
		if n > 0 {
			fmt.Println(at.Sub(last))
		}
		last = at
		if n++; n == 3 {
			break
		}
	}
	// Output:
	// 1ms
	// 1ms
}

// A loop that is not ours drives a Reactor by hand.
func ExampleReactor_Poll() {
	r, err := reactor.New(reactor.Options{Manual: true})
	if err != nil {
		log.Fatal(err)
	}
	defer r.Close()
	timer := r.Sleep(time.Millisecond)
	timer.Poll(pollster.NewWaker(func() { fmt.Println("woken") }))
	for n := 0; n == 0; {
		// Other work of the loop goes here, and a shorter time if it has some.
		if n, err = r.Poll(time.Second); err != nil {
			log.Fatal(err)
		}
	}
	// Output: woken
}
