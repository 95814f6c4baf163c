package threadpool

import (
	"container/heap"
	"time"
)

// An entry stands in a queue for somebody who wants a slot: a job that has no
// goroutine yet, a batch of functions, or a goroutine that is waiting for its
// turn; so one of the last three fields is not nil. Entries are guarded by the
// mutex of the pool.
type entry struct {
	next, prev *entry
	in         *list // where it stands, or nil
	job        *Job
	batch      *batch
	waiter     *waiter
	since      time.Duration // when it came, or 0 if that is not measured
	deadline   time.Duration // where it stands in a list by deadline
	index      int           // in the heap of such a list
	turn       uint64        // how many came to such a list before
}

// came is when e came, or 0 if that is not known.
func (e *entry) came() time.Duration {
	if e.batch != nil {
		return e.batch.at[e.batch.head]
	}
	return e.since
}

// A batch is a piece of the queue that holds functions of Submit, which nobody
// will ask for again. It is in the queue only while it holds some.
type batch struct {
	entry
	fs         [64]func()
	at         [64]time.Duration // when each came
	head, tail int
}

// A list is a queue of entries from which any can be removed. The zero value
// is empty.
type list struct {
	head, tail *entry
	len        int       // how many stand in it
	byDeadline bool      // the order is that of their deadlines:
	heap       deadlines // instead of head and tail
	jobs       int       // how many of these are jobs, functions among them
	came       uint64    // how many have come, if byDeadline
}

func (l *list) push(e *entry) {
	if l.byDeadline {
		e.in, e.turn = l, l.came
		l.came++
		heap.Push(&l.heap, e)
		l.count(e, 1)
		return
	}
	e.in, e.prev, e.next = l, l.tail, nil
	if l.tail == nil {
		l.head = e
	} else {
		l.tail.next = e
	}
	l.tail = e
	l.count(e, 1)
}

func (l *list) count(e *entry, n int) {
	l.len += n
	if e.waiter == nil {
		l.jobs += n
	}
}

// remove takes e out of the list it is in.
func (e *entry) remove() {
	l := e.in
	if l.byDeadline {
		heap.Remove(&l.heap, e.index)
		e.in = nil
		l.count(e, -1)
		return
	}
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
	l.count(e, -1)
	e.in, e.prev, e.next = nil, nil, nil
}

// pushFunc puts f at the end of l. It returns spare, or nil if that has been used.
func (l *list) pushFunc(f func(), now time.Duration, spare *batch) *batch {
	if e := l.tail; e != nil && e.batch != nil && e.batch.tail < len(e.batch.fs) {
		e.batch.fs[e.batch.tail], e.batch.at[e.batch.tail] = f, now
		e.batch.tail++
		l.count(e, 1)
		return spare
	}
	b := spare
	if b == nil {
		b = new(batch)
		b.entry.batch = b
	}
	b.fs[0], b.at[0], b.head, b.tail = f, now, 0, 1
	l.push(&b.entry)
	return nil
}

// popFunc takes out the first function of b, which is in a list, and when it
// came. It reports whether b has been taken out of the list, being empty.
func (b *batch) popFunc() (f func(), since time.Duration, out bool) {
	f, since = b.fs[b.head], b.at[b.head]
	b.fs[b.head] = nil
	b.head++
	if b.head == b.tail {
		b.remove()
		return f, since, true
	}
	b.in.count(&b.entry, -1)
	return f, since, false
}

// first returns the entry whose turn is next, or nil.
func (l *list) first() *entry {
	if !l.byDeadline {
		return l.head
	}
	if len(l.heap) == 0 {
		return nil
	}
	return l.heap[0]
}

// pop takes out the first entry, or returns nil.
func (l *list) pop() *entry {
	e := l.first()
	if e != nil {
		e.remove()
	}
	return e
}
