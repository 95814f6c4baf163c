package compat_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/causeway-go/causeway/compat"
	"github.com/causeway-go/causeway/internal/hammer"
	"github.com/causeway-go/causeway/internal/leak"
	"github.com/causeway-go/causeway/pollster"
)

func TestReceiverGivesWhatTheChannelHasInOrder(t *testing.T) {
	leak.Check(t)
	for _, capacity := range []int{0, 1, 3, 100} {
		for _, how := range []string{"Next", "Seq", "PollNext"} {
			t.Run(fmt.Sprint(capacity, how), func(t *testing.T) {
				ch := make(chan int, capacity)
				go produce(ch, 50)
				r := compat.FromChan(ch)
				var got []int
				for {
					var v int
					var err error
					switch how {
					case "Next":
						v, err = r.Next(context.Background())
					case "PollNext":
						v, err = pollster.BlockOn(context.Background(), pollster.Next(r))
					case "Seq":
						for v := range pollster.Seq(context.Background(), r) {
							got = append(got, v)
						}
						err = io.EOF
					}
					if err != nil {
						if err != io.EOF {
							t.Fatal(err)
						}
						break
					}
					got = append(got, v)
				}
				if !slices.Equal(got, slices.Collect(count(50))) {
					t.Fatalf("got %v", got)
				}
			})
		}
	}
}

func TestReceiverLosesNothingWhenAPollIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ch := make(chan int)
		r := compat.FromChan(ch)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := pollster.BlockOn(ctx, pollster.Next(r)); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("BlockOn: %v", err)
		}
		ch <- 1 // goes to the goroutine that the poll has started
		if v, err := r.Next(t.Context()); v != 1 || err != nil {
			t.Fatalf("got %d, %v, want the value sent when nobody polled", v, err)
		}
		if _, err := r.Next(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("Next: %v", err)
		}
		select {
		case ch <- 2:
			t.Fatal("a Next that was given up has received")
		default:
		}
	})
}

func TestReceiverReceivesNothingAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ch := make(chan int, 3)
		r := compat.FromChan(ch)
		r.PollNext(nil) // asks for one
		ch <- 1
		ch <- 2
		ch <- 3
		synctest.Wait()
		if len(ch) != 2 {
			t.Fatalf("%d values left of 3, want 2", len(ch))
		}
		for want := 1; want <= 3; want++ {
			if v, err := r.Next(t.Context()); v != want || err != nil {
				t.Fatalf("got %d, %v, want %d", v, err, want)
			}
		}
	})
}

func TestReceiverEndsWhenTheChannelIsClosedWhileItWaits(t *testing.T) {
	leak.Check(t)
	ch := make(chan int)
	r := compat.FromChan(ch)
	w := make(chan struct{}, 1)
	if _, ready, err := r.PollNext(pollster.NewWaker(func() { w <- struct{}{} })); ready || err != nil {
		t.Fatal(ready, err)
	}
	close(ch)
	<-w
	for range 2 {
		if _, ready, err := r.PollNext(nil); ready || err != io.EOF {
			t.Fatal(ready, err)
		}
	}
	if _, err := r.Next(t.Context()); err != io.EOF {
		t.Fatal(err)
	}
}

func TestReceiverOfANilChannelWaitsAndCanBeLeft(t *testing.T) {
	leak.Check(t)
	r := compat.FromChan[int](nil)
	r.PollNext(nil)
	r.Cancel()
	r.Cancel()
	if _, _, err := r.PollNext(nil); err != pollster.ErrCanceled {
		t.Fatalf("poll after Cancel: %v", err)
	}
	if _, err := r.Next(t.Context()); err != pollster.ErrCanceled {
		t.Fatalf("Next after Cancel: %v", err)
	}
}

func TestStopReturnsTheValueThatNobodyPolled(t *testing.T) {
	leak.Check(t)
	ch := make(chan int)
	r := compat.FromChan(ch)
	if v, ok := r.Stop(); ok {
		t.Fatalf("%d from a stream that was never polled", v)
	}
	r = compat.FromChan(ch)
	r.PollNext(nil)
	ch <- 7
	if v, ok := r.Stop(); v != 7 || !ok {
		t.Fatalf("got %d, %v, want 7", v, ok)
	}
	if v, ok := r.Stop(); ok {
		t.Fatalf("%d once more", v)
	}
}

// Every value is received once or still in the channel, whatever is given up
// when.
func TestStopLosesNoValueUnderFire(t *testing.T) {
	leak.Check(t)
	const streams = 4
	ch := make(chan int, 2)
	var sent, got, kept atomic.Int64
	stop := make(chan struct{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := 0; ; i++ {
			select {
			case ch <- 1:
				sent.Add(1)
			case <-stop:
				return
			}
		}
	}()
	hammer.Run(t, streams, func(g, i int) {
		r := compat.FromChan(ch)
		for range i % 4 {
			if _, ready, _ := r.PollNext(nil); ready {
				got.Add(1)
			}
		}
		if i%2 == 0 {
			if _, err := r.Next(context.Background()); err == nil {
				got.Add(1)
			}
		}
		if _, ok := r.Stop(); ok {
			kept.Add(1)
		}
	})
	close(stop)
	<-done
	if n := got.Load() + kept.Load() + int64(len(ch)); n != sent.Load() {
		t.Fatalf("sent %d, got %d + kept %d + left %d", sent.Load(), got.Load(), kept.Load(), len(ch))
	}
}

func TestSendDoesNotSendAfterCancel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ch := make(chan int)
		for _, polls := range []int{0, 1, 2} {
			f := compat.Send(ch, 1)
			for range polls {
				f.Poll(nil)
			}
			pollster.Cancel(f)
			pollster.Cancel(f)
			synctest.Wait()
			select {
			case <-ch:
				t.Fatalf("sent although cancelled, after %d polls", polls)
			default:
			}
			if _, _, err := f.Poll(nil); err != pollster.ErrCanceled {
				t.Fatal(err)
			}
		}
	})
}

