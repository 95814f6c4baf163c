package pollster_test

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/causeway-go/causeway/pollster"
)

// Benchmarks come in pairs: ours, and plain Go doing the same. Those of the
// pair BenchmarkXxx and BenchmarkGoXxx compare.

func BenchmarkReady(b *testing.B) {
	f := pollster.Ready(1)
	b.ReportAllocs()
	for b.Loop() {
		pollster.BlockOn(bg, f)
	}
}

func BenchmarkGoReady(b *testing.B) {
	c := make(chan int, 1)
	b.ReportAllocs()
	for b.Loop() {
		c <- 1
		<-c
	}
}

func BenchmarkResolved(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		p := new(pollster.Promise[int])
		p.Resolve(1)
		pollster.BlockOn(bg, p)
	}
}

func BenchmarkGoResolved(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		c := make(chan int, 1)
		c <- 1
		<-c
	}
}

func BenchmarkSelfWake(b *testing.B) {
	f := &selfWaking{}
	b.ReportAllocs()
	for b.Loop() {
		pollster.BlockOn[int](bg, f)
	}
}

func BenchmarkPingPong(b *testing.B)        { pingPong(b, bg) }
func BenchmarkPingPongContext(b *testing.B) { pingPong(b, b.Context()) }

func pingPong(b *testing.B, ctx context.Context) {
	var ping, pong flag
	var done sync.WaitGroup
	stop := false
	done.Go(func() {
		for {
			pollster.BlockOn[int](ctx, &ping)
			if stop {
				return
			}
			pong.raise()
		}
	})
	b.ReportAllocs()
	for b.Loop() {
		ping.raise()
		pollster.BlockOn[int](ctx, &pong)
	}
	stop = true
	ping.raise()
	done.Wait()
}

func BenchmarkGoPingPong(b *testing.B) {
	ping, pong := make(chan struct{}), make(chan struct{})
	go func() {
		for range ping {
			pong <- struct{}{}
		}
	}()
	b.ReportAllocs()
	for b.Loop() {
		ping <- struct{}{}
		<-pong
	}
	close(ping)
}

func BenchmarkGoPingPongContext(b *testing.B) {
	ctx := b.Context()
	ping, pong := make(chan struct{}), make(chan struct{})
	go func() {
		for range ping {
			select {
			case pong <- struct{}{}:
			case <-ctx.Done():
			}
		}
	}()
	b.ReportAllocs()
	for b.Loop() {
		ping <- struct{}{}
		select {
		case <-pong:
		case <-ctx.Done():
		}
	}
	close(ping)
}

func BenchmarkPromise(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		p := new(pollster.Promise[int])
		go p.Resolve(1)
		pollster.BlockOn(bg, p)
	}
}

func BenchmarkGoPromise(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		c := make(chan int, 1)
		go func() { c <- 1 }()
		<-c
	}
}

// The cost of a wake-up of one among n, which should not depend on n.
func BenchmarkJoinWakeOneOf(b *testing.B) {
	for _, n := range []int{10, 100, 1000, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			flags := make([]flag, n)
			fs := make([]pollster.Future[int], n)
			for i := range fs {
				fs[i] = &flags[i]
			}
			f, w := pollster.Join(fs...), newWaker()
			f.Poll(w)
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				flags[i%n].waker.Wake()
				f.Poll(w)
			}
		})
	}
}

// The cost for each of n futures of joining them, from making to end, each
// woken once. It should not depend on n.
func BenchmarkJoin(b *testing.B) {
	for _, n := range []int{2, 10, 100, 1000, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			fs := make([]pollster.Future[int], n)
			w := newWaker()
			b.ReportAllocs()
			for b.Loop() {
				flags := make([]flag, n)
				for i := range fs {
					fs[i] = &flags[i]
				}
				f := pollster.Join(fs...)
				f.Poll(w)
				for i := range flags {
					flags[i].raise()
					f.Poll(w)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/child")
		})
	}
}

func BenchmarkGoJoin(b *testing.B) {
	for _, n := range []int{2, 10, 100, 1000, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				values := make([]int, n)
				gates := make([]chan int, n)
				var all sync.WaitGroup
				for i := range gates {
					gates[i] = make(chan int, 1)
					all.Go(func() { values[i] = <-gates[i] })
				}
				for _, gate := range gates {
					gate <- 1
				}
				all.Wait()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/child")
		})
	}
}

func BenchmarkTimeout(b *testing.B) {
	f := &selfWaking{}
	b.ReportAllocs()
	for b.Loop() {
		pollster.BlockOn(bg, pollster.Timeout[int](f, time.Hour))
	}
}

func BenchmarkGoTimeout(b *testing.B) {
	c := make(chan int, 1)
	b.ReportAllocs()
	for b.Loop() {
		ctx, cancel := context.WithTimeout(bg, time.Hour)
		c <- 1
		select {
		case <-c:
		case <-ctx.Done():
		}
		cancel()
	}
}

func BenchmarkYield(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		pollster.BlockOn(bg, pollster.Yield())
	}
}

func BenchmarkGoYield(b *testing.B) {
	for b.Loop() {
		runtime.Gosched()
	}
}
