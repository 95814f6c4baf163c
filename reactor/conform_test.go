//go:build linux

package reactor_test

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/causeway-go/causeway/pollster"
	"github.com/causeway-go/causeway/pollster/futuretest"
	"github.com/causeway-go/causeway/reactor"
)

// A visible is a Readiness whose event the race detector can see: it does not
// know that the system has a happens-before of its own, in which what is read
// comes after it was written.
type visible struct {
	*reactor.Readiness
	caused atomic.Bool
}

func (v *visible) cause(f func()) func() {
	return func() {
		v.caused.Store(true)
		f()
	}
}

func (v *visible) Poll(w *pollster.Waker) (reactor.Events, bool, error) {
	e, ready, err := v.Readiness.Poll(w)
	v.caused.Load()
	return e, ready, err
}

func TestReadinessConforms(t *testing.T) {
	r := kinds[0].new(t)
	futuretest.TestFuture(t, func() futuretest.Subject[reactor.Events] {
		rd, wr := pipe(t)
		s := register(t, r, rd)
		v := &visible{Readiness: s.Readable()}
		return futuretest.Subject[reactor.Events]{
			Future:   v,
			Complete: v.cause(func() { unix.Write(wr, []byte("x")) }),
			Held:     s.Linked,
			Check: func(e reactor.Events, err error) error {
				if e&reactor.Readable == 0 || err != nil {
					return fmt.Errorf("%v, %v", e, err)
				}
				return nil
			},
		}
	})
}

func TestWritableConforms(t *testing.T) {
	r := kinds[0].new(t)
	futuretest.TestFuture(t, func() futuretest.Subject[reactor.Events] {
		rd, wr := pipe(t)
		unix.FcntlInt(uintptr(wr), unix.F_SETPIPE_SZ, 4096)
		unix.Write(wr, make([]byte, 1<<16))
		s := register(t, r, wr)
		v := &visible{Readiness: s.Writable()}
		return futuretest.Subject[reactor.Events]{
			Future:   v,
			Complete: v.cause(func() { unix.Read(rd, make([]byte, 1<<16)) }),
			Held:     s.Linked,
		}
	})
}

func TestTimersConform(t *testing.T) {
	for _, d := range []time.Duration{0, time.Microsecond, 3 * time.Millisecond} {
		for name, make := range map[string]func(r *reactor.Reactor) pollster.Future[struct{}]{
			"sleep": func(r *reactor.Reactor) pollster.Future[struct{}] { return r.Sleep(d) },
			"at":    func(r *reactor.Reactor) pollster.Future[struct{}] { return r.At(time.Now().Add(d)) },
			"deadline": func(r *reactor.Reactor) pollster.Future[struct{}] {
				return reactor.TimeoutOn(r, pollster.Future[struct{}](r.Sleep(time.Hour)), d)
			},
		} {
			t.Run(fmt.Sprint(name, " ", d), func(t *testing.T) {
				r := kinds[0].new(t)
				futuretest.TestFuture(t, func() futuretest.Subject[struct{}] {
					return futuretest.Subject[struct{}]{
						Future: make(r),
						Held:   func() int { return r.Stats().Timers },
					}
				})
			})
		}
	}
}

func TestIntervalConforms(t *testing.T) {
	r := kinds[0].new(t)
	futuretest.TestStream(t, func() futuretest.StreamSubject[time.Time] {
		i := r.NewInterval(200 * time.Microsecond)
		return futuretest.StreamSubject[time.Time]{
			Stream: &taken{Interval: i, left: 4},
			Values: 4,
			Held:   func() int { return r.Stats().Timers },
		}
	})
}
