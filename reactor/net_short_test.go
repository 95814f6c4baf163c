//go:build linux

package reactor_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/causeway-go/causeway/pollster"
	"github.com/causeway-go/causeway/reactor"
)

// byHand returns two ends of a connection in a reactor that the test drives.
func byHand(t *testing.T, network string) (r *reactor.Reactor, a, b *reactor.Conn) {
	t.Helper()
	r, err := reactor.New(reactor.Options{Manual: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	var connected atomic.Bool
	var driver sync.WaitGroup
	driver.Go(func() {
		for !connected.Load() {
			_, _ = r.Poll(time.Millisecond)
		}
	})
	a, b = connect(t, r, network, streams(t)[network])
	connected.Store(true)
	driver.Wait()
	return r, a, b
}

// on calls f with the descriptor of c, without telling c.
func on(t *testing.T, c *reactor.Conn, f func(fd int) error) {
	t.Helper()
	raw, err := c.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	if e := raw.Control(func(fd uintptr) { err = f(int(fd)) }); e != nil || err != nil {
		t.Fatal(e, err)
	}
}

// A shortCase is what happens around a short read, and what the next one must get.
type shortCase struct {
	name    string
	network string // "": both
	before  func(t *testing.T, peer, c *reactor.Conn)
	after   func(t *testing.T, peer, c *reactor.Conn)
	want    string
	err     error
}

func send(what string) func(t *testing.T, peer, _ *reactor.Conn) {
	return func(t *testing.T, peer, _ *reactor.Conn) {
		if _, err := peer.Write([]byte(what)); err != nil {
			t.Fatal(err)
		}
	}
}

func then(steps ...func(t *testing.T, peer, c *reactor.Conn)) func(t *testing.T, peer, c *reactor.Conn) {
	return func(t *testing.T, peer, c *reactor.Conn) {
		for _, f := range steps {
			f(t, peer, c)
		}
	}
}

func halfClose(t *testing.T, peer, _ *reactor.Conn) {
	if err := peer.CloseWrite(); err != nil {
		t.Fatal(err)
	}
}

func resetPeer(t *testing.T, peer, _ *reactor.Conn) {
	on(t, peer, func(fd int) error {
		return unix.SetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
	})
	peer.Close()
}

func urgent(t *testing.T, peer, _ *reactor.Conn) {
	on(t, peer, func(fd int) error { return unix.Sendto(fd, []byte("U"), unix.MSG_OOB, nil) })
}

func withDescriptor(what string) func(t *testing.T, peer, _ *reactor.Conn) {
	return func(t *testing.T, peer, _ *reactor.Conn) {
		on(t, peer, func(fd int) error { return unix.Sendmsg(fd, []byte(what), unix.UnixRights(0), nil, 0) })
	}
}

var shortCases = []shortCase{
	{name: "two writes", before: send("abc"), after: send("def"), want: "def"},
	{name: "end before", before: then(send("abc"), halfClose), err: io.EOF},
	{name: "end after", before: send("abc"), after: halfClose, err: io.EOF},
	{name: "gone before", before: then(send("abc"), func(_ *testing.T, peer, _ *reactor.Conn) { peer.Close() }), err: io.EOF},
	{name: "reset before", network: "tcp", before: then(send("abc"), resetPeer), err: unix.ECONNRESET},
	{name: "reset after", network: "tcp", before: send("abc"), after: resetPeer, err: unix.ECONNRESET},
	{name: "urgent mark", network: "tcp", before: then(send("abc"), urgent, send("def")), want: "def"},
	{name: "urgent mark after", network: "tcp", before: send("abc"), after: then(urgent, send("def")), want: "def"},
	{name: "descriptor", network: "unix", before: then(withDescriptor("abc"), send("def")), want: "def"},
	{name: "own half close", before: send("abc"), after: func(t *testing.T, _, c *reactor.Conn) {
		if err := c.CloseRead(); err != nil {
			t.Fatal(err)
		}
	}, err: io.EOF},
	{name: "deadline", before: send("abc"), after: func(t *testing.T, _, c *reactor.Conn) {
		_ = c.SetReadDeadline(time.Unix(1, 0))
	}, err: os.ErrDeadlineExceeded},
	{name: "closed", before: send("abc"), after: func(t *testing.T, _, c *reactor.Conn) { c.Close() }, err: net.ErrClosed},
}

// A read that is left out must be one that would have found nothing, and whoever
// waits without it must be woken by whatever comes.
func TestWhatFollowsAShortReadIsNotMissed(t *testing.T) {
	for _, c := range shortCases {
		for _, network := range []string{"tcp", "unix"} {
			if c.network != "" && c.network != network {
				continue
			}
			for _, counted := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s/%s/counted=%v", c.name, network, counted), func(t *testing.T) { c.run(t, network, counted) })
			}
		}
	}
}

// run makes the short read before or after the driver has counted the events of what
// was there before it.
func (k shortCase) run(t *testing.T, network string, counted bool) {
	r, peer, c := byHand(t, network)
	var at reactor.Waiter
	defer at.Cancel()
	w := newCounter()
	buf := make([]byte, 64)
	// It waits once, or the second event would take it out of the set.
	if _, ready, err := c.PollRead(&at, &w.Waker, buf); ready || err != nil {
		t.Fatal(ready, err)
	}
	send("x")(t, peer, c)
	if n, ready, err := awaitRead(r, c, &at, w, buf); n != 1 || !ready || err != nil {
		t.Fatalf("first read: %d, %v, %v", n, ready, err)
	}
	k.before(t, peer, c)
	if counted {
		count(t, r)
	}
	got := ""
	for got != "abc"+k.want {
		n, ready, err := awaitRead(r, c, &at, w, buf)
		if !ready || err != nil {
			t.Fatalf("after %q: %v, %v", got, ready, err)
		}
		if got += string(buf[:n]); got == "abc" && k.after != nil {
			k.after(t, peer, c)
			if counted {
				count(t, r)
			}
		}
	}
	if k.err == nil {
		return
	}
	if n, ready, err := awaitRead(r, c, &at, w, buf); n != 0 || !errors.Is(err, k.err) {
		t.Fatalf("at the end: %d, %v, %v; want %v", n, ready, err, k.err)
	}
}

// count has r handle the events that there are.
func count(t *testing.T, r *reactor.Reactor) {
	for range 3 {
		if _, err := r.Poll(0); err != nil {
			t.Fatal(err)
		}
	}
}

// awaitRead reads, and drives r until there is something.
func awaitRead(r *reactor.Reactor, c *reactor.Conn, at *reactor.Waiter, w *counter, p []byte) (n int, ready bool, err error) {
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); {
		if n, ready, err = c.PollRead(at, &w.Waker, p); ready || err != nil {
			return n, ready, err
		}
		for len(w.woken) == 0 && time.Now().Before(end) {
			if _, err := r.Poll(time.Until(end)); err != nil {
				return 0, false, err
			}
		}
		for len(w.woken) > 0 {
			<-w.woken
		}
	}
	return 0, false, errors.New("never woken")
}

