package compat

import (
	"io"
	"iter"

	"github.com/causeway-go/causeway/pollster"
)

// FromSeq returns the values of seq as a stream, which ends with io.EOF. Each
// poll that asks for a value resumes seq inside it, as a coroutine, so seq must
// not block; unblock.Seq is for one that does. The way back, from a stream to a
// range loop, is [pollster.Seq].
//
// Nothing runs before the first poll. Cancel makes seq's yield return false and
// returns when seq has returned. A stream that is neither read to its end nor
// cancelled leaves seq suspended for ever.
//
// A panic in seq is raised in the poller, and ends the stream. The coroutine is
// made in the first poll: if the goroutine is locked to its OS thread then, it
// has to be in later polls too, and if not, not. Go ends the process otherwise.
func FromSeq[T any](seq iter.Seq[T]) pollster.Stream[T] {
	if seq == nil {
		panic("compat: FromSeq of a nil sequence")
	}
	return &pulled[T]{seq: func(yield func(T, error) bool) {
		for v := range seq {
			if !yield(v, nil) {
				return
			}
		}
	}}
}

// FromSeq2 is [FromSeq] for a sequence of values and errors, such as that of
// [pollster.Seq]. The stream ends with the first error that is not nil, whose
// value is dropped; seq is stopped then.
func FromSeq2[T any](seq iter.Seq2[T, error]) pollster.Stream[T] {
	if seq == nil {
		panic("compat: FromSeq2 of a nil sequence")
	}
	return &pulled[T]{seq: seq}
}

type pulled[T any] struct {
	seq  iter.Seq2[T, error] // nil once started, or cancelled
	next func() (T, error, bool)
	stop func()
	err  error // the end
}

func (s *pulled[T]) PollNext(*pollster.Waker) (v T, ready bool, err error) {
	if s.err != nil {
		return v, false, s.err
	}
	if s.seq != nil {
		s.next, s.stop = iter.Pull2(s.seq)
		s.seq = nil
	}
	// A panic of seq ends the stream too, and so does a second resumption
	// from within seq, which has nowhere to go.
	s.err = io.EOF
	v, err, ok := s.next()
	switch {
	case err != nil:
		var zero T
		s.err = err
		s.stop()
		return zero, false, err
	case ok:
		s.err = nil
		return v, true, nil
	}
	return v, false, io.EOF
}

// Cancel implements [pollster.Canceler].
func (s *pulled[T]) Cancel() {
	s.seq = nil
	if s.err == nil {
		s.err = pollster.ErrCanceled
	}
	if stop := s.stop; stop != nil {
		s.stop = nil
		stop()
	}
}
