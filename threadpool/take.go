package threadpool

import "sync/atomic"

// A slot of a pool in a family (see family) is one of its reserve, or one that
// the family shares. Which of the two follows from how many are taken: those
// beyond the reserve are shared ones. So there is one rule for each direction,
// and at any time the pool has taken at least running - reserve of the shared
// slots: a shared slot is taken before the word is raised, and given back after
// the word has been lowered.

// take takes a slot in the given manner. It returns how many are taken now, or 0.
func (p *Pool) take(m manner) int {
	for {
		w := p.state.load()
		if !m.may(w) || m == within && w.running() >= p.opts.Limit {
			return 0
		}
		shared := w.family() && w.running() >= p.reserve
		if shared && p.family.shared.take(m.ofShared()) == 0 {
			return 0
		}
		if p.state.swap(w, w+1) {
			return (w + 1).running()
		}
		if shared {
			p.family.unshare(m == ahead || m == within)
		}
	}
}

// give gives a slot back if nobody waits in the queue of p, and reports whether
// it did.
func (p *Pool) give() bool {
	for {
		w := p.state.load()
		if w.queued() {
			return false
		}
		if p.state.swap(w, w-1) {
			p.unshare(w, false)
			return true
		}
	}
}

// dropLocked gives a slot back without looking at the queue.
func (p *Pool) dropLocked() {
	w, _ := p.state.update(func(w word) word { return w - 1 })
	p.unshare(w, true)
}

// unshare gives back the shared slot, if it was one, that went with the slot that
// has been given back when the word was w.
func (p *Pool) unshare(w word, locked bool) {
	if w.family() && w.running() > p.reserve {
		p.family.unshare(locked)
	}
}

// takeLocked takes a free slot.
func (p *Pool) takeLocked() bool {
	n := p.take(ahead)
	if n > 0 {
		p.took(n)
	}
	return n > 0
}

// takeSpareLocked takes a slot for somebody new, if one is free for them. Jobs may
// stand in the queue although there are free slots, while the workers that will fetch
// them are on their way: what is left over beyond those is free. In a family others
// may be before them.
func (p *Pool) takeSpareLocked() bool {
	w := p.state.load()
	return !w.family() && w.free() > p.standing() && p.takeLocked() || p.exceedLocked()
}

// exceedLocked takes a slot beyond those there are at present, for a goroutine in
// a bubble that p is not in, if Options.Limit allows it: whether there will be
// more slots is decided by the clock outside, and that of the bubble would stand
// still until then.
func (p *Pool) exceedLocked() bool {
	return p.tuner != nil && p.foreign() && p.take(within) > 0
}

// overtake takes a slot for a job that has given its own up, beyond the limit if
// there is no other. Such a slot ends when it is released, as after the limit has
// been lowered. Peak does not count it.
func (p *Pool) overtake() { p.take(beyond) }

// took keeps the books when a slot is taken and n are taken now.
func (p *Pool) took(n int) {
	if int64(n) <= p.burst.Load() {
		return
	}
	raise(&p.peak, int64(n))
	// A timer that is made in a bubble is of no use to the reaper, so it is
	// the next burst outside that it is told of.
	if !p.foreign() {
		raise(&p.burst, int64(n))
		p.threads.grown(n)
	}
}

// raise makes v at least n.
func raise(v *atomic.Int64, n int64) {
	for old := v.Load(); old < n && !v.CompareAndSwap(old, n); {
		old = v.Load()
	}
}

// release gives the calling goroutine's slot back, or on to the queue.
func (p *Pool) release() {
	if p.give() {
		p.checkDrained()
		return
	}
	var wake wakeList
	p.mu.Lock()
	if p.family != nil {
		p.dropLocked()
	} else if p.keepLocked() {
		switch e := p.headLocked(); {
		case e == nil || e.waiter == nil && p.tickSendsLocked():
			p.dropLocked()
		case e.waiter == nil:
			p.sendLocked(&wake) // it takes the slot over
		default:
			e.remove()
			wake.grant(e.waiter)
		}
	}
	p.dispatchLocked(&wake)
	p.mu.Unlock()
	wake.run()
	p.checkDrained()
}

// keepLocked reports whether the slot in hand still exists. After the limit
// has been lowered slots die when they are released.
func (p *Pool) keepLocked() bool {
	if p.state.load().free() >= 0 {
		return true
	}
	p.dropLocked()
	return false
}
