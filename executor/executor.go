package executor

import (
	"context"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"github.com/causeway-go/causeway/internal/ended"
	"github.com/causeway-go/causeway/pollster"
)

// An Executor runs tasks wherever its Run is called: n calls of Run make n
// workers. It has no goroutines of its own, other than those that stand in for
// a worker that is held up. Make it with [New]. All methods may be called from
// any goroutine.
type Executor struct {
	home    home
	options Options
	queues  [3]injector // by Priority + 1
	shared  bool        // the default, see default.go
	bubbled bool        // stands for the default in a bubble
	plain   bool        // tasks need nothing but what spawn gives them
	started atomic.Bool // the default's workers
	onEmpty func()      // called when the last task ends, if not nil

	live   [shards]shard
	closed atomic.Bool

	workers atomic.Pointer[[]*worker] // copied when changed, under mu
	parked  atomic.Int32              // len(idle)
	waking  atomic.Bool               // a worker has been woken and has not looked yet
	mu      sync.Mutex
	idle    []*worker
	tickers []*worker // of TryTick and Tick, when not in use

	tallies      atomic.Pointer[[]*tally] // copied when changed, under mu
	spareTallies []*tally                 // guarded by mu

	monitor  monitor
	observer *observer // nil if nobody looks on
	counts   counts
}

// A shard is a part of the tasks that have been parked at least once: those
// that Close could not find otherwise. Tasks that never wait are never
// entered.
type shard struct {
	alive atomic.Int64 // what the tallies do not count, see tally.go
	mu    sync.Mutex
	shut  bool
	head  *core
	_     [32]byte
}

const shards = 8

// New returns an executor. It starts nothing.
func New(o Options) (*Executor, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	ex := &Executor{options: o}
	ex.home.ex = ex
	ex.observer = newObserver(o.Inspect, o.Labels, o.Trace, o.Name)
	ex.plain = !o.Park && ex.observer == nil
	ex.tallies.Store(new([]*tally))
	ex.workers.Store(new([]*worker))
	ex.monitor.init(ex)
	return ex, nil
}

// A Spawner is where tasks can be spawned: an [*Executor], a [*Local], a
// [*Thread] or a [*Scope].
type Spawner interface {
	// admit makes c, which has its attributes, a task that lives there.
	admit(c *core)
	// launch queues the chain of admitted tasks, the oldest first.
	launch(chain *core)
	// spawn is both for one task without attributes.
	spawn(c *core)
}

// Spawn has f polled by ex until it has ended. It does not block; f is first
// polled by a worker, not here. On an executor that has been closed the task
// has ended, with ErrClosed, when Spawn returns.
//
// Starting and ending a task is one allocation; it must not be done for a
// future that somebody else polls.
func Spawn[T any](ex Spawner, f pollster.Future[T]) *Task[T] {
	t := newTask(f)
	ex.spawn(&t.core)
	return t
}

// SpawnAttr is [Spawn] with attributes.
func SpawnAttr[T any](ex Spawner, a Attr, f pollster.Future[T]) *Task[T] {
	t := newTask(f)
	t.describe(&a)
	ex.admit(&t.core)
	ex.launch(&t.core)
	return t
}

// SpawnAll spawns many futures at once, in order, for less than as many calls
// of [Spawn]. The tasks share one allocation, which stays until the last handle
// to one of them is gone.
func SpawnAll[T any](ex Spawner, futures ...pollster.Future[T]) []*Task[T] {
	tasks := make([]*Task[T], len(futures))
	all := make([]Task[T], len(futures))
	for i, f := range futures {
		tasks[i] = &all[i]
		all[i].init(f)
	}
	if w := ownWorker(ex); w != nil {
		for i := range all {
			w.spawn(&all[i].core)
		}
		w.ex.notify()
		return tasks
	}
	var chain list
	for i := range all {
		ex.admit(&all[i].core)
		chain.push(&all[i].core)
	}
	if chain.head != nil {
		ex.launch(chain.head)
	}
	return tasks
}

func newTask[T any](f pollster.Future[T]) *Task[T] {
	t := new(Task[T])
	t.init(f)
	return t
}

func (t *Task[T]) init(f pollster.Future[T]) {
	if f == nil {
		f = pollster.Failed[T](pollster.ErrNilFuture)
	}
	t.future = f
	t.waker.Init(t)
	t.begin(scheduled)
}

