package pollster

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
