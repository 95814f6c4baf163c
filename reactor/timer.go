package reactor

import (
	"io"
	"math"
	"sync/atomic"
	"time"

	"github.com/causeway-go/causeway/pollster"
)

// A Timer is a future that ends when its time has come, and never earlier. Make
// it with [Sleep], [At], or the methods of a Reactor of those names. It does
// nothing before its first Poll. It is 64 bytes, and holds nothing but a place
// in a list; arming it and cancelling it take the same time however many there
// are. A Timer that is not polled to its end must be cancelled.
type Timer struct {
	next, prev *Timer          // in the wheel; guarded by timers.mu
	w          *pollster.Waker // to be woken while armed; likewise
	when       int64           // on the clock of r; while relative how long it takes
	r          *Reactor
	extra      *timerExtra // nil for nearly all
	end        atomic.Uint32
	slot       uint16 // in the wheel; guarded by timers.mu
	phase      uint8  // what the one who polls and cancels knows
	relative   bool
}

// The phase of a Timer, which only the one who polls and cancels looks at.
const (
	timerIdle  = iota // not armed: before the first Poll, and after Cancel
	timerArmed        // in the wheel, unless end says that it has been taken out
	timerOwn          // with a timer of Go's, in extra: in a bubble that the reactor is not in
	timerEnded        // the end has been seen
)

// How an armed Timer has come to its end. It is set when the timer is taken out
// of the wheel, with the lock held and before the waker is called, and set back
// by the next Poll that arms it.
//
// That there are no other atomics, and the waker is not in an AtomicWaker, is
// because arming and cancelling take the lock anyway, and each atomic store
// would cost as much as half a lock.
const (
	timerPending = iota
	timerFired
	timerClosed
)

// timerExtra is what only special timers have.
type timerExtra struct {
	own   *time.Timer
	fired atomic.Bool
	waker pollster.AtomicWaker
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
	switch t.phase {
	case timerIdle:
		return t.start(w)
	case timerOwn:
		// Register first, look afterwards; see pollster.AtomicWaker.
		t.extra.waker.Register(w)
		if !t.extra.fired.Load() {
			return false, nil
		}
		t.extra.waker.Take()
		return t.ended(w)
	case timerEnded:
		return true, nil
	}
	if t.end.Load() == timerPending && t.r.timers.watch(t, w) {
		return false, nil
	}
	if t.end.Load() == timerClosed {
		return false, ErrClosed
	}
	return t.ended(w)
}

// ended is for a timer that has fired.
func (t *Timer) ended(w *pollster.Waker) (bool, error) {
	if t.extra != nil && !t.extra.at.IsZero() && time.Now().Before(t.extra.at) {
		return t.start(w) // the wall clock has been set back
	}
	t.phase = timerEnded
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
		t.phase = timerEnded
		return true, nil
	}
	if t.r.foreign() {
		t.startOwn(w, now)
		return false, nil
	}
	t.phase = timerArmed
	return false, t.r.timers.arm(t, w)
}

// later returns now + d, or never if that is too much.
func later(now int64, d time.Duration) int64 {
	if int64(d) > math.MaxInt64-1-now {
		return never - 1
	}
	return now + int64(d)
}

// startOwn starts a timer of Go's, for a bubble that the reactor is not in.
func (t *Timer) startOwn(w *pollster.Waker, now int64) {
	if t.extra == nil {
		t.extra = &timerExtra{}
	}
	x := t.extra
	x.fired.Store(false)
	x.waker.Register(w)
	t.phase = timerOwn
	x.own = time.AfterFunc(time.Duration(t.when-now), func() {
		x.fired.Store(true)
		x.waker.Wake()
	})
}

// Cancel implements pollster.Canceler. A timer that has been cancelled may be
// polled again; if it was made by Sleep it keeps the end that it had.
func (t *Timer) Cancel() {
	switch t.phase {
	case timerArmed:
		if t.r.timers.disarm(t) {
			t.phase = timerIdle
		}
	case timerOwn:
		t.extra.own.Stop()
		t.extra.waker.Take()
		t.phase = timerIdle
	}
}

// Reset makes t, which must not be armed, a timer that ends d after its next Poll,
// as if it had been made by Sleep. So one Timer does for one time-out after
// another: after its end, or after Cancel. It must not be called at the same time
// as another method.
func (t *Timer) Reset(d time.Duration) {
	if t.armed() {
		panic("reactor: Reset of a timer that is armed")
	}
	t.extra, t.phase = nil, timerIdle
	t.when, t.relative = int64(max(0, d)), true
}

// armed reports whether t is still to fire. One that fired before it was cancelled
// keeps its phase, since a further Poll is to tell its end.
func (t *Timer) armed() bool {
	return t.phase == timerOwn || t.phase == timerArmed && t.end.Load() == timerPending
}

// rearm makes a timer that has ended end at another time.
func (t *Timer) rearm(when int64) {
	t.when, t.relative, t.phase = when, false, timerIdle
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
