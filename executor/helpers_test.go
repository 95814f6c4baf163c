package executor_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/causeway-go/causeway/executor"
	"github.com/causeway-go/causeway/executor/internal/threadlock"
	"github.com/causeway-go/causeway/pollster"
)

var background = context.Background()

func newExecutor(t testing.TB, o executor.Options) *executor.Executor {
	t.Helper()
	ex, err := executor.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return ex
}

// start returns an executor with running workers, which end with the test.
func start(t testing.TB, workers int, o executor.Options) *executor.Executor {
	t.Helper()
	ex := newExecutor(t, o)
	ctx, cancel := context.WithCancel(background)
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() { ex.Run(ctx) })
	}
	t.Cleanup(func() {
		cancel()
		wg.Wait()
	})
	return ex
}

// future makes a Future of a poll function.
func future[T any](f func(w *pollster.Waker) (T, bool, error)) pollster.Future[T] {
	return pollster.Func[T](f)
}

// A probe is a future that counts what is done to it. It ends with its value
// once it has been opened.
type probe struct {
	polls, cancels, running atomic.Int32
	open                    atomic.Bool
	waker                   pollster.AtomicWaker
	value                   int
	during                  func(poll int32) // called in each poll
}

func (p *probe) Poll(w *pollster.Waker) (int, bool, error) {
	if p.running.Add(1) != 1 {
		panic("polled by two at once")
	}
	defer p.running.Add(-1)
	if p.cancels.Load() != 0 {
		panic("polled after Cancel")
	}
	n := p.polls.Add(1)
	p.waker.Register(w)
	if p.during != nil {
		p.during(n)
	}
	return p.value, p.open.Load(), nil
}

func (p *probe) Cancel() {
	if p.running.Add(1) != 1 {
		panic("cancelled during a poll")
	}
	defer p.running.Add(-1)
	p.cancels.Add(1)
	p.waker.Take()
}

// Open lets the future end.
func (p *probe) Open() {
	p.open.Store(true)
	p.waker.Wake()
}

func (p *probe) counts(t testing.TB, polls, cancels int32) {
	t.Helper()
	if g := p.polls.Load(); g != polls {
		t.Errorf("%d polls, want %d", g, polls)
	}
	if g := p.cancels.Load(); g != cancels {
		t.Errorf("%d cancels, want %d", g, cancels)
	}
}

// tickAll polls until nothing is ready, and returns how many polls that took. A
// poll that calls runtime.Goexit ends the goroutine it is on, so each one is on
// its own.
func tickAll(ex *executor.Executor) (n int) {
	for found := true; found; n++ {
		var wg sync.WaitGroup
		wg.Go(func() { found = ex.TryTick() })
		wg.Wait()
	}
	return n - 1
}

// needsExactLocks skips a test where thread locks are not known exactly.
func needsExactLocks(t *testing.T) {
	t.Helper()
	needsThreads(t)
	if !threadlock.Exact() {
		t.Skip("this build tells locked goroutines from unlocked ones, and no more")
	}
}

// needsThreads skips a test where goroutines cannot be locked to a thread.
func needsThreads(t *testing.T) {
	t.Helper()
	if !threadlock.Threads {
		t.Skip("this platform has no threads to lock a goroutine to")
	}
}
