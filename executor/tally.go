package executor

import "sync/atomic"

// A tally is how many tasks have begun and ended on one worker, who alone
// writes it. It outlives the worker and is given to the next one. What begins
// or ends elsewhere is counted in a shard, which takes an atomic addition; a
// worker would pay two of those for each task.
type tally struct {
	born, died uintptr
	_          [48]byte
}

// takeTally returns one that nobody writes. Preconditions: the caller holds mu.
func (ex *Executor) takeTally() *tally {
	if n := len(ex.spareTallies); n > 0 {
		t := ex.spareTallies[n-1]
		ex.spareTallies = ex.spareTallies[:n-1]
		return t
	}
	t := new(tally)
	old := *ex.tallies.Load()
	all := append(old[:len(old):len(old)], t)
	ex.tallies.Store(&all)
	return t
}

// born counts a task that begins.
func (w *worker) born() { storeWord(&w.tally.born, w.tally.born+1) }

// died counts c as ended, on w if that is not nil.
func (ex *Executor) died(c *core, w *worker) {
	if w != nil && ex.onEmpty == nil {
		storeWord(&w.tally.died, w.tally.died+1)
		return
	}
	if ex.live[c.shard].alive.Add(-1); ex.onEmpty != nil && ex.IsEmpty() {
		ex.onEmpty()
	}
}

// tasks returns how many tasks have not ended. It may count some that end
// meanwhile, but misses none: a task is counted as begun before it can be
// counted as ended, and what is read here first is what has ended.
func (ex *Executor) tasks() (n int) {
	all := *ex.tallies.Load()
	for _, t := range all {
		n -= int(atomic.LoadUintptr(&t.died))
	}
	for i := range ex.live {
		n += int(ex.live[i].alive.Load())
	}
	for _, t := range *ex.tallies.Load() { // there may be new ones
		n += int(atomic.LoadUintptr(&t.born))
	}
	return n
}
