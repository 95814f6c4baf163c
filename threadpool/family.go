package threadpool

import "time"

// A family is a pool and its classes. They share one mutex and a number of
// slots. Each has its own word, with its own limit, and its own queue.
//
// shared is the word of the slots that are shared: those of the pool's limit that
// are not reserved for one of the members. Its queued bit is set while somebody
// waits whom only a shared slot is missing, so that a member who could have gone
// on does not wait for the mutex because another is at its own limit.
//
// Who gets a free slot is decided by dispatchLocked: jobs that want their slot
// back first, then by priority, then by weight. The latter is stride scheduling
// (Waldspurger and Weihl, 1995): each member has a pass that is advanced by a
// stride, the inverse of its weight, with every slot that it gets, and the one
// with the lowest pass is next. A member that has had nothing to do begins with
// the pass of the others: what it has not used is gone.
type family struct {
	root    *Pool
	members []*Pool // the root first, then its classes
	shared  state
	pass    float64 // of the member that was served last
	ranked  bool    // there are different priorities
}

// kickUp is after how long a job that waits is served before those of any
// priority, so that low ones do not starve.
const kickUp = time.Second

// unshare gives a shared slot back.
func (f *family) unshare(locked bool) {
	if locked {
		f.shared.drop()
		return
	}
	if f.shared.give() {
		return
	}
	var wake wakeList
	f.root.mu.Lock()
	f.shared.drop()
	f.dispatchLocked(&wake)
	f.root.mu.Unlock()
	wake.run()
}

// dispatchLocked brings free slots and the queues together.
func (f *family) dispatchLocked(wake *wakeList) {
	for _, m := range f.members {
		m.admitLocked(wake)
	}
	f.syncLocked() // before starting is read, see work
	for {
		m, e := f.nextLocked(false)
		if m == nil {
			break
		}
		if e.waiter == nil {
			m.sendLocked(wake)
			continue
		}
		e.remove()
		wake.grant(e.waiter)
	}
	f.syncLocked()
}

// syncLocked makes the queued bits say what the queues say.
func (f *family) syncLocked() {
	wanted := false
	for _, m := range f.members {
		m.syncOwnLocked()
		w := m.state.load()
		wanted = wanted || w.queued() && w.free() > 0
	}
	if f.shared.load().queued() != wanted {
		f.shared.update(func(w word) word { return w.withQueued(wanted) })
	}
}

// nextLocked decides who gets the next slot, and takes it. It returns nil if there
// is no slot, or nobody who can use it. A worker that asks for itself can use one
// for any job; else a worker has to be started, and not too many are at a time.
func (f *family) nextLocked(worker bool) (*Pool, *entry) {
	var now time.Duration
	if f.ranked {
		now = clock()
	}
	best := f.bestLocked(worker, now)
	// It cannot take its slot if somebody goes beyond the limit just now, who needs
	// no mutex. Another may have a reserve left.
	for best != nil && !best.takeLocked() {
		best = f.bestLocked(worker, now)
	}
	if best == nil {
		return nil, nil
	}
	if best.pass < f.pass {
		best.pass = f.pass // it had nothing to do
	}
	f.pass = best.pass
	best.pass += 1 / float64(best.weight)
	return best, best.headLocked()
}

// bestLocked returns the member that is to get the next slot, or nil.
func (f *family) bestLocked(worker bool, now time.Duration) (best *Pool) {
	spare := f.shared.load().free() > 0
	for _, m := range f.members {
		w := m.state.load()
		if !w.queued() || w.free() <= 0 || !spare && w.running() >= m.reserve {
			continue
		}
		e := m.headLocked()
		if e == nil || !worker && e.waiter == nil && !m.maySendLocked() {
			continue
		}
		if best == nil || m.beforeLocked(best, now) {
			best = m
		}
	}
	return best
}

// maySendLocked reports whether a worker is to be started for a job of p.
func (p *Pool) maySendLocked() bool {
	return p.starting.Load() < p.maxStarting && p.fetching < p.fifo.jobs && !p.tickSendsLocked()
}

// beforeLocked reports whether the head of p is to be served before that of o.
func (p *Pool) beforeLocked(o *Pool, now time.Duration) bool {
	if a, b := p.back.len > 0, o.back.len > 0; a != b {
		return a
	}
	if a, b := p.rankLocked(now), o.rankLocked(now); a != b {
		return a > b
	}
	return max(p.pass, p.family.pass) < max(o.pass, o.family.pass)
}

// rankLocked is the priority of the head of p, which is the highest of all if it
// has waited for too long.
func (p *Pool) rankLocked(now time.Duration) int {
	if now == 0 {
		return 0
	}
	if e := p.headLocked(); e.came() != 0 && now-e.came() > kickUp {
		return maxPriority + 1
	}
	return p.priority
}

// fetchLocked is what a worker of p does whose slot may go to any member: it
// returns the next job, which has a slot of its pool, or none.
func (f *family) fetchLocked(p *Pool, wake *wakeList) (task, *Pool) {
	p.dropLocked()
	for {
		m, e := f.nextLocked(true)
		if m == nil {
			return task{}, p
		}
		if e.waiter != nil {
			e.remove()
			wake.grant(e.waiter)
			continue
		}
		if t := m.popLocked(e, wake); !t.none() {
			return t, m
		}
		m.dropLocked() // the job will not run
	}
}
