//go:build linux

package reactor_test

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/causeway-go/causeway/internal/leak"
	"github.com/causeway-go/causeway/pollster"
	"github.com/causeway-go/causeway/reactor"
)

// answer sends back what comes, until the end.
func answer(c net.Conn) {
	p := make([]byte, 4096)
	for {
		n, err := c.Read(p)
		if err != nil {
			return
		}
		if _, err := c.Write(p[:n]); err != nil {
			return
		}
	}
}

// together has n goroutines call f at the same time and waits for them.
func together(n int, f func(i int)) {
	var all sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		all.Go(func() { <-start; f(i) })
	}
	close(start)
	all.Wait()
}

// TestGoroutinesWaitInGosPoller has a long conversation between goroutines, of which
// the reactor must see next to nothing.
func TestGoroutinesWaitInGosPoller(t *testing.T) {
	leak.Check(t)
	r := newReactor(t)
	a, b := connect(t, r, "tcp", "127.0.0.1:0")
	var all sync.WaitGroup
	all.Go(func() { answer(b) })
	const rounds = 1000
	p := make([]byte, 64)
	for range rounds {
		if _, err := a.Write(p); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(a, p); err != nil {
			t.Fatal(err)
		}
	}
	if n := r.Stats().Events; n > 20 {
		t.Errorf("%d events in %d rounds", n, rounds)
	}
	a.Close()
	all.Wait()
	b.Close()
}

// TestThreadServesGoroutinesToo is for those who have asked for a thread.
func TestThreadServesGoroutinesToo(t *testing.T) {
	leak.Check(t)
	r, err := reactor.New(reactor.Options{Thread: true})
	if err != nil {
		t.Fatal(err)
	}
	defer closeAndWait(r)
	a, b := connect(t, r, "unix", t.TempDir()+"/s")
	var all sync.WaitGroup
	all.Go(func() { answer(b) })
	p := make([]byte, 64)
	for range 100 {
		a.Write(p)
		if _, err := io.ReadFull(a, p); err != nil {
			t.Fatal(err)
		}
	}
	if n := r.Stats().Events; n < 100 {
		t.Errorf("%d events in 100 rounds", n)
	}
	a.Close()
	all.Wait()
	b.Close()
}

// TestDeadlineMovedWhileAGoroutineWaits sets deadlines that pass and are moved on
// again and again. Each reader must end by one of its own, and none before it.
func TestDeadlineMovedWhileAGoroutineWaits(t *testing.T) {
	leak.Check(t)
	r := newReactor(t)
	a, b := connect(t, r, "unix", t.TempDir()+"/s")
	defer b.Close()
	defer a.Close()
	for range 50 {
		read := make(chan error, 1)
		go func() { _, err := a.Read(make([]byte, 1)); read <- err }()
		for r.Stats().Waiting == 0 {
			time.Sleep(10 * time.Microsecond)
		}
		together(4, func(int) {
			for range 5 {
				a.SetReadDeadline(time.Now().Add(time.Hour))
				a.SetWriteDeadline(time.Now().Add(-time.Second)) // of no interest to the reader
			}
		})
		select {
		case err := <-read:
			t.Fatalf("ended with %v", err)
		default:
		}
		b.Write([]byte("x"))
		if err := <-read; err != nil {
			t.Fatal(err)
		}
		a.SetReadDeadline(time.Now().Add(time.Millisecond))
		start := time.Now()
		if _, err := a.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(start) > 5*time.Second {
			t.Fatalf("%v after %v", err, time.Since(start))
		}
		if _, err := a.Write([]byte("x")); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatal(err)
		}
		a.SetDeadline(time.Time{})
	}
}

// TestGoroutinesAndFuturesShareAConnection has some readers wait in Go's poller and
// some in the set. Each byte must reach one of them.
func TestGoroutinesAndFuturesShareAConnection(t *testing.T) {
	leak.Check(t)
	r := newReactor(t)
	a, b := connect(t, r, "tcp", "127.0.0.1:0")
	defer b.Close()
	const bytes, readers = 400, 4
	var all sync.WaitGroup
	got := make(chan int, bytes)
	for i := range readers {
		all.Go(func() {
			for {
				var n int
				var err error
				if i%2 == 0 {
					n, err = a.Read(make([]byte, 1))
				} else {
					// With a context that can end it is a future that is waited for.
					n, err = pollster.BlockOn(t.Context(), a.ReadFuture(make([]byte, 1)))
				}
				if err != nil {
					return
				}
				got <- n
			}
		})
	}
	for range bytes {
		b.Write([]byte("x"))
	}
	for n := 0; n < bytes; n += <-got {
	}
	a.Close()
	all.Wait()
}

// TestCloseDuringReadsReleasesTheDescriptorOnce hammers the moment at which a
// goroutine begins to wait, and so hands the descriptor to Go's poller.
func TestCloseDuringReadsReleasesTheDescriptorOnce(t *testing.T) {
	leak.Check(t)
	r := newReactor(t)
	l, err := r.Listen(context.Background(), "unix", t.TempDir()+"/s")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for range 200 {
		a, err := r.Dial(context.Background(), "unix", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		b, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		together(4, func(p int) {
			switch p {
			case 0:
				if err := a.Close(); err != nil {
					t.Errorf("close: %v", err)
				}
			case 1:
				a.SetReadDeadline(time.Now())
			default:
				_, err := a.Read(make([]byte, 1))
				if !errors.Is(err, net.ErrClosed) && !errors.Is(err, os.ErrDeadlineExceeded) {
					t.Errorf("read: %v", err)
				}
			}
		})
		if _, err := b.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("the other side: %v", err)
		}
		b.Close()
	}
}
