//go:build linux

package reactor_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/causeway-go/causeway/internal/hammer"
	"github.com/causeway-go/causeway/internal/leak"
	"github.com/causeway-go/causeway/pollster"
	"github.com/causeway-go/causeway/pollster/futuretest"
	"github.com/causeway-go/causeway/reactor"
	"golang.org/x/sys/unix"
)

// connect returns the two ends of a connection.
func connect(t testing.TB, r *reactor.Reactor, network, address string) (a, b *reactor.Conn) {
	t.Helper()
	l, err := r.Listen(context.Background(), network, address)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if a, err = r.Dial(context.Background(), network, l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if b, err = pollster.BlockOn(context.Background(), l.AcceptFuture()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close(); b.Close() })
	return a, b
}

// streams are the networks of bytes and an address for each.
func streams(t testing.TB) map[string]string {
	return map[string]string{"tcp": "127.0.0.1:0", "unix": filepath.Join(t.TempDir(), "s")}
}

func TestBytesArriveInOrderBothWays(t *testing.T) {
	for network, address := range streams(t) {
		t.Run(network, func(t *testing.T) {
			leak.Check(t)
			a, b := connect(t, newReactor(t), network, address)
			const size = 8 << 20
			sent := bytes.Repeat([]byte("0123456789abcdef"), size/16)
			var all sync.WaitGroup
			for _, c := range []*reactor.Conn{a, b} {
				all.Go(func() {
					if n, err := c.Write(sent); n != size || err != nil {
						t.Errorf("Write: %d, %v", n, err)
					}
					if err := c.CloseWrite(); err != nil {
						t.Error(err)
					}
				})
				all.Go(func() {
					got, err := io.ReadAll(c)
					if err != nil || !bytes.Equal(got, sent) {
						t.Errorf("read %d bytes, %v", len(got), err)
					}
				})
			}
			all.Wait()
		})
	}
}

func TestWritesOfSeveralGoroutinesDoNotMix(t *testing.T) {
	a, b := connect(t, newReactor(t), "unix", filepath.Join(t.TempDir(), "s"))
	const writers, each, size = 8, 20, 100_000 // far more than a socket buffer
	var all sync.WaitGroup
	for i := range writers {
		p := bytes.Repeat([]byte{byte(i)}, size)
		all.Go(func() {
			for j := range each {
				var n int
				var err error
				if j%2 == 0 {
					n, err = a.Write(p)
				} else {
					n, err = pollster.BlockOn(context.Background(), a.WriteFuture(p))
				}
				if n != size || err != nil {
					t.Errorf("Write: %d, %v", n, err)
				}
			}
		})
	}
	got := make([]byte, size)
	for range writers * each {
		if _, err := io.ReadFull(b, got); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, bytes.Repeat(got[:1], size)) {
			t.Fatal("two writes are mixed")
		}
	}
	all.Wait()
}

func TestAddressesAreThoseOfBothEnds(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	for network, address := range map[string]string{
		"tcp": ":0", "tcp4": "127.0.0.1:0", "tcp6": "[::1]:0", "unix": path, "unixpacket": path + "p",
	} {
		a, b := connect(t, newReactor(t), network, address)
		if a.RemoteAddr().Network() != strings.TrimRight(network, "46") {
			t.Errorf("%s: network %s", network, a.RemoteAddr().Network())
		}
		if a.RemoteAddr().String() != b.LocalAddr().String() {
			t.Errorf("%s: %v and %v", network, a.RemoteAddr(), b.LocalAddr())
		}
		if strings.HasPrefix(network, "tcp") && a.LocalAddr().String() != b.RemoteAddr().String() {
			t.Errorf("%s: %v and %v", network, a.LocalAddr(), b.RemoteAddr())
		}
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the file of a closed listener: %v", err)
	}
}

// TestErrorsHaveTheShapeOfPackageNet is a table of what goes wrong.
func TestErrorsHaveTheShapeOfPackageNet(t *testing.T) {
	r := newReactor(t)
	ctx := context.Background()
	gone, err := r.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone.Close()
	canceled, cancel := context.WithCancel(ctx)
	cancel()
	second := func(_ any, err error) error { return err }
	for name, test := range map[string]struct {
		err  error
		want error
	}{
		"accept of a closed listener": {second(gone.Accept()), net.ErrClosed},
		"refused":                     {second(r.Dial(ctx, "tcp", gone.Addr().String())), syscall.ECONNREFUSED},
		"no such socket":              {second(r.Dial(ctx, "unix", "/nonexistent/socket")), syscall.ENOENT},
		"canceled":                    {second(r.Dial(canceled, "tcp", gone.Addr().String())), context.Canceled},
		"address in use":              {inUse(t, r), syscall.EADDRINUSE},
		"no such network":             {second(r.Dial(ctx, "tcp7", "127.0.0.1:1")), net.UnknownNetworkError("tcp7")},
		"packets have no listener":    {second(r.Listen(ctx, "udp", "127.0.0.1:0")), net.UnknownNetworkError("udp")},
	} {
		var shaped *net.OpError
		if !errors.Is(test.err, test.want) || !errors.As(test.err, &shaped) {
			t.Errorf("%s: %v (%T)", name, test.err, test.err)
		}
	}
	if err := second(r.Dial(ctx, "tcp", "no port")); err == nil {
		t.Error("an address without a port is taken")
	}
}

