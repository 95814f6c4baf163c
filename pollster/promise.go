package pollster

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
)

// ErrCanceled is the result of a future that was cancelled and is waited for
// all the same, such as a [Promise]. errors.Is(ErrCanceled, context.Canceled)
// holds.
var ErrCanceled error = fmt.Errorf("pollster: future canceled: %w", context.Canceled)

// A Promise is a future that other code settles: a callback, another
// goroutine, a foreign event loop. The zero value is open and ready for use. It
// must not be copied.
//
// There are two roles. Any number of resolvers, on any goroutines, call
// [Promise.Resolve], [Promise.Reject] or [Promise.Settle]; the first one
// decides. One owner polls the Promise, or hands it to [BlockOn] or a
// combinator, and may cancel it. Whoever else wants the result calls
// [Promise.Wait], or [Promise.Future] for a future of their own.
//
// A promise that has been settled may be polled any number of times and always
// gives the same result.
type Promise[T any] struct {
	_     noCopy
	state atomic.Uint32
	waker AtomicWaker // of the owner

	v   T     // written while deciding, read once settled
	err error // likewise

	mu       sync.Mutex
	views    *view[T] // those waiting; a list linked both ways
	onCancel func()
}

// The state of a Promise.
//
//	open      nobody has decided. Left once, never entered again.
//	deciding  one resolver has won and is writing the result. Set by its CAS
//	          from open, left by the same call a moment later. To everybody
//	          else this is still «not ready»: the wake-up comes after it.
//	settled   v and err are final. The store that sets it publishes them.
//	canceled  Cancel came before any resolver. v and err stay untouched.
const (
	promiseOpen = iota
	promiseDeciding
	promiseSettled
	promiseCanceled
)

// Resolve settles p with v and wakes those who wait. It returns false, and
// does nothing, if p has been settled or cancelled before. It does not block
// and may be called from anywhere, inside a Poll too. What the caller did before
// is visible to those who see the result.
func (p *Promise[T]) Resolve(v T) bool { return p.Settle(v, nil) }

// Reject is [Promise.Resolve] for an error, which must not be nil.
func (p *Promise[T]) Reject(err error) bool {
	if err == nil {
		panic("pollster: Reject called with a nil error")
	}
	var zero T
	return p.Settle(zero, err)
}

// Settle is Resolve if err is nil, else Reject, so that the results of a
// function can be handed over as they are: p.Settle(os.Open(name)).
func (p *Promise[T]) Settle(v T, err error) bool {
	if !p.state.CompareAndSwap(promiseOpen, promiseDeciding) {
		return false
	}
	if err == nil {
		p.v = v
	}
	p.err = err
	p.state.Store(promiseSettled)
	views, _ := p.close()
	p.wakeAll(views)
	return true
}

// Done reports whether p has been settled or cancelled.
func (p *Promise[T]) Done() bool { return p.state.Load() >= promiseSettled }

// Poll implements [Future], for the owner.
func (p *Promise[T]) Poll(w *Waker) (T, bool, error) {
	if v, ready, err := p.peek(); ready || err != nil {
		return v, ready, err // and keep no waker
	}
	// Register first, look afterwards; see AtomicWaker.
	p.waker.Register(w)
	return p.peek()
}

func (p *Promise[T]) peek() (v T, ready bool, err error) {
	switch p.state.Load() {
	case promiseSettled:
		return p.v, p.err == nil, p.err
	case promiseCanceled:
		return v, false, ErrCanceled
	}
	return v, false, nil
}

// Cancel tells the resolvers that the result is not wanted: [Promise.Canceled]
// becomes true, the function given to [Promise.OnCancel] is called, and a late
// Resolve returns false and does nothing. Others who wait get [ErrCanceled].
// It does nothing if p has been settled or cancelled before.
func (p *Promise[T]) Cancel() {
	if !p.state.CompareAndSwap(promiseOpen, promiseCanceled) {
		return
	}
	views, onCancel := p.close()
	p.waker.Take() // the owner does not wait any more
	defer p.wakeAll(views)
	if onCancel != nil {
		onCancel()
	}
}

