package meet

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/causeway-go/causeway/pollster"
)

// A Notify tells waiters that something has happened, one at a time or all of
// them. The zero value is ready. It must not be copied.
//
// One notification is kept for the next who waits, if nobody does; so is the
// one meant for a wait that was cancelled.
type Notify struct {
	mu   sync.Mutex
	kept bool
	line line
}

// One tells the first who waits, or else the next who will.
func (n *Notify) One() {
	n.mu.Lock()
	k := n.one()
	n.mu.Unlock()
	k.Wake()
}

func (n *Notify) one() *pollster.Waker {
	k := n.line.tell()
	n.kept = n.kept || k == nil
	return k
}

// All tells everybody who waits now.
func (n *Notify) All() {
	n.mu.Lock()
	wakers := n.line.tellAll()
	n.mu.Unlock()
	wakeAll(wakers)
}

// Wait waits to be told, until ctx ends.
func (n *Notify) Wait(ctx context.Context) error {
	_, err := pollster.BlockOn(ctx, n.WaitFuture())
	return err
}

// WaitFuture returns a future that ends when it has been told. It waits from its
// first poll on.
func (n *Notify) WaitFuture() pollster.Future[struct{}] { return &notified{n: n} }

type notified struct {
	n    *Notify
	w    waiter
	over bool
}

// Poll implements pollster.Future.
func (d *notified) Poll(k *pollster.Waker) (none struct{}, ready bool, err error) {
	n := d.n
	n.mu.Lock()
	defer n.mu.Unlock()
	switch {
	case d.over:
		return none, true, nil
	case d.w.state == told:
		n.line.leave(&d.w)
	case d.w.state == idle && n.kept:
		n.kept = false
	default:
		n.line.enter(&d.w, k)
		return none, false, nil
	}
	d.over = true
	return none, true, nil
}

// Cancel implements pollster.Canceler.
func (d *notified) Cancel() {
	n := d.n
	n.mu.Lock()
	var k *pollster.Waker
	if n.line.leave(&d.w) == told {
		k = n.one()
	}
	d.over = true
	n.mu.Unlock()
	k.Wake()
}

// A Once makes a value once, on behalf of all who want it. The zero value is
// ready. It must not be copied.
type Once[T any] struct {
	made  atomic.Bool // value is there
	m     Mutex
	value T
}

// Do returns the value. The first who calls it makes it by make, which may wait;
// the others wait for that. If make fails or panics, or its caller's task is
// cancelled, the error is its caller's alone and the next one tries.
func (o *Once[T]) Do(ctx context.Context, make func(ctx context.Context) (T, error)) (T, error) {
	if o.made.Load() {
		return o.value, nil
	}
	var none T
	if err := o.m.Lock(ctx); err != nil {
		return none, err
	}
	defer o.m.Unlock()
	if o.made.Load() {
		return o.value, nil
	}
	v, err := make(ctx)
	if err != nil {
		return none, err
	}
	o.value = v
	o.made.Store(true)
	return v, nil
}
