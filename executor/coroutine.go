package executor

import (
	"context"
	"iter"
	"runtime"
	"runtime/pprof"
	"sync/atomic"
	"time"

	"github.com/causeway-go/causeway/executor/internal/threadlock"
	"github.com/causeway-go/causeway/internal/goroutine"
	"github.com/causeway-go/causeway/internal/park"
	"github.com/causeway-go/causeway/internal/stacks"
)

// A coroutine runs the bodies of functions, one after the other. It is an
// iter.Pull, or, for a body that wants a goroutine to itself, a goroutine that
// is run while its driver waits.
//
// # The thread lock
//
// Every switch of an iter.Pull, in both directions, must happen under the
// thread lock it was made under, or the process dies. So:
//
//   - It is made by the driver that first resumes it; on an Executor on a
//     goroutine that is not locked, whatever the driver's is.
//   - resume looks at the lock. If it does not match, a coroutine made
//     without a lock is resumed by a goroutine made for it; one made under a
//     lock is not resumed (Local only; see Local.resumable).
//   - A body that is to be suspended while the lock does not match, because it
//     has called LockOSThread or is inside a call from C, parks instead.
//   - A body that ends with another lock than it began with gets it put right.
//
// # Who is where
//
// driver and the plain fields belong to whoever is running: the driver before
// a switch, the body after it. A switch orders what was done before it before
// what is done after it. permit and late are for Unpark, which comes from
// anywhere.
type coroutine struct {
	place  goroutine.Place
	driver *driver // who resumed it last; nil in Executor.Close
	task   *core
	body   body
	lock   threadlock.State
	self   uintptr // the identity of its goroutine
	number uint64  // its number, where stacks are wanted

	own     bool // a goroutine of its own
	kept    bool // its place stays registered while it is suspended
	ended   bool // the body is over
	over    bool // it ends, or has ended; there is no next body
	closing bool // it cannot be suspended any more
	breaks  bool // the next suspension ends the body
	forced  bool // the body has been ended by force
	after   bool // the wait has begun after the context of the body ended
	held    bool // between BeforeWait and AfterWait, if that holds up the driver
	watch   context.Context
	until   time.Time // see patient

	permit atomic.Bool
	late   atomic.Pointer[park.Notifier]

	next  func() (struct{}, bool)
	yield func(struct{}) bool
}

// A body is a function that a coroutine runs. What ends it otherwise than by
// returning is caught in it, except that runtime.Goexit cannot be stopped.
type body interface {
	run()
	// looked reports whether it knows from its context that it is to end.
	looked() bool
	// over reports whether its context has ended.
	over() bool
	// tells reports whether ctx, which has not ended, may be about to: it comes from
	// the context of the body, and a goroutine may wait for that.
	tells(ctx context.Context) bool
}

// exited is what comes out of next when a body has ended its goroutine.
var exited = new(int)

// How many suspended coroutines stay registered, all together. It saves 15 ns
// at each switch; there are 2048 cells in the registry, and the rest is for
// those that are running.
const keptMax = 512

var keptNow atomic.Int64

func lockState() threadlock.State { return threadlock.Current() }

// coroutine returns a coroutine for the next body.
func (d *driver) coroutine(own bool) *coroutine {
	if own {
		return newGoroutine()
	}
	if n := len(d.free); n > 0 {
		co := d.free[n-1]
		if d.local == nil || co.lock == threadlock.Current() {
			d.free[n-1], d.free = nil, d.free[:n-1]
			return co
		}
	}
	if d.local == nil && threadlock.Current().Locked() {
		var co *coroutine
		elsewhere(func() { co = newCoroutine() })
		return co
	}
	return newCoroutine()
}

// freeMax is how many coroutines without a body a driver keeps.
const freeMax = 256

// put takes a coroutine back whose body has ended.
func (d *driver) put(co *coroutine) {
	if co.over {
		return
	}
	co.body, co.task, co.watch = nil, nil, nil
	co.breaks, co.closing = false, false // of a body that did not wait any more
	if co.own || d == nil || len(d.free) >= freeMax {
		co.end(d)
		return
	}
	d.free = append(d.free, co)
}

// end ends a coroutine that has no body.
func (co *coroutine) end(d *driver) {
	co.body = nil
	if co.lock.Locked() && co.lock != threadlock.Current() {
		return // its goroutine cannot be reached from here, and remains
	}
	co.resume(d)
}

// endCoroutines ends those that d has kept.
func (d *driver) endCoroutines() {
	for _, co := range d.free {
		co.end(d)
	}
	d.free = nil
}

func newCoroutine() *coroutine {
	co := &coroutine{lock: threadlock.Current()}
	co.next, _ = iter.Pull(co.main)
	return co
}

