package pollster

import (
	"errors"
	"io"
)

// errNone is the result of racing or selecting among no futures, which could
// otherwise never end.
var errNone = errors.New("pollster: no futures to choose from")

// Join returns a future that runs all the futures together and ends with their
// values, in the order of the arguments, or with the first error; the others
// are then cancelled. Without futures it ends at once.
//
// A wake-up costs the same however many futures there are, because only those
// that were woken are polled.
func Join[T any](futures ...Future[T]) Future[[]T] {
	j := &join[T]{}
	j.g.init(futures)
	return j
}

type join[T any] struct {
	g    group[T]
	v    []T
	life life
}

func (j *join[T]) Poll(w *Waker) (v []T, ready bool, err error) {
	if !j.life.begin() {
		return nil, false, errEnded
	}
	if j.v == nil {
		j.v = make([]T, len(j.g.members))
	}
	j.g.register(w)
	for {
		s, ok := j.g.next()
		if !ok {
			break
		}
		if s.Err != nil {
			j.Cancel()
			return nil, false, s.Err
		}
		j.v[s.Index] = s.Value
	}
	if j.g.live > 0 {
		j.life.pend()
		return nil, false, nil
	}
	v, j.v = j.v, nil
	j.life = over
	j.g.release()
	return v, true, nil
}

// Cancel implements [Canceler].
func (j *join[T]) Cancel() {
	j.life, j.v = over, nil
	j.g.cancel()
}

// Race returns a future that ends as the first of futures to end does, with
// its value or its error. The others are then cancelled. If several have ended
// by the time Race is first polled, the leftmost wins, and those to the right of
// it are not polled at all; later, the one that was woken first. Racing no
// futures is an error.
func Race[T any](futures ...Future[T]) Future[T] {
	if len(futures) == 0 {
		return &settled[T]{err: errNone}
	}
	r := &race[T]{}
	r.g.init(futures)
	return r
}

type race[T any] struct {
	g    group[T]
	life life
}

func (r *race[T]) Poll(w *Waker) (v T, ready bool, err error) {
	if !r.life.begin() {
		return v, false, errEnded
	}
	r.g.register(w)
	s, ok := r.g.next()
	if !ok {
		r.life.pend()
		return v, false, nil
	}
	r.Cancel()
	return s.Value, s.Err == nil, s.Err
}

// Cancel implements [Canceler].
func (r *race[T]) Cancel() {
	r.life = over
	r.g.cancel()
}

// Selected says which of several futures has ended, and how.
type Selected[T any] struct {
	Index int   // among the arguments, from 0
	Value T     // if Err is nil
	Err   error // of the future that has ended
}

// Select returns a future that ends when the first of futures does, and says
// which one it was. An error of that future is part of the value. Who is first
// is decided as in [Race].
//
// The others stay alive: they belong to the caller again, who holds them still,
// and may poll them on, select among them again, or cancel them. Only Cancel
// before the end cancels them all. Whoever selects again and again among many
// futures is better off with [Unordered].
func Select[T any](futures ...Future[T]) Future[Selected[T]] {
	if len(futures) == 0 {
		return &settled[Selected[T]]{err: errNone}
	}
	s := &selection[T]{}
	s.g.init(futures)
	return s
}

type selection[T any] struct {
	g    group[T]
	life life
}

func (s *selection[T]) Poll(w *Waker) (v Selected[T], ready bool, err error) {
	if !s.life.begin() {
		return v, false, errEnded
	}
	s.g.register(w)
	v, ok := s.g.next()
	if !ok {
		s.life.pend()
		return v, false, nil
	}
	s.life = over
	s.g.release()
	return v, true, nil
}

// Cancel implements [Canceler].
func (s *selection[T]) Cancel() {
	s.life = over
	s.g.cancel()
}

// Unordered returns a stream that runs all the futures together and gives the
// result of each as it ends, values and errors alike, and then ends. Cancelling
// it cancels those still going on.
//
// A wake-up costs the same however many futures there are.
func Unordered[T any](futures ...Future[T]) Stream[Selected[T]] {
	u := &unordered[T]{}
	u.g.init(futures)
	return u
}

type unordered[T any] struct {
	g    group[T]
	life life
}

func (u *unordered[T]) PollNext(w *Waker) (v Selected[T], ready bool, err error) {
	if !u.life.begin() {
		return v, false, errEnded
	}
	if u.g.live == 0 {
		u.life = over
		u.g.release()
		return v, false, io.EOF
	}
	u.g.register(w)
	v, ready = u.g.next()
	u.life.pend()
	return v, ready, nil
}

// Cancel implements [Canceler].
func (u *unordered[T]) Cancel() {
	u.life = over
	u.g.cancel()
}
