package park

import (
	"sync"
	"sync/atomic"

	"github.com/causeway-go/causeway/internal/goroutine"
)

// The state word of a Notifier is a generation and one of these:
//
//	empty      no permit, nobody parked. Set by the owner only: in Begin, and
//	           when it consumes the permit. Cannot follow a parked state
//	           except by the owner's own withdrawal (parkedChan).
//	notified   the permit is there. Set by any notifier holding the current
//	           generation; left by the owner only.
//	parked…    the owner is parked, or irrevocably about to, in the way the
//	           name says. Set by the owner from empty only; left by the one
//	           notifier that makes it notified, who then owes the owner
//	           exactly one unpark.
//
// Notifiers always write, by CAS, even when the permit is there already: the
// write is what publishes what they did before to the owner, who reads it by
// an atomic swap.
const (
	empty = iota
	notified
	parkedCond
	parkedChan
	parkedVia
	parkedThread

	stateBits = 3
	stateMask = 1<<stateBits - 1
)

// A Notifier is where one goroutine, the owner, waits for a permit. Make it
// with New. The methods Begin, Consume and Park… are for the owner, Notify is
// for everybody.
type Notifier struct {
	state atomic.Uint64
	via   goroutine.Parker // while parkedVia
	ch    chan struct{}    // while parkedChan; capacity 1
	cond  sync.Cond
	word  atomic.Uint32 // the futex of parkedThread
	yield yielder
	stop  func() bool // detaches the context of Wait, if one is attached

	outside bool // Notify may come from outside the owner's bubble
	lock    lockParker
}

// New returns a Notifier; call Begin before anything else.
func New() *Notifier {
	n := &Notifier{}
	n.cond.L = (*gate)(n)
	return n
}

// Begin starts a new use of n without a permit and returns its generation.
// Notify calls with an earlier generation do nothing from now on.
func (n *Notifier) Begin() (generation uint64) {
	g := n.state.Load()>>stateBits + 1
	n.state.Store(g << stateBits)
	n.outside = false
	return g
}

// Notify gives the permit if generation is the current one, and unparks the
// owner if it is parked. It reports whether it was the first to give this
// permit. It never blocks. What the caller did before is visible to the owner
// after it has consumed the permit.
func (n *Notifier) Notify(generation uint64) bool {
	base := generation << stateBits
	var was uint64
	for {
		s := n.state.Load()
		was = s - base
		if was > stateMask {
			return false // another generation
		}
		if n.state.CompareAndSwap(s, base|notified) {
			break
		}
	}
	switch was {
	case notified:
		return false
	case parkedCond:
		n.cond.Signal()
	case parkedChan:
		n.ch <- struct{}{}
	case parkedVia:
		n.via.Unpark()
	case parkedThread:
		n.wakeThread()
	}
	return true
}

// Consume takes the permit if it is there.
func (n *Notifier) Consume() bool {
	s := n.state.Load()
	if s&stateMask != notified {
		return false
	}
	// A swap and not a store: it must observe every Notify up to here.
	n.state.Swap(s &^ stateMask)
	return true
}

// publish moves empty to the given parked state. If it returns false the
// permit has come first and the owner must not park.
func (n *Notifier) publish(parked uint64) bool {
	s := n.state.Load() &^ stateMask
	return n.state.CompareAndSwap(s|empty, s|parked)
}

// Park waits in Go's scheduler until there is a permit and consumes it. In a
// synctest bubble the goroutine is durably blocked.
func (n *Notifier) Park() {
	if n.yielded() {
		return
	}
	n.cond.Wait()
	n.Consume()
}

// yielded lets others run once, if that seems worth it, and reports whether
// that brought the permit, which is then consumed.
func (n *Notifier) yielded() bool {
	if !n.yield.turn() {
		return false
	}
	if n.Consume() {
		n.yield.won()
		return true
	}
	n.yield.fail()
	return false
}

// gate is the Locker of a Notifier's Cond. There is nothing to lock: the Cond
// is used as the bare list of waiters that it contains, the cheapest way to
// park that the standard library offers (see RATIONALE.md for the figures).
//
// Cond.Wait takes its place in the list, calls Unlock, and then sleeps unless
// its place has been signalled. So Unlock is the point at which PARKED may be
// published: a Notify before it finds no parked state, leaves its permit, and
// publish fails; a Notify after it finds parkedCond and signals a place that
// is already taken. There is no third case, hence no lost wake-up.
type gate Notifier

func (g *gate) Lock() {}

func (g *gate) Unlock() {
	n := (*Notifier)(g)
	if !n.publish(parkedCond) {
		n.cond.Signal() // our own place: Wait returns at once
	}
}

// ParkOr is Park that also ends when done is closed, and then returns false
// without having consumed anything. If both happen, the permit wins.
func (n *Notifier) ParkOr(done <-chan struct{}) bool {
	if n.yielded() {
		return true
	}
	bubble := goroutine.InBubble()
	if n.ch == nil || bubble {
		// A channel belongs to the bubble it is made in, and must not be
		// seen in another one.
		n.ch = make(chan struct{}, 1)
	}
	if n.publish(parkedChan) {
		select {
		case <-n.ch:
		case <-done:
			s := n.state.Load() &^ stateMask
			if n.state.CompareAndSwap(s|parkedChan, s|empty) {
				n.forget(bubble)
				return false
			}
			<-n.ch // a Notify has left the parked state and owes us this
		}
	}
	n.forget(bubble)
	return n.Consume()
}

func (n *Notifier) forget(bubble bool) {
	if bubble {
		n.ch = nil
	}
}

// ParkVia is Park by way of p.
func (n *Notifier) ParkVia(p goroutine.Parker) {
	n.via = p
	if n.publish(parkedVia) {
		p.Park()
	}
	n.via = nil
	n.Consume()
}
