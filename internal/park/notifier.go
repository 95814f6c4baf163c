package park

import (
	"sync/atomic"

	"github.com/causeway-go/causeway/internal/goroutine"
)

// The state word of a Notifier is a generation and one of these:
//
//	empty      no permit, nobody parked. Set by the owner only: in Begin, and
//	           when it consumes the permit. Cannot follow a parked state
//	           except by the owner's own withdrawal (parkedChan, parkedVia).
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
	parkedChan // parked in the scheduler
	parkedVia
	parkedThread // the thread is asleep; timed
	parkedLocked // parked in the scheduler, with a locked thread; timed

	stateBits = 3
	stateMask = 1<<stateBits - 1
)

// A Notifier is where one goroutine, the owner, waits for a permit. Make it
// with New. The methods Begin, Consume and Park… are for the owner, Notify is
// for everybody.
type Notifier struct {
	state  atomic.Uint64
	via    goroutine.Parker // while parkedVia
	ch     chan struct{}    // while parkedChan and parkedLocked; one place
	bubble bool             // ch is for this park only
	yield  yielder
	thread threadPark
	stop   func() bool // detaches the context of Wait, if one is attached

	outside bool // Notify may come from outside the owner's bubble
	lock    lockParker
}

// New returns a Notifier; call Begin before anything else.
func New() *Notifier {
	n := &Notifier{}
	n.thread.choice.begin()
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
		if was >= parkedThread {
			n.thread.noted.Store(int64(clock()))
		}
		if n.state.CompareAndSwap(s, base|notified) {
			break
		}
	}
	switch was {
	case notified:
		return false
	case parkedChan, parkedLocked:
		n.ch <- struct{}{}
	case parkedVia:
		n.via.Unpark()
	case parkedThread:
		futexWake(&n.state)
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
	s := n.state.Load() &^ stateMask // and so empty
	return n.state.CompareAndSwap(s, s|parked)
}

// Park waits in Go's scheduler until there is a permit and consumes it. In a
// synctest bubble the goroutine is durably blocked.
func (n *Notifier) Park() {
	if !n.yielded() {
		n.parkAs(parkedChan)
	}
}

// parkAs parks in the scheduler, in the given state, until there is a permit,
// and consumes it. It reports whether the permit was yet to come.
//
// A channel of one place is the fastest way to do so that the standard library
// offers, and one that a notifier never blocks on: whoever leaves the parked
// state puts one token in, and the owner does not go on without that token. So
// the channel is empty whenever nobody is parked, and it does not matter
// whether the token or the owner comes first.
func (n *Notifier) parkAs(parked uint64) bool {
	ch := n.openChan()
	ok := n.publish(parked)
	if ok {
		<-ch
	}
	n.closeChan()
	n.Consume()
	return ok
}

// ParkOr is Park that also ends when done is closed, and then returns false
// without having consumed anything. If both happen, the permit wins.
func (n *Notifier) ParkOr(done <-chan struct{}) bool {
	if n.yielded() {
		return true
	}
	ch := n.openChan()
	if n.publish(parkedChan) {
		select {
		case <-ch:
		case <-done:
			s := n.state.Load() &^ stateMask // and so empty
			if n.state.CompareAndSwap(s|parkedChan, s) {
				break
			}
			<-ch // a Notify has left the parked state and owes us this
		}
	}
	n.closeChan()
	return n.Consume()
}

// openChan makes sure that n has a channel. One that is made inside a synctest
// bubble belongs to it, and must not be seen in another one: a goroutine in a
// bubble gets a new one for each park.
func (n *Notifier) openChan() chan struct{} {
	n.bubble = goroutine.InBubble()
	if n.ch == nil || n.bubble {
		n.ch = make(chan struct{}, 1)
	}
	return n.ch
}

func (n *Notifier) closeChan() {
	if n.bubble {
		n.ch = nil
	}
}

// ParkVia is Park by way of p. If p.Park does not return, because it panics or
// ends the goroutine, n must not be used again: notifiers may still know it.
func (n *Notifier) ParkVia(p goroutine.Parker) {
	n.via = p
	if n.publish(parkedVia) {
		p.Park(n)
	}
	n.via = nil
	n.Consume()
}

// Withdraw implements goroutine.Wait, for Park inside ParkVia. A Notify that
// comes later finds nobody parked.
func (n *Notifier) Withdraw() bool {
	s := n.state.Load() &^ stateMask // and so empty
	return n.state.CompareAndSwap(s|parkedVia, s)
}
