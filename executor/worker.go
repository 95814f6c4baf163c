package executor

import (
	"context"
	"runtime"
	"sync/atomic"

	"github.com/causeway-go/causeway/executor/internal/threadlock"
	"github.com/causeway-go/causeway/internal/glance"
	"github.com/causeway-go/causeway/internal/goroutine"
	"github.com/causeway-go/causeway/internal/park"
	"github.com/causeway-go/causeway/internal/stacks"
)

// A worker is a goroutine that polls tasks: one that has called Run, one that
// stands in for such a one, or one inside Tick.
type worker struct {
	driver
	ex     *Executor
	ring   ring
	place  goroutine.Place
	signal atomic.Uint32
	notif  *park.Notifier
	permit uint64 // the one generation of notif
	shard  int

	base    context.Context // whose labels the goroutine has between polls
	current *core           // being polled or dropped, by this goroutine
	tally   *tally
	spares  list // tasks without a handle that have ended
	ticks   uint32
	seed    uint32
	fresh   bool   // has slept and not polled since
	looking bool   // in look
	again   int    // againMax, or 0 in a tick, which is one poll
	polls   uint64 // not yet in ex.counts
	over    chan struct{}

	// The goroutine that runs the current poll, for OnStuck only.
	goroutineID atomic.Uint64

	ticking bool   // polls inside Tick only; set once
	bubbled bool   // its goroutine is in a synctest bubble; set before it sleeps
	ownID   uint64 // goroutineID, while w is lent

	// Guarded by ex.mu:
	seat   seat // whose w is, see borrow.go
	awake  bool // between wake-up and sleep, or lent: the monitor looks at it
	held   uint8
	helper *worker // the stand-in, working or not
}

// A driver is what polls tasks: the worker of an Executor, or a Local. It keeps
// coroutines for the functions among them.
type driver struct {
	worker *worker
	local  *Local
	free   []*coroutine
}

// The signals to a worker, which it looks at before each poll.
const (
	signalStop   uint32 = 1 << iota // its Run is to return
	signalClose                     // the executor has ended
	signalRetire                    // a stand-in: nobody needs it any more
	signalProbe                     // set by the monitor, cleared by the worker: a sign of life
	signalStuck                     // the monitor has found it stuck
)

const signalQuit = signalStop | signalClose | signalRetire

// How often a worker looks where it would not look otherwise, in polls. See
// «Fairness» in the package documentation.
const (
	globalEvery = 61  // at the queue of tasks from elsewhere, though it has its own
	lowEvery    = 64  // at the tasks of low priority, though there are others
	highPause   = 8   // not at the tasks of high priority, though there are some
	againMax    = 64  // polls of one task in a row, while there is no other
	batch       = 128 // tasks taken from a queue at a time, at most
)

// cooperative says that nothing interrupts a goroutine that does not wait, so a
// worker with ready tasks has to let others in by itself.
const cooperative = runtime.GOARCH == "wasm"

func newWorker(ex *Executor) *worker {
	w := &worker{ex: ex, notif: park.New(), again: againMax, base: context.Background()}
	w.driver.worker = w
	w.permit = w.notif.Begin()
	return w
}

// join makes w known to its executor, who may then steal from it.
func (w *worker) join() {
	ex := w.ex
	ex.mu.Lock()
	defer ex.mu.Unlock()
	old := *ex.workers.Load()
	all := append(old[:len(old):len(old)], w)
	w.shard = len(all) % shards
	w.seed = uint32(len(all)) * 2654435769
	w.tally = ex.takeTally()
	ex.workers.Store(&all)
	if ex.closed.Load() {
		w.signal.Or(signalClose)
	}
}

// part undoes join.
func (w *worker) part() {
	ex := w.ex
	ex.mu.Lock()
	defer ex.mu.Unlock()
	old := *ex.workers.Load()
	all := make([]*worker, 0, len(old))
	for _, x := range old {
		if x != w {
			all = append(all, x)
		}
	}
	ex.workers.Store(&all)
	ex.spareTallies = append(ex.spareTallies, w.tally)
	w.tally = nil
}

