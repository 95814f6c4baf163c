package executor

import (
	"context"
	"sync"

	"github.com/causeway-go/causeway/pollster"
)

// waiters is the table of the calls of Wait under way. A task has one slot for
// the waker of whoever polls it, which is all that most tasks ever need; those
// who call Wait may be many, so they stand here, by the address of the task,
// and a task that nobody waits for pays one bit for it.
//
// The end of a task and a Wait that begins meet like this:
//
//	Wait                                  end
//	1. set awaited, unless done           1. set done
//	2. under the lock of the bucket:      2. if awaited was set: under the
//	   if not done, enter                    lock of the bucket, wake all
//
// If 1 of the end comes first, Wait sees done in its 1 or 2. If 2 of Wait comes
// first, the end finds it.
var waiters waitTable

const waitBuckets = 64

type waitTable struct {
	buckets [waitBuckets]struct {
		mu   sync.Mutex
		head *waitNode
		_    [40]byte // a cache line each
	}
}

// A waitNode is one Wait.
type waitNode struct {
	c     *core
	next  *waitNode
	prior *waitNode
	waker pollster.AtomicWaker
}

// Poll implements pollster.Future. It has no Cancel: leaving a Wait leaves the
// task alone.
func (n *waitNode) Poll(w *pollster.Waker) (struct{}, bool, error) {
	n.waker.Register(w)
	return struct{}{}, n.c.finished(), nil
}

var waitNodes = sync.Pool{New: func() any { return new(waitNode) }}

// wait waits until c is done or ctx has ended.
func (c *core) wait(ctx context.Context) error {
	if !update(c, awaitState) {
		return nil
	}
	n := waitNodes.Get().(*waitNode)
	n.c = c
	if waiters.enter(n) {
		defer waiters.leave(n)
		_, err := pollster.BlockOn(ctx, pollster.Future[struct{}](n))
		return err
	}
	return nil
}

func (t *waitTable) bucket(c *core) int { return int(c.hash() % waitBuckets) }

// enter enters n unless its task is done.
func (t *waitTable) enter(n *waitNode) bool {
	b := &t.buckets[t.bucket(n.c)]
	b.mu.Lock()
	defer b.mu.Unlock()
	if n.c.finished() {
		return false
	}
	n.prior, n.next = nil, b.head
	if b.head != nil {
		b.head.prior = n
	}
	b.head = n
	return true
}

// leave takes n out and frees it.
func (t *waitTable) leave(n *waitNode) {
	b := &t.buckets[t.bucket(n.c)]
	b.mu.Lock()
	if n.prior != nil {
		n.prior.next = n.next
	} else {
		b.head = n.next
	}
	if n.next != nil {
		n.next.prior = n.prior
	}
	b.mu.Unlock()
	n.waker.Take()
	n.c, n.next, n.prior = nil, nil, nil
	waitNodes.Put(n)
}

// wake wakes every Wait for c, a few at a time, outside the lock.
func (t *waitTable) wake(c *core) {
	b := &t.buckets[t.bucket(c)]
	for {
		var found [8]*pollster.Waker
		n := 0
		b.mu.Lock()
		for x := b.head; x != nil && n < len(found); x = x.next {
			if x.c == c {
				if w := x.waker.Take(); w != nil {
					found[n] = w
					n++
				}
			}
		}
		b.mu.Unlock()
		for _, w := range found[:n] {
			w.Wake()
		}
		if n < len(found) {
			return
		}
	}
}