// describe gives c its attributes. Preconditions: nobody else has c yet.
func (c *core) describe(a *Attr) {
	if a.Priority < Low || a.Priority > High {
		panic("executor: no such Priority")
	}
	c.rank = a.Priority
	if a.Park {
		c.flags |= parkOnly
	}
	if a.Goroutine {
		c.flags |= ownStack
	}
	if a.Name != "" || a.Meta != nil {
		e := c.more()
		e.name, e.meta = a.Name, a.Meta
	}
}

// admit implements Spawner.
func (ex *Executor) admit(c *core) {
	if ex.options.Park {
		c.flags |= parkOnly
	}
	if ex.shared {
		ex = ex.inBubble()
	}
	c.home = &ex.home
	c.shard = uint8(ex.shardHere())
	ex.live[c.shard].alive.Add(1)
	if ex.observer != nil {
		ex.observer.watch(c)
	}
}

// spawn implements Spawner: admit and launch, faster.
func (ex *Executor) spawn(c *core) {
	if w := here(); w != nil && w.ex == ex && ex.plain {
		w.spawn(c)
		ex.notify()
		return
	}
	ex.admit(c)
	ex.launch(c)
}

// ownWorker returns the worker that the caller runs on, if it is one of ex and
// may spawn there without more ado.
func ownWorker(ex Spawner) *worker {
	e, ok := ex.(*Executor)
	if !ok || !e.plain {
		return nil
	}
	if w := here(); w != nil && w.ex == e {
		return w
	}
	return nil
}

// spawn makes c a task of w's executor, and queues it here.
func (w *worker) spawn(c *core) {
	w.enroll(c)
	w.push(c)
}

func (w *worker) enroll(c *core) {
	c.home, c.shard = &w.ex.home, uint8(w.shard)
	w.born()
}

// shardHere spreads the tasks such that a worker has a shard to itself.
func (ex *Executor) shardHere() int {
	if w := here(); w != nil && w.ex == ex {
		return w.shard
	}
	return 0
}

// launch implements Spawner. A chain is of tasks admitted together, so they
// have one home.
func (ex *Executor) launch(chain *core) {
	for c := chain; c != nil; {
		next := c.next
		c.next = nil
		c.home.ex.push(c)
		c = next
	}
}

// push queues a task that the caller has made scheduled, and sees to it that a
// worker looks.
func (ex *Executor) push(c *core) {
	if ex.observer != nil {
		if x := c.observed(); x != nil {
			x.changed()
		}
	}
	if c.rank == Normal {
		if w := here(); w != nil && w.ex == ex {
			w.push(c)
			// One that looks for work has the first task itself.
			if !w.looking || w.ring.len() > 1 {
				ex.notify()
			}
			return
		}
	}
	ex.queues[c.rank+1].push(c)
	if ex.closed.Load() {
		// Close has set closed before it emptied the queues. So either it
		// found this task, or we see closed and do it again.
		ex.sweep()
		return
	}
	ex.notify()
}

// notify wakes an idle worker if there is one and none has been woken that has
// not looked for work yet; that one will find what we have just queued, and
// wakes the next one if there is more. So a burst costs one wake-up here.
//
//	push                      worker going idle      worker woken
//	1. queue the task         1. enter idle          1. clear waking
//	2. look at parked,        2. look at queues      2. look at queues
//	   then at waking         3. park
//
// A worker whose 1 comes after our 2 sees our task in its 2. TestModelNoTaskIsLeft
// goes through all orders.
func (ex *Executor) notify() {
	if ex.parked.Load() > 0 && !ex.waking.Load() && ex.waking.CompareAndSwap(false, true) {
		ex.wakeOne()
	}
}

// wakeOne wakes an idle worker. Preconditions: the caller has set waking.
func (ex *Executor) wakeOne() {
	ex.mu.Lock()
	n := len(ex.idle)
	if n == 0 {
		// Before unlocking: a worker that goes idle from now on must not
		// park while a push is passed over because of us.
		ex.waking.Store(false)
		ex.mu.Unlock()
		return
	}
	w := ex.idle[n-1]
	ex.idle = ex.idle[:n-1]
	w.seat = seatOwn
	ex.parked.Store(int32(n - 1))
	ex.mu.Unlock()
	w.notify()
}

// enter puts c into the active list, before it is parked for the first time. It
// reports false if the executor is being closed.
func (ex *Executor) enter(c *core) bool {
	s := &ex.live[c.shard]
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.shut {
		return false
	}
	c.after = s.head
	if s.head != nil {
		s.head.prior = c
	}
	s.head = c
	c.flags |= listed
	return true
}

