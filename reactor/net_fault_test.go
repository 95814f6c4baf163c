//go:build linux

package reactor_test

import (
	"context"
	"errors"
	"net"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/causeway-go/causeway/pollster"
	"github.com/causeway-go/causeway/reactor"
	"golang.org/x/sys/unix"
)

// TestAcceptWithoutDescriptorsFailsForNow takes all descriptors away and gives them
// back. The connection waits meanwhile.
func TestAcceptWithoutDescriptorsFailsForNow(t *testing.T) {
	r := newReactor(t)
	l, err := r.Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	client, err := r.Dial(context.Background(), "tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	giveBack := takeDescriptors(t)
	defer giveBack()
	_, err = l.Accept()
	var temporary interface{ Temporary() bool }
	if !errors.Is(err, syscall.EMFILE) || !errors.As(err, &temporary) || !temporary.Temporary() {
		t.Errorf("accept without descriptors: %v", err)
	}
	if _, err := r.Dial(context.Background(), "tcp", l.Addr().String()); !errors.Is(err, syscall.EMFILE) {
		t.Errorf("dial without descriptors: %v", err)
	}
	giveBack()
	c, err := l.Accept()
	if err != nil {
		t.Fatalf("accept with descriptors again: %v", err)
	}
	c.Close()
}

// TestAcceptGoesOnAfterATemporaryError passes by itself; it is for faults that are
// injected.
func TestAcceptGoesOnAfterATemporaryError(t *testing.T) {
	r := newReactor(t)
	l, err := r.Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for range 5 {
		client, err := r.Dial(context.Background(), "tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		for {
			c, err := l.Accept()
			var temporary interface{ Temporary() bool }
			if errors.As(err, &temporary) && temporary.Temporary() {
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			c.Close()
			break
		}
		client.Close()
	}
}

// TestADriverThatLacksADescriptorWaitsWithout leaves a reactor as many descriptors as
// it takes to register a source, and none for the way into Go's poller.
func TestADriverThatLacksADescriptorWaitsWithout(t *testing.T) {
	done := 0
	for left := range 6 {
		var p [2]int
		if err := unix.Pipe2(p[:], unix.O_NONBLOCK|unix.O_CLOEXEC); err != nil {
			t.Fatal(err)
		}
		giveBack := leaveDescriptors(t, left)
		var s *reactor.Source
		r, err := reactor.New(reactor.Options{})
		if err == nil {
			s, err = r.Register(uintptr(p[0]))
		}
		if err == nil {
			for i := range 3 {
				if i == 2 {
					giveBack()
				}
				woken := make(chan error)
				ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
				go func() { _, err := pollster.BlockOn(ctx, s.Readable()); woken <- err }()
				if _, err := unix.Write(p[1], []byte("x")); err != nil {
					t.Fatal(err)
				}
				if err := <-woken; err != nil {
					t.Errorf("%d descriptors left, wait %d: %v", left, i, err)
				}
				cancel()
				if _, err := unix.Read(p[0], make([]byte, 1)); err != nil {
					t.Error(err)
				}
			}
			if n := r.Stats().Sources; n != 1 {
				t.Errorf("%d descriptors left: %d sources, the reactor has given up", left, n)
			}
			done++
			s.Close()
		} else if !errors.Is(err, reactor.ErrLimit) {
			t.Errorf("%d descriptors left: %v", left, err)
		}
		giveBack()
		if r != nil {
			r.Close()
		}
		unix.Close(p[0])
		unix.Close(p[1])
	}
	if done < 2 {
		t.Errorf("registered in %d of 6 cases", done)
	}
}

// takeDescriptors has the next descriptor refused, until giveBack.
func takeDescriptors(t *testing.T) (giveBack func()) { return leaveDescriptors(t, 0) }

func leaveDescriptors(t *testing.T, left int) (giveBack func()) {
	t.Helper()
	var old unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &old); err != nil {
		t.Fatal(err)
	}
	var filled []int // the holes, and then some
	for range 64 {
		fd, err := unix.Dup(0)
		if err != nil {
			t.Fatal(err)
		}
		filled = append(filled, fd)
	}
	next := slices.Max(filled) + 1
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: uint64(next + left), Max: old.Max}); err != nil {
		t.Fatal(err)
	}
	return sync.OnceFunc(func() {
		unix.Setrlimit(unix.RLIMIT_NOFILE, &old)
		for _, fd := range filled {
			unix.Close(fd)
		}
	})
}

// TestServerGoesOnAfterClosedAndHalfOpenConnections opens, resets and leaves many.
func TestServerGoesOnAfterClosedAndHalfOpenConnections(t *testing.T) {
	r := newReactor(t)
	l, err := r.Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for range 50 {
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		c.(*net.TCPConn).SetLinger(0)
		c.Close() // reset before it is accepted
	}
	last, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer last.Close()
	for accepted := 0; ; accepted++ {
		c, err := pollster.BlockOn(context.Background(), l.AcceptFuture())
		if err != nil {
			t.Fatalf("after %d: %v", accepted, err)
		}
		found := c.RemoteAddr() != nil && c.RemoteAddr().String() == last.LocalAddr().String()
		c.Close()
		if found {
			return
		}
	}
}

func TestClosedReactorEndsWhatWaits(t *testing.T) {
	r, err := reactor.New(reactor.Options{})
	if err != nil {
		t.Fatal(err)
	}
	a, b := connect(t, r, "tcp", "127.0.0.1:0")
	done := make(chan error)
	go func() { _, err := a.Read(make([]byte, 1)); done <- err }()
	for r.Stats().Waiting == 0 {
		time.Sleep(time.Millisecond)
	}
	r.Close()
	if err := <-done; !errors.Is(err, net.ErrClosed) {
		t.Errorf("read of a connection whose reactor was closed: %v", err)
	}
	if err := errors.Join(a.Close(), b.Close()); err != nil {
		t.Errorf("close after that: %v", err)
	}
	if _, err := r.Dial(context.Background(), "tcp", "127.0.0.1:1"); err == nil {
		t.Error("dial with a closed reactor")
	}
}
