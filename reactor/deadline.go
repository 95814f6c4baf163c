package reactor

import (
	"time"

	"github.com/causeway-go/causeway/pollster"
)

// Timeout is [pollster.Timeout] by a timer of the default reactor: the future
// that it returns ends as f does, or, if f takes longer than d from the first
// poll on, cancels f and ends with [pollster.ErrTimeout]. One of them costs a
// list entry where pollster's costs a timer of Go's.
func Timeout[T any](f pollster.Future[T], d time.Duration) pollster.Future[T] {
	return TimeoutOn(shared(), f, d)
}

// TimeoutOn is [Timeout] by a timer of r.
func TimeoutOn[T any](r *Reactor, f pollster.Future[T], d time.Duration) pollster.Future[T] {
	return &deadline[T]{f: orFailed(f), t: Timer{r: r, when: int64(max(0, d)), relative: true}}
}

// Deadline is [Timeout] for a point in time.
func Deadline[T any](f pollster.Future[T], at time.Time) pollster.Future[T] {
	return DeadlineOn(shared(), f, at)
}

// DeadlineOn is [Deadline] by a timer of r.
func DeadlineOn[T any](r *Reactor, f pollster.Future[T], at time.Time) pollster.Future[T] {
	d := &deadline[T]{f: orFailed(f), t: Timer{r: r, when: never, relative: true}}
	d.t.setAt(at)
	return d
}

func orFailed[T any](f pollster.Future[T]) pollster.Future[T] {
	if f == nil {
		return pollster.Failed[T](pollster.ErrNilFuture)
	}
	return f
}

type deadline[T any] struct {
	f   pollster.Future[T] // nil once it has ended
	t   Timer
	v   T
	err error
}

// Poll polls f first, so that a result that is there at the end stands.
func (d *deadline[T]) Poll(w *pollster.Waker) (v T, ready bool, err error) {
	if d.f == nil {
		return d.v, d.err == nil, d.err
	}
	if v, ready, err = d.f.Poll(w); ready || err != nil {
		d.t.Cancel()
		return d.end(v, err)
	}
	up, err := d.t.poll(w)
	switch {
	case err != nil:
		pollster.Cancel(d.f)
		return d.end(v, err)
	case up:
		pollster.Cancel(d.f)
		return d.end(v, pollster.ErrTimeout)
	}
	return v, false, nil
}

func (d *deadline[T]) end(v T, err error) (T, bool, error) {
	d.f, d.v, d.err = nil, v, err
	return v, err == nil, err
}

// Cancel implements pollster.Canceler.
func (d *deadline[T]) Cancel() {
	d.t.Cancel()
	if f := d.f; f != nil {
		var zero T
		d.end(zero, pollster.ErrCanceled)
		pollster.Cancel(f)
	}
}
