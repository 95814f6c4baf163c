package threadpool

import (
	"sync"

	"github.com/causeway-go/causeway/internal/park"
)

// An entry stands in a queue for somebody who wants a slot: a job that has no
// goroutine yet, or a goroutine that is waiting for its turn. Entries are
// guarded by the mutex of the pool.
type entry struct {
	next, prev *entry
	in         *list // where it stands, or nil
	job        *Job  // nil for a goroutine
	waiter     *waiter
}

// A list is a queue of entries from which any can be removed. The zero value
// is empty.
type list struct {
	head, tail *entry
	len        int
}

func (l *list) push(e *entry) {
	e.in, e.prev, e.next = l, l.tail, nil
	if l.tail == nil {
		l.head = e
	} else {
		l.tail.next = e
	}
	l.tail = e
	l.len++
}

// remove takes e out of the list it is in.
func (e *entry) remove() {
	l := e.in
	if e.prev == nil {
		l.head = e.next
	} else {
		e.prev.next = e.next
	}
	if e.next == nil {
		l.tail = e.prev
	} else {
		e.next.prev = e.prev
	}
	l.len--
	e.in, e.prev, e.next = nil, nil, nil
}

// pop takes out the first entry, or returns nil.
func (l *list) pop() *entry {
	e := l.head
	if e != nil {
		e.remove()
	}
	return e
}

// A waiter is a goroutine that waits for a slot, or for room in the queue.
type waiter struct {
	entry
	n          *park.Notifier
	generation uint64
	granted    bool    // it has what it waits for; guarded by the pool's mutex
	next       *waiter // in a wakeList
	admit      *Job    // in the list outside: what its goroutine submits
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
	w.granted = false
	w.entry.waiter = w
	return w
}

func (w *waiter) free() {
	w.n.Detach()
	w.admit = nil
	waiters.Put(w)
}

// A wakeList collects, under the mutex, what is to be done after it has been
// released.
type wakeList struct {
	first   *waiter
	workers int // goroutines to start, each with a slot
}

// grant gives w what it waits for. Its goroutine is woken by run.
func (l *wakeList) grant(w *waiter) {
	w.granted = true
	w.next, l.first = l.first, w
}

// run wakes and starts what has been collected. The mutex must not be held.
func (l *wakeList) run(p *Pool) {
	for l.first != nil {
		w := l.first
		l.first = w.next // before the wake: after it, w belongs to its owner
		w.n.Notify(w.generation)
	}
	for ; l.workers > 0; l.workers-- {
		p.startWorker(nil)
	}
}

// turnAway wakes w, which has been taken out of its list, without what it waits
// for.
func (l *wakeList) turnAway(w *waiter) { w.next, l.first = l.first, w }
