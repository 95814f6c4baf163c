package poller

import "sync/atomic"

// A Gate counts who uses a descriptor, so that it is closed when nobody does
// any more and its number cannot be that of another file in the middle of a
// system call. The zero Gate is open.
type Gate struct {
	v atomic.Int64 // twice the number inside, plus one when shut
}

// Enter counts the caller as inside until it calls Leave, and returns true,
// unless the gate is shut.
//
// It does not simply add and look afterwards: an Add to a gate that is shut
// would have to be undone, and could then make a second one the last to leave.
func (g *Gate) Enter() bool {
	for {
		v := g.v.Load()
		if v&1 != 0 {
			return false
		}
		if g.v.CompareAndSwap(v, v+2) {
			return true
		}
	}
}

// Leave ends an Enter and reports whether the caller is the one to close what
// is behind: the gate is shut and it was the last inside.
func (g *Gate) Leave() (last bool) { return g.v.Add(-2) == 1 }

// Shut closes the gate for those who come. It reports whether it was the first
// to do so, in which case the caller must call Leave exactly once: it counts
// as inside until then.
func (g *Gate) Shut() bool {
	for {
		v := g.v.Load()
		if v&1 != 0 {
			return false
		}
		if g.v.CompareAndSwap(v, v+3) {
			return true
		}
	}
}
