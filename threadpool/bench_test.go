package threadpool_test

import (
	"context"
	"sync"
	"testing"

	"github.com/causeway-go/causeway/threadpool"
)

func nothing() {}

// The pairs: a job that the caller waits for, against a semaphore (errgroup with
// a limit has the same inside) and against a goroutine and a channel.

func BenchmarkCall(b *testing.B) {
	b.Run("pool/Enter", func(b *testing.B) {
		p := newPool(b, threadpool.Options{})
		b.ReportAllocs()
		for b.Loop() {
			s, err := p.Enter(background)
			if err != nil {
				b.Fatal(err)
			}
			nothing()
			s.Leave()
		}
	})
	b.Run("pool/Do", func(b *testing.B) {
		p := newPool(b, threadpool.Options{})
		b.ReportAllocs()
		for b.Loop() {
			if err := p.Do(background, nothing); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("plain/semaphore", func(b *testing.B) {
		sem := make(chan struct{}, 500)
		b.ReportAllocs()
		for b.Loop() {
			sem <- struct{}{}
			nothing()
			<-sem
		}
	})
	b.Run("plain/goroutine", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			done := make(chan struct{})
			go func() { nothing(); close(done) }()
			<-done
		}
	})
}

func BenchmarkCallWithContext(b *testing.B) {
	ctx, cancel := context.WithCancel(background)
	defer cancel()
	b.Run("pool/Do", func(b *testing.B) {
		p := newPool(b, threadpool.Options{})
		b.ReportAllocs()
		for b.Loop() {
			if err := p.Do(ctx, nothing); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("plain/goroutine", func(b *testing.B) {
		sem := make(chan struct{}, 500)
		b.ReportAllocs()
		for b.Loop() {
			done := make(chan struct{})
			sem <- struct{}{}
			go func() { nothing(); <-sem; close(done) }()
			select {
			case <-done:
			case <-ctx.Done():
			}
		}
	})
}

func BenchmarkSubmit(b *testing.B) {
	const batch = 1000
	b.Run("pool", func(b *testing.B) {
		p := newPool(b, threadpool.Options{})
		var all sync.WaitGroup
		done := all.Done
		b.ReportAllocs()
		for b.Loop() {
			all.Add(batch)
			for range batch {
				if err := p.Submit(background, done); err != nil {
					b.Fatal(err)
				}
			}
			all.Wait()
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/batch, "ns/job")
	})
	b.Run("plain/goroutine+semaphore", func(b *testing.B) {
		sem := make(chan struct{}, 500)
		var all sync.WaitGroup
		b.ReportAllocs()
		for b.Loop() {
			all.Add(batch)
			for range batch {
				sem <- struct{}{}
				go func() { all.Done(); <-sem }()
			}
			all.Wait()
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/batch, "ns/job")
	})
}

func BenchmarkContended(b *testing.B) {
	b.Run("pool", func(b *testing.B) {
		p := newPool(b, threadpool.Options{Limit: 2})
		b.SetParallelism(8)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				_ = p.Do(background, nothing)
			}
		})
	})
	b.Run("plain/semaphore", func(b *testing.B) {
		sem := make(chan struct{}, 2)
		b.SetParallelism(8)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				sem <- struct{}{}
				nothing()
				<-sem
			}
		})
	})
}
