//go:build linux

package reactor_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/causeway-go/causeway/internal/leak"
	"github.com/causeway-go/causeway/internal/poller"
	"github.com/causeway-go/causeway/pollster"
	"github.com/causeway-go/causeway/reactor"
)

func TestSourceReadsAndWritesAPipe(t *testing.T) {
	each(t, func(t *testing.T, r *reactor.Reactor) {
		rd, wr := pipe(t)
		in, out := register(t, r, rd), register(t, r, wr)
		const total = 1 << 20
		sent := make(chan error, 1)
		go func() {
			data := bytes.Repeat([]byte("causeway"), 1000)
			for n := 0; n < total; {
				k, err := out.WriteWith(context.Background(), writer(data[:min(len(data), total-n)]))
				if err != nil {
					sent <- err
					return
				}
				n += k
			}
			sent <- out.CloseWith(func(int) error { return nil })
			unix.Close(wr)
		}()
		buf := make([]byte, 5000)
		got := 0
		for {
			n, err := in.ReadWith(t.Context(), reader(buf))
			if err != nil {
				t.Fatal(err)
			}
			if n == 0 {
				break
			}
			got += n
		}
		if err := <-sent; err != nil || got != total {
			t.Errorf("%d of %d bytes, %v", got, total, err)
		}
		e, err := pollster.BlockOn(t.Context(), in.Readable())
		if err != nil || e&(reactor.Readable|reactor.HangUp) != reactor.Readable|reactor.HangUp {
			t.Errorf("at the end: %v, %v", e, err)
		}
	})
}

func TestRegisterTwiceIsAnErrorAndTheFirstGoesOn(t *testing.T) {
	each(t, func(t *testing.T, r *reactor.Reactor) {
		rd, wr := pipe(t)
		s := register(t, r, rd)
		w := newCounter()
		f := s.Readable()
		pending(t, f, w)
		if _, err := r.Register(uintptr(rd)); !errors.Is(err, reactor.ErrRegistered) {
			t.Errorf("the second: %v", err)
		}
		unix.Write(wr, []byte("x"))
		w.await(t)
		if e, ready, err := f.Poll(nil); e&reactor.Readable == 0 || !ready || err != nil {
			t.Errorf("the first: %v, %v, %v", e, ready, err)
		}
		other, err := reactor.New(reactor.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer closeAndWait(other)
		if _, err := other.Register(uintptr(rd)); err != nil {
			t.Errorf("with another reactor: %v", err)
		}
	})
}

func TestRegisterRefuses(t *testing.T) {
	f, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rd, _ := pipe(t)
	each(t, func(t *testing.T, r *reactor.Reactor) {
		if _, err := r.RegisterConn(f); !errors.Is(err, reactor.ErrNotPollable) {
			t.Errorf("a file: %v", err)
		}
		for _, fd := range []uintptr{1 << 20, 1 << 30, ^uintptr(0)} {
			if _, err := r.Register(fd); !errors.Is(err, reactor.ErrDescriptor) {
				t.Errorf("%d: %v", fd, err)
			}
		}
		r.Close()
		if _, err := r.Register(uintptr(rd)); !errors.Is(err, reactor.ErrClosed) || !errors.Is(err, fs.ErrClosed) {
			t.Errorf("after Close: %v", err)
		}
		if r.Close() != reactor.ErrClosed {
			t.Error("the second Close")
		}
	})
}

func TestCloseWakesEveryWaiter(t *testing.T) {
	for name, end := range map[string]func(r *reactor.Reactor, s *reactor.Source) error{
		"source":  func(_ *reactor.Reactor, s *reactor.Source) error { return s.Close() },
		"reactor": func(r *reactor.Reactor, _ *reactor.Source) error { return r.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, r *reactor.Reactor) {
				rd, _ := pipe(t)
				s := register(t, r, rd)
				const n = 20
				errs := make(chan error, 2*n)
				for range n {
					go func() {
						_, err := s.ReadWith(context.Background(), reader(make([]byte, 1)))
						errs <- err
					}()
					go func() {
						_, err := pollster.BlockOn(context.Background(), s.Ready(reactor.Readable|reactor.Priority))
						errs <- err
					}()
				}
				for s.Linked() < 2*n {
					time.Sleep(time.Millisecond)
				}
				if w := r.Stats().Waiting; w != 2*n {
					t.Errorf("%d waiting", w)
				}
				if err := end(r, s); err != nil {
					t.Error(err)
				}
				for range 2 * n {
					if err := <-errs; !errors.Is(err, reactor.ErrClosed) {
						t.Errorf("a waiter got %v", err)
					}
				}
				if _, err := s.WriteWith(t.Context(), writer(nil)); name == "source" && !errors.Is(err, reactor.ErrClosed) {
					t.Errorf("afterwards: %v", err)
				}
				if _, err := pollster.BlockOn(t.Context(), s.Readable()); !errors.Is(err, reactor.ErrClosed) {
					t.Errorf("afterwards: %v", err)
				}
				if w := r.Stats(); w.Waiting != 0 || w.Sources != 0 {
					t.Errorf("left: %+v", w)
				}
				if _, err := unix.FcntlInt(uintptr(rd), unix.F_GETFD, 0); err != nil {
					t.Errorf("the descriptor was closed: %v", err)
				}
			})
		})
	}
}

