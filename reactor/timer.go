package reactor

import (
	"io"
	"math"
	"sync/atomic"
	"time"

	"github.com/causeway-go/causeway/pollster"
)

// The state of a Timer.
//
//	idle    not armed: before the first Poll, and after Cancel. Set by the one
//	        who polls and cancels.
//	armed   in the wheel. Set under the lock of the timers, by Poll; left under
//	        it, by Cancel and by whoever fires.
//	fired   its time has come, and it is not in the wheel. Set by whoever fires,
//	        before the waker is woken.
//	closed  the reactor was closed while it was armed.
//	own     not in the wheel but with a timer of Go's, in extra. Set by the
//	        first Poll, if that is inside a bubble that the reactor is not in.
//	ended   the one who polls has seen the end.
const (
	timerIdle = iota
	timerArmed
	timerFired
	timerClosed
	timerOwn
	timerEnded
)

// A Timer is a future that ends when its time has come, and never earlier. Make
// it with [Sleep], [At], or the methods of a Reactor of those names. It does
// nothing before its first Poll. It is 64 bytes, and holds nothing but a place
// in a list; arming it and cancelling it take the same time however many there
// are. A Timer that is not polled to its end must be cancelled.
type Timer struct {
	next, prev *Timer // in the wheel; guarded by timers.mu
	when       int64  // on the clock of r; before the first Poll how long it takes, if relative
	r          *Reactor
	waker      pollster.AtomicWaker
	extra      *timerExtra // nil for nearly all
	state      atomic.Uint32
	slot       uint16 // in the wheel
	relative   bool   // when is a duration still
}

// timerExtra is what only special timers have.
type timerExtra struct {
	own   *time.Timer
	fired atomic.Bool
	at    time.Time // of the wall clock, which may be set back meanwhile
}

// Sleep returns a timer of the default reactor that ends d after its first
// Poll.
func Sleep(d time.Duration) *Timer { return shared().Sleep(d) }

// At returns a timer of the default reactor that ends at the time t.
func At(t time.Time) *Timer { return shared().At(t) }

// Sleep returns a timer that ends d after its first Poll.
func (r *Reactor) Sleep(d time.Duration) *Timer {
	return &Timer{r: r, when: int64(max(0, d)), relative: true}
}

// At returns a timer that ends at the time t. If t has no monotonic clock
// reading, as when it has been read from a file, it means the wall clock, and
// the timer ends when that shows t or later, even if it is set back meanwhile.
// If the clock is set forward the timer may be late by as much.
func (r *Reactor) At(t time.Time) *Timer {
	timer := &Timer{r: r, when: never, relative: true}
	timer.setAt(t)
	return timer
}

// setAt makes t, which has not been armed, end at the given time.
func (t *Timer) setAt(at time.Time) {
	if at == at.Round(0) && !t.r.bubble { // no monotonic reading
		t.extra = &timerExtra{at: at}
		return
	}
	t.when, t.relative = max(0, int64(at.Sub(t.r.base))), false
}

// Poll implements pollster.Future. It fails with [ErrClosed] when the Reactor
// is closed. After the end it may be polled, and returns the same.
func (t *Timer) Poll(w *pollster.Waker) (struct{}, bool, error) {
	ready, err := t.poll(w)
	return struct{}{}, ready, err
}

func (t *Timer) poll(w *pollster.Waker) (bool, error) {
	switch t.state.Load() {
	case timerIdle:
		return t.start(w)
	case timerEnded:
		return true, nil
	}
	// Register first, look afterwards; see pollster.AtomicWaker.
	t.waker.Register(w)
	switch t.state.Load() {
	case timerFired:
		return t.end(w)
	case timerClosed:
		t.waker.Take()
		return false, ErrClosed
	case timerOwn:
		if t.extra.fired.Load() {
			return t.end(w)
		}
	}
	return false, nil
}

