package pollster

import (
	"context"
	"io"
	"iter"
)

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
//
// A stream that knows a cheaper way to wait, as one over a channel does, has a
// method Next(context.Context) (T, error), which waits for the next value as
// BlockOn of [Next] would, and with the same errors. Then the loop calls that.
func Seq[T any](ctx context.Context, s Stream[T]) iter.Seq2[T, error] {
	used := false
	return func(yield func(T, error) bool) {
		if used {
			return
		}
		used = true
		defer Cancel(s) // also after the end, where it does nothing
		n, ok := s.(nexter[T])
		if !ok {
			n = blockingNext[T]{Next(s)} // the same for every value
		}
		for {
			v, err := n.Next(ctx)
			if err == io.EOF {
				return
			}
			if !yield(v, err) || err != nil {
				return
			}
		}
	}
}

// A nexter is a stream with a way of its own to wait for the next value.
type nexter[T any] interface {
	Next(ctx context.Context) (T, error)
}

// blockingNext is the way of all others.
type blockingNext[T any] struct{ f Future[T] }

func (b blockingNext[T]) Next(ctx context.Context) (T, error) { return BlockOn(ctx, b.f) }
