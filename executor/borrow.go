package executor

import (
	"github.com/causeway-go/causeway/executor/internal/threadlock"
	"github.com/causeway-go/causeway/internal/goroutine"
	"github.com/causeway-go/causeway/internal/stacks"
)

// Whose a worker is. Whoever has it may use its plain fields: its queue, its
// coroutines, its counters. Guarded by ex.mu, which also orders what the last
// one did before what the next one does.
//
//	seatOwn   its goroutine has it. Moves to idle in sleep, by that goroutine only.
//	seatIdle  nobody has it. It is in ex.idle; its goroutine parks, or is about to
//	          park, or is on its way out of it. Moves to own by wakeOne, which then
//	          notifies the goroutine, or by that goroutine in wakeUp; and to lent
//	          by a guest, who notifies nobody.
//	seatLent  a guest has it: a goroutine that polls a task of its own (see Do).
//	          Moves back to idle by that guest only.
//
// So there are never more polls at once than workers. A task that is queued while
// the last idle worker is lent finds nobody to wake, as it does when that worker
// polls by itself, and relies on it to look before it sleeps:
//
//	push                      guest giving back
//	1. queue the task         1. enter idle
//	2. look at parked,        2. look at signals and queues: if there is one, or a
//	   then at waking            task, do as one who has set it, or pushed it
//
// If the guest's 1 comes after the push's 2, its 2 sees the task. A worker's
// goroutine that wants to leave sleep while it is lent, for a signal or for a
// task that it has seen after it entered idle, goes on parking; the guest sees
// what it has seen. TestModelNoTaskIsLeftByGuests goes through all orders.
type seat uint8

const (
	seatOwn seat = iota
	seatIdle
	seatLent
)

// idleHere returns an idle worker that the caller now has, or nil if a new task
// has to be queued: there is no such worker or there are tasks before it, or what
// runs here is not an ordinary goroutine, or one locked to its thread, under whose
// lock others could not go on with the task.
func (ex *Executor) idleHere() *worker {
	if ex.parked.Load() == 0 || ex.waking.Load() || ex.queued() || ex.options.Park {
		return nil
	}
	if goroutine.Waiting() != nil || threadlock.Current().Locked() {
		return nil
	}
	return ex.borrow(goroutine.InBubble())
}

// firstPoll makes c, which nobody has queued, a task, polls it on the calling
// goroutine, which has borrowed w, and gives w back. r is c.self().
//
// Only the function that the task is runs code of others here, and it does so on
// its coroutine. So the goroutine is not registered as one that polls.
func (w *worker) firstPoll(c *core, r runnable) {
	defer w.giveBack()
	w.enroll(c)
	if o := w.ex.observer; o != nil {
		o.watch(c)
	}
	c.begin(running)
	w.current = c
	w.poll(c, r, false)
}

// queued reports whether a task waits in a queue for all. One in the queue of a
// worker is that worker's next, or somebody has been woken for it.
func (ex *Executor) queued() bool {
	for i := range ex.queues {
		if !ex.queues[i].empty() {
			return true
		}
	}
	return false
}

// borrow makes the caller the guest of an idle worker, one that lives in a
// synctest bubble or one that does not. It returns nil if the next one in turn
// is something else.
func (ex *Executor) borrow(bubbled bool) *worker {
	ex.mu.Lock()
	n := len(ex.idle)
	if n == 0 {
		ex.mu.Unlock()
		return nil
	}
	w := ex.idle[n-1]
	// Tick polls on the goroutine of its caller and nowhere else.
	if w.ticking || w.bubbled != bubbled || w.signal.Load()&^signalProbe != 0 {
		ex.mu.Unlock()
		return nil
	}
	ex.idle = ex.idle[:n-1]
	ex.parked.Store(int32(n - 1))
	w.seat, w.awake = seatLent, true
	ex.mu.Unlock()
	ex.monitor.arm()
	if ex.options.OnStuck != nil {
		w.ownID = w.goroutineID.Swap(stacks.ID())
	}
	return w
}

// giveBack is the end of borrow. Like sleep it looks at queues and signals once
// more after w stands in the list of the idle.
func (w *worker) giveBack() {
	ex := w.ex
	if ex.options.OnStuck != nil {
		w.goroutineID.Store(w.ownID)
	}
	if w.polls >= globalEvery {
		w.publish()
	}
	if s := w.signal.Load(); s != 0 {
		w.attend(s)
	}
	ex.mu.Lock()
	w.awake = false
	w.enterIdle()
	ex.mu.Unlock()
	if w.signal.Load()&^signalProbe != 0 {
		w.notify()
	}
	if ex.pending() {
		ex.notify()
	}
}

// enterIdle puts w into the list of the idle. Preconditions: the caller has w,
// and holds mu.
func (w *worker) enterIdle() {
	ex := w.ex
	ex.idle = append(ex.idle, w)
	w.seat = seatIdle
	ex.parked.Store(int32(len(ex.idle)))
}