// end is for a timer that has fired.
func (t *Timer) end(w *pollster.Waker) (bool, error) {
	if t.extra != nil && !t.extra.at.IsZero() && time.Now().Before(t.extra.at) {
		t.state.Store(timerIdle) // the wall clock has been set back
		return t.start(w)
	}
	t.state.Store(timerEnded)
	t.waker.Take()
	return true, nil
}

// start arms t.
func (t *Timer) start(w *pollster.Waker) (bool, error) {
	if t.r == nil {
		t.r = shared()
	}
	now := t.r.now()
	switch {
	case t.extra != nil && !t.extra.at.IsZero():
		t.when = later(now, time.Until(t.extra.at))
	case t.relative:
		t.when, t.relative = later(now, time.Duration(t.when)), false
	}
	if t.when <= now {
		if t.r.closed.Load() {
			return false, ErrClosed
		}
		t.state.Store(timerEnded)
		return true, nil
	}
	t.waker.Register(w)
	if t.r.foreign() {
		t.startOwn(now)
		return false, nil
	}
	if err := t.r.timers.arm(t); err != nil {
		t.waker.Take()
		return false, err
	}
	return false, nil
}

// later returns now + d, or never if that is too much.
func later(now int64, d time.Duration) int64 {
	if int64(d) > math.MaxInt64-1-now {
		return never - 1
	}
	return now + int64(d)
}

// startOwn starts a timer of Go's, for a bubble that the reactor is not in.
func (t *Timer) startOwn(now int64) {
	if t.extra == nil {
		t.extra = &timerExtra{}
	}
	x := t.extra
	x.fired.Store(false)
	t.state.Store(timerOwn)
	x.own = time.AfterFunc(time.Duration(t.when-now), func() {
		x.fired.Store(true)
		t.waker.Wake()
	})
}

// Cancel implements pollster.Canceler. A timer that has been cancelled may be
// polled again; if it was made by Sleep it keeps the end that it had.
func (t *Timer) Cancel() {
	switch t.state.Load() {
	case timerArmed:
		t.r.timers.disarm(t)
	case timerOwn:
		t.extra.own.Stop()
		t.state.Store(timerIdle)
	}
	t.waker.Take()
}

// rearm makes a timer that has ended end at another time.
func (t *Timer) rearm(when int64) {
	t.when, t.relative = when, false
	t.state.Store(timerIdle)
}

// An Interval is a stream of the times at which something is to be done, made
// by [NewInterval]. It does not drift: each time is one period after the one
// before, however late the polls are, and none is left out. Like a [Timer] it
// starts at its first poll, and must be cancelled in the end.
type Interval struct {
	t      Timer
	period time.Duration
	ended  bool
}

// NewInterval returns a stream, on the default reactor, with a value each
// period, the first of them one period after the first poll. The period must
// be positive.
func NewInterval(period time.Duration) *Interval { return shared().NewInterval(period) }

// NewInterval returns a stream with a value each period, the first of them one
// period after the first poll. The period must be positive.
func (r *Reactor) NewInterval(period time.Duration) *Interval {
	if period <= 0 {
		panic("reactor: NewInterval with a period that is not positive")
	}
	return &Interval{t: Timer{r: r, when: int64(period), relative: true}, period: period}
}

// PollNext implements pollster.Stream. The value is the time that was meant,
// which may be some time ago. It fails with [ErrClosed] when the Reactor is
// closed, and with io.EOF after the last time that can be told, in 292 years.
func (i *Interval) PollNext(w *pollster.Waker) (time.Time, bool, error) {
	if i.ended {
		return time.Time{}, false, io.EOF
	}
	ready, err := i.t.poll(w)
	if !ready || err != nil {
		return time.Time{}, false, err
	}
	when := i.t.when
	if next := later(when, i.period); next < never-1 {
		i.t.rearm(next)
	} else {
		i.ended = true
	}
	return i.t.r.base.Add(time.Duration(when)), true, nil
}

// Cancel implements pollster.Canceler.
func (i *Interval) Cancel() { i.t.Cancel() }
