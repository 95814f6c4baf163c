package unblock_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/causeway-go/causeway/pollster"
	"github.com/causeway-go/causeway/unblock"
)

// A call that may hang is left when its context ends.
func ExampleCall() {
	hang := make(chan struct{})
	defer close(hang)
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()

	_, err := unblock.Call(ctx, func() (string, error) {
		<-hang // a server that does not answer
		return "never", nil
	})
	fmt.Println(errors.Is(err, context.DeadlineExceeded))
	// Output: true
}

// The hook makes the call itself return, so that nothing is left behind.
func ExampleCallInterruptible() {
	r, w, _ := os.Pipe()
	defer w.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()

	_, err := unblock.CallInterruptible(ctx, func() (int, error) {
		return r.Read(make([]byte, 1)) // nobody writes
	}, func() { r.Close() })
	fmt.Println(err)
	// Output: context deadline exceeded
}

// Two blocking calls run at the same time, and one goroutine waits for both.
func ExampleGo() {
	name := unblock.Go(func() (string, error) { return "causeway", nil })
	size := unblock.Go(func() (int, error) { return 8, nil })

	both, err := pollster.BlockOn(context.Background(), pollster.Join2(name, size))
	fmt.Println(both.First, both.Second, err)
	// Output: causeway 8 <nil>
}

// A function is wrapped once and keeps its shape, plus a context.
func ExampleFunc1() {
	stat := unblock.Func1(os.Stat)
	_, err := stat(context.Background(), "no such file")
	fmt.Println(errors.Is(err, os.ErrNotExist))
	// Output: true
}

// Reading with a deadline, from something that knows of none.
func ExampleReader() {
	in := unblock.NewReader(strings.NewReader("one\ntwo\n"), unblock.Options{})
	defer in.Close()
	for lines := bufio.NewScanner(in); lines.Scan(); {
		fmt.Println(lines.Text())
	}
	// Output:
	// one
	// two
}

// Values of an iterator that blocks, as a stream.
func ExampleSeq() {
	words := unblock.Seq(strings.SplitSeq("left right", " "), unblock.Options{})
	for {
		word, err := words.Next(context.Background())
		if err == io.EOF {
			return
		}
		fmt.Println(word)
	}
	// Output:
	// left
	// right
}
