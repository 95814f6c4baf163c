package pollster_test

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/causeway-go/causeway/pollster"
)

var errTest = errors.New("test error")

// A counter is a waker that counts how often it is woken.
type counter struct {
	pollster.Waker
	n atomic.Int64
}

func newCounter() *counter {
	c := &counter{}
	c.Init(c)
	return c
}

func (c *counter) OnWake() { c.n.Add(1) }

// take returns the wakes since the last take.
func (c *counter) take() int { return int(c.n.Swap(0)) }

// A manual is a future of which the test decides everything. Unlike a Promise
// it counts, and objects to polls after its end.
type manual[T any] struct {
	waker   pollster.AtomicWaker
	polls   atomic.Int64
	cancels atomic.Int64
	onPoll  func() // runs inside Poll, before it looks

	mu    sync.Mutex
	v     T
	err   error
	ready bool
	ended bool // Poll has said so
	bad   bool // polled after end or cancel
}

// newManual returns a manual that the test must not poll after its end.
func newManual[T any](t testing.TB) *manual[T] {
	m := &manual[T]{}
	t.Cleanup(func() {
		if m.bad {
			t.Error("a future was polled after its end or after Cancel")
		}
	})
	return m
}

// end makes the next poll the last one, and wakes.
func (m *manual[T]) end(v T, err error) {
	m.mu.Lock()
	m.v, m.err, m.ready = v, err, true
	m.mu.Unlock()
	m.waker.Wake()
}

func (m *manual[T]) Poll(w *pollster.Waker) (v T, ready bool, err error) {
	m.polls.Add(1)
	m.waker.Register(w)
	if m.onPoll != nil {
		m.onPoll()
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.ended || m.cancels.Load() > 0 {
		m.bad = true
	}
	if !m.ready {
		return v, false, nil
	}
	m.ended = true
	return m.v, m.err == nil, m.err
}

func (m *manual[T]) Cancel() { m.cancels.Add(1) }

// canceled reports whether m was cancelled before its end was seen.
func (m *manual[T]) canceled() bool { return m.cancels.Load() > 0 }

// pending fails the test unless f's next poll says not ready.
func pending[T any](t testing.TB, f pollster.Future[T], w *pollster.Waker) {
	t.Helper()
	if v, ready, err := f.Poll(w); ready || err != nil {
		t.Fatalf("Poll = %v, %v, %v; want not ready", v, ready, err)
	}
}

// ended polls f, which must end with a value, and returns it.
func ended[T any](t testing.TB, f pollster.Future[T], w *pollster.Waker) T {
	t.Helper()
	v, ready, err := f.Poll(w)
	if !ready || err != nil {
		t.Fatalf("Poll = %v, %v, %v; want ready", v, ready, err)
	}
	return v
}

// fails polls f, which must end with an error that is want.
func fails[T any](t testing.TB, f pollster.Future[T], w *pollster.Waker, want error) {
	t.Helper()
	if v, ready, err := f.Poll(w); ready || !errors.Is(err, want) {
		t.Fatalf("Poll = %v, %v, %v; want error %v", v, ready, err, want)
	}
}

// panics runs f and returns what it panicked with, or nil.
func panics(f func()) (v any) {
	defer func() { v = recover() }()
	f()
	return nil
}

// goexits runs f on a goroutine of its own and reports whether Goexit ended it.
func goexits(f func()) bool {
	exited := make(chan bool)
	go func() {
		returned := false
		defer func() { exited <- !returned }()
		f()
		returned = true
	}()
	return <-exited
}
