//go:build linux

package reactor_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/causeway-go/causeway/internal/leak"
	"github.com/causeway-go/causeway/reactor"
	"golang.org/x/sys/unix"
)

// A way is a connection or pipe with its two ends: bytes that are written to in are
// read from out.
type way struct {
	in  io.WriteCloser
	out io.ReadCloser
}

// ways are the kinds of them, and whether they are ours.
var ways = []struct {
	name string
	ours bool
	open func(t testing.TB, r *reactor.Reactor) way
}{
	{"tcp", true, ourWay("tcp")},
	{"unix", true, ourWay("unix")},
	{"net tcp", false, netWay("tcp")},
	{"net unix", false, netWay("unix")},
	{"pipe", false, func(t testing.TB, _ *reactor.Reactor) way {
		out, in, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { in.Close(); out.Close() })
		return way{in, out}
	}},
}

func addressFor(t testing.TB, network string) string {
	if network == "unix" {
		return filepath.Join(t.TempDir(), "s")
	}
	return "127.0.0.1:0"
}

func ourWay(network string) func(t testing.TB, r *reactor.Reactor) way {
	return func(t testing.TB, r *reactor.Reactor) way {
		a, b := connect(t, r, network, addressFor(t, network))
		return way{a, b}
	}
}

func netWay(network string) func(t testing.TB, r *reactor.Reactor) way {
	return func(t testing.TB, _ *reactor.Reactor) way {
		l, err := net.Listen(network, addressFor(t, network))
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		a, err := net.Dial(network, l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		b, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { a.Close(); b.Close() })
		return way{a, b}
	}
}

// TestSplicedBytesAreTheSame has bytes pass from one way to another. Faults are
// injected into it, too.
func TestSplicedBytesAreTheSame(t *testing.T) {
	big := 10 << 20
	if raceEnabled || testing.Short() {
		big = 1<<20 + 7
	}
	all, _ := io.ReadAll(pattern(int64(big)))
	for _, from := range ways {
		for _, to := range ways {
			if !from.ours && !to.ours {
				continue
			}
			t.Run(from.name+" to "+to.name, func(t *testing.T) {
				leak.Check(t)
				r := newReactor(t)
				for _, size := range []int{0, 1, 64 << 10, big} {
					for _, limit := range []int{-1, 0, size/2 + 1, size + 1} {
						passThrough(t, from.open(t, r), to.open(t, r), all[:size], limit)
					}
				}
				if live, idle, _ := r.Pipes(); live != idle {
					t.Errorf("%d pipes, %d of them idle", live, idle)
				}
			})
		}
	}
}

// passThrough sends bytes into one way, copies them to the other, and compares.
func passThrough(t *testing.T, from, to way, sent []byte, limit int) {
	t.Helper()
	fed, got := make(chan struct{}), make(chan []byte)
	go func() {
		defer close(fed)
		from.in.Write(sent) // it may be broken off by the end of a limited copy
		from.in.Close()
	}()
	go func() {
		p, err := io.ReadAll(to.out)
		if err != nil {
			t.Errorf("reading what has passed: %v", err)
		}
		got <- p
	}()
	var src io.Reader = from.out
	want := sent
	var l *io.LimitedReader
	if limit >= 0 {
		l = &io.LimitedReader{R: src, N: int64(limit)}
		src, want = l, sent[:min(limit, len(sent))]
	}
	n, err := io.Copy(to.in, src)
	if n != int64(len(want)) || err != nil {
		t.Errorf("%d bytes, limit %d: Copy: %d, %v", len(sent), limit, n, err)
	}
	if l != nil && l.N != int64(limit-len(want)) {
		t.Errorf("%d bytes, limit %d: %d left in the LimitedReader", len(sent), limit, l.N)
	}
	to.in.Close()
	if p := <-got; !bytes.Equal(p, want) {
		t.Errorf("%d bytes, limit %d: %d other bytes have come", len(sent), limit, len(p))
	}
	from.out.Close()
	<-fed
	to.out.Close()
}

// TestTheKernelMovesTheBytes looks whether splicing takes place at all.
func TestTheKernelMovesTheBytes(t *testing.T) {
	content, _ := io.ReadAll(pattern(100_000))
	for _, from := range ways {
		for _, to := range ways {
			if !from.ours && !to.ours {
				continue
			}
			t.Run(from.name+" to "+to.name, func(t *testing.T) {
				r := newReactor(t)
				passThrough(t, from.open(t, r), to.open(t, r), content, -1)
				if _, _, taken := r.Pipes(); taken == 0 {
					t.Error("no pipe was taken")
				}
			})
		}
	}
	t.Run("wrapped", func(t *testing.T) {
		r := newReactor(t)
		from, to := ways[0].open(t, r), ways[2].open(t, r)
		type embeds struct{ *net.TCPConn } // it may have read ahead
		to.in = embeds{to.in.(*net.TCPConn)}
		passThrough(t, from, to, content, -1)
		if _, _, taken := r.Pipes(); taken != 0 {
			t.Error("a type that embeds a connection was taken for it")
		}
	})
}