// Canceled reports whether p was cancelled before it was settled.
func (p *Promise[T]) Canceled() bool { return p.state.Load() == promiseCanceled }

// OnCancel arranges for f to be called when p is cancelled, at once if it has
// been. f runs inside Cancel and must not block. It is never called once p has
// been settled. Several functions are called in the order they were given.
func (p *Promise[T]) OnCancel(f func()) {
	p.mu.Lock()
	// Under the lock: Cancel changes the state first and then takes the
	// function under the lock, so it either finds f there, or f finds the
	// state changed.
	state := p.state.Load()
	if state == promiseOpen {
		if before := p.onCancel; before != nil {
			p.onCancel = func() { before(); f() }
		} else {
			p.onCancel = f
		}
	}
	p.mu.Unlock()
	if state == promiseCanceled {
		f()
	}
}

// Wait waits until p has ended and returns its result, like [BlockOn]. Unlike
// BlockOn it leaves p alone when ctx ends first, and any number of goroutines
// may call it at the same time, whoever polls p.
func (p *Promise[T]) Wait(ctx context.Context) (T, error) {
	if v, ready, err := p.peek(); ready || err != nil {
		return v, err
	}
	return BlockOn(ctx, p.Future())
}

// Future returns a further future for the result of p, with a poller of its
// own. Cancelling it withdraws that poller and leaves p alone.
func (p *Promise[T]) Future() Future[T] { return &view[T]{p: p} }

// close takes out what only an open promise needs. The state has been left
// open for good, so nothing is added afterwards that would need a wake-up.
func (p *Promise[T]) close() (views *view[T], onCancel func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	views, onCancel = p.views, p.onCancel
	p.views, p.onCancel = nil, nil
	for v := views; v != nil; v = v.next {
		v.linked = false
	}
	return views, onCancel
}

// wakeAll wakes the owner and then everybody in the list, also when one of the
// wakers panics.
func (p *Promise[T]) wakeAll(views *view[T]) {
	defer wakeViews(views)
	p.waker.Wake()
}

func wakeViews[T any](v *view[T]) {
	if v == nil {
		return
	}
	defer func() { wakeViews(v) }() // what a panic has left over
	for v != nil {
		u := v
		v = v.next
		u.waker.Wake()
	}
}

// A view is one more future of a promise.
type view[T any] struct {
	p     *Promise[T]
	waker AtomicWaker

	// Guarded by p.mu while linked. Afterwards nobody changes next.
	linked     bool
	next, prev *view[T]
}

func (v *view[T]) Poll(w *Waker) (T, bool, error) {
	if x, ready, err := v.p.peek(); ready || err != nil {
		return x, ready, err
	}
	v.waker.Register(w)
	v.link()
	// Look after that: if the promise was settled before link, nobody will wake
	// v; if it was settled before Register, w was not the one that was woken.
	return v.p.peek()
}

func (v *view[T]) peek() (T, bool, error) { return v.p.peek() }

// link puts v into the list of those to wake, unless it is too late for that.
func (v *view[T]) link() {
	v.p.mu.Lock()
	defer v.p.mu.Unlock()
	if v.linked || v.p.Done() {
		return
	}
	v.linked, v.next, v.prev = true, v.p.views, nil
	if v.next != nil {
		v.next.prev = v
	}
	v.p.views = v
}

// Cancel implements [Canceler].
func (v *view[T]) Cancel() {
	v.waker.Take()
	v.p.mu.Lock()
	defer v.p.mu.Unlock()
	if !v.linked {
		return
	}
	if v.prev != nil {
		v.prev.next = v.next
	} else {
		v.p.views = v.next
	}
	if v.next != nil {
		v.next.prev = v.prev
	}
	v.linked, v.next, v.prev = false, nil, nil
}
