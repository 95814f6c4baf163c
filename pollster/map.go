package pollster

import "errors"

// errEnded is what a combinator returns that is polled after its end.
var errEnded = errors.New("pollster: future polled after its end")

// A life is where a combinator is between its first poll and its end.
type life uint8

const (
	// waiting: it may be polled.
	waiting life = iota
	// polling: it is inside Poll. It stays so if a panic or Goexit passes
	// through, and is then never polled again; Cancel still reaches the
	// futures it holds.
	polling
	// over: it has ended or has been cancelled, and holds nothing.
	over
)

// begin starts a poll. If it returns false there must be none.
func (l *life) begin() bool {
	if *l != waiting {
		return false
	}
	*l = polling
	return true
}

// pend ends a poll that has come to no result.
func (l *life) pend() {
	if *l == polling {
		*l = waiting
	}
}

// orFailed returns f, or a future that fails with ErrNilFuture if f is nil.
func orFailed[T any](f Future[T]) Future[T] {
	if f == nil {
		return &settled[T]{err: ErrNilFuture}
	}
	return f
}

// Map returns a future that ends with fn of f's value, or with f's error. fn
// runs inside Poll and must not block.
func Map[T, U any](f Future[T], fn func(T) U) Future[U] {
	if fn == nil {
		panic("pollster: Map called with a nil function")
	}
	return &mapped[T, U]{f: orFailed(f), fn: fn}
}

type mapped[T, U any] struct {
	f    Future[T]
	fn   func(T) U
	life life
}

func (m *mapped[T, U]) Poll(w *Waker) (u U, ready bool, err error) {
	if !m.life.begin() {
		return u, false, errEnded
	}
	v, ready, err := m.f.Poll(w)
	if !ready && err == nil {
		m.life.pend()
		return u, false, nil
	}
	m.f = nil // has ended, whatever fn does
	if err == nil {
		u = m.fn(v)
	}
	m.life = over
	return u, err == nil, err
}

// Cancel implements [Canceler].
func (m *mapped[T, U]) Cancel() {
	f := m.f
	m.f, m.life = nil, over
	Cancel(f)
}

// MapErr returns a future that ends with f's value, or, if f fails, with what
// fn makes of the error: a better error, or a value in its place. fn runs inside
// Poll and must not block.
func MapErr[T any](f Future[T], fn func(error) (T, error)) Future[T] {
	if fn == nil {
		panic("pollster: MapErr called with a nil function")
	}
	return &errMapped[T]{f: orFailed(f), fn: fn}
}

type errMapped[T any] struct {
	f    Future[T]
	fn   func(error) (T, error)
	life life
}

func (m *errMapped[T]) Poll(w *Waker) (v T, ready bool, err error) {
	if !m.life.begin() {
		return v, false, errEnded
	}
	v, ready, err = m.f.Poll(w)
	if !ready && err == nil {
		m.life.pend()
		return v, false, nil
	}
	m.f = nil
	if err != nil {
		v, err = m.fn(err)
	}
	m.life = over
	return v, err == nil, err
}

// Cancel implements [Canceler].
func (m *errMapped[T]) Cancel() {
	f := m.f
	m.f, m.life = nil, over
	Cancel(f)
}

// Then returns a future that runs f and afterwards the future that fn makes of
// f's value. An error of f ends it. fn runs inside Poll and must not block; a
// nil future from it is [ErrNilFuture].
func Then[T, U any](f Future[T], fn func(T) Future[U]) Future[U] {
	if fn == nil {
		panic("pollster: Then called with a nil function")
	}
	return &then[T, U]{f: orFailed(f), fn: fn}
}

type then[T, U any] struct {
	f    Future[T] // nil when it has ended
	fn   func(T) Future[U]
	g    Future[U] // nil until f has ended
	life life
}

func (t *then[T, U]) Poll(w *Waker) (u U, ready bool, err error) {
	if !t.life.begin() {
		return u, false, errEnded
	}
	if t.f != nil {
		v, ready, err := t.f.Poll(w)
		if !ready && err == nil {
			t.life.pend()
			return u, false, nil
		}
		t.f = nil
		if err != nil {
			t.life = over
			return u, false, err
		}
		t.g = orFailed(t.fn(v))
	}
	u, ready, err = t.g.Poll(w)
	if !ready && err == nil {
		t.life.pend()
		return u, false, nil
	}
	t.g, t.life = nil, over
	return u, err == nil, err
}

// Cancel implements [Canceler].
func (t *then[T, U]) Cancel() {
	f, g := t.f, t.g
	t.f, t.g, t.life = nil, nil, over
	Cancel(f)
	Cancel(g)
}