func TestCancelWhileWaiting(t *testing.T) {
	each(t, func(t *testing.T, r *reactor.Reactor) {
		rd, wr := pipe(t)
		s := register(t, r, rd)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(2*time.Millisecond, cancel)
		if _, err := s.ReadWith(ctx, reader(make([]byte, 1))); !errors.Is(err, context.Canceled) {
			t.Errorf("ReadWith: %v", err)
		}
		if _, err := s.ReadWith(ctx, func(int) (int, error) { t.Error("called"); return 0, nil }); !errors.Is(err, context.Canceled) {
			t.Errorf("ReadWith with a context that has ended: %v", err)
		}
		w, other := newCounter(), newCounter()
		f, g := s.Readable(), s.Readable()
		pending(t, f, w)
		pending(t, g, other)
		f.Cancel()
		f.Cancel()
		if n := s.Linked(); n != 1 {
			t.Errorf("%d waiters, want 1", n)
		}
		unix.Write(wr, []byte("x"))
		other.await(t)
		if len(w.woken) != 0 {
			t.Error("the cancelled one was woken")
		}
	})
}

func TestTwoWaitersOfOneDirectionDoNotThrash(t *testing.T) {
	each(t, func(t *testing.T, r *reactor.Reactor) {
		rd, _ := pipe(t)
		s := register(t, r, rd)
		a, b := newCounter(), newCounter()
		f, g := s.Readable(), s.Readable()
		for range 100 {
			pending(t, f, a)
			pending(t, g, b)
		}
		time.Sleep(2 * time.Millisecond)
		if len(a.woken)+len(b.woken) != 0 {
			t.Errorf("%d and %d wake-ups for nothing", len(a.woken), len(b.woken))
		}
		f.Cancel()
		g.Cancel()
	})
}

// What nobody waits for must not keep the driver busy.
func TestEventsThatNobodyWaitsForAreSwitchedOff(t *testing.T) {
	each(t, func(t *testing.T, r *reactor.Reactor) {
		rd, wr := pipe(t)
		s := register(t, r, rd)
		for range 50 {
			unix.Write(wr, []byte("x"))
			time.Sleep(200 * time.Microsecond)
		}
		// The first one is how the driver learns of it, however late that is.
		for deadline := time.Now().Add(10 * time.Second); s.Armed()&reactor.Readable != 0; time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("still watched: %v", s.Armed())
			}
		}
		if n := r.Stats().Events; n > 10 {
			t.Errorf("%d events for nobody", n)
		}
		if n, err := s.ReadWith(t.Context(), reader(make([]byte, 100))); n != 50 || err != nil {
			t.Errorf("read %d, %v", n, err)
		}
		w := newCounter()
		f := s.Readable()
		pending(t, f, w)
		unix.Write(wr, []byte("x"))
		w.await(t)
	})
}

func TestThousandIdleSourcesHoldNoThreadAndCauseNoWork(t *testing.T) {
	leak.Check(t)
	r := kinds[0].new(t)
	threads := leak.Threads()
	const n = 1000
	for range n / 2 {
		rd, wr := pipe(t)
		register(t, r, rd)
		s := register(t, r, wr)
		f := s.Priority()
		pending(t, f, newCounter())
		t.Cleanup(f.Cancel)
	}
	if after := atRest(t, r); after.Sources != n || after.Waiting != n/2 {
		t.Errorf("%+v", after)
	}
	if now := leak.Threads(); now > threads+fewThreads() {
		t.Errorf("%d threads, %d before", now, threads)
	}
}

// fewThreads is by how many threads there may be more without anyone holding one:
// Go makes as many as it has processors, for garbage collection too, and another for
// each that is in the system for longer than it should, as on a busy machine.
func fewThreads() int { return runtime.GOMAXPROCS(0) + 6 }

// atRest waits until nothing has happened in r for 200 ms, which begins late on a
// busy machine: what has happened before has to be seen first.
func atRest(t *testing.T, r *reactor.Reactor) reactor.Stats {
	t.Helper()
	before := r.Stats()
	for range 50 {
		time.Sleep(200 * time.Millisecond)
		after := r.Stats()
		if after == before {
			return after
		}
		before = after
	}
	t.Errorf("it does not come to rest: %+v", before)
	return before
}

func TestManyReactorsHoldNoThread(t *testing.T) {
	leak.Check(t)
	threads := leak.Threads()
	for range 50 {
		r := kinds[0].new(t)
		rd, wr := pipe(t)
		s := register(t, r, rd)
		unix.Write(wr, []byte("x"))
		if n, err := s.ReadWith(t.Context(), reader(make([]byte, 1))); n != 1 || err != nil {
			t.Fatal(n, err)
		}
	}
	if now := leak.Threads(); now > threads+fewThreads() {
		t.Errorf("%d threads, %d before", now, threads)
	}
}

