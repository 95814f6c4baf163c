package park

import (
	"context"
	"sync"

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
	return n.WaitAt(goroutine.Waiting(), ctx, thread)
}

// WaitAt is Wait on a goroutine that is known to be at p; nil means that it is
// not registered, or that those whom it is registered with need not be told.
func (n *Notifier) WaitAt(p *goroutine.Place, ctx context.Context, thread bool) bool {
	if n.Consume() {
		if p != nil {
			p.Went()
		}
		return true
	}
	done := ctx.Done()
	if done != nil && ctx.Err() != nil {
		return false
	}
	if p == nil {
		return n.waitBy(nil, ctx, done, thread)
	}
	p.Waited()
	var via goroutine.Parker
	for q := p; q != nil; q = q.Outer() {
		if v := q.Hooks().BeforeWait(); via == nil {
			via = v
		}
	}
	if w, ok := via.(goroutine.Watcher); ok {
		w.Watch(ctx)
	}
	defer afterWait(ctx, p)
	return n.waitBy(via, ctx, done, thread)
}

// afterWait tells p and those around it that the wait is over, the innermost
// first: a job gets its slot back before the worker it runs on is busy again.
// Where the wait has ended because ctx has, those who could keep the goroutine
// waiting are told that too.
func afterWait(ctx context.Context, p *goroutine.Place) {
	late := ctx.Err() != nil
	for ; p != nil; p = p.Outer() {
		h := p.Hooks()
		if u, ok := h.(goroutine.Hurrier); ok && late {
			u.Hurry()
		}
		h.AfterWait()
	}
}

// waitBy parks by way of via, or of the scheduler or the thread if it is nil.
// Where the end of ctx is one more notification, it counts as the permit: the
// caller looks again, and its next Wait tells.
func (n *Notifier) waitBy(via goroutine.Parker, ctx context.Context, done <-chan struct{}, thread bool) bool {
	if via == nil && n.outside {
		n.lock.arm()
		via = &n.lock
	}
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

// FromOutside says that the Notify of this use may come from outside the
// synctest bubble that the owner is in. A goroutine that is parked in the usual
// ways must be woken from inside its bubble, anything else is a fatal error of
// the runtime; so the owner parks on a mutex, which may be unlocked from
// anywhere. The price is that it does not count as durably blocked: the clock
// of the bubble stands still meanwhile, as it does for a channel made outside.
func (n *Notifier) FromOutside() { n.outside = true }

// A lockParker parks on a mutex, which it holds at all other times.
type lockParker struct {
	mu   sync.Mutex
	held bool
}

func (l *lockParker) Park(goroutine.Wait) { l.mu.Lock() }
func (l *lockParker) Unpark()             { l.mu.Unlock() }

// arm takes the mutex for the first time.
func (l *lockParker) arm() {
	if !l.held {
		l.held = true
		l.mu.Lock()
	}
}

// Detach takes back what Wait may have attached to a context.
func (n *Notifier) Detach() {
	if n.stop != nil {
		n.stop()
		n.stop = nil
	}
}
