package executor_test

import (
	"context"
	"runtime"
	"sync"
	"testing"

	"github.com/causeway-go/causeway/executor"
	"github.com/causeway-go/causeway/executor/meet"
	"github.com/causeway-go/causeway/pollster"
)

// Benchmarks come in pairs: what this package does, and goroutines doing the
// same. They use one worker, unless the name says otherwise.

// inside runs f as one task, in as many polls as f wants.
func inside(b *testing.B, ex executor.Spawner, f func(w *pollster.Waker) (done bool)) {
	executor.Spawn(ex, future(func(w *pollster.Waker) (int, bool, error) { return 0, f(w), nil })).Wait(background)
}

func BenchmarkSpawn(b *testing.B) {
	ex := start(b, 1, executor.Options{})
	b.ReportAllocs()
	f, n := pollster.Ready(1), 0
	inside(b, ex, func(w *pollster.Waker) bool {
		for range 100 {
			executor.Spawn(ex, f)
		}
		n += 100
		w.Wake()
		return n >= b.N
	})
}

func BenchmarkSpawnGoroutine(b *testing.B) {
	b.ReportAllocs()
	var wg sync.WaitGroup
	for n := 0; n < b.N; n += 100 {
		for range 100 {
			wg.Add(1)
			go wg.Done()
		}
		wg.Wait()
	}
}

func BenchmarkYield(b *testing.B) {
	ex := start(b, 1, executor.Options{})
	n := 0
	inside(b, ex, func(w *pollster.Waker) bool {
		n++
		w.Wake()
		return n >= b.N
	})
}

func BenchmarkYieldAmongMany(b *testing.B) {
	ex := start(b, 1, executor.Options{})
	n := 0
	var tasks []*executor.Task[int]
	for range 100 {
		tasks = append(tasks, executor.Spawn(ex, future(func(w *pollster.Waker) (int, bool, error) {
			n++
			w.Wake()
			return 0, n >= b.N, nil
		})))
	}
	for _, task := range tasks {
		task.Wait(background)
	}
}

func BenchmarkYieldGoroutine(b *testing.B) {
	for range b.N {
		runtime.Gosched()
	}
}

// A soon is ready at its second poll.
type soon struct{ polled bool }

func (s *soon) Poll(w *pollster.Waker) (int, bool, error) {
	if s.polled = !s.polled; s.polled {
		w.Wake()
		return 0, false, nil
	}
	return 1, true, nil
}

func BenchmarkAwaitReadySoon(b *testing.B) {
	ex := start(b, 1, executor.Options{})
	b.ReportAllocs()
	executor.Go(ex, func(ctx context.Context) (int, error) {
		f := &soon{}
		for range b.N {
			pollster.BlockOn(background, pollster.Future[int](f))
		}
		return 0, nil
	}).Wait(background)
}

// A later is ready when a task that it wakes has been polled, so who waits for
// it is suspended and resumed.
type later struct {
	helper, back *pollster.Waker
	asked, stop  bool
}

func (l *later) Poll(w *pollster.Waker) (int, bool, error) {
	if l.asked = !l.asked; l.asked {
		l.back = w
		l.helper.Wake()
		return 0, false, nil
	}
	return 1, true, nil
}

func (l *later) help(w *pollster.Waker) (int, bool, error) {
	l.helper = w
	l.back.Wake()
	return 0, l.stop, nil
}

func BenchmarkAwaitSuspended(b *testing.B) {
	ex := start(b, 1, executor.Options{})
	b.ReportAllocs()
	l := &later{}
	helper := executor.Spawn(ex, future(l.help))
	executor.Go(ex, func(ctx context.Context) (int, error) {
		for range b.N {
			pollster.BlockOn(background, pollster.Future[int](l))
		}
		l.stop = true
		l.helper.Wake()
		return 0, nil
	}).Wait(background)
	helper.Wait(background)
}

func BenchmarkAwaitGoroutine(b *testing.B) {
	ask, answer := make(chan int), make(chan int)
	go func() {
		for range ask {
			answer <- 1
		}
	}()
	for range b.N {
		ask <- 1
		<-answer
	}
	close(ask)
}

func BenchmarkGo(b *testing.B) {
	ex := start(b, 1, executor.Options{})
	b.ReportAllocs()
	executor.Go(ex, func(ctx context.Context) (int, error) {
		for range b.N {
			executor.Go(ex, func(ctx context.Context) (int, error) { return 1, nil }).Wait(background)
		}
		return 0, nil
	}).Wait(background)
}

func BenchmarkGoGoroutine(b *testing.B) {
	b.ReportAllocs()
	for range b.N {
		c := make(chan int)
		go func() { c <- 1 }()
		<-c
	}
}

func BenchmarkLocalYield(b *testing.B) {
	l := newLocal(b, executor.LocalOptions{})
	var tasks int
	n := 0
	for range 2 {
		tasks++
		executor.Spawn(l, future(func(w *pollster.Waker) (int, bool, error) {
			n++
			w.Wake()
			return 0, n >= b.N, nil
		}))
	}
	for l.Poll(1000) {
	}
}

func BenchmarkThreadCall(b *testing.B) {
	th := newThread(b, executor.LocalOptions{})
	f := func() {}
	for range b.N {
		th.Call(background, f)
	}
}

func BenchmarkThreadCallChannel(b *testing.B) {
	type call struct {
		f    func()
		done chan struct{}
	}
	calls := make(chan call)
	go func() {
		runtime.LockOSThread()
		for c := range calls {
			c.f()
			c.done <- struct{}{}
		}
	}()
	c := call{f: func() {}, done: make(chan struct{})}
	for range b.N {
		calls <- c
		<-c.done
	}
	close(calls)
}

func BenchmarkChan(b *testing.B) {
	ex := start(b, 1, executor.Options{})
	c := meet.NewChan[int](16)
	in := executor.Go(ex, func(ctx context.Context) (int, error) {
		for range b.N {
			c.Send(background, 1)
		}
		return 0, nil
	})
	executor.Go(ex, func(ctx context.Context) (int, error) {
		for range b.N {
			c.Recv(background)
		}
		return 0, nil
	}).Wait(background)
	in.Wait(background)
}

func BenchmarkChanGoroutine(b *testing.B) {
	c := make(chan int, 16)
	go func() {
		for range b.N {
			c <- 1
		}
	}()
	for range b.N {
		<-c
	}
}

func BenchmarkSpawnDetached(b *testing.B) {
	ex := start(b, 1, executor.Options{})
	b.ReportAllocs()
	f, n := pollster.Ready(struct{}{}), 0
	inside(b, ex, func(w *pollster.Waker) bool {
		for range 100 {
			executor.SpawnDetached(ex, f)
		}
		n += 100
		w.Wake()
		return n >= b.N
	})
}

func BenchmarkSpawnAll(b *testing.B) {
	ex := start(b, 1, executor.Options{})
	b.ReportAllocs()
	n := 0
	futures := make([]pollster.Future[int], 100)
	for i := range futures {
		futures[i] = pollster.Ready(1)
	}
	inside(b, ex, func(w *pollster.Waker) bool {
		executor.SpawnAll(ex, futures...)
		n += 100
		w.Wake()
		return n >= b.N
	})
}
