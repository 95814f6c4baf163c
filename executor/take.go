package executor

import "runtime"

// Where a worker takes its tasks from, and puts them.

// next returns a task to poll, or nil.
func (w *worker) next() *core {
	w.ticks++
	if w.ticks%globalEvery == 0 {
		w.publish()
		if cooperative {
			runtime.Gosched()
		}
		if c := w.ex.queues[Normal+1].take(1, 1); c != nil {
			return c
		}
	}
	if w.ticks%lowEvery == 0 {
		if c := w.ex.queues[Low+1].take(1, 1); c != nil {
			return c
		}
	}
	if w.ticks%highPause != 0 && !w.ex.queues[High+1].empty() {
		if c := w.ex.queues[High+1].take(1, 1); c != nil {
			return c
		}
	}
	if c := w.ring.pop(); c != nil {
		return c
	}
	if c := w.grab(); c != nil {
		return c
	}
	if c := w.ex.queues[High+1].take(1, 1); c != nil {
		return c
	}
	return w.ex.queues[Low+1].take(1, 1)
}

// grab takes tasks from the queue of all, or else from another worker, keeps
// all but the first for later, and has others look for more.
func (w *worker) grab() *core {
	workers := *w.ex.workers.Load()
	c := w.ex.queues[Normal+1].take(batch, max(len(workers), 1))
	if c != nil {
		for x := c.next; x != nil; {
			next := x.next
			w.push(x)
			x = next
		}
		c.next = nil
	} else if c = w.steal(workers); c == nil {
		return nil
	}
	if w.ring.len() > 0 || !w.ex.queues[Normal+1].empty() {
		w.ex.notify()
	}
	return c
}

// steal takes half of the tasks of another worker, starting at a random one.
func (w *worker) steal(workers []*worker) *core {
	w.seed = w.seed*1664525 + 1013904223
	for i := range workers {
		x := workers[(int(w.seed>>8)+i)%len(workers)]
		if x == w {
			continue
		}
		if c := x.ring.stealInto(&w.ring); c != nil {
			return c
		}
	}
	return nil
}

// push queues c here. If there is no room, half of the queue goes to everybody.
func (w *worker) push(c *core) {
	for !w.ring.push(c) {
		for range ringSize / 2 {
			if x := w.ring.pop(); x != nil {
				w.ex.queues[Normal+1].push(x)
			}
		}
	}
	if w.ex.closed.Load() {
		w.ex.sweep() // see Executor.push
	}
}

// requeue queues c, which has been woken during its poll: at the end, so that
// one that wakes itself again and again does not keep others waiting.
func (w *worker) requeue(c *core) {
	if c.rank != Normal {
		w.ex.queues[c.rank+1].push(c)
		if w.ex.closed.Load() {
			w.ex.sweep()
		}
		return
	}
	w.push(c)
	if w.ring.len() > 1 {
		w.ex.notify()
	}
}

// nothingElse reports whether w may as well poll the same task again.
func (w *worker) nothingElse() bool {
	q := &w.ex.queues
	return w.signal.Load() == 0 && w.ring.len() == 0 && q[Normal+1].empty() && q[High+1].empty() && q[Low+1].empty()
}

// pending reports whether there is a task in any queue.
func (ex *Executor) pending() bool {
	for i := range ex.queues {
		if !ex.queues[i].empty() {
			return true
		}
	}
	for _, w := range *ex.workers.Load() {
		if w.ring.len() > 0 {
			return true
		}
	}
	return false
}
