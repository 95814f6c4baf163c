package threadpool

import (
	"context"
	"sync"

	"github.com/causeway-go/causeway/internal/ended"
	"github.com/causeway-go/causeway/internal/goroutine"
	"github.com/causeway-go/causeway/internal/park"
)

// A waiter is a goroutine that waits for a slot, for room in the queue, or for
// the end of everything.
type waiter struct {
	entry
	n          *park.Notifier
	generation uint64
	granted    bool   // it has what it waits for; guarded by the pool's mutex
	slot       bool   // what it waits for is a slot
	own        int    // in Shutdown: how many jobs of the family its goroutine is in
	admit      func() // in the list outside: what its goroutine submits
}

var waiters = sync.Pool{New: func() any { return &waiter{n: park.New()} }}

// newWaiter returns a waiter for the calling goroutine, whom users of p wake.
func (p *Pool) newWaiter() *waiter {
	w := newWaiter()
	if p.foreign() {
		w.n.FromOutside()
	}
	return w
}

func newWaiter() *waiter {
	w := waiters.Get().(*waiter)
	w.generation = w.n.Begin()
	w.granted, w.slot, w.own, w.since = false, false, 0, 0
	w.entry.waiter = w
	return w
}

func (w *waiter) free() {
	w.n.Detach()
	w.admit = nil
	waiters.Put(w)
}

// lose is free for a waiter whose goroutine is ending in the middle of a wait.
// Somebody may be on the way to unpark it, so it cannot be used again; from now
// on nobody sets out.
func (w *waiter) lose() {
	w.n.Detach()
	w.n.Begin()
}

// await waits until w, which stands in a list, is granted what it waits for, is
// turned away (ErrClosed), or ctx ends, and frees it. If the goroutine ends in
// the wait, because it is a task that is given up, w is withdrawn.
func (p *Pool) await(ctx context.Context, from *goroutine.Place, w *waiter) error {
	over := false
	defer func() {
		if over {
			w.free()
		} else {
			p.withdraw(w, from)
		}
	}()
	for {
		woken := w.n.WaitAt(from, ctx, false)
		p.mu.Lock()
		granted, stands := w.granted, w.in != nil
		if !granted && stands && woken {
			p.mu.Unlock()
			continue // woken by something else
		}
		p.removeLocked(w, from) // and unlocks
		over = true
		switch {
		case granted:
			return nil
		case !stands:
			return ErrClosed
		}
		return ended.Error(ctx)
	}
}

// removeLocked takes w, whose goroutine is at from, out of the list it is in, if any,
// and unlocks the mutex.
func (p *Pool) removeLocked(w *waiter, from *goroutine.Place) {
	var wake wakeList
	if w.own > 0 {
		p.drainingLocked(from, -1)
	}
	if w.in != nil {
		w.remove()
		p.dispatchLocked(&wake)
	}
	p.mu.Unlock()
	wake.run()
}

// withdraw takes back the wait of a goroutine that is ending in it.
func (p *Pool) withdraw(w *waiter, from *goroutine.Place) {
	w.lose()
	p.mu.Lock()
	slot := w.granted && w.slot
	p.removeLocked(w, from)
	if slot {
		p.release()
	}
}

// A wakeList collects, under the mutex, what is to be done after it has been
// released. It remembers what it needs of a waiter: once that has been granted
// what it waits for it may go on by itself, if its context ends just now, and
// is recycled before run comes to it. A Notify that is too late does nothing.
type wakeList struct {
	few  [4]wakeup
	n    int // how many of few are used
	more []wakeup

	workers  [2]*Pool // whose goroutines are to be started, each with a slot
	starting int      // how many of workers are used
	further  []*Pool

	expired []*Job // to be told that their contexts have ended
}

type wakeup struct {
	n          *park.Notifier
	generation uint64
}

// grant gives w what it waits for. Its goroutine is woken by run.
func (l *wakeList) grant(w *waiter) {
	w.granted = true
	l.wake(w)
}

// wake wakes w, which has been taken out of its list. Without grant, that turns
// it away.
func (l *wakeList) wake(w *waiter) {
	u := wakeup{w.n, w.generation}
	if l.n < len(l.few) {
		l.few[l.n] = u
		l.n++
		return
	}
	l.more = append(l.more, u)
}

// start starts a worker of p.
func (l *wakeList) start(p *Pool) {
	if l.starting < len(l.workers) {
		l.workers[l.starting] = p
		l.starting++
		return
	}
	l.further = append(l.further, p)
}

// run wakes and starts what has been collected, in that order. The mutex must
// not be held.
func (l *wakeList) run() {
	for _, u := range l.few[:l.n] {
		u.n.Notify(u.generation)
	}
	for _, u := range l.more {
		u.n.Notify(u.generation)
	}
	for _, p := range l.workers[:l.starting] {
		p.startWorker(task{})
	}
	for _, p := range l.further {
		p.startWorker(task{})
	}
	dropJobs(l.expired)
	*l = wakeList{}
}
