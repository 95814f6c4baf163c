package compat

import (
	"sync/atomic"

	"github.com/causeway-go/causeway/pollster"
	"github.com/causeway-go/causeway/threadpool"
)

// Callback returns a future for an API that calls back when it is done:
//
//	f := compat.Callback(func(done func(Row, error)) (cancel func()) {
//		q := db.Query(text, done)
//		return q.Abort
//	})
//
// The first poll calls start, which begins the operation and must not block. The
// first call of done decides the result; it may come before start returns, from
// any goroutine, and never blocks. Further calls, and those that come after
// Cancel, change nothing and are counted: see [Call.Late].
//
// If the future is cancelled before done is called, the function that start has
// returned is called, once; it may be nil. It runs inside Cancel, must not
// block, and may call done. A cancel that comes before the first poll means
// that nothing is begun.
func Callback[T any](start func(done func(T, error)) (cancel func())) *Call[T] {
	if start == nil {
		panic("compat: Callback of a nil function")
	}
	return &Call[T]{start: start}
}

// A Call is the future of one operation that calls back. Make one with
// [Callback]. One goroutine at a time may poll and cancel it; Late may be called
// from anywhere.
type Call[T any] struct {
	start func(done func(T, error)) (cancel func()) // nil once called
	end   pollster.Promise[T]
	late  atomic.Int64
}

// Poll implements [pollster.Future]. After the end it goes on returning the
// result. It raises a panic of start, after which the Call has failed.
func (c *Call[T]) Poll(w *pollster.Waker) (v T, ready bool, err error) {
	if start := c.start; start != nil && !c.end.Done() {
		c.start = nil
		c.begin(start)
	}
	return c.end.Poll(w)
}

func (c *Call[T]) begin(start func(done func(T, error)) (cancel func())) {
	returned := false
	defer func() {
		if !returned { // a panic or Goexit: done may never come
			c.end.Reject(threadpool.ErrGoexit)
		}
	}()
	cancel := start(c.done)
	returned = true
	if cancel != nil {
		c.end.OnCancel(cancel)
	}
}

func (c *Call[T]) done(v T, err error) {
	if !c.end.Settle(v, err) {
		c.late.Add(1)
	}
}

// Cancel gives up the result. It implements [pollster.Canceler].
func (c *Call[T]) Cancel() { c.end.Cancel() }

// Late returns how often the operation has called back in vain so far: after
// its first call, or after Cancel. More than none, without a Cancel, is usually
// a bug of the API: a result that somebody dropped, or an error after success.
func (c *Call[T]) Late() int { return int(c.late.Load()) }