// tell sets a signal and wakes the worker, and those who stand in for it.
func (w *worker) tell(signal uint32) {
	w.signal.Or(signal)
	w.notify()
	if signal&(signalStop|signalClose) != 0 {
		w.ex.mu.Lock()
		h := w.helper
		w.ex.mu.Unlock()
		if h != nil {
			h.tell(signal)
		}
	}
}

func (w *worker) notify() { w.notif.Notify(w.permit) }

// work is Run on a worker that has joined.
func (w *worker) work() {
	if threadlock.Current().Locked() {
		elsewhere(w.work)
		return
	}
	w.place.Enter(w)
	w.bubbled = goroutine.InBubble()
	if w.ex.options.OnStuck != nil {
		w.goroutineID.Store(stacks.ID())
	}
	w.wakeUp()
	for !w.loop() {
	}
	w.place.Leave()
	w.quit()
}

// elsewhere runs f on a goroutine of its own, which is not locked to a thread,
// and waits for it. A panic or Goexit must not leave f.
func elsewhere(f func()) {
	over := make(chan struct{})
	go func() {
		defer close(over)
		f()
	}()
	<-over
}

// quit leaves everything in order behind.
func (w *worker) quit() {
	w.flush()
	w.endCoroutines()
	w.publish()
	w.part()
	w.ex.mu.Lock()
	h := w.helper
	w.awake = false
	w.ex.mu.Unlock()
	if h != nil {
		h.tell(signalStop)
	}
	// Tasks may have been pushed for us alone, and a wake-up meant for
	// anybody may have come to us.
	w.flush()
	w.ex.waking.Store(false)
	if w.ex.pending() {
		w.ex.notify()
	}
	if w.over != nil {
		close(w.over)
	}
}

// flush gives the tasks of w to everybody.
func (w *worker) flush() {
	for c := w.ring.pop(); c != nil; c = w.ring.pop() {
		w.ex.queues[Normal+1].push(c)
	}
	if w.ex.closed.Load() {
		w.ex.sweep()
	}
}

// loop polls tasks until w is to stop, and then reports true. If a poll ends
// with a panic, loop reports false, to be called again: that costs nothing
// until it happens, where a recover around each poll would cost a little each
// time. If a poll ends by Goexit, this goroutine cannot be kept; another one
// goes on as this worker, and this one waits for it, so that its owner sees Run
// end when it should.
func (w *worker) loop() (over bool) {
	normal := false
	defer func() {
		if normal {
			return
		}
		c, v := w.current, recover()
		if v == nil && c == nil {
			w.looking = false
			w.succeed() // a waker has ended this goroutine
			return
		}
		if c == nil {
			panic(v) // not from a task: a bug in here
		}
		w.ex.caught(c, v)
		w.finish(c)
		if v == nil {
			w.succeed()
		}
	}()
	for {
		if s := w.signal.Load(); s != 0 && w.attend(s) {
			normal = true
			return true
		}
		c := w.next()
		if c == nil {
			if w.look() {
				continue
			}
			w.sleep()
			w.fresh = true
			continue
		}
		if w.fresh {
			// We have been woken on behalf of all that was queued meanwhile.
			w.fresh = false
			if w.ex.pending() {
				w.ex.notify()
			}
		}
		w.run(c)
	}
}

// look looks for events that tasks wait for, instead of being woken by somebody
// who has been woken by them. What it finds is queued here, for the most part.
func (w *worker) look() bool {
	w.looking = true
	found := glance.Look()
	w.looking = false
	return found
}

// succeed has another goroutine go on as w. If it is the first time, it waits
// for the end of the last one that does.
func (w *worker) succeed() {
	w.place.Leave()
	over := w.over
	if over == nil {
		w.over = make(chan struct{})
	}
	last := w.over
	go w.work()
	if over == nil {
		<-last
	}
}

