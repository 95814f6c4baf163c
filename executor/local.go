package executor

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/causeway-go/causeway/executor/internal/threadlock"
	"github.com/causeway-go/causeway/internal/ended"
	"github.com/causeway-go/causeway/internal/goroutine"
	"github.com/causeway-go/causeway/internal/park"
)

// LocalOptions are the settings of a [Local]. The zero value is good.
type LocalOptions struct {
	// OnWake is called when a task becomes ready while the Local sleeps: once
	// per sleep, on the goroutine that woke the task. It must not block, and
	// have Poll called soon: post an event, write to a pipe. Run needs none.
	OnWake func()

	// Turn, if not nil, is called by Poll after the ready tasks, on the same
	// goroutine: the place for something else that is driven by this loop,
	// such as a reactor with its timers. It must not block, and returns when
	// it wants to be called again at the latest, if it knows.
	Turn func() (next time.Time, known bool)

	// Park makes every task park where it would suspend, as Attr does for one
	// task: the whole Local then stands still until the wait is over.
	Park bool

	// OnStop, if not nil, is called when one poll has taken longer than
	// StopAfter, with the stack of that poll and those of the tasks of this
	// Local that are suspended in a wait. If the first is in sync.Mutex.Lock,
	// one of the others holds that mutex. It is called once per poll, on a
	// goroutine of its own.
	OnStop func(stuck []byte, suspended [][]byte)

	// StopAfter is how long a poll may take until OnStop is called: between
	// once and twice this time passes. 0 means a second.
	StopAfter time.Duration

	// Inspect, Labels and Trace are as in Options.
	Inspect, Labels, Trace bool

	// OnPanic is as in Options.
	OnPanic func(v any, stack []byte)
}

// A Local runs tasks on one goroutine, the one that calls [Local.Run] or, now
// and then, [Local.Poll]. Its tasks therefore need no locks among themselves,
// and if that goroutine is locked to an OS thread, they all run on that thread.
// Make it with [NewLocal].
//
// Spawn, and every method of a task, may be used from any goroutine. A wake
// that comes from the Local's own tasks costs neither lock nor atomic
// read-modify-write; one from elsewhere goes through an inbox.
//
// A future that calls BlockOn in its Poll does not hold up the others: the
// Local goes on polling on another stack.
type Local struct {
	home     home
	driver   driver
	onPanic  func(any, []byte)
	options  LocalOptions
	observer *observer // nil if nobody looks on

	// The goroutine that runs for the Local at this moment: the caller of Poll
	// or a coroutine it has switched to. 0 outside Poll.
	current atomic.Uintptr
	inbox   stack
	sleep   atomic.Uint32
	alive   atomic.Int64
	closed  atomic.Bool

	// The rest belongs to the goroutine in current.
	ready  fifo
	held   []*core          // cannot be resumed under lock
	lock   threadlock.State // of the latest Poll
	active *core            // list of the tasks that have begun
	loop   *loop            // where tasks are polled now
	idle   *loop            // one to use again
	budget int
	next   time.Time // Turn's last answer
	known  bool

	closing sync.Mutex // ends tasks after closed is set
	notif   *park.Notifier
	permit  uint64
	watch   stopWatch
	spinner spinner
}

// The values of Local.sleep. A waker looks at it after it has put its task
// into the inbox; Poll looks at the inbox after it has set asleep. So one of
// them sees the other.
const (
	asleep uint32 = iota // the next waker calls OnWake, and sets called
	called               // OnWake has been called
	awake                // in Poll, or Poll has said that there is more
)

// The values of core.local.
const (
	queued  uint8 = 1 << iota // in ready, or held
	polling                   // on some stack of the Local
	woken                     // while polling: to be queued afterwards
	gone                      // ended
	begun                     // in the active list
)