func inUse(t *testing.T, r *reactor.Reactor) error {
	l, err := r.Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, err = r.Listen(context.Background(), "tcp", l.Addr().String())
	return err
}

func TestCloseWakesEveryoneWithErrClosed(t *testing.T) {
	leak.Check(t)
	r := newReactor(t)
	l, err := r.Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	a, b := connect(t, r, "tcp", "127.0.0.1:0")
	var all sync.WaitGroup
	check := func(f func() error) {
		all.Go(func() {
			if err := f(); !errors.Is(err, net.ErrClosed) {
				t.Errorf("got %v", err)
			}
		})
	}
	for range 3 {
		check(func() error { _, err := l.Accept(); return err })
		check(func() error { _, err := a.Read(make([]byte, 1)); return err })
		check(func() error {
			for {
				if _, err := a.Write(make([]byte, 1<<20)); err != nil {
					return err
				}
			}
		})
	}
	for r.Stats().Waiting < 3+3+1 { // one writer waits for room, two for their turn
		time.Sleep(time.Millisecond)
	}
	l.Close()
	a.Close()
	all.Wait()
	if err := a.Close(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("second Close: %v", err)
	}
	b.Close()
}

func TestDeadlines(t *testing.T) {
	leak.Check(t)
	a, b := connect(t, newReactor(t), "tcp", "127.0.0.1:0")
	p := make([]byte, 1)
	for name, f := range map[string]func() error{
		"future": func() error { _, err := pollster.BlockOn(context.Background(), a.ReadFuture(p)); return err },
		"read":   func() error { _, err := a.Read(p); return err },
	} {
		for _, d := range []time.Duration{-time.Hour, 0, time.Nanosecond, 5 * time.Millisecond} {
			at := time.Now().Add(d)
			a.SetReadDeadline(at)
			err := f()
			var timeout net.Error
			if !errors.Is(err, os.ErrDeadlineExceeded) || !errors.As(err, &timeout) || !timeout.Timeout() {
				t.Errorf("%s after %v: %v", name, d, err)
			}
			if early := time.Until(at); early > 0 {
				t.Errorf("%s: %v too early", name, early)
			}
		}
		// A deadline set while it waits, and one taken back.
		a.SetReadDeadline(time.Now().Add(time.Hour))
		done := make(chan error)
		go func() { done <- f() }()
		a.SetReadDeadline(time.Now().Add(time.Millisecond))
		if err := <-done; !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%s: %v", name, err)
		}
		a.SetReadDeadline(time.Time{})
		go func() { done <- f() }()
		b.Write([]byte("x"))
		if err := <-done; err != nil {
			t.Errorf("%s after the deadline was taken back: %v", name, err)
		}
	}
}

func TestDeadlinesChangedByManyAtOnceAreNotLost(t *testing.T) {
	a, _ := connect(t, newReactor(t), "tcp", "127.0.0.1:0")
	hammer.Run(t, 8, func(g, i int) {
		if g%2 == 0 {
			a.SetReadDeadline(time.Now().Add(time.Duration(i%3) * 100 * time.Microsecond))
			return
		}
		a.SetReadDeadline(time.Now().Add(100 * time.Microsecond))
		if _, err := a.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("got %v", err)
		}
	})
}

