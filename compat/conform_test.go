package compat_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/causeway-go/causeway/compat"
	"github.com/causeway-go/causeway/pollster"
	"github.com/causeway-go/causeway/pollster/futuretest"
)

var errTest = errors.New("test error")

// is returns a check for a value without an error.
func is[T comparable](want T) func(T, error) error {
	return func(v T, err error) error {
		if err != nil || v != want {
			return fmt.Errorf("got %v, %v, want %v", v, err, want)
		}
		return nil
	}
}

// fails returns a check for an error.
func fails[T any](want error) func(T, error) error {
	return func(v T, err error) error {
		if !errors.Is(err, want) {
			return fmt.Errorf("got %v, %v, want the error %v", v, err, want)
		}
		return nil
	}
}

func TestRecvConforms(t *testing.T) {
	for name, complete := range map[string]func(chan int){
		"buffered": func(ch chan int) { ch <- 7 },
		"closed":   func(ch chan int) { close(ch) },
	} {
		t.Run(name, func(t *testing.T) {
			check := is(7)
			if name == "closed" {
				check = fails[int](io.EOF)
			}
			futuretest.TestFuture(t, func() futuretest.Subject[int] {
				ch := make(chan int, 1)
				return futuretest.Subject[int]{Future: compat.Recv(ch), Complete: func() { complete(ch) }, Check: check}
			})
		})
	}
	t.Run("ready", func(t *testing.T) {
		futuretest.TestFuture(t, func() futuretest.Subject[int] {
			ch := make(chan int, 1)
			ch <- 7
			return futuretest.Subject[int]{Future: compat.Recv(ch), Check: is(7)}
		})
	})
}

func TestNextOfAReceiverConforms(t *testing.T) {
	futuretest.TestFuture(t, func() futuretest.Subject[int] {
		ch := make(chan int, 1)
		r := compat.FromChan(ch)
		return futuretest.Subject[int]{Future: onlyOne[int]{r}, Complete: func() { ch <- 7 }, Check: is(7)}
	})
}

// onlyOne is the first value of a stream, and cancels it.
type onlyOne[T any] struct{ s pollster.Stream[T] }

func (o onlyOne[T]) Poll(w *pollster.Waker) (T, bool, error) {
	v, ready, err := o.s.PollNext(w)
	if ready || err != nil {
		o.Cancel()
	}
	return v, ready, err
}
func (o onlyOne[T]) Cancel() { pollster.Cancel(o.s) }

func TestSendConforms(t *testing.T) {
	futuretest.TestFuture(t, func() futuretest.Subject[struct{}] {
		ch := make(chan int, 1)
		ch <- 1
		return futuretest.Subject[struct{}]{
			Future: compat.Send(ch, 2), Complete: func() { <-ch }, Check: is(struct{}{}),
		}
	})
}

func TestAsyncConforms(t *testing.T) {
	futuretest.TestFuture(t, func() futuretest.Subject[int] {
		open := make(chan struct{})
		return futuretest.Subject[int]{
			Future: compat.Async(context.Background(), func(ctx context.Context) (int, error) {
				select {
				case <-open:
					return 7, nil
				case <-ctx.Done():
					return 0, ctx.Err()
				}
			}),
			Complete: func() { close(open) }, Check: is(7),
		}
	})
}

func TestCallbackConforms(t *testing.T) {
	futuretest.TestFuture(t, func() futuretest.Subject[int] {
		box := &mailbox{}
		return futuretest.Subject[int]{
			Future: compat.Callback(box.receive), Complete: func() { box.deliver(7) }, Check: is(7),
			Held: box.waiting,
		}
	})
}

func TestDoneConforms(t *testing.T) {
	futuretest.TestFuture(t, func() futuretest.Subject[int] {
		ctx, cancel := context.WithCancelCause(context.Background())
		return futuretest.Subject[int]{
			Future: compat.Done[int](ctx), Complete: func() { cancel(errTest) },
			Check: func(_ int, err error) error {
				if !errors.Is(err, errTest) || !errors.Is(err, context.Canceled) {
					return fmt.Errorf("got %v, want both the cause and Canceled", err)
				}
				return nil
			},
		}
	})
}

func TestAddedFutureConforms(t *testing.T) {
	futuretest.TestFuture(t, func() futuretest.Subject[int] {
		g := compat.NewGroup(context.Background())
		var p pollster.Promise[int]
		f := compat.Add(g, p.Future())
		f.OnCancel(func() { p.Resolve(0) }) // let the group end
		return futuretest.Subject[int]{
			Future: f, Complete: func() { p.Resolve(7) }, Check: is(7),
		}
	})
}