// attend looks at the signals and reports whether w is to stop.
func (w *worker) attend(s uint32) bool {
	if s&(signalProbe|signalStuck) != 0 {
		w.signal.And(^(signalProbe | signalStuck))
		if s&signalStuck != 0 {
			w.release(heldStuck)
		}
	}
	return s&signalQuit != 0
}

// run polls c, if it is still to be polled.
func (w *worker) run(c *core) {
	if c.state.Load()&unpolled != 0 {
		w.runDetached(c)
		return
	}
	if update(c, beginState) {
		w.current = c
		w.poll(c, c.self(), false)
	}
}

// poll polls c, once or in a row, and does what follows; with polled set the
// first poll has been made. Preconditions: w holds running.
func (w *worker) poll(c *core, r runnable, polled bool) {
	for n := 0; ; n++ {
		if polled {
			polled = false
		} else if w.pollOnce(c, r) {
			break
		}
		if n < w.again && w.nothingElse() && update(c, againState) {
			continue
		}
		if s := c.state.Load(); s&scheduled == 0 && c.flags&listed == 0 && !w.ex.enter(c) {
			set(c, func(s uint32) uint32 { return s | canceled | shutting })
			continue
		}
		switch update(c, suspendState) {
		case parked:
			w.current = nil
			return
		case requeue:
			w.current = nil
			w.requeue(c)
			return
		case retell:
			if r.drop(why(c.state.Load())) {
				w.finish(c)
				return
			}
		}
	}
	w.finish(c)
}

// pollOnce polls c once, having passed on a cancellation if there is one, and
// reports whether that was its end.
func (w *worker) pollOnce(c *core, r runnable) (ended bool) {
	if s := c.state.Load(); s&(canceled|told) == canceled {
		set(c, tellState)
		if r.drop(why(s)) {
			return true
		}
	}
	w.polls++
	return w.step(c, r)
}

// step polls c once.
func (w *worker) step(c *core, r runnable) (ended bool) {
	if c.flags&observing != 0 {
		return watchedStep(c, r, &w.driver, w.base)
	}
	return r.step(&w.driver)
}

// why is the error of a task that ends because of a cancellation.
func why(s uint32) error {
	if s&shutting != 0 {
		return ErrClosed
	}
	return ErrCanceled
}

// finish makes the end of c known.
func (w *worker) finish(c *core) {
	w.current = nil
	w.ex.leave(c)
	c.ended(w)
	if c.flags&ownerless != 0 {
		c.after, c.prior = nil, nil
		w.reuse(c)
	}
}

// sleep waits until there may be something to do. The queues are looked at once
// more after w stands in the list of the idle, see Executor.notify.
func (w *worker) sleep() {
	ex := w.ex
	w.publish()
	ex.mu.Lock()
	w.enterIdle()
	w.awake = false
	ex.mu.Unlock()
	if !ex.pending() && w.signal.Load()&^signalProbe == 0 {
		w.park()
		ex.counts.wakeUps.Add(1)
	}
	w.wakeUp()
}

func (w *worker) park() { w.notif.WaitAt(w.place.Outer(), context.Background(), false) }

// wakeUp is the end of sleep: w leaves the list, unless it has been taken out
// by whoever woke it, who then waits for waking to be cleared. If it is lent,
// sleep goes on: the guest will see why it was to end.
func (w *worker) wakeUp() {
	ex := w.ex
	ex.mu.Lock()
	for w.seat == seatLent {
		ex.mu.Unlock()
		w.park()
		ex.mu.Lock()
	}
	taken := w.seat == seatOwn
	if !taken {
		w.seat = seatOwn
		for i, x := range ex.idle {
			if x == w {
				ex.idle = append(ex.idle[:i], ex.idle[i+1:]...)
				break
			}
		}
		ex.parked.Store(int32(len(ex.idle)))
	}
	w.awake = true
	ex.mu.Unlock()
	if taken {
		ex.waking.Store(false)
	}
	ex.monitor.arm()
}
