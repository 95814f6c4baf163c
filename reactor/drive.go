package reactor

import (
	"errors"
	"math"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/causeway-go/causeway/internal/poller"
	"github.com/causeway-go/causeway/pollster"
)

// eventsPerRound is how many events are taken from the poller at a time.
const eventsPerRound = 128

// limitRetry is how long a driver that lacks a descriptor waits without one.
const limitRetry = 50 * time.Millisecond

func stack() []byte { return debug.Stack() }

// drive is the goroutine of a reactor that is not manual. It ends when the
// reactor is closed.
//
// There are three ways to wait. With the Thread option it is a thread of its
// own, which also waits for the timers. Otherwise timers are Go's business
// (timers.alarm), and the goroutine sits in Go's network poller, or, with a
// backend that cannot, in a system call.
func (r *Reactor) drive() {
	returned := false
	defer func() {
		if !returned { // a waker has ended this goroutine by Goexit
			go r.drive()
			return
		}
		r.live.Store(false)
	}()
	if r.opts.Thread {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
	}
	r.driveAll()
	returned = true
}

func (r *Reactor) driveAll() {
	d := newRound(r)
	nested := !r.opts.Thread
	for {
		var n int
		var err error
		switch {
		case r.bubble && r.idle.rest(r):
			continue
		case nested:
			n, err = r.p.Park(d.buf, r.rest)
			if errors.Is(err, errors.ErrUnsupported) {
				nested = false
				r.counts.blocking.Store(true)
				continue
			}
			if errors.Is(err, poller.ErrLimit) {
				// No descriptor for the way into Go's poller just now: wait in a
				// system call meanwhile, and try again.
				n, err = r.p.Wait(d.buf, limitRetry)
			}
		case r.opts.Thread:
			n, err = r.p.Wait(d.buf, r.timers.timeout(-1))
		default:
			n, err = r.p.Wait(d.buf, -1)
		}
		if err != nil {
			if !isClosed(err) {
				r.shut(translate("wait", err))
			}
			return
		}
		d.dispatch(n)
		if r.opts.Thread {
			r.timers.fire()
		}
	}
}

// A round is what a driver needs to handle the events of one wait.
type round struct {
	r       *Reactor
	buf     []poller.Event
	sources [eventsPerRound]*Source
	ws      []*pollster.Waker
}

func newRound(r *Reactor) *round {
	return &round{r: r, buf: make([]poller.Event, eventsPerRound)}
}

// dispatch hands the first n events to their Sources, and then, holding no
// lock, wakes those who wait. It returns how many it has woken.
func (d *round) dispatch(n int) int {
	r := d.r
	r.counts.rounds.Add(1)
	if n == 0 {
		return 0
	}
	r.counts.events.Add(uint64(n))
	r.mu.Lock()
	for i, e := range d.buf[:n] {
		d.sources[i] = r.sourceLocked(e.Key)
	}
	r.mu.Unlock()
	ws := d.ws[:0]
	for i, e := range d.buf[:n] {
		s := d.sources[i]
		d.sources[i] = nil
		if s == nil {
			r.counts.stale.Add(1)
			continue
		}
		ws = s.ready(Events(e.Ready), ws)
	}
	woken := len(ws)
	r.counts.wakes.Add(uint64(woken))
	d.ws = nil // a waker may end this goroutine
	r.wake(ws)
	clear(ws)
	d.ws = ws
	return woken
}

// sourceLocked returns the Source that key belongs to, or nil if that one has
// gone: the event was under way when it went, and its descriptor may by now be
// that of another Source.
func (r *Reactor) sourceLocked(key uint64) *Source {
	if fd := key & math.MaxUint32; fd < uint64(len(r.table)) {
		if s := r.table[fd]; s != nil && s.key == key {
			return s
		}
	}
	return nil
}

// Poll drives a Manual Reactor for one round: it waits until there are events,
// a timer is due, or Interrupt is called, but no longer than timeout, and wakes
// those concerned, on this goroutine. A negative timeout never ends, and zero
// does not wait. It returns how many were woken, which can be none before
// timeout is over.
//
// It fails with [ErrDriven] if r is not Manual, with [ErrPolling] if another
// Poll is under way, with [ErrClosed] after Close, and with what the system
// says; then r is closed.
func (r *Reactor) Poll(timeout time.Duration) (n int, err error) {
	if !r.opts.Manual {
		return 0, ErrDriven
	}
	if !r.polling.CompareAndSwap(false, true) {
		return 0, ErrPolling
	}
	defer r.polling.Store(false)
	r.mu.Lock()
	p, err := r.openLocked()
	r.mu.Unlock()
	if err != nil {
		return 0, err
	}
	d := r.manual()
	defer r.putManual(d)
	k, err := r.waitManual(p, d.buf, timeout)
	if err != nil {
		if !isClosed(err) {
			err = translate("wait", err)
			r.shut(err)
			return 0, err
		}
		return 0, ErrClosed
	}
	n = d.dispatch(k)
	return n + r.timers.fire(), nil
}

// waitManual waits for Poll. In a bubble it waits on the clock of the bubble,
// which means that descriptors are looked at only at the end.
func (r *Reactor) waitManual(p poller.Poller, buf []poller.Event, timeout time.Duration) (int, error) {
	timeout = r.timers.timeout(timeout)
	defer r.timers.unattended()
	if !r.bubble || r.kind == poller.None || timeout == 0 {
		return p.Wait(buf, timeout)
	}
	n, err := p.Wait(buf, 0)
	if n > 0 || err != nil {
		return n, err
	}
	r.idle.sleep(timeout)
	return p.Wait(buf, 0)
}

// manual returns the round of Poll. It is kept between calls, but not shared
// by two: whoever is in Poll has it.
func (r *Reactor) manual() *round {
	d := r.round
	if d == nil {
		d = newRound(r)
	}
	r.round = nil
	return d
}

func (r *Reactor) putManual(d *round) { r.round = d }
