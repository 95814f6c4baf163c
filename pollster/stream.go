package pollster

import (
	"context"
	"io"
	"iter"
)

// Next returns a future for the next value of s. The end of s is io.EOF. It
// borrows s: cancelling it leaves s alone, so that a wait for the next value can
// be given up without giving up the stream. One Next of a stream at a time.
func Next[T any](s Stream[T]) Future[T] {
	if s == nil {
		return &settled[T]{err: ErrNilFuture}
	}
	return &next[T]{s: s}
}

type next[T any] struct{ s Stream[T] }

func (n *next[T]) Poll(w *Waker) (T, bool, error) { return n.s.PollNext(w) }

// Seq returns the values of s for a range loop, which waits for each of them
// as [BlockOn] does:
//
//	for v, err := range pollster.Seq(ctx, s) {
//		if err != nil {
//			return err
//		}
//		...
//	}
//
// The loop ends after the last value, and after an error, which comes with no
// value: an error of the stream, or the end of ctx. Then, and when the loop is left
// early, also by a panic, the stream is cancelled. A second loop over the same sequence has no values.
func Seq[T any](ctx context.Context, s Stream[T]) iter.Seq2[T, error] {
	used := false
	return func(yield func(T, error) bool) {
		if used {
			return
		}
		used = true
		defer Cancel(s) // also after the end, where it does nothing
		f := Next(s)    // the same for every value
		for {
			v, err := BlockOn(ctx, f)
			if err == io.EOF {
				return
			}
			if !yield(v, err) || err != nil {
				return
			}
		}
	}
}
