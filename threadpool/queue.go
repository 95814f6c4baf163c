package threadpool

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
	jobs       int // how many of the entries are jobs
}

func (l *list) push(e *entry) {
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
	if e.job != nil {
		l.jobs += n
	}
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
	l.count(e, -1)
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
