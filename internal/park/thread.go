package park

import (
	"sync/atomic"
	"time"

	"github.com/causeway-go/causeway/internal/goroutine"
)

// A threadPark is what ParkThread of one Notifier knows.
type threadPark struct {
	// noted is when the permit was given to an owner parked in one of the
	// timed states. It is written before the state, so that it is there when
	// the owner looks. A notifier that comes late can overwrite it with a time
	// of its own: one wrong figure among those that are learned from.
	noted  atomic.Int64
	spins  bet
	choice chooser
}

// spinFor is how long ParkThread looks at the word before it sleeps: about what
// it costs to put a thread to sleep and to wake it, so that a spin in vain costs
// no more than what it tried to save.
const spinFor = 20 * time.Microsecond

// ParkThread is Park for an owner that is locked to its OS thread: it knows how
// dear it is to change threads. It spins for a moment if that has paid lately;
// then it sleeps with the thread on a futex, or in Go's scheduler if that has
// been the faster way lately (see chooser).
//
// In a synctest bubble it always parks in the scheduler, durably blocked.
func (n *Notifier) ParkThread() {
	if goroutine.InBubble() {
		n.parkAs(parkedChan)
		return
	}
	t := &n.thread
	now := clock()
	if t.spins.take() && !queue.full(now) {
		won := n.spin(now + spinFor)
		if t.spins.settle(won); won {
			return
		}
		now = clock()
		queue.look(now) // a spin where processors are wanted is dear
	}
	w := t.choice.choose(now)
	parked := false
	if w == byFutex {
		parked = n.sleep()
	} else {
		parked = n.parkAs(parkedLocked)
	}
	if parked {
		noted, end := time.Duration(t.noted.Load()), clock()
		t.choice.learn(w, noted-now, end-noted, end)
	}
}

// spin looks for the permit until then, and consumes it if it comes.
func (n *Notifier) spin(until time.Duration) bool {
	for {
		for range 64 {
			if n.Consume() {
				return true
			}
		}
		if clock() >= until {
			return false
		}
	}
}

// sleep puts the thread to sleep until there is a permit, and consumes it. It
// reports whether the permit was yet to come.
//
// The futex is the state word itself, or rather its low half: kind and the low
// bits of the generation. The system puts the thread to sleep only if the word
// still says parkedThread, so there is no gap between looking and sleeping. The
// owner may be gone before the notifier that has changed the word calls
// futexWake; then that wakes nobody, or wakes the owner out of a later sleep,
// where it looks at the word and sleeps again.
func (n *Notifier) sleep() bool {
	if !n.publish(parkedThread) {
		n.Consume()
		return false
	}
	s := n.state.Load()&^stateMask | parkedThread
	for n.state.Load() == s {
		if !futexSleep(&n.state, uint32(s)) && n.state.CompareAndSwap(s, s&^stateMask) {
			return n.parkAs(parkedLocked) // refused: in the scheduler, then
		}
	}
	n.Consume()
	return true
}

// futexSleep is futexWait; tests let it refuse.
var futexSleep = futexWait

var start = time.Now()

// clock is a monotonic time.
func clock() time.Duration { return time.Since(start) }