// NewLocal returns a Local. It starts nothing.
func NewLocal(o LocalOptions) (*Local, error) {
	if o.StopAfter < 0 {
		return nil, errors.New("executor: negative StopAfter")
	}
	if o.StopAfter == 0 {
		o.StopAfter = time.Second
	}
	l := &Local{options: o, onPanic: o.OnPanic, notif: park.New()}
	if l.onPanic == nil {
		l.onPanic = crash
	}
	l.home.local, l.driver.local = l, l
	l.observer = newObserver(o.Inspect, o.Labels, o.Trace, "")
	l.permit = l.notif.Begin()
	l.watch.init(l)
	return l, nil
}

// admit implements Spawner.
func (l *Local) admit(c *core) {
	if l.options.Park {
		c.flags |= parkOnly
	}
	c.home = &l.home
	c.begin(0)
	l.alive.Add(1)
	if l.observer != nil {
		l.observer.watch(c)
	}
}

func (l *Local) spawn(c *core) {
	l.admit(c)
	l.wake(c)
}

// launch implements Spawner.
func (l *Local) launch(chain *core) {
	for c := chain; c != nil; {
		next := c.next
		c.next = nil
		l.wake(c)
		c = next
	}
}

// OnLocal reports whether the caller runs as part of the Local: in one of its
// tasks, or in Turn.
func (l *Local) OnLocal() bool { return l.current.Load() == goroutine.Current() }

// wake has c polled once more. It is called on any goroutine.
func (l *Local) wake(c *core) {
	if l.OnLocal() {
		l.wakeHere(c)
		return
	}
	for {
		s := c.state.Load()
		if s&done != 0 {
			return
		}
		// Written even if it is set already, see core.update.
		if c.state.CompareAndSwap(s, s|inbox) {
			if s&inbox != 0 {
				return
			}
			break
		}
	}
	l.inbox.push(c)
	if l.closed.Load() {
		l.empty() // see Close
		return
	}
	if l.sleep.Load() == asleep && l.sleep.CompareAndSwap(asleep, called) {
		l.notif.Notify(l.permit)
		if f := l.options.OnWake; f != nil {
			f()
		}
	}
}

// wakeHere is wake on the Local.
func (l *Local) wakeHere(c *core) {
	switch {
	case c.local&(gone|queued) != 0:
	case c.local&polling != 0:
		c.local |= woken
	default:
		c.local |= queued
		l.ready.push(c)
		l.observe(c)
	}
}

// observe notes that c is queued.
func (l *Local) observe(c *core) {
	if c.flags&observing != 0 {
		x := c.observed()
		x.changed()
		x.local.Store(uint32(Queued))
	}
}

// drain moves the inbox to the ready tasks.
func (l *Local) drain() {
	for c := l.inbox.takeAll(); c != nil; {
		next := c.next
		c.next = nil
		set(c, func(s uint32) uint32 { return s &^ inbox })
		l.wakeHere(c)
		c = next
	}
}

// Poll polls tasks that are ready, at most budget times, and reports whether
// there are more. If so, call it again soon; if not, when OnWake is called, or
// at the time that [Local.Deadline] returns. It is for a loop that belongs to
// somebody else; otherwise use Run.
//
// One goroutine at a time calls Poll. It may be inside a callback from C.
// Tasks that are suspended on a stack made under another thread lock (by a Poll
// in another depth of such callbacks) are not continued by this one.
func (l *Local) Poll(budget int) (more bool) {
	if !l.current.CompareAndSwap(0, goroutine.Current()) {
		panic("executor: Poll called inside Poll of the same Local")
	}
	unlock := keepThread()
	defer func() {
		l.current.Store(0)
		unlock()
	}()
	if l.sleep.Load() != awake {
		l.sleep.Store(awake)
	}
	l.watch.begin()
	l.budget = budget
	if now := lockState(); now != l.lock {
		l.lock = now
		for _, c := range l.held {
			l.ready.push(c)
		}
		l.held = l.held[:0]
	}
	l.drain()
	l.poll()
	if turn := l.options.Turn; turn != nil {
		l.next, l.known = turn()
	}
	l.watch.end()
	if l.ready.n > 0 {
		return true
	}
	l.sleep.Store(asleep)
	if l.inbox.top.Load() != nil {
		l.sleep.Store(awake)
		return true
	}
	return false
}

