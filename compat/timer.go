package compat

import (
	"sync/atomic"
	"time"

	"github.com/causeway-go/causeway/pollster"
)

// After returns a future of the time, d after its first poll: time.After that
// can be taken back. It is never early. It holds a timer of the runtime
// (time.AfterFunc) while it waits, and no goroutine. Where a reactor runs, its
// timers are smaller.
func After(d time.Duration) pollster.Future[time.Time] {
	return &after{alarm: alarm{after: d}}
}

// Tick returns a stream of the time, every d from its first poll on, which does
// not end by itself. Ticks that nobody has asked for in time are dropped, all
// but one, and do not shift the later ones. It holds a timer of the runtime only
// while somebody waits. d must be positive.
func Tick(d time.Duration) pollster.Stream[time.Time] {
	if d <= 0 {
		panic("compat: Tick with a period that is not positive")
	}
	return &tick{alarm: alarm{after: d}, period: d}
}

// An alarm wakes a waker at a point in time.
type alarm struct {
	after time.Duration // from the first poll
	at    time.Time     // zero before the first poll
	waker pollster.AtomicWaker
	timer *time.Timer
	set   atomic.Bool // the timer is running
}

// poll returns the time if it is at or later.
func (a *alarm) poll(w *pollster.Waker) (now time.Time, due bool) {
	now = time.Now()
	if a.at.IsZero() {
		a.at = now.Add(a.after)
	}
	if !now.Before(a.at) {
		a.waker.Take()
		return now, true
	}
	a.waker.Register(w)
	if a.set.Swap(true) {
		return now, false // the ring to come finds w
	}
	if a.timer == nil {
		a.timer = time.AfterFunc(a.at.Sub(now), a.ring)
	} else {
		a.timer.Reset(a.at.Sub(now))
	}
	return now, false
}

// ring says that the timer is not running before it wakes, so that the poll that
// follows starts it again if it finds itself early.
func (a *alarm) ring() {
	a.set.Store(false)
	a.waker.Wake()
}

func (a *alarm) stop() {
	a.waker.Take()
	if a.timer != nil {
		a.timer.Stop()
	}
}

type after struct {
	alarm
	fired    time.Time
	canceled bool
}

func (f *after) Poll(w *pollster.Waker) (at time.Time, ready bool, err error) {
	switch {
	case !f.fired.IsZero():
		return f.fired, true, nil
	case f.canceled:
		return at, false, pollster.ErrCanceled
	}
	at, due := f.alarm.poll(w)
	if !due {
		return time.Time{}, false, nil
	}
	f.fired = at
	f.stop()
	return at, true, nil
}

// Cancel implements [pollster.Canceler].
func (f *after) Cancel() { f.canceled = true; f.stop() }

type tick struct {
	alarm
	period   time.Duration
	canceled bool
}

func (t *tick) PollNext(w *pollster.Waker) (at time.Time, ready bool, err error) {
	if t.canceled {
		return at, false, pollster.ErrCanceled
	}
	at, due := t.alarm.poll(w)
	if !due {
		return time.Time{}, false, nil
	}
	late := at.Sub(t.at)
	t.at = t.at.Add(late - late%t.period + t.period) // the next one in step
	return at, true, nil
}

// Cancel implements [pollster.Canceler].
func (t *tick) Cancel() { t.canceled = true; t.stop() }
