package park

import (
	"context"

	"github.com/causeway-go/causeway/internal/goroutine"
)

// Wait waits for the permit and consumes it, in the way that fits the calling
// goroutine, and reports false if ctx ended first. If the permit is there it
// does not wait, whatever ctx says; if it is not and ctx has ended, it does not
// wait either.
//
// On a registered goroutine everyone who runs something on it is told, the
// innermost first; the wait goes through the first Parker that one of them
// offers. With thread set, a goroutine that nobody offers a Parker for parks
// with its OS thread.
//
// A Wait whose ctx can end may leave ctx attached to n for the next one. Call
// Detach when the last one is over.
func (n *Notifier) Wait(ctx context.Context, thread bool) bool {
	if n.Consume() {
		return true
	}
	done := ctx.Done()
	if done != nil && ctx.Err() != nil {
		return false
	}
	p := goroutine.Here()
	if p == nil {
		return n.waitBy(nil, ctx, thread)
	}
	var via goroutine.Parker
	for q := p; q != nil; q = q.Outer() {
		if v := q.Hooks().BeforeWait(); via == nil {
			via = v
		}
	}
	defer afterWait(p)
	return n.waitBy(via, ctx, thread)
}

// afterWait tells p and those around it that the wait is over, the innermost
// first: a job gets its slot back before the worker it runs on is busy again.
func afterWait(p *goroutine.Place) {
	for ; p != nil; p = p.Outer() {
		p.Hooks().AfterWait()
	}
}

// waitBy parks by way of via, or of the scheduler or the thread if it is nil.
// Where the end of ctx is one more notification, it counts as the permit: the
// caller looks again, and its next Wait tells.
func (n *Notifier) waitBy(via goroutine.Parker, ctx context.Context, thread bool) bool {
	done := ctx.Done()
	if via == nil && !thread {
		if done == nil {
			n.Park()
			return true
		}
		return n.ParkOr(done)
	}
	if done != nil && n.stop == nil {
		generation := n.state.Load() >> stateBits
		n.stop = context.AfterFunc(ctx, func() { n.Notify(generation) })
	}
	if via != nil {
		n.ParkVia(via)
	} else {
		n.ParkThread()
	}
	return true
}

// Detach takes back what Wait may have attached to a context.
func (n *Notifier) Detach() {
	if n.stop != nil {
		n.stop()
		n.stop = nil
	}
}