// Where it is known that nothing is left, and where it is not.
func TestWhichShortReadsSaveOne(t *testing.T) {
	for network := range streams(t) {
		r, peer, c := byHand(t, network)
		var at reactor.Waiter
		w := newCounter()
		read := func(size int) bool {
			t.Helper()
			send("abcd")(t, peer, c)
			if _, ready, err := awaitRead(r, c, &at, w, make([]byte, size)); !ready || err != nil {
				t.Fatalf("%s: %v", network, err)
			}
			return reactor.Drained(&at)
		}
		if got := read(8); got != (network == "tcp") {
			t.Errorf("%s: a short read saves one: %v", network, got)
		}
		if read(4) {
			t.Errorf("%s: a buffer that is full is no sign", network)
		}
		read(8)
		if n, ready, err := c.PollRead(&at, &w.Waker, nil); n != 0 || !ready || err != nil {
			t.Errorf("%s: a read of nothing: %d, %v, %v", network, n, ready, err)
		}
	}
}

// Of two who wait with a Waiter each, and have read nothing or everything before, one
// gets what comes, and the other goes on waiting.
func TestSeveralWaitAfterAShortRead(t *testing.T) {
	r, peer, c := byHand(t, "tcp")
	var ats [3]reactor.Waiter
	ws := [3]*counter{newCounter(), newCounter(), newCounter()}
	buf := make([]byte, 8)
	send("abc")(t, peer, c)
	if n, _, err := awaitRead(r, c, &ats[0], ws[0], buf); n != 3 || err != nil {
		t.Fatal(n, err)
	}
	for round := range 3 {
		for i := range ats {
			if _, ready, err := c.PollRead(&ats[i], &ws[i].Waker, buf); ready || err != nil {
				t.Fatalf("round %d, %d: %v, %v", round, i, ready, err)
			}
		}
		send("def")(t, peer, c)
		if _, err := r.Poll(10 * time.Second); err != nil {
			t.Fatal(err)
		}
		got := 0
		for i := range ats {
			ws[i].await(t)
			if n, ready, err := c.PollRead(&ats[i], &ws[i].Waker, buf); err != nil {
				t.Fatal(err)
			} else if ready {
				got += n
			}
		}
		if got != 3 {
			t.Errorf("round %d: they have got %d bytes", round, got)
		}
	}
	for i := range ats {
		ats[i].Cancel()
	}
}