// Deadline returns when Poll wants to be called again at the latest, if Turn
// has said so. It is for the goroutine that calls Poll.
func (l *Local) Deadline() (time.Time, bool) { return l.next, l.known }

// IsEmpty reports whether all tasks have ended.
func (l *Local) IsEmpty() bool { return l.alive.Load() == 0 }

// Run polls tasks on the calling goroutine until ctx ends, and then returns an
// error for which errors.Is holds with ctx.Err(), or ErrClosed if the Local has
// been closed.
func (l *Local) Run(ctx context.Context) error { return l.run(ctx, false) }

// slice is how many polls go by until Run looks at its context.
const slice = 64

func (l *Local) run(ctx context.Context, thread bool) error {
	notify := func() { l.notif.Notify(l.permit) }
	defer context.AfterFunc(ctx, notify)()
	for {
		switch {
		case l.closed.Load():
			return ErrClosed
		case ctx.Err() != nil:
			return ended.Error(ctx)
		case l.Poll(slice):
			if cooperative {
				runtime.Gosched()
			}
			continue
		}
		if thread && l.spin() {
			continue
		}
		var alarm *time.Timer
		if l.known {
			alarm = time.AfterFunc(time.Until(l.next), notify)
		}
		l.notif.Wait(context.Background(), thread)
		if alarm != nil {
			alarm.Stop()
		}
	}
}

// spin looks for a wake from elsewhere for a moment, before the thread goes to
// sleep.
func (l *Local) spin() bool {
	return runtime.GOMAXPROCS(0) > 1 && !goroutine.InBubble() &&
		l.spinner.until(func() bool { return l.sleep.Load() == called })
}

// extraLocks is how often Poll locks a locked thread once more, so that a task
// that calls UnlockOSThread too often does not lose the thread for the rest.
const extraLocks = 4

// Close ends every task that has not ended, with ErrClosed, on the calling
// goroutine, which must be the one that runs the Local, not inside Poll.
func (l *Local) Close() error {
	if !l.current.CompareAndSwap(0, goroutine.Current()) {
		panic("executor: Close of a Local called inside Poll")
	}
	unlock := keepThread()
	defer func() {
		l.current.Store(0)
		unlock()
	}()
	// A task that comes into the inbox after closed is set is ended by whoever
	// put it there, or, if that one finds closing locked, by the last empty.
	l.closed.Store(true)
	l.closing.Lock()
	l.drain()
	for c := l.ready.pop(); c != nil; c = l.ready.pop() {
		l.finishOff(c)
	}
	for c := l.active; c != nil; c = l.active {
		l.finishOff(c)
	}
	l.closing.Unlock()
	l.empty()
	l.driver.endCoroutines()
	l.watch.stop()
	return nil
}

// empty ends what is in the inbox, unless somebody else is about to, who then
// looks once more. Preconditions: closed is set.
func (l *Local) empty() {
	for l.inbox.top.Load() != nil && l.closing.TryLock() {
		for c := l.inbox.takeAll(); c != nil; {
			next := c.next
			c.next = nil
			l.finishOff(c)
			c = next
		}
		l.closing.Unlock()
	}
}

// finishOff passes the end of the Local on to c, unless it has ended.
// Preconditions: the caller holds closing.
func (l *Local) finishOff(c *core) {
	if c.finished() || c.local&gone != 0 {
		return
	}
	if r := c.self(); !l.resumable(r) {
		// Its stack cannot be unwound here; it stays as it is for good.
		r.forget()
		c.fail(ErrClosed)
		l.finish(c)
		return
	}
	over := false
	defer func() {
		if !over {
			l.caught(c, recover())
		}
		l.finish(c)
	}()
	set(c, func(s uint32) uint32 { return s | canceled | shutting | told })
	r := c.self()
	if !r.drop(ErrClosed) {
		for !r.step(nil) {
		}
	}
	over = true
}

// keepThread locks the thread a few times more, if it is locked, and returns
// what undoes that.
func keepThread() (undo func()) {
	if !threadlock.Current().Locked() {
		return func() {}
	}
	lockThread(extraLocks)
	return func() { lockThread(-extraLocks) }
}
