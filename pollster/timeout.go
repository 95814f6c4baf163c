package pollster

import (
	"context"
	"sync/atomic"
	"time"
)

// ErrTimeout is the result of a future that [Timeout] or [Deadline] has cut
// off. errors.Is(ErrTimeout, context.DeadlineExceeded) holds.
var ErrTimeout error = timeoutError{}

type timeoutError struct{}

func (timeoutError) Error() string        { return "pollster: timeout" }
func (timeoutError) Is(target error) bool { return target == context.DeadlineExceeded }

// Timeout and Temporary make a net.Error of it.
func (timeoutError) Timeout() bool   { return true }
func (timeoutError) Temporary() bool { return true }

// Timeout returns a future that ends as f does, or, if f takes longer than d,
// cancels f and ends with [ErrTimeout]. The time counts from the first poll. It
// is never up early. f is polled at least once, also if d is not positive, and
// if it has ended when the time is up, its result stands.
func Timeout[T any](f Future[T], d time.Duration) Future[T] {
	return &timeout[T]{f: orFailed(f), d: d}
}

// Deadline is [Timeout] for a point in time.
func Deadline[T any](f Future[T], at time.Time) Future[T] {
	return &timeout[T]{f: orFailed(f), at: at, started: true}
}

type timeout[T any] struct {
	f       Future[T]
	d       time.Duration
	at      time.Time // once started
	started bool
	life    life

	timer *time.Timer // nil until f has been polled once
	fired atomic.Bool // set by the timer, taken back by Poll
	waker AtomicWaker
}

func (t *timeout[T]) Poll(w *Waker) (v T, ready bool, err error) {
	if !t.life.begin() {
		return v, false, errEnded
	}
	if !t.started {
		t.at, t.started = time.Now().Add(t.d), true
	}
	t.waker.Register(w)
	v, ready, err = t.f.Poll(w)
	if ready || err != nil {
		t.f = nil
		t.Cancel() // the timer
		return v, err == nil, err
	}
	if t.up() {
		t.Cancel()
		return v, false, ErrTimeout
	}
	t.life.pend()
	return v, false, nil
}

// up reports whether the time is up, and sees to it that the timer runs if it
// is not. The clock is read again when the timer has fired, because the time
// may be one of the wall clock, which can be set back.
func (t *timeout[T]) up() bool {
	if t.timer != nil && !t.fired.Swap(false) {
		return false
	}
	left := time.Until(t.at)
	switch {
	case left <= 0:
		return true
	case t.timer == nil:
		t.timer = time.AfterFunc(left, t.fire)
	default:
		t.timer.Reset(left)
	}
	return false
}

// fire is called by the timer. It is the event side of AtomicWaker.
func (t *timeout[T]) fire() {
	t.fired.Store(true)
	t.waker.Wake()
}

// Cancel implements [Canceler].
func (t *timeout[T]) Cancel() {
	f := t.f
	t.f, t.life = nil, over
	if t.timer != nil {
		t.timer.Stop()
	}
	t.waker.Take()
	Cancel(f)
}