// TestSpliceIntoAFile also has the file refuse in the middle, with bytes in the
// pipe.
func TestSpliceIntoAFile(t *testing.T) {
	content, _ := io.ReadAll(pattern(3<<20 + 1))
	for _, flag := range []int{0, os.O_APPEND, -1} {
		t.Run(fmt.Sprint(flag), func(t *testing.T) {
			leak.Check(t)
			r := newReactor(t)
			from := ways[0].open(t, r)
			path := filepath.Join(t.TempDir(), "f")
			f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|max(flag, 0), 0o600)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			done := make(chan error)
			go func() {
				n, err := io.Copy(f, from.out)
				if n != int64(len(content)) {
					err = errors.Join(err, fmt.Errorf("%d bytes", n))
				}
				done <- err
			}()
			from.in.Write(content[:1000])
			if flag < 0 {
				for info, _ := f.Stat(); info.Size() < 1000; info, _ = f.Stat() {
					time.Sleep(time.Millisecond)
				}
				if _, err := unix.FcntlInt(f.Fd(), unix.F_SETFL, unix.O_APPEND); err != nil {
					t.Fatal(err)
				}
			}
			from.in.Write(content[1000:])
			from.in.Close()
			if err := <-done; err != nil {
				t.Error(err)
			}
			if got, _ := os.ReadFile(path); !bytes.Equal(got, content) {
				t.Errorf("%d other bytes in the file", len(got))
			}
			if _, _, taken := r.Pipes(); (taken > 0) != (flag != os.O_APPEND) {
				t.Errorf("%d pipes taken", taken)
			}
		})
	}
}

// TestCopyGoesOnWithoutPipes takes them all away, and then every descriptor.
func TestCopyGoesOnWithoutPipes(t *testing.T) {
	leak.Check(t)
	content, _ := io.ReadAll(pattern(5 << 20))
	r := newReactor(t)
	got, giveBack := r.TakePipes(reactor.PipesMost + 3)
	if got != reactor.PipesMost {
		t.Errorf("%d pipes", got)
	}
	passThrough(t, ways[0].open(t, r), ways[1].open(t, r), content, -1)
	giveBack()
	live, idle, taken := r.Pipes()
	if live != idle || idle == 0 || idle >= got || taken != uint64(got) {
		t.Errorf("%d live, %d idle, %d taken", live, idle, taken)
	}
	r.RestPipes(taken - 1)
	if live, _, _ := r.Pipes(); live != idle {
		t.Errorf("pipes that have been used were closed: %d", live)
	}
	r.RestPipes(taken)
	if live, idle, _ := r.Pipes(); live+idle != 0 {
		t.Errorf("at rest: %d live, %d idle", live, idle)
	}
	from, to := ways[0].open(t, r), ways[1].open(t, r)
	all := takeDescriptors(t)
	defer all()
	passThrough(t, from, to, content, -1)
	all()
	if live, _, _ := r.Pipes(); live != 0 {
		t.Errorf("without descriptors: %d pipes", live)
	}
}

