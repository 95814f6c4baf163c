package threadpool

import "sync/atomic"

// A word is the state of a pool, changed by CAS only:
//
//	running  slots that are taken (30 bits). Whoever takes a slot adds one,
//	         and owes the pool one release. It is above limit only after the
//	         limit has been lowered, or by jobs that may go beyond it.
//	limit    slots there are (30 bits). Changed by Resize and the tuner, under mu.
//	family   the pool has classes, or is one: beyond its reserve a slot also
//	         takes one of the family's. Set under mu while queued is set, never
//	         cleared.
//	queued   somebody waits in the queue. Set and cleared under mu only, to
//	         what the queue says. While it is set nobody takes a free slot
//	         without mu, and whoever frees a slot must look at the queue.
//	closed   no more jobs. Set under mu, never cleared.
//
// The slow path (mu) is therefore reached by exactly those who could do wrong
// without it: takers who might overtake the queue, and releasers who might
// leave it asleep. The window between the two is closed by the word being one
// word: a releaser that sees queued unset has lowered running before queued
// was set, so the one who sets it, under mu, sees the free slot.
type word uint64

const (
	closedBit word = 1 << 63
	queuedBit word = 1 << 62
	familyBit word = 1 << 61
	limitBits      = 30
	limitMask word = 1<<limitBits - 1
)

func (w word) running() int { return int(w & limitMask) }
func (w word) limit() int   { return int(w >> limitBits & limitMask) }
func (w word) family() bool { return w&familyBit != 0 }
func (w word) queued() bool { return w&queuedBit != 0 }
func (w word) closed() bool { return w&closedBit != 0 }
func (w word) free() int    { return w.limit() - w.running() }

// open reports that a slot may be taken without mu.
func (w word) open() bool { return w < queuedBit && w.free() > 0 }

func (w word) withLimit(n int) word { return w&^(limitMask<<limitBits) | word(n)<<limitBits }

func (w word) withQueued(q bool) word {
	if q {
		return w | queuedBit
	}
	return w &^ queuedBit
}

// A state is a word that changes.
type state struct{ w atomic.Uint64 }

func (s *state) load() word { return word(s.w.Load()) }

func (s *state) swap(old, now word) bool { return s.w.CompareAndSwap(uint64(old), uint64(now)) }

// update applies f, which must not have side effects, until nobody interferes.
func (s *state) update(f func(word) word) (old, now word) {
	for {
		old = s.load()
		now = f(old)
		if s.swap(old, now) {
			return old, now
		}
	}
}

// A manner says which slots may be taken.
type manner int

const (
	inTurn manner = iota // while nobody is queued
	ahead                // any that is free; mu is held
	within               // there need not be one, but Options.Limit allows it; mu is held
	beyond               // there need not be one
)

// may reports whether a slot may be taken in this manner.
func (m manner) may(w word) bool {
	switch m {
	case inTurn:
		return w.open()
	case ahead:
		return w.free() > 0
	}
	return true
}

// ofShared is the manner for a shared slot that goes with one taken in manner m.
func (m manner) ofShared() manner {
	if m == within {
		return ahead // there are no more of them to come
	}
	return m
}

// take takes a slot if it may. It returns how many are taken now, or 0.
func (s *state) take(m manner) int {
	for {
		w := s.load()
		if !m.may(w) {
			return 0
		}
		if s.swap(w, w+1) {
			return (w + 1).running()
		}
	}
}

// give gives a slot back if nobody is queued, and reports whether it did.
func (s *state) give() bool {
	for {
		w := s.load()
		if w.queued() {
			return false
		}
		if s.swap(w, w-1) {
			return true
		}
	}
}

// drop gives a slot back. mu is held, or somebody looks at the queue afterwards.
func (s *state) drop() { s.update(func(w word) word { return w - 1 }) }
