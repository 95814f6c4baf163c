package main

import (
	"sync/atomic"

	"github.com/causeway-go/causeway/pollster"
)

// A room counts the files under way. It is a future as well: one that ends when
// there is room for one more, which it takes. That is all it needs to be waited
// for by blocking code, by a task, or by a combinator.
//
// One goroutine takes; any number of them give back.
type room struct {
	limit int64
	taken atomic.Int64
	waker pollster.AtomicWaker
}

// take takes room for one, if there is any.
func (r *room) take() bool {
	if r.taken.Load() >= r.limit {
		return false
	}
	r.taken.Add(1)
	return true
}

// give gives one back. The taker is woken at half the limit, not at every one:
// it then has work for a while, and is woken once for it.
func (r *room) give() {
	if r.taken.Add(-1) == r.limit/2 {
		r.waker.Wake()
	}
}

// Poll implements pollster.Future. Registering comes before looking: if give
// comes in between, it finds the waker, and if it came earlier, take sees what
// it gave.
func (r *room) Poll(w *pollster.Waker) (struct{}, bool, error) {
	r.waker.Register(w)
	if r.taken.Load() > r.limit/2 {
		return struct{}{}, false, nil
	}
	return struct{}{}, r.take(), nil
}
