package pollster

// A Future is a value that may not be ready yet.
//
// The contract between a future and whoever polls it:
//
//   - One goroutine at a time polls a future, not always the same one.
//   - Poll does not block. It returns quickly, whatever the future waits for.
//   - The future has ended when ready is true or err is non-nil. A non-nil err
//     ends it whatever ready says. After that it must not be polled again;
//     what happens if it is, each future decides, but it stays memory-safe.
//   - While it has not ended, the future sees to it that the waker of its
//     latest Poll is woken when polling again is worth while. It need not wake
//     the wakers of earlier polls.
//   - Polls that nothing asked for are allowed and must be harmless.
//   - Nothing happens, beyond what the future's maker has already started,
//     unless it is polled.
//
// A future that holds something while it waits also implements [Canceler].
type Future[T any] interface {
	// Poll makes what progress it can without blocking.
	Poll(w *Waker) (v T, ready bool, err error)
}

// A Stream is polled like a [Future], for one value after another. A result
// with ready set is the next value; io.EOF ends the stream, any other error
// ends it too. After an error it must not be polled again.
type Stream[T any] interface {
	// PollNext makes what progress it can without blocking.
	PollNext(w *Waker) (v T, ready bool, err error)
}

// A Canceler is a [Future] or [Stream] that must be told when nobody will poll
// it any more, because it holds something: a registration, a timer, a queued
// job. Every combinator in this module forwards Cancel to the futures it holds
// and has not seen the end of.
type Canceler interface {
	// Cancel releases what the future holds. It does not block, may be
	// called more than once, at any time that Poll could be, and after the
	// end. The future must not be polled afterwards.
	Cancel()
}

// Cancel cancels f if it is a [Canceler] and does nothing otherwise. It does
// not block. f is any future or stream, or nil.
func Cancel(f any) {
	if c, ok := f.(Canceler); ok {
		c.Cancel()
	}
}

// Func is a [Future] made of its own Poll function.
type Func[T any] func(w *Waker) (v T, ready bool, err error)

// Poll calls f.
func (f Func[T]) Poll(w *Waker) (T, bool, error) { return f(w) }

// Ready returns a future that has ended with v.
func Ready[T any](v T) Future[T] { return &settled[T]{v: v} }

// Failed returns a future that has ended with err, which must not be nil.
func Failed[T any](err error) Future[T] {
	if err == nil {
		panic("pollster: Failed called with a nil error")
	}
	return &settled[T]{err: err}
}

// settled is a future that has ended. It may be polled any number of times.
type settled[T any] struct {
	v   T
	err error
}

func (s *settled[T]) Poll(*Waker) (T, bool, error) { return s.v, s.err == nil, s.err }

func (s *settled[T]) peek() (T, bool, error) { return s.v, s.err == nil, s.err }

// A peeker can tell without a waker whether it has ended. BlockOn asks before
// it prepares to wait. If peek says not ready, nothing has changed.
type peeker[T any] interface {
	peek() (v T, ready bool, err error)
}