// main is what the coroutine runs.
func (co *coroutine) main(yield func(struct{}) bool) {
	co.yield = yield
	co.self = goroutine.Current()
	if d := co.driver; d != nil && d.worker != nil && d.worker.seat == seatLent {
		pprof.SetGoroutineLabels(d.worker.base) // not those of the guest
	}
	co.kept = keptNow.Add(1) <= keptMax
	normal := false
	defer func() {
		keptNow.Add(-1)
		co.over, co.ended = true, true
		if l := co.local(); l != nil {
			l.watch.forget()
		}
		if normal {
			return
		}
		// runtime.Goexit in the body. iter.Pull would pass it on to whoever
		// calls next, that is, end the worker; a panic that it recovers takes
		// its place.
		co.place.Leave()
		co.relock()
		panic(exited)
	}()
	if co.kept {
		co.place.Enter(co)
	}
	for co.body != nil {
		if !co.kept {
			co.place.Enter(co)
		}
		co.gained(true)
		co.body.run()
		co.gained(false)
		if !co.kept {
			co.place.Leave()
		}
		co.ended = true
		co.relock()
		yield(struct{}{})
	}
	if co.kept {
		co.place.Leave()
	}
	normal = true
}

// relock gives the thread back the lock that the coroutine was made under.
func (co *coroutine) relock() {
	if co.own {
		return
	}
	for now := threadlock.Current(); now != co.lock; now = threadlock.Current() {
		have, known := now.Depth()
		want, _ := co.lock.Depth()
		switch {
		case !known || have > want:
			runtime.UnlockOSThread()
		case have > 0:
			runtime.LockOSThread()
		default:
			// Nothing can bring this goroutine back to its thread.
			crash("executor: a task has unlocked the OS thread that its Local is locked to", nil)
		}
	}
}

// resume runs the body until it suspends or ends. It does not panic.
func (co *coroutine) resume(d *driver) {
	co.driver = d
	switch {
	case d == nil:
	case d.local != nil:
		defer d.local.current.Store(goroutine.Current())
	case d.wantsStacks():
		defer d.worker.goroutineID.Store(d.worker.goroutineID.Load())
	}
	if !co.own && threadlock.Current() != co.lock {
		if co.lock.Locked() {
			panic("executor: a stack was to be resumed under another thread lock")
		}
		elsewhere(co.switchTo)
		return
	}
	co.switchTo()
}

func (co *coroutine) switchTo() {
	defer func() {
		if v := recover(); v != nil && v != any(exited) {
			panic(v)
		}
	}()
	co.next()
}

// suspend gives control back to the driver. It must be called on the
// coroutine.
func (co *coroutine) suspend() {
	// A job that runs inside the body has registered the goroutine too; then
	// it stays as it is, since only its innermost place can leave.
	leave := !co.kept && goroutine.Here() == &co.place
	if leave {
		co.place.Leave()
	}
	co.yield(struct{}{})
	co.regained()
	if leave {
		co.place.Enter(co)
	}
}

// local returns the Local that co runs for, or nil.
func (co *coroutine) local() *Local {
	if co.driver == nil {
		return nil
	}
	return co.driver.local
}

// gained is called when control comes to a body, and when the body is over.
func (co *coroutine) gained(busy bool) {
	if co.driver != nil && co.driver.wantsStacks() && co.number == 0 {
		co.number = stacks.ID()
	}
	co.regained()
	if l := co.local(); l != nil {
		l.watch.note(busy)
	}
}

// regained tells the driver that it is this goroutine that runs for it now.
func (co *coroutine) regained() {
	d := co.driver
	switch {
	case d == nil:
	case d.local != nil:
		d.local.current.Store(co.self)
	case d.wantsStacks():
		d.worker.goroutineID.Store(co.number)
	}
}

// wantsStacks reports whether somebody wants the stack of a worker that is
// stuck.
func (d *driver) wantsStacks() bool {
	return d.worker != nil && d.worker.ex.options.OnStuck != nil
}

// BeforeWait implements goroutine.Hooks.
func (co *coroutine) BeforeWait() goroutine.Parker {
	if co.task.flags&parkOnly == 0 && (co.own || threadlock.Current() == co.lock) {
		return co
	}
	if c := co.subject(); c.flags&observing != 0 {
		c.observed().waits(true)
	}
	if d := co.driver; d != nil && d.worker != nil {
		co.held = true
		d.worker.holdUp(heldWaiting)
	}
	return nil
}

// subject returns the task whose code runs on co.
func (co *coroutine) subject() *core {
	if lp, ok := co.body.(*loop); ok && lp.now != nil {
		return lp.now
	}
	return co.task
}

