//go:build linux

package reactor_test

import (
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/causeway-go/causeway/internal/poller"
	"github.com/causeway-go/causeway/pollster"
	"github.com/causeway-go/causeway/reactor"
)

// A kind is one way in which a reactor can be driven.
type kind struct {
	name string
	opts reactor.Options
	hand bool // by a goroutine of the test that calls Poll
}

var kinds = []kind{
	{name: "netpoll"},
	{name: "thread", opts: reactor.Options{Thread: true}},
	{name: "manual", opts: reactor.Options{Manual: true}, hand: true},
	{name: "poll", opts: reactor.Options{Backend: reactor.BackendPoll}},
	{name: "poll thread", opts: reactor.Options{Backend: reactor.BackendPoll, Thread: true}},
}

// each runs f on a fresh reactor of each kind.
func each(t *testing.T, f func(t *testing.T, r *reactor.Reactor)) {
	t.Helper()
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) { f(t, k.new(t)) })
	}
}

func (k kind) new(t testing.TB) *reactor.Reactor {
	t.Helper()
	r, err := reactor.New(k.opts)
	if err != nil {
		t.Fatal(err)
	}
	var driver sync.WaitGroup
	if k.hand {
		driver.Go(func() {
			for {
				if _, err := r.Poll(-1); err != nil {
					return
				}
			}
		})
	}
	t.Cleanup(func() {
		closeAndWait(r)
		driver.Wait()
	})
	return r
}

// fake returns a reactor over a fake poller.
func fake(t testing.TB, opts reactor.Options) (*reactor.Reactor, *poller.Fake) {
	p := poller.NewFake()
	r := reactor.NewOn(opts, p)
	t.Cleanup(func() { r.Close() })
	return r, p
}

// pipe returns a pipe that does not block.
func pipe(t testing.TB) (r, w int) {
	t.Helper()
	var p [2]int
	if err := unix.Pipe2(p[:], unix.O_NONBLOCK|unix.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		unix.Close(p[0])
		unix.Close(p[1])
	})
	return p[0], p[1]
}

func register(t testing.TB, r *reactor.Reactor, fd int) *reactor.Source {
	t.Helper()
	s, err := r.Register(uintptr(fd))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// reader returns what ReadWith is given to read into buf.
func reader(buf []byte) func(fd int) (int, error) {
	return func(fd int) (int, error) { return unix.Read(fd, buf) }
}

func writer(buf []byte) func(fd int) (int, error) {
	return func(fd int) (int, error) { return unix.Write(fd, buf) }
}

// A counter is a waker that counts.
type counter struct {
	pollster.Waker
	woken chan struct{}
}

func newCounter() *counter {
	c := &counter{woken: make(chan struct{}, 1000)}
	c.Init(c)
	return c
}

func (c *counter) OnWake() { c.woken <- struct{}{} }

// await waits for one wake-up.
func (c *counter) await(t testing.TB) {
	t.Helper()
	select {
	case <-c.woken:
	case <-time.After(10 * time.Second):
		t.Fatal("never woken")
	}
}

// pending polls f, which must not have ended.
func pending[T any](t testing.TB, f pollster.Future[T], w *counter) {
	t.Helper()
	if v, ready, err := f.Poll(&w.Waker); ready || err != nil {
		t.Fatalf("ended with %v, %v", v, err)
	}
}