func TestAfterConforms(t *testing.T) {
	futuretest.TestFuture(t, func() futuretest.Subject[time.Time] {
		start := time.Now()
		return futuretest.Subject[time.Time]{
			Future: compat.After(time.Millisecond),
			Check: func(at time.Time, err error) error {
				if err != nil || at.Sub(start) < time.Millisecond {
					return fmt.Errorf("got %v, %v after the start", at.Sub(start), err)
				}
				return nil
			},
		}
	})
}

func TestFromChanConforms(t *testing.T) {
	const values = 5
	futuretest.TestStream(t, func() futuretest.StreamSubject[int] {
		ch := make(chan int, values)
		n := 0
		return futuretest.StreamSubject[int]{
			Stream: compat.FromChan(ch), Feed: func() { ch <- n; n++ }, End: func() { close(ch) }, Values: values,
			Check: func(i, v int) error { return is(i)(v, nil) },
		}
	})
}

func count(n int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for i := range n {
			if !yield(i) {
				return
			}
		}
	}
}

func TestFromSeqConforms(t *testing.T) {
	futuretest.TestStream(t, func() futuretest.StreamSubject[int] {
		return futuretest.StreamSubject[int]{
			// One value, because a sequence is suspended between two, and the
			// suite lets go of streams after the first.
			Stream: &first[int]{compat.FromSeq(count(5)), 1}, Values: 1,
			Check: func(i, v int) error { return is(i)(v, nil) },
		}
	})
}

func TestFromSeq2Conforms(t *testing.T) {
	futuretest.TestStream(t, func() futuretest.StreamSubject[int] {
		seq := func(yield func(int, error) bool) { _ = yield(0, nil) && yield(1, nil) }
		return futuretest.StreamSubject[int]{
			Stream: &first[int]{compat.FromSeq2(seq), 1}, Values: 1,
			Check: func(i, v int) error { return is(i)(v, nil) },
		}
	})
}

func TestChunksConforms(t *testing.T) {
	futuretest.TestStream(t, func() futuretest.StreamSubject[[]byte] {
		return futuretest.StreamSubject[[]byte]{
			Stream: compat.Chunks(bytes.NewReader([]byte("0123456789")), 2), Values: 5,
			Check: func(i int, b []byte) error {
				return is(string([]byte{byte('0' + 2*i), byte('1' + 2*i)}))(string(b), nil)
			},
		}
	})
}

// first is a stream of the first n values of another.
type first[T any] struct {
	s pollster.Stream[T]
	n int
}

func (f *first[T]) PollNext(w *pollster.Waker) (v T, ready bool, err error) {
	if f.n == 0 {
		return v, false, io.EOF
	}
	v, ready, err = f.s.PollNext(w)
	if ready {
		f.n--
		if f.n == 0 {
			f.Cancel()
		}
	}
	return v, ready, err
}

func (f *first[T]) Cancel() { pollster.Cancel(f.s) }

func TestTickConforms(t *testing.T) {
	futuretest.TestStream(t, func() futuretest.StreamSubject[time.Time] {
		var last time.Time
		return futuretest.StreamSubject[time.Time]{
			Stream: &first[time.Time]{compat.Tick(time.Millisecond), 3}, Values: 3,
			Check: func(_ int, at time.Time) error {
				if !at.After(last) {
					return fmt.Errorf("tick at %v, not after the one at %v", at, last)
				}
				last = at
				return nil
			},
		}
	})
}

func TestChildConforms(t *testing.T) {
	if testing.Short() {
		t.Skip("the suite starts hundreds of processes")
	}
	needs(t, "cat")
	var all []*compat.Child
	t.Cleanup(func() { // the suite abandons some, and looks away when it has cancelled
		for _, c := range all {
			c.Cancel()
			c.Wait(context.Background())
		}
	})
	futuretest.TestFuture(t, func() futuretest.Subject[string] {
		in, feed := io.Pipe()
		var out bytes.Buffer
		cmd := exec.Command("cat")
		cmd.Stdin, cmd.Stdout = in, &out
		c, err := compat.Start(cmd)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, c)
		text := pollster.Then(c, func(*os.ProcessState) pollster.Future[string] { return pollster.Ready(out.String()) })
		return futuretest.Subject[string]{
			Future: closing[string]{text, in}, Check: is("hi"),
			Complete: func() { go func() { io.WriteString(feed, "hi"); feed.Close() }() },
		}
	})
}
