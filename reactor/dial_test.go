//go:build linux

package reactor_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/causeway-go/causeway/internal/leak"
	"github.com/causeway-go/causeway/reactor"
	"golang.org/x/sys/unix"
)

// blackHole returns the address of a listener whose queue is full, so that the
// system answers nobody.
func blackHole(t *testing.T) net.Addr {
	t.Helper()
	l, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(l) })
	if err := errors.Join(unix.Bind(l, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}), unix.Listen(l, 0)); err != nil {
		t.Fatal(err)
	}
	sa, err := unix.Getsockname(l)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { unix.Close(fd) })
		unix.Connect(fd, sa)
	}
	return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: sa.(*unix.SockaddrInet4).Port}
}

// closedPort returns an address where nobody listens.
func closedPort(t *testing.T) net.Addr {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	return l.Addr()
}

func TestDialTakesTheFirstAddressThatAnswers(t *testing.T) {
	hole, refusing := blackHole(t), closedPort(t)
	leak.Check(t)
	r := newReactor(t)
	l, err := r.Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	good := l.Addr()
	for _, c := range []struct {
		addrs   []net.Addr
		atLeast time.Duration
	}{
		{[]net.Addr{good}, 0},
		{[]net.Addr{refusing, good}, 0},
		{[]net.Addr{hole, good}, 250 * time.Millisecond},
		{[]net.Addr{hole, refusing, good}, 250 * time.Millisecond},
		{[]net.Addr{hole, hole, good}, 500 * time.Millisecond},
	} {
		start := time.Now()
		conn, err := r.DialAll(t.Context(), "tcp", c.addrs...)
		if err != nil {
			t.Fatalf("%v: %v", c.addrs, err)
		}
		if d := time.Since(start); d < c.atLeast || d > c.atLeast+10*time.Second {
			t.Errorf("%v took %v", c.addrs, d)
		}
		if conn.RemoteAddr().String() != good.String() {
			t.Errorf("connected to %v", conn.RemoteAddr())
		}
		conn.Close()
		if n := r.Stats(); n.Sources != 1 || n.Timers != 0 { // the listener
			t.Errorf("%d sources and %d timers are left", n.Sources, n.Timers)
		}
	}
}

func TestDialFailsAsTheFirstAddressDid(t *testing.T) {
	hole, refusing := blackHole(t), closedPort(t)
	leak.Check(t)
	r := newReactor(t)
	_, err := r.DialAll(t.Context(), "tcp", refusing, refusing)
	var op *net.OpError
	if !errors.Is(err, syscall.ECONNREFUSED) || !errors.As(err, &op) || op.Addr != refusing {
		t.Errorf("refused: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	_, err = r.DialAll(ctx, "tcp", hole, hole, hole)
	var timeout net.Error
	if !errors.Is(err, context.DeadlineExceeded) || !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Errorf("no answer: %v", err)
	}
	if _, err := r.DialAll(t.Context(), "tcp"); err == nil {
		t.Error("no address")
	}
	if n := r.Stats(); n.Sources != 0 || n.Timers != 0 {
		t.Errorf("%d sources and %d timers are left", n.Sources, n.Timers)
	}
}

func TestAddressFamiliesTakeTurns(t *testing.T) {
	a := func(s string) net.Addr { return &net.TCPAddr{IP: net.ParseIP(s), Port: 1} }
	in := []net.Addr{a("::1"), a("::2"), a("::3"), a("10.0.0.1"), a("10.0.0.2")}
	got := fmt.Sprint(reactor.InTurn(in))
	if want := "[[::1]:1 10.0.0.1:1 [::2]:1 10.0.0.2:1 [::3]:1]"; got != want {
		t.Errorf("%v, want %v", got, want)
	}
}
