package executor

import "github.com/causeway-go/causeway/pollster"

// SpawnDetached is Spawn(ex, f).Detach() for a future whose result nobody wants.
// It does not block. Inside a task of the same executor it does not allocate
// either: since there is no handle, the memory of a task that has ended serves
// for the next one.
//
// A waker that such a task has left somewhere may thereby wake a later one,
// which costs that one a poll in vain.
func SpawnDetached(ex Spawner, f pollster.Future[struct{}]) {
	if w := ownWorker(ex); w != nil {
		w.spawnDetached(f)
		return
	}
	Spawn(ex, f).Detach()
}

// sparesMax is how many tasks without a handle a worker keeps when they have
// ended.
const sparesMax = 256

func (w *worker) spawnDetached(f pollster.Future[struct{}]) {
	if f == nil {
		f = pollster.Failed[struct{}](pollster.ErrNilFuture)
	}
	var t *Task[struct{}]
	if c := w.spares.pop(); c != nil {
		t = c.self().(*Task[struct{}])
		storeState(&t.state, scheduled|detached|unpolled) // stale wakers look at it
	} else {
		t = new(Task[struct{}])
		t.waker.Init(t)
		t.core.begin(scheduled | detached | unpolled)
	}
	t.future, t.flags = f, ownerless
	w.spawn(&t.core)
	w.ex.notify()
}

// runDetached is run for the first poll of a task without a handle. The only one
// who has it is the queue that it has just been taken out of: nobody can wake,
// cancel or close it before the poll, so the state is set and not exchanged; and
// nothing but a wake, which comes too late, can meet its end in that poll.
func (w *worker) runDetached(c *core) {
	storeState(&c.state, running|detached)
	w.current = c
	w.polls++
	r := c.self()
	if !r.step(&w.driver) {
		w.poll(c, r, true)
		return
	}
	if c.extra.Load() != nil { // it has ended with an error, which nobody sees
		c.extra.Store(nil)
	}
	w.current = nil
	storeState(&c.state, done|detached)
	w.ex.died(c, w)
	w.reuse(c)
}

// reuse keeps a task without a handle that has ended, unless it has something
// that few have. Preconditions: w has just finished c.
func (w *worker) reuse(c *core) {
	if w.spares.n < sparesMax && c.extra.Load() == nil {
		w.spares.push(c)
	}
}