// AfterWait implements goroutine.Hooks.
func (co *coroutine) AfterWait() {
	if c := co.subject(); c.flags&observing != 0 {
		c.observed().goesOn()
	}
	if co.held {
		co.held = false
		co.driver.worker.release(heldWaiting)
	}
}

// Watch implements goroutine.Watcher.
func (co *coroutine) Watch(ctx context.Context) { co.watch = ctx }

// Park implements goroutine.Parker.
func (co *coroutine) Park(w goroutine.Wait) {
	if c := co.subject(); c.flags&observing != 0 {
		x := c.observed()
		x.waits(false)
		defer x.goesOn()
	}
	co.excuse()
	for !co.permit.Load() {
		if co.breaks && !co.toldByContext() && w.Withdraw() {
			co.exit()
		}
		// Else an Unpark is on its way, from whoever we wait for or from the
		// context. In the first case it is the next wait that is ended.
		if co.closing {
			co.parkLate()
			continue
		}
		co.suspend()
	}
	co.permit.Store(false)
	co.until = time.Time{}
	if co.breaks && co.watch.Done() != nil && co.watch.Err() != nil {
		co.breaks = false // this wait ends with the error of its context
	}
}

// toldByContext reports whether the wait ends by the context that it watches. Where
// the executor ends too, nobody waits for a context that has yet to hear of it.
func (co *coroutine) toldByContext() bool {
	ctx := co.watch
	return ctx.Done() != nil && (ctx.Err() != nil || !co.closing && co.body.tells(ctx) && co.patient())
}

// tellTime is how long a wait that is to end is left to a context that may be about
// to. One that is told by a goroutine of package context ends when that gets to run;
// one that has its values from the context of the body and nothing else, as by
// context.WithoutCancel, never does, and there is no telling which it is.
const tellTime = 100 * time.Millisecond

// patient reports whether the wait is left to its context. When that is over the task
// is woken.
func (co *coroutine) patient() bool {
	if co.until.IsZero() {
		co.until = time.Now().Add(tellTime)
		time.AfterFunc(tellTime, co.task.wake)
	}
	return time.Now().Before(co.until)
}

// parkLate parks the goroutine, since there is no executor any more that could
// resume it.
func (co *coroutine) parkLate() {
	n := park.New()
	n.Begin()
	co.late.Store(n)
	if !co.permit.Load() {
		n.Park()
	}
	co.late.Store(nil)
}

// Yield implements goroutine.Yielder.
func (co *coroutine) Yield(ctx context.Context, leave bool) {
	if co.excuse(); co.breaks { // else waits that are over before they begin never end it
		co.exit()
	}
	if co.closing || co.task.flags&parkOnly != 0 || !co.own && threadlock.Current() != co.lock {
		if leave {
			runtime.Gosched()
		}
		return
	}
	co.task.wake()
	co.suspend()
	if leave && co.breaks {
		for co.watch = ctx; ctx.Err() == nil && co.toldByContext(); {
			runtime.Gosched()
			co.task.wake()
			co.suspend()
		}
		if ctx.Done() == nil || ctx.Err() == nil {
			co.exit()
		}
		co.breaks, co.until = false, time.Time{}
	}
}

// exit ends the body by force. What it has deferred is not ended once more: that may
// wait for somebody who uses what is the body's.
func (co *coroutine) exit() {
	co.breaks, co.until, co.forced = false, time.Time{}, true
	runtime.Goexit()
}

// excuse is called at the beginning of a wait. A body that was told of its end
// when it gave way went on as one that runs: if it has looked at its context since,
// no wait is ended.
func (co *coroutine) excuse() {
	co.after = co.body.over()
	if co.breaks && !co.closing && co.body.looked() {
		co.breaks = false
	}
}

// Unpark implements goroutine.Parker.
func (co *coroutine) Unpark() {
	task := co.task
	co.permit.Store(true)
	if n := co.late.Load(); n != nil {
		n.Notify(1)
	}
	task.wake()
}

// newGoroutine returns a coroutine that is a goroutine. Control is handed over
// by two notifiers, so that a body may lock its thread.
func newGoroutine() *coroutine {
	co := &coroutine{own: true}
	in, out := park.New(), park.New()
	inPermit, outPermit := in.Begin(), out.Begin()
	started := false
	co.next = func() (struct{}, bool) {
		if started {
			in.Notify(inPermit)
		} else {
			started = true
			go func() {
				defer out.Notify(outPermit)
				defer func() {
					if v := recover(); v != nil && v != any(exited) {
						panic(v)
					}
				}()
				co.main(co.yield)
			}()
		}
		out.Park()
		return struct{}{}, true
	}
	co.yield = func(struct{}) bool {
		out.Notify(outPermit)
		in.Park()
		return true
	}
	return co
}
