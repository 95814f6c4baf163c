package compat_test

import (
	"context"
	"io"
	"os/exec"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/causeway-go/causeway/internal/leak"
	"github.com/causeway-go/causeway/pollster"
)

// closing is a future that closes c when it ends or is cancelled.
type closing[T any] struct {
	pollster.Future[T]
	c io.Closer
}

func (f closing[T]) Poll(w *pollster.Waker) (T, bool, error) {
	v, ready, err := f.Future.Poll(w)
	if ready || err != nil {
		f.c.Close()
	}
	return v, ready, err
}

func (f closing[T]) Cancel() {
	pollster.Cancel(f.Future)
	f.c.Close()
}

// needs skips where a command that every Unix has is missing.
func needs(t testing.TB, names ...string) {
	t.Helper()
	for _, name := range names {
		if _, err := exec.LookPath(name); err != nil {
			t.Skipf("no %s on %s: %v", name, runtime.GOOS, err)
		}
	}
}

// mailbox is an API that calls back.
type mailbox struct {
	mu   sync.Mutex
	mail []int
	done func(int, error)
}

func (b *mailbox) receive(done func(int, error)) (cancel func()) {
	b.mu.Lock()
	if len(b.mail) > 0 {
		v := b.mail[0]
		b.mu.Unlock()
		done(v, nil)
		return nil
	}
	b.done = done
	b.mu.Unlock()
	return func() {
		b.mu.Lock()
		b.done = nil
		b.mu.Unlock()
	}
}

func (b *mailbox) deliver(v int) {
	b.mu.Lock()
	b.mail = append(b.mail, v)
	done := b.done
	b.done = nil
	b.mu.Unlock()
	if done != nil {
		done(v, nil)
	}
}

func (b *mailbox) waiting() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.done != nil {
		return 1
	}
	return 0
}

// untilWaitedFor returns a context that ends when somebody asks what to wait on, and
// not before, however slow the machine is.
func untilWaitedFor(t testing.TB) context.Context {
	ctx, cancel := context.WithCancel(t.Context())
	return waitedFor{ctx, cancel}
}

type waitedFor struct {
	context.Context
	cancel func()
}

func (c waitedFor) Done() <-chan struct{} {
	go c.cancel()
	return c.Context.Done()
}

func yield() { runtime.Gosched() }

// settled returns how many goroutines there are, when there are no more than
// want or those on their way out, like the ones in which timers run their
// functions, have had ten seconds.
func settled(want int) int {
	n := leak.Goroutines()
	for deadline := time.Now().Add(10 * time.Second); n > want && time.Now().Before(deadline); n = leak.Goroutines() {
		time.Sleep(time.Millisecond)
	}
	return n
}

// through takes l and lets go of it: proof that it is free, or will be.
func through(l sync.Locker) {
	l.Lock()
	defer l.Unlock()
}
