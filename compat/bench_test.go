package compat_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/causeway-go/causeway/compat"
	"github.com/causeway-go/causeway/pollster"
)

// The pairs: a channel, and what this package puts in its place.

// produce sends n values to ch and closes it.
func produce(ch chan<- int, n int) {
	for i := range n {
		ch <- i
	}
	close(ch)
}

// BenchmarkThrough moves values through a channel of 64.
func BenchmarkThrough(b *testing.B) {
	for name, drain := range map[string]func(ch chan int) int{
		"chan": func(ch chan int) (n int) {
			for range ch {
				n++
			}
			return n
		},
		"Next": func(ch chan int) (n int) {
			r := compat.FromChan(ch)
			for {
				if _, err := r.Next(context.Background()); err != nil {
					return n
				}
				n++
			}
		},
		"Seq": func(ch chan int) (n int) {
			for range pollster.Seq(context.Background(), compat.FromChan(ch)) {
				n++
			}
			return n
		},
	} {
		b.Run(name, func(b *testing.B) {
			ch := make(chan int, 64)
			go produce(ch, b.N)
			if n := drain(ch); n != b.N {
				b.Fatalf("%d of %d values", n, b.N)
			}
		})
	}
}

// BenchmarkThere drains what is in a channel already and puts it back, with
// nobody waiting: the cost of the adapter alone, there and back.
func BenchmarkThere(b *testing.B) {
	b.Run("chan", func(b *testing.B) {
		ch := make(chan int, 1)
		for i := range b.N {
			ch <- i
			<-ch
		}
	})
	b.Run("Next", func(b *testing.B) {
		ch := make(chan int, 1)
		r := compat.FromChan(ch)
		for i := range b.N {
			ch <- i
			if _, err := r.Next(context.Background()); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("PollNext", func(b *testing.B) {
		ch := make(chan int, 1)
		r := compat.FromChan(ch)
		for i := range b.N {
			ch <- i
			if _, ready, _ := r.PollNext(nil); !ready {
				b.Fatal("not ready")
			}
		}
	})
}

// BenchmarkBack runs a stream into a channel that another goroutine drains.
func BenchmarkBack(b *testing.B) {
	b.Run("chan", func(b *testing.B) {
		ch := make(chan int, 64)
		go produce(ch, b.N)
		for range ch {
		}
	})
	b.Run("Feed", func(b *testing.B) {
		from, ch := make(chan int, 64), make(chan int, 64)
		go produce(from, b.N)
		go func() {
			defer close(ch)
			compat.Feed(context.Background(), compat.FromChan(from), ch)
		}()
		for range ch {
		}
	})
	b.Run("two chans", func(b *testing.B) {
		from, ch := make(chan int, 64), make(chan int, 64)
		go produce(from, b.N)
		go func() {
			defer close(ch)
			for v := range from {
				ch <- v
			}
		}()
		for range ch {
		}
	})
}

// BenchmarkPingPong sends one value to and fro over channels without room, so
// that each receive waits.
func BenchmarkPingPong(b *testing.B) {
	echo := func(in <-chan int, out chan<- int) {
		for v := range in {
			out <- v
		}
		close(out)
	}
	for name, receive := range map[string]func(r *compat.Receiver[int], in <-chan int) (int, error){
		"chan": func(_ *compat.Receiver[int], in <-chan int) (int, error) { return <-in, nil },
		"Next": func(r *compat.Receiver[int], _ <-chan int) (int, error) { return r.Next(context.Background()) },
		"BlockOn": func(r *compat.Receiver[int], _ <-chan int) (int, error) {
			return pollster.BlockOn(context.Background(), pollster.Next(r))
		},
	} {
		b.Run(name, func(b *testing.B) {
			out, in := make(chan int), make(chan int)
			go echo(out, in)
			r := compat.FromChan(in)
			for i := range b.N {
				out <- i
				if v, err := receive(r, in); v != i || err != nil {
					b.Fatal(v, err)
				}
			}
			close(out)
		})
	}
}

// BenchmarkResult hands one result from a goroutine to who waits for it.
func BenchmarkResult(b *testing.B) {
	b.Run("chan", func(b *testing.B) {
		for i := range b.N {
			ch := make(chan int, 1)
			go func() { ch <- i }()
			<-ch
		}
	})
	b.Run("Async", func(b *testing.B) {
		for i := range b.N {
			f := compat.Async(context.Background(), func(context.Context) (int, error) { return i, nil })
			if _, err := pollster.BlockOn(context.Background(), f); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("ToChan", func(b *testing.B) {
		for i := range b.N {
			<-compat.ToChan(context.Background(), pollster.Ready(i))
		}
	})
}

// BenchmarkLock takes a lock that nobody holds.
func BenchmarkLock(b *testing.B) {
	var mu sync.Mutex
	b.Run("Mutex", func(b *testing.B) {
		for range b.N {
			through(&mu)
		}
	})
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	b.Run("Lock", func(b *testing.B) {
		for range b.N {
			if compat.Lock(ctx, &mu) == nil {
				mu.Unlock()
			}
		}
	})
}

// BenchmarkTimer makes a timer and takes it back.
func BenchmarkTimer(b *testing.B) {
	b.Run("AfterFunc", func(b *testing.B) {
		for range b.N {
			time.AfterFunc(time.Hour, func() {}).Stop()
		}
	})
	b.Run("After", func(b *testing.B) {
		for range b.N {
			f := compat.After(time.Hour)
			f.Poll(nil)
			pollster.Cancel(f)
		}
	})
}