// A pieceReader reads to the end, with one Waiter and buffers of many sizes.
type pieceReader struct {
	c    *reactor.Conn
	at   reactor.Waiter
	rng  *rand.Rand
	buf  [256]byte
	next byte
	got  int
}

func (f *pieceReader) Poll(w *pollster.Waker) (int, bool, error) {
	for {
		n, ready, err := f.c.PollRead(&f.at, w, f.buf[:1+f.rng.IntN(len(f.buf))])
		switch {
		case err == io.EOF:
			return f.got, true, nil
		case err != nil || !ready:
			return 0, false, err
		}
		for _, b := range f.buf[:n] {
			if b != f.next {
				return 0, false, fmt.Errorf("byte %d is %d, not %d", f.got, b, f.next)
			}
			f.next++
			f.got++
		}
	}
}

func (f *pieceReader) Cancel() { f.at.Cancel() }

// Messages of any size, read into buffers of any size, while the reader is now ahead
// and now behind: none is lost, and nobody sleeps over one.
func TestHammerShortReads(t *testing.T) {
	const messages = 2000
	each(t, func(t *testing.T, r *reactor.Reactor) {
		for network, address := range streams(t) {
			var all sync.WaitGroup
			for i := range 4 {
				a, b := connect(t, r, network, address)
				total := make(chan int, 1)
				all.Go(func() {
					rng := rand.New(rand.NewPCG(1, uint64(i)))
					var p [300]byte
					sent := 0
					for range messages {
						n := 1 + rng.IntN(len(p))
						for j := range n {
							p[j] = byte(sent + j)
						}
						if _, err := a.Write(p[:n]); err != nil {
							t.Error(err)
						}
						sent += n
					}
					total <- sent
					_ = a.CloseWrite()
				})
				all.Go(func() {
					f := &pieceReader{c: b, rng: rand.New(rand.NewPCG(2, uint64(i)))}
					ctx, stop := context.WithTimeout(context.Background(), time.Minute)
					defer stop()
					got, err := pollster.BlockOn(ctx, pollster.Future[int](f))
					if want := <-total; got != want || err != nil {
						t.Errorf("%s: %d of %d bytes, %v", network, got, want, err)
					}
				})
			}
			all.Wait()
		}
	})
}