func TestStaleEventsDoNotReachTheNextOwnerOfTheNumber(t *testing.T) {
	p := poller.NewFake()
	r := reactor.NewOn(reactor.Options{Manual: true}, p)
	defer r.Close()
	fd := p.Open()
	old := register(t, r, fd)
	f := old.Readable()
	pending(t, f, newCounter())
	p.Set(fd, poller.Read)
	stale := p.Take() // a Wait has collected it, and not handed it on yet
	if len(stale) != 1 {
		t.Fatalf("events %v", stale)
	}
	old.Close()
	p.CloseFD(fd)
	if p.Open() != fd {
		t.Fatal("another number")
	}
	w := newCounter()
	s := register(t, r, fd)
	g := s.Readable()
	pending(t, g, w)
	p.Inject(stale...)
	if n, err := r.Poll(0); n != 0 || err != nil {
		t.Errorf("Poll: %d, %v", n, err)
	}
	if len(w.woken) != 0 || r.Stats().Stale != 1 {
		t.Errorf("woken %d times, %+v", len(w.woken), r.Stats())
	}
	p.Set(fd, poller.Read)
	if n, err := r.Poll(0); n != 1 || err != nil {
		t.Errorf("Poll: %d, %v", n, err)
	}
	w.await(t)
}

func TestClosedUnderneathIsATypedError(t *testing.T) {
	each(t, func(t *testing.T, r *reactor.Reactor) {
		var p [2]int
		unix.Pipe2(p[:], unix.O_NONBLOCK|unix.O_CLOEXEC)
		s := register(t, r, p[0])
		unix.Write(p[1], []byte("x")) // so that the driver has all that it opens
		w := newCounter()
		f := s.Readable()
		if _, err := s.ReadWith(t.Context(), reader(make([]byte, 1))); err != nil {
			t.Fatal(err)
		}
		pollster.BlockOn(t.Context(), r.Sleep(5*time.Millisecond))
		pending(t, f, w)
		unix.Close(p[0])
		unix.Close(p[1])
		if _, err := s.ReadWith(t.Context(), reader(make([]byte, 1))); !errors.Is(err, reactor.ErrDescriptor) || !errors.Is(err, unix.EBADF) {
			t.Errorf("ReadWith: %v", err)
		}
		if _, err := pollster.BlockOn(t.Context(), s.Readable()); !errors.Is(err, reactor.ErrDescriptor) {
			t.Errorf("Readable: %v", err)
		}
		// The one who waits is told when the number is used again.
		rd, _ := pipe(t)
		if rd != p[0] {
			t.Logf("the number was not used again: %d, %d", rd, p[0])
			return
		}
		s2 := register(t, r, rd)
		w.await(t)
		if _, ready, err := f.Poll(nil); ready || !errors.Is(err, reactor.ErrDescriptor) {
			t.Errorf("the one who waited: %v, %v", ready, err)
		}
		s.Close()
		if _, err := r.Register(uintptr(rd)); !errors.Is(err, reactor.ErrRegistered) {
			t.Errorf("closing the old Source has harmed the new one: %v", err)
		}
		s2.Close()
	})
}

func TestPanicInATryPassesThrough(t *testing.T) {
	r := kinds[0].new(t)
	rd, _ := pipe(t)
	s := register(t, r, rd)
	func() {
		defer func() {
			if recover() != "try" {
				t.Error("no panic")
			}
		}()
		s.ReadWith(t.Context(), func(int) (int, error) { panic("try") })
	}()
	closed := false
	if err := s.CloseWith(func(int) error { closed = true; return nil }); err != nil || !closed {
		t.Errorf("the panic has left the descriptor in use: %v", err)
	}
}

func TestCloseWithWaitsForTheLastTry(t *testing.T) {
	each(t, func(t *testing.T, r *reactor.Reactor) {
		rd, _ := pipe(t)
		s := register(t, r, rd)
		inside, leave, done := make(chan bool), make(chan bool), make(chan error)
		go func() {
			_, err := s.ReadWith(context.Background(), func(int) (int, error) {
				inside <- true
				<-leave
				return 0, nil
			})
			done <- err
		}()
		<-inside
		closed := errors.New("closed")
		var calls atomic.Int32
		if err := s.CloseWith(func(int) error { calls.Add(1); return closed }); err != nil {
			t.Errorf("CloseWith: %v", err)
		}
		if calls.Load() != 0 {
			t.Error("closed while it is in use")
		}
		if err := s.CloseWith(nil); err != reactor.ErrClosed {
			t.Errorf("the second: %v", err)
		}
		close(leave)
		if err := <-done; err != closed || calls.Load() != 1 {
			t.Errorf("the last one got %v, %d calls", err, calls.Load())
		}
		other, _ := pipe(t)
		if err := register(t, r, other).CloseWith(func(fd int) error { return fmt.Errorf("%d: %w", fd, closed) }); !errors.Is(err, closed) {
			t.Errorf("with nobody inside: %v", err)
		}
	})
}
