//go:build linux

package reactor_test

import (
	"context"
	"errors"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/causeway-go/causeway/internal/hammer"
	"github.com/causeway-go/causeway/internal/leak"
	"github.com/causeway-go/causeway/pollster"
	"github.com/causeway-go/causeway/reactor"
)

func TestRegisterConnTakesWhatHasADescriptor(t *testing.T) {
	each(t, func(t *testing.T, r *reactor.Reactor) {
		near, far, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		defer near.Close()
		defer far.Close()
		s, err := r.RegisterConn(near)
		if err != nil {
			t.Fatal(err)
		}
		if s.Reactor() != r {
			t.Error("another reactor")
		}
		if _, err := r.Register(s.FD()); !errors.Is(err, reactor.ErrRegistered) {
			t.Errorf("by number as well: %v", err)
		}
		w := newCounter()
		f := s.Readable()
		pending(t, f, w)
		far.Write([]byte("x"))
		w.await(t)
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if n, err := near.Read(make([]byte, 5)); n != 1 || err != nil {
			t.Errorf("the file afterwards: %d, %v", n, err)
		}
		near.Close()
		if _, err := r.RegisterConn(near); !errors.Is(err, reactor.ErrDescriptor) {
			t.Errorf("a closed file: %v", err)
		}
	})
}

func TestAPanickingWakerHarmsNobodyElse(t *testing.T) {
	for _, bad := range []struct {
		name string
		f    func()
	}{{"panic", func() { panic("waker") }}, {"Goexit", runtime.Goexit}} {
		t.Run(bad.name, func(t *testing.T) {
			var told atomic.Int32
			opts := reactor.Options{OnPanic: func(v any, stack []byte) {
				if v != "waker" || len(stack) == 0 {
					t.Errorf("told of %v", v)
				}
				told.Add(1)
			}}
			for _, thread := range []bool{false, true} {
				opts.Thread = thread
				r := kind{opts: opts}.new(t)
				rd, wr := pipe(t)
				s := register(t, r, rd)
				for round := range 3 {
					w := newCounter()
					var fs []pollster.Canceler
					for i := range 9 {
						f, timer := s.Readable(), r.Sleep(2*time.Millisecond)
						fs = append(fs, f, timer)
						if i%2 == 0 {
							f.Poll(pollster.NewWaker(bad.f))
							timer.Poll(pollster.NewWaker(bad.f))
							continue
						}
						pending(t, f, w)
						pending(t, timer, w)
					}
					unix.Write(wr, []byte("x"))
					for range 8 {
						w.await(t)
					}
					unix.Read(rd, make([]byte, 10))
					for _, f := range fs {
						f.Cancel()
					}
					if bad.name == "panic" && round == 2 && told.Load() == 0 {
						t.Error("nobody was told")
					}
				}
				if r.Stats().Panics == 0 {
					t.Error("not counted")
				}
			}
		})
	}
}

// Readers and writers of one pipe, each of whom may find that another one was
// faster; and from time to time one who gives up. Nobody may be forgotten.
func TestWaitersHammer(t *testing.T) {
	each(t, func(t *testing.T, r *reactor.Reactor) {
		rd, wr := pipe(t)
		in, out := register(t, r, rd), register(t, r, wr)
		unix.FcntlInt(uintptr(wr), unix.F_SETPIPE_SZ, 4096)
		var sent, got atomic.Int64
		var readers sync.WaitGroup
		for range 4 {
			readers.Go(func() {
				buf := make([]byte, 700)
				for {
					n, err := in.ReadWith(context.Background(), reader(buf))
					if n == 0 || err != nil {
						return
					}
					got.Add(int64(n))
				}
			})
		}
		data := make([]byte, 1000)
		hammer.Run(t, 3, func(g, i int) {
			if i%7 == 6 {
				ctx, cancel := context.WithCancel(context.Background())
				go cancel()
				n, _ := out.WriteWith(ctx, writer(data))
				sent.Add(int64(max(0, n)))
				return
			}
			n, err := out.WriteWith(context.Background(), writer(data))
			if err != nil {
				t.Errorf("write: %v", err)
			}
			sent.Add(int64(n))
		})
		out.Close()
		unix.Close(wr)
		readers.Wait()
		if sent.Load() != got.Load() {
			t.Errorf("sent %d, got %d", sent.Load(), got.Load())
		}
		if w := r.Stats().Waiting; w != 0 {
			t.Errorf("%d waiters are left", w)
		}
	})
}

func TestRegisterAndCloseHammer(t *testing.T) {
	leak.Check(t)
	each(t, func(t *testing.T, r *reactor.Reactor) {
		hammer.Run(t, 3, func(_, i int) {
			var p [2]int
			if err := unix.Pipe2(p[:], unix.O_NONBLOCK|unix.O_CLOEXEC); err != nil {
				t.Error(err)
				return
			}
			s, err := r.Register(uintptr(p[0]))
			if err != nil {
				t.Error(err)
				return
			}
			ended := make(chan error, 1)
			go func() {
				_, err := s.ReadWith(context.Background(), reader(make([]byte, 1)))
				ended <- err
			}()
			if i%2 == 0 {
				unix.Write(p[1], []byte("x"))
			}
			if i%3 == 0 {
				s.CloseWith(unix.Close)
				<-ended
			} else {
				if i%2 != 0 {
					unix.Write(p[1], []byte("x"))
				}
				if err := <-ended; err != nil {
					t.Errorf("read: %v", err)
				}
				s.CloseWith(unix.Close)
			}
			unix.Close(p[1])
		})
	})
}