// TestSpliceEndsAsItsEndsDo has each end break, in each of the ways there are.
func TestSpliceEndsAsItsEndsDo(t *testing.T) {
	soon := func() time.Time { return time.Now().Add(20 * time.Millisecond) }
	cases := map[string]struct {
		full bool // the destination has no room; else the source has nothing
		do   func(t *testing.T, from, to way)
		want error
	}{
		"read deadline":         {false, func(_ *testing.T, from, _ way) { from.out.(net.Conn).SetReadDeadline(soon()) }, os.ErrDeadlineExceeded},
		"write deadline":        {true, func(_ *testing.T, _, to way) { to.in.(net.Conn).SetWriteDeadline(soon()) }, os.ErrDeadlineExceeded},
		"source closed":         {false, func(_ *testing.T, from, _ way) { from.out.Close() }, net.ErrClosed},
		"destination closed":    {true, func(_ *testing.T, _, to way) { to.in.Close() }, net.ErrClosed},
		"source resets":         {false, func(t *testing.T, from, _ way) { reset(t, from.in) }, unix.ECONNRESET},
		"destination resets":    {true, func(t *testing.T, _, to way) { reset(t, to.out) }, unix.ECONNRESET},
		"source half closes":    {false, func(_ *testing.T, from, _ way) { from.in.(interface{ CloseWrite() error }).CloseWrite() }, nil},
		"nothing to be read":    {false, func(_ *testing.T, from, _ way) { from.out.(interface{ CloseRead() error }).CloseRead() }, nil},
		"nothing to be written": {true, func(_ *testing.T, _, to way) { to.in.(interface{ CloseWrite() error }).CloseWrite() }, unix.EPIPE},
	}
	for name, c := range cases {
		for _, pair := range [][2]int{{0, 0}, {0, 2}, {2, 0}} {
			t.Run(fmt.Sprint(name, pair), func(t *testing.T) {
				leak.Check(t)
				r := newReactor(t)
				from, to := ways[pair[0]].open(t, r), ways[pair[1]].open(t, r)
				type result struct {
					n   int64
					err error
				}
				done := make(chan result)
				go func() { n, err := io.Copy(to.in, from.out); done <- result{n, err} }()
				fed := make(chan struct{})
				const few = 1000
				if c.full {
					go func() { defer close(fed); io.Copy(onlyWriter{from.in}, &sevens{}) }()
					awaitFull(from.in)
				} else {
					close(fed)
					from.in.Write(make([]byte, few))
					io.ReadFull(to.out, make([]byte, few))
				}
				c.do(t, from, to)
				got := <-done
				if !errors.Is(got.err, c.want) || (got.err == nil) != (c.want == nil) {
					t.Errorf("%v", got.err)
				}
				if e := new(net.OpError); c.want != nil && (!errors.As(got.err, &e) || e.Op != "read" && e.Op != "write" && e.Op != "writeto") {
					t.Errorf("not an error of package net: %v", got.err)
				}
				if !c.full && got.n != few {
					t.Errorf("%d bytes", got.n)
				}
				if live, idle, _ := r.Pipes(); live != idle {
					t.Errorf("%d pipes, %d of them idle", live, idle)
				}
				for _, c := range []io.Closer{from.in, from.out, to.in, to.out} {
					c.Close()
				}
				<-fed
				// What was left in a pipe is gone.
				passThrough(t, ways[0].open(t, r), ways[1].open(t, r), []byte("something else"), -1)
			})
		}
	}
}

type onlyWriter struct{ io.Writer }

// awaitFull returns when nothing more goes into w, as who writes to it is stuck.
func awaitFull(w io.Writer) {
	raw, _ := w.(interface {
		SyscallConn() (syscall.RawConn, error)
	}).SyscallConn()
	for last, same := -1, 0; same < 60; time.Sleep(time.Millisecond) {
		queued := 0
		raw.Control(func(fd uintptr) { queued, _ = unix.IoctlGetInt(int(fd), unix.TIOCOUTQ) })
		if queued != last || queued == 0 {
			last, same = queued, 0
		}
		same++
	}
}

// reset closes c so that the other side gets a reset.
func reset(t *testing.T, c io.Closer) {
	raw, err := c.(interface {
		SyscallConn() (syscall.RawConn, error)
	}).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	raw.Control(func(fd uintptr) {
		unix.SetsockoptLinger(int(fd), unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
	})
	c.Close()
}

func TestThoseWhoWaitToSpliceHoldNoPipe(t *testing.T) {
	leak.Check(t)
	r := newReactor(t)
	const many = 20
	var from, to []way
	var copies sync.WaitGroup
	for i := range many {
		a, b := ways[i%2].open(t, r), ways[1].open(t, r)
		from, to = append(from, a), append(to, b)
		copies.Go(func() {
			if n, err := io.Copy(b.in, a.out); n != 3 || err != nil {
				t.Errorf("copy %d: %d, %v", i, n, err)
			}
		})
	}
	for range 3 {
		for i := range many {
			from[i].in.Write([]byte("x"))
		}
		for i := range many {
			io.ReadFull(to[i].out, make([]byte, 1))
		}
		// Whoever has written tries to read, and then gives the pipe back.
		for live, idle := -1, 0; live != idle; live, idle, _ = r.Pipes() {
			time.Sleep(time.Millisecond)
		}
	}
	if _, idle, taken := r.Pipes(); idle == 0 || taken < 3*many {
		t.Errorf("%d pipes, taken %d times", idle, taken)
	}
	for i := range many {
		from[i].in.Close()
	}
	copies.Wait()
}
