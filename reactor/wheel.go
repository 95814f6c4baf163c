package reactor

import (
	"math"
	"math/bits"
)

// A wheel holds timers, in order of time as far as is needed. To add one and to
// remove one takes the same short time however many there are.
//
// Time, in nanoseconds, is cut into ticks of 2^16 ns, and the number of a tick
// into digits of 6 bits. A timer lies in the level of the highest digit in which
// its tick differs from the present, in the slot that this digit names. So
// everything in a lower level is due before anything in a higher one, within a
// level the lower slot is due first, and a slot of level l is taken apart, into
// lower levels, when the present reaches it.
//
// Nothing is rounded to ticks: each slot knows the earliest time in it, and the
// slot that is due is looked through for those that are. A tick is short enough
// that there is no second look at many.
type wheel struct {
	now   int64 // everything due by then has been taken out
	count int
	used  [levels]uint64 // which slots are not empty
	slots [levels][64]slot
}

const (
	tickBits = 16
	digit    = 6
	levels   = (63 - tickBits + digit - 1) / digit
	never    = math.MaxInt64
)

// A slot is a list of timers, linked both ways.
type slot struct {
	first *Timer
	// min is not later than the earliest timer; it is not moved when that
	// one is removed. The price is a look for nothing.
	min int64
}

// place returns where a timer for when belongs.
func (w *wheel) place(when int64) (level, index int) {
	when = max(when, w.now)
	if differ := uint64(when^w.now) >> tickBits; differ != 0 {
		level = (bits.Len64(differ) - 1) / digit
	}
	return level, int(when>>(tickBits+digit*level)) & 63
}

// add puts t, which is in no list, into the slot for t.when.
func (w *wheel) add(t *Timer) {
	w.count++
	w.link(t)
}

func (w *wheel) link(t *Timer) {
	level, index := w.place(t.when)
	s := &w.slots[level][index]
	if s.first == nil {
		w.used[level] |= 1 << index
		s.min = t.when
	} else {
		s.first.prev = t
		s.min = min(s.min, t.when)
	}
	t.prev, t.next, t.slot = nil, s.first, uint16(level<<digit|index)
	s.first = t
}

// remove takes t, which is in the wheel, out of it.
func (w *wheel) remove(t *Timer) {
	w.count--
	w.unlink(t)
}

func (w *wheel) unlink(t *Timer) {
	if t.next != nil {
		t.next.prev = t.prev
	}
	if t.prev != nil {
		t.prev.next = t.next
	} else {
		level, index := t.slot>>digit, t.slot&63
		s := &w.slots[level][index]
		if s.first = t.next; s.first == nil {
			w.used[level] &^= 1 << index
		}
	}
	t.next, t.prev = nil, nil
}

// next returns a time before which nothing is due, and at which there is
// something to do for advance; never if there are no timers.
func (w *wheel) next() int64 {
	for level := range w.used {
		if u := w.used[level]; u != 0 {
			return w.slots[level][bits.TrailingZeros64(u)].min
		}
	}
	return never
}

// advance moves the present to now, and calls due for the timers that are due
// by then, which it has taken out, roughly in order. It stops early, and
// returns false, when due does.
func (w *wheel) advance(now int64, due func(*Timer) bool) bool {
	now = max(now, w.now)
	for {
		level := 0
		for level < levels && w.used[level] == 0 {
			level++
		}
		if level == levels {
			break
		}
		index := bits.TrailingZeros64(w.used[level])
		shift := tickBits + digit*level
		start := w.now>>(shift+digit)<<(shift+digit) | int64(index)<<shift
		if start > now {
			break
		}
		w.now = max(w.now, start)
		if !w.empty(&w.slots[level][index], level, now, due) {
			return false
		}
		if level == 0 && w.used[0]&(1<<index) != 0 {
			break // what is left there is later than now
		}
	}
	w.now = now
	return true
}

// empty looks through a slot whose time has come: what is due by now goes to
// due, what is not stays, in level 0, or moves to a lower level.
func (w *wheel) empty(s *slot, level int, now int64, due func(*Timer) bool) bool {
	if s.min > now && level == 0 {
		return true
	}
	least, full := int64(never), false
	for t := s.first; t != nil; {
		next := t.next
		switch {
		case t.when <= now && !full:
			w.remove(t)
			if full = !due(t); full && level == 0 {
				return false // min is still not later than what is left
			}
		case level > 0:
			// Also when full: the slot is in the past now, and nobody would
			// look for anything here.
			w.unlink(t)
			w.link(t)
		default:
			least = min(least, t.when)
		}
		t = next
	}
	s.min = least
	return !full
}

// drain takes out all timers.
func (w *wheel) drain(f func(*Timer)) {
	for level := range w.slots {
		for i := range w.slots[level] {
			for t := w.slots[level][i].first; t != nil; t = w.slots[level][i].first {
				w.remove(t)
				f(t)
			}
		}
	}
}