func TestPacketsKeepTheirBoundsAndSenders(t *testing.T) {
	leak.Check(t)
	r := newReactor(t)
	dir := t.TempDir()
	for network, addresses := range map[string][2]string{
		"udp": {"127.0.0.1:0", "127.0.0.1:0"}, "udp6": {"[::1]:0", "[::1]:0"},
		"unixgram": {filepath.Join(dir, "a"), filepath.Join(dir, "b")},
	} {
		var c [2]*reactor.PacketConn
		for i := range c {
			var err error
			if c[i], err = r.ListenPacket(context.Background(), network, addresses[i]); err != nil {
				t.Fatal(err)
			}
			defer c[i].Close()
		}
		p := make([]byte, 100)
		for _, text := range []string{"one", "", "three"} {
			got := make(chan string)
			go func() {
				n, from, err := c[1].ReadFrom(p)
				got <- fmt.Sprint(string(p[:n]), from, err)
			}()
			if n, err := c[0].WriteTo([]byte(text), c[1].LocalAddr()); n != len(text) || err != nil {
				t.Fatalf("%s: %d, %v", network, n, err)
			}
			if x, want := <-got, fmt.Sprint(text, c[0].LocalAddr(), nil); x != want {
				t.Errorf("%s: got %s, want %s", network, x, want)
			}
		}
		c[1].SetReadDeadline(time.Now().Add(time.Millisecond))
		if _, _, err := c[1].ReadFrom(p); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%s: %v", network, err)
		}
		if _, err := c[0].WriteTo(p, &net.TCPAddr{}); err == nil {
			t.Errorf("%s: an address of another kind is taken", network)
		}
	}
}

func TestDialOverUDPReadsAndWritesPackets(t *testing.T) {
	r := newReactor(t)
	server, err := r.ListenPacket(context.Background(), "udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	c, err := r.Dial(context.Background(), "udp", server.LocalAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.Write([]byte("ping"))
	p := make([]byte, 10)
	n, from, err := server.ReadFrom(p)
	if string(p[:n]) != "ping" || err != nil {
		t.Fatal(n, err)
	}
	server.WriteTo(nil, from)
	if n, err := c.Read(p); n != 0 || err != nil {
		t.Errorf("an empty packet: %d, %v", n, err)
	}
}

// pairFD returns a Conn whose other end the test holds.
func acceptFromNet(t *testing.T, r *reactor.Reactor) (*reactor.Conn, *net.TCPConn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, err := r.Dial(context.Background(), "tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	peer, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close(); peer.Close() })
	return c, peer.(*net.TCPConn)
}

func TestResetByPeerIsAnError(t *testing.T) {
	c, peer := acceptFromNet(t, newReactor(t))
	peer.SetLinger(0)
	done := make(chan error)
	go func() { _, err := c.Read(make([]byte, 1)); done <- err }()
	peer.Close()
	if err := <-done; !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("read: %v", err)
	}
	if _, err := c.Write([]byte("x")); !errors.Is(err, syscall.EPIPE) && !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("write: %v", err)
	}
}

func TestDescriptorClosedUnderneathIsAnErrorAndNoHang(t *testing.T) {
	r := newReactor(t)
	a, _ := connect(t, r, "tcp", "127.0.0.1:0")
	// Read and Write try first, and are told.
	null, err := unix.Open("/dev/null", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(null)
	// The number is taken by another file at once, so that no other test gets it.
	if err := unix.Dup3(null, int(a.Source().FD()), unix.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Write([]byte("x")); err == nil {
		t.Error("a write to a stolen descriptor succeeds")
	}
	a.Close()
	if _, err := a.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
		t.Errorf("read after Close: %v", err)
	}
}

func TestConnFuturesConform(t *testing.T) {
	r := newReactor(t)
	t.Run("read", func(t *testing.T) {
		futuretest.TestFuture(t, func() futuretest.Subject[int] {
			a, b := connect(t, r, "unix", filepath.Join(t.TempDir(), "s"))
			p := make([]byte, 10)
			return futuretest.Subject[int]{
				Future: a.ReadFuture(p), Complete: func() { b.Write([]byte("hello")) },
				Check: func(n int, err error) error {
					if string(p[:n]) != "hello" || err != nil {
						return fmt.Errorf("%q, %v", p[:n], err)
					}
					return nil
				},
				Held: func() int { return r.Stats().Waiting },
			}
		})
	})
	t.Run("accept", func(t *testing.T) {
		futuretest.TestFuture(t, func() futuretest.Subject[*reactor.Conn] {
			l, err := r.Listen(context.Background(), "unix", filepath.Join(t.TempDir(), "s"))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { l.Close() })
			// The race detector does not see what the kernel passes on from
			// connect to accept.
			var order sync.Mutex
			opened := 0
			accept := l.AcceptFuture()
			return futuretest.Subject[*reactor.Conn]{
				Future: fenced[*reactor.Conn]{accept, &order},
				Complete: func() {
					order.Lock()
					opened++
					order.Unlock()
					c, err := r.Dial(context.Background(), "unix", l.Addr().String())
					if err == nil {
						c.Close()
					}
				},
				Check: func(c *reactor.Conn, err error) error {
					if err == nil {
						c.Close()
					}
					return err
				},
				Held: func() int { return r.Stats().Waiting },
			}
		})
	})
}
