package executor

import (
	"sync"
	"sync/atomic"
)

// A list is a queue of tasks linked through core.next. A task is in one list
// at a time.
type list struct {
	head, tail *core
	n          int
}

func (l *list) push(c *core) {
	c.next = nil
	if l.tail == nil {
		l.head = c
	} else {
		l.tail.next = c
	}
	l.tail = c
	l.n++
}

func (l *list) pop() *core {
	c := l.head
	if c == nil {
		return nil
	}
	l.head = c.next
	if l.head == nil {
		l.tail = nil
	}
	c.next = nil
	l.n--
	return c
}

// A stack takes tasks from any goroutine without a lock and gives all of them
// at once. Since nothing is ever taken from the middle, the same task coming
// back (the ABA of lock-free stacks) does no harm.
type stack struct {
	top atomic.Pointer[core]
}

func (s *stack) push(c *core) (first bool) { return s.pushAll(c, c) }

// pushAll pushes a chain, given from its newest to its oldest task.
func (s *stack) pushAll(newest, oldest *core) (first bool) {
	for {
		top := s.top.Load()
		oldest.next = top
		if s.top.CompareAndSwap(top, newest) {
			return top == nil
		}
	}
}

// takeAll returns a chain of all tasks, the oldest first.
func (s *stack) takeAll() *core {
	if s.top.Load() == nil {
		return nil
	}
	var chain *core
	for c := s.top.Swap(nil); c != nil; {
		next := c.next
		c.next = chain
		chain, c = c, next
	}
	return chain
}

// An injector is a queue that anybody may push to, in order of arrival, and
// workers take from. Pushing is one CAS: a waker never waits for a worker that
// holds a lock and has been descheduled. Taking is under the lock.
type injector struct {
	in    stack
	ready atomic.Int64 // tasks in out
	_     [48]byte     // what pushers write and what takers write apart

	mu  sync.Mutex
	out list
}

func (q *injector) push(c *core) { q.in.push(c) }

// empty reports whether there is nothing to take. It is exact for a push that
// happened before it.
func (q *injector) empty() bool { return q.in.top.Load() == nil && q.ready.Load() == 0 }

// take returns the first of up to want tasks, linked by next, the oldest
// first; share is among how many workers the queue is to be divided.
func (q *injector) take(want, share int) *core {
	if q.empty() {
		return nil
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	for c := q.in.takeAll(); c != nil; {
		next := c.next
		q.out.push(c)
		c = next
	}
	n := min(want, q.out.n/share+1)
	var taken list
	for ; n > 0 && q.out.n > 0; n-- {
		taken.push(q.out.pop())
	}
	q.ready.Store(int64(q.out.n))
	return taken.head
}

// A ring is the run queue of one worker, the owner, who pushes at the tail.
// Owner and thieves take from the head, each task by one CAS.
//
// A slot may be read by a thief while the owner, the head having moved on
// meanwhile, writes the next round's task into it. The thief's CAS then fails
// and what it read is dropped; the slots are atomic so that the read itself is
// harmless.
type ring struct {
	head atomic.Uint32
	_    [60]byte
	tail atomic.Uint32 // written by the owner only
	slot [ringSize]atomic.Pointer[core]
}

const ringSize = 256

// push reports false if there is no room.
func (r *ring) push(c *core) bool {
	t := r.tail.Load()
	if t-r.head.Load() >= ringSize {
		return false
	}
	storeSlot(&r.slot[t%ringSize], c)
	r.tail.Store(t + 1) // publishes the slot
	return true
}

// pop takes the oldest task. Any goroutine may call it.
func (r *ring) pop() *core {
	for {
		h := r.head.Load()
		if h == r.tail.Load() {
			return nil
		}
		c := r.slot[h%ringSize].Load()
		if r.head.CompareAndSwap(h, h+1) {
			return c
		}
	}
}

func (r *ring) len() int { return int(r.tail.Load() - r.head.Load()) }

// stealInto moves half of r, rounded up, to the end of own, whose owner calls
// it, and returns one more, the oldest.
func (r *ring) stealInto(own *ring) *core {
	for {
		h := r.head.Load()
		t := r.tail.Load()
		n := t - h
		if n == 0 {
			return nil
		}
		if n > ringSize {
			continue // h is out of date
		}
		n -= n / 2
		at := own.tail.Load()
		n = min(n, ringSize-(at-own.head.Load())+1)
		first := r.slot[h%ringSize].Load()
		for i := uint32(1); i < n; i++ {
			storeSlot(&own.slot[(at+i-1)%ringSize], r.slot[(h+i)%ringSize].Load())
		}
		if r.head.CompareAndSwap(h, h+n) {
			own.tail.Store(at + n - 1)
			return first
		}
	}
}
