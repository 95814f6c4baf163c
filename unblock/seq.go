package unblock

import (
	"context"
	"io"
	"iter"
	"os"

	"github.com/causeway-go/causeway/pollster"
)

// An Iter is a [pollster.Stream] of the values of a blocking iterator: rows of a
// query, lines of a file, entries of a directory. A job of a pool draws values
// ahead into a bounded buffer and ends when that is full, so an Iter that nobody
// reads holds no slot.
//
// One goroutine at a time may use it. Close it, or read it to its end, or the
// iterator is left suspended for ever, with whatever it holds.
//
// # Caveats
//
//   - Values are drawn ahead of what has been returned.
//   - The iterator runs as a coroutine (iter.Pull), resumed by one goroutine of the
//     pool after the other. It must not lock its OS thread across a yield.
type Iter[T any] struct {
	pump
	seq    iter.Seq2[T, error]
	next   func() (T, error, bool)
	stop   func()
	values []T
	limit  int
	ended  bool
}

// Seq returns an Iter of seq. Nothing runs until the first value is asked for.
func Seq[T any](seq iter.Seq[T], opts Options) *Iter[T] {
	return Seq2(func(yield func(T, error) bool) {
		for v := range seq {
			if !yield(v, nil) {
				return
			}
		}
	}, opts)
}

// Seq2 is [Seq] for an iterator of values and errors. The Iter ends with the
// first error that is not nil, whose value is dropped.
func Seq2[T any](seq iter.Seq2[T, error], opts Options) *Iter[T] {
	s := &Iter[T]{seq: seq, limit: opts.buffer(64)}
	s.pool = opts.pool()
	return s
}

// PollNext implements [pollster.Stream].
func (s *Iter[T]) PollNext(w *pollster.Waker) (v T, ready bool, err error) {
	s.mu.Lock()
	if len(s.values) > 0 {
		v = s.values[0]
		var zero T
		s.values[0] = zero
		s.values = s.values[1:]
		if len(s.values) <= s.limit/2 {
			_ = s.aheadLocked() // if it fails, the call that needs it says so
		}
		s.mu.Unlock()
		return v, true, nil
	}
	if err = s.failedLocked(); err == nil && s.ended {
		err = io.EOF
	}
	if err == nil {
		s.user.Register(w)
		err = s.aheadLocked()
	}
	s.mu.Unlock()
	return v, false, err
}

// Next waits for the next value, as [pollster.BlockOn] does. It returns io.EOF
// after the last one. If ctx ends first, nothing is lost.
func (s *Iter[T]) Next(ctx context.Context) (T, error) {
	return pollster.BlockOn(ctx, pollster.Func[T](s.PollNext))
}

// aheadLocked starts drawing values, unless that is under way or all are drawn.
func (s *Iter[T]) aheadLocked() error {
	switch {
	case s.shut:
		return os.ErrClosed
	case s.busy || s.ended || s.panicked != nil || s.err != nil:
		return nil
	}
	return s.startLocked(s.draw)
}

// draw draws values until the buffer is full. It is the operation of the pump.
func (s *Iter[T]) draw() {
	if s.next == nil {
		s.next, s.stop = iter.Pull2(s.seq)
	}
	for {
		s.mu.Lock()
		full := len(s.values) >= s.limit || s.hold || s.shut
		s.mu.Unlock()
		if full || !s.drawOne() {
			break
		}
		s.user.Wake()
	}
}

// drawOne draws one value. After an error or a panic of the iterator there are
// no more.
func (s *Iter[T]) drawOne() (ok bool) {
	var (
		v   T
		err error
	)
	defer func() {
		ok = ok && err == nil
		s.mu.Lock()
		switch {
		case !ok:
			s.err, s.ended = err, true
		case !s.shut:
			s.values = append(s.values, v)
		}
		s.mu.Unlock()
		if err != nil {
			s.stop()
		}
	}()
	v, err, ok = s.next()
	return ok
}

// Cancel implements [pollster.Canceler]: it is Close that does not wait.
func (s *Iter[T]) Cancel() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.shut {
		return
	}
	s.hold, s.shut, s.values = true, true, nil
	switch {
	case s.busy: // and may have looked at shut for the last time
		s.last = s.finish
	case s.stop != nil && !s.ended:
		s.startSurelyLocked(s.finish)
	}
}

// finish ends the iterator, which may block and so is an operation too.
func (s *Iter[T]) finish() {
	s.mu.Lock()
	ended := s.ended
	s.ended = true
	s.mu.Unlock()
	if s.stop != nil && !ended {
		s.stop()
	}
}

// Close ends the iterator: its yield returns false. It waits until the iterator
// has returned or ctx has ended; the iterator is ended all the same then, when the
// call that it is in returns. Further calls return os.ErrClosed.
func (s *Iter[T]) Close(ctx context.Context) error {
	defer s.Cancel() // if the wait has been left
	return s.do(ctx, func() {
		if s.stop != nil {
			s.stop()
		}
	}, func() error {
		s.shut, s.ended, s.values = true, true, nil
		return nil
	})
}