func TestSendToAClosedChannelPanicsInThePoller(t *testing.T) {
	leak.Check(t)
	for name, late := range map[string]bool{"closed before": false, "closed while it waits": true} {
		t.Run(name, func(t *testing.T) {
			if late && raceEnabled {
				t.Skip("the race detector reports any close under a send")
			}
			ch := make(chan int)
			f := compat.Send(ch, 1)
			if late {
				f.Poll(nil)
			}
			close(ch)
			defer func() {
				if recover() == nil {
					t.Fatal("no panic")
				}
			}()
			pollster.BlockOn(context.Background(), f)
		})
	}
}

// A closed channel under a send that was given up must not end the process.
func TestSendThatWasCancelledSurvivesAClosedChannel(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector reports any close under a send")
	}
	leak.Check(t)
	hammer.Run(t, 4, func(g, i int) {
		ch := make(chan int)
		f := compat.Send(ch, i)
		f.Poll(nil)
		go close(ch)
		pollster.Cancel(f)
	})
}

func TestFeedMovesAStreamIntoAChannel(t *testing.T) {
	leak.Check(t)
	ch := make(chan int)
	errs := make(chan error, 1)
	go func() {
		defer close(ch)
		errs <- compat.Feed(context.Background(), compat.FromSeq(count(50)), ch)
	}()
	var got []int
	for v := range ch {
		got = append(got, v)
	}
	if err := <-errs; err != nil || !slices.Equal(got, slices.Collect(count(50))) {
		t.Fatal(got, err)
	}
}

func TestFeedReturnsTheErrorOfTheStreamAndOfTheContext(t *testing.T) {
	leak.Check(t)
	bad := func(yield func(int, error) bool) { _ = yield(1, nil) && yield(0, errTest) }
	ch := make(chan int, 1)
	if err := compat.Feed(context.Background(), compat.FromSeq2(bad), ch); !errors.Is(err, errTest) {
		t.Fatal(err)
	}
	running := 0
	endless := func(yield func(int) bool) {
		running++
		defer func() { running-- }()
		for yield(0) {
		}
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	time.AfterFunc(time.Millisecond, func() { cancel(errTest) })
	err := compat.Feed(ctx, compat.FromSeq(endless), ch) // ch is full
	if !errors.Is(err, errTest) || !errors.Is(err, context.Canceled) || running != 0 {
		t.Fatal(err, running)
	}
}

func TestToChanGivesOneResultAndCloses(t *testing.T) {
	leak.Check(t)
	for _, want := range []compat.Result[int]{{Value: 7}, {Err: errTest}} {
		f := pollster.Ready(7)
		if want.Err != nil {
			f = pollster.Failed[int](want.Err)
		}
		ch := compat.ToChan(context.Background(), f)
		if got := <-ch; got != want {
			t.Fatalf("got %v, want %v", got, want)
		}
		if got, ok := <-ch; ok {
			t.Fatalf("a second result %v", got)
		}
	}
	// Nobody receives, and nothing is left.
	ctx, cancel := context.WithCancel(context.Background())
	var p pollster.Promise[int]
	ch := compat.ToChan[int](ctx, &p)
	cancel()
	if r := <-ch; !errors.Is(r.Err, context.Canceled) || !p.Canceled() {
		t.Fatal(r, p.Canceled())
	}
	compat.ToChan(context.Background(), pollster.Ready(1))
}

func TestRecvAfterAValueAndInARace(t *testing.T) {
	leak.Check(t)
	ch, never := make(chan int, 2), make(chan int)
	ch <- 1
	ch <- 2
	f := compat.Recv(ch)
	if v, err := pollster.BlockOn(t.Context(), f); v != 1 || err != nil {
		t.Fatal(v, err)
	}
	if v, ready, _ := f.Poll(nil); ready {
		t.Fatalf("a second value, %d", v)
	}
	v, err := pollster.BlockOn(t.Context(), pollster.Race(compat.Recv(never), compat.Recv(ch)))
	if v != 2 || err != nil {
		t.Fatal(v, err)
	}
}

func TestRecvGoesOnSayingThatItWasLeft(t *testing.T) {
	f := compat.Recv(make(chan int))
	w := pollster.NewWaker(func() {})
	f.Poll(w)
	pollster.Cancel(f)
	for range 3 {
		if _, _, err := f.Poll(w); !errors.Is(err, pollster.ErrCanceled) {
			t.Errorf("error %v, want ErrCanceled", err)
		}
	}
}