// leave takes c out again and counts it as ended.
func (ex *Executor) leave(c *core) {
	s := &ex.live[c.shard]
	if c.flags&listed != 0 {
		s.mu.Lock()
		if !s.shut {
			if c.prior != nil {
				c.prior.after = c.after
			} else {
				s.head = c.after
			}
			if c.after != nil {
				c.after.prior = c.prior
			}
		}
		s.mu.Unlock()
		c.flags &^= listed
	}
}

// IsEmpty reports whether all tasks have ended.
func (ex *Executor) IsEmpty() bool { return ex.tasks() == 0 }

// Close ends the executor: every task that has not ended is cancelled and ends
// with [ErrClosed], those who wait are told, every Run returns ErrClosed. The
// futures are dropped here, on the caller's goroutine, except for those being
// polled at the moment, which their workers drop after the poll. Functions that
// wait are ended in their wait, side by side, except for those that were ended
// before and wait in their deferred calls. Close waits for the deferred calls of all.
// Close may be called more than once.
func (ex *Executor) Close() error {
	ex.closed.Store(true)
	var parked []*core
	for i := range ex.live {
		s := &ex.live[i]
		s.mu.Lock()
		s.shut = true
		for c := s.head; c != nil; c = c.after {
			parked = append(parked, c)
		}
		s.head = nil
		s.mu.Unlock()
	}
	for _, w := range *ex.workers.Load() {
		w.tell(signalClose)
	}
	// Side by side: what one of them waits for in its deferred calls another one may
	// have, and give back in its own.
	var bodies sync.WaitGroup
	for _, c := range parked {
		if c.self().ownGoroutine() {
			bodies.Go(func() { ex.shut(c) })
		} else {
			ex.shut(c)
		}
	}
	ex.sweep()
	bodies.Wait()
	ex.monitor.stop()
	return nil
}

// sweep ends every task that is in a queue. Preconditions: closed is set.
func (ex *Executor) sweep() {
	for i := range ex.queues {
		for c := ex.queues[i].take(1<<30, 1); c != nil; {
			next := c.next
			c.next = nil
			ex.shut(c)
			c = next
		}
	}
	for _, w := range *ex.workers.Load() {
		for c := w.ring.pop(); c != nil; c = w.ring.pop() {
			ex.shut(c)
		}
	}
}

// shut drops c, unless somebody else is about to.
func (ex *Executor) shut(c *core) {
	if update(c, shutState) {
		ex.finishOff(c)
	}
}

// finishOff passes the end of the executor on to c, on the caller's goroutine.
// Preconditions: the caller holds running.
func (ex *Executor) finishOff(c *core) {
	over := false
	defer func() {
		if !over {
			ex.caught(c, recover())
		}
		ex.leave(c)
		c.ended(nil)
	}()
	set(c, tellState)
	r := c.self()
	if !r.drop(ErrClosed) {
		// A function that has deferred calls to run. It cannot suspend any
		// more, so this is its last step.
		for !r.step(nil) {
		}
	}
	over = true
}

// caught puts in place what has come out of a poll or a drop instead of a
// result: a panic, or runtime.Goexit if v is nil.
func (ex *Executor) caught(c *core, v any) {
	c.self().forget()
	if v != nil {
		c.panicked(v, debug.Stack(), ex.options.OnPanic)
	} else {
		c.fail(ErrGoexit)
	}
}

// Run polls tasks until ctx ends, and is one worker meanwhile. It returns an
// error for which errors.Is holds with ctx.Err(), or ErrClosed once the
// executor is closed. Tasks that have not ended stay with the executor.
//
// The calling goroutine is the worker, so a panic in it would be a bug of this
// package: those of tasks go to their waiters. If it is locked to its OS thread,
// which would make every wake-up slow and does nothing for tasks that move
// between workers, another goroutine works in its place. If a task calls
// runtime.Goexit, the goroutine ends when Run would have returned.
func (ex *Executor) Run(ctx context.Context) error {
	w := newWorker(ex)
	w.base = ctx
	w.join()
	stop := context.AfterFunc(ctx, func() { w.tell(signalStop) })
	defer stop()
	w.work()
	if ex.closed.Load() {
		return ErrClosed
	}
	return ended.Error(ctx)
}
