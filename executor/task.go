package executor

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"sync/atomic"

	"github.com/causeway-go/causeway/pollster"
)

var (
	// ErrCanceled is the error of a task that was cancelled before it had a
	// result. errors.Is(ErrCanceled, context.Canceled) holds.
	ErrCanceled = fmt.Errorf("executor: task %w", context.Canceled)
	// ErrClosed is the error of a task whose executor was closed before the
	// task had a result, and what Run returns on a closed executor.
	ErrClosed = errors.New("executor: closed")
	// ErrGoexit is the error of a task whose code called runtime.Goexit, as
	// t.FailNow of package testing does.
	ErrGoexit = errors.New("executor: task ended by runtime.Goexit")
)

// A PanicError is a panic on its way from a task to whoever waits for it. Wait
// and Poll raise it again; Options.OnPanic gets it when nobody can.
type PanicError struct {
	Value any    // what panic was called with
	Stack []byte // where, as debug.Stack prints it
}

// Error returns the value and the stack.
func (p *PanicError) Error() string {
	return fmt.Sprintf("executor: panic in a task: %v\n\n%s", p.Value, p.Stack)
}

// Unwrap returns the value if it is an error.
func (p *PanicError) Unwrap() error {
	err, _ := p.Value.(error)
	return err
}

// A core is the part of a task that does not depend on its result. Except
// where it says otherwise, a field belongs to whoever holds running (see
// state.go); on a Local, to its goroutine.
type core struct {
	waker pollster.Waker // first, see core_unsafe.go; set once
	state atomic.Uint32
	rank  Priority // set once
	flags uint8
	shard uint8 // of the active list the task is in
	local uint8 // the Local's own state word, see local.go

	next  *core // in one queue, or in the inbox of a Local
	after *core // in the active list, guarded by its lock
	prior *core

	home  *home // set once
	extra atomic.Pointer[extra]

	awaiter pollster.AtomicWaker // the waker of the latest Poll of the task
}

// Flags of a task.
const (
	listed    uint8 = 1 << iota // it is in an active list
	parkOnly                    // it parks where it could suspend
	observing                   // it has an observed
	ownerless                   // there is no handle, see detached.go
	ownStack                    // a function that wants a goroutine of its own
)

// extra is what few tasks have. name, meta and seen are set before the task is
// shared; err and panic before done is set.
type extra struct {
	name  string
	meta  any
	done  func(*core) // called at the end, by the finisher
	seen  *observed   // nil unless somebody looks on
	err   error
	panic *panicRecord
}

// A panicRecord outlives its task, so that a panic nobody has seen is found
// out when the task is garbage.
type panicRecord struct {
	*PanicError
	seen   atomic.Bool
	report func(v any, stack []byte)
}

// home is where a task lives: exactly one of the two.
type home struct {
	ex    *Executor
	local *Local
}

// runnable is what the core knows of its task.
type runnable interface {
	pollster.Wakeable
	// step polls the future once, on behalf of d, and reports whether it has ended, in which
	// case the result is in place.
	step(d *driver) (ended bool)
	// drop passes a cancellation on, with the error the task is to end with.
	// It reports whether the task has ended with that; else it is to be
	// polled on.
	drop(why error) (ended bool)
	// interrupt is called when the task is cancelled, by any goroutine, at
	// any time, also during a step.
	interrupt()
	// forget lets go of the future of a task that has ended in any other way.
	forget()
	// about returns what the task runs, and the context its values come from,
	// if any. It is called before the task is shared.
	about() (code, context.Context)
	// ownGoroutine says that steps run on a goroutine that is not the driver's.
	ownGoroutine() bool
}

// A Task is a future, or a function, that an executor runs, and the handle to
// it. It is itself a [pollster.Future] of the result. All methods may be called
// from any goroutine; as with every future, one goroutine at a time polls it,
// while any number may Wait.
//
// Nothing happens to a task whose handle is dropped: it goes on. A panic in it
// that nobody has seen by the time the handle is garbage is reported like that
// of a detached task.
type Task[T any] struct {
	core
	future pollster.Future[T] // nil when it is gone
	value  T
}

// OnWake implements [pollster.Wakeable]: it has the task polled once more. It
// is what the task's waker calls, and of no use to anybody else.
func (t *Task[T]) OnWake() { t.wake() }

// wake has c polled once more.
func (c *core) wake() {
	if l := c.home.local; l != nil {
		l.wake(c)
		return
	}
	if update(c, wakeState) {
		c.home.ex.push(c)
	}
}

// step implements runnable.
func (t *Task[T]) step(*driver) bool {
	v, ready, err := t.future.Poll(&t.waker)
	if !ready && err == nil {
		return false
	}
	t.value, t.future = v, nil
	if err != nil {
		t.fail(err)
	}
	return true
}

// drop implements runnable.
func (t *Task[T]) drop(why error) bool {
	f := t.future
	t.future = nil
	pollster.Cancel(f)
	t.fail(why)
	return true
}

// interrupt implements runnable: a future is dropped between polls only.
func (t *Task[T]) interrupt() {}

// forget implements runnable.
func (t *Task[T]) forget() { t.future = nil }

// fail puts an error in place as the result.
func (c *core) fail(err error) { c.more().err = err }

// more returns the extra of c, made if need be.
func (c *core) more() *extra {
	if e := c.extra.Load(); e != nil {
		return e
	}
	e := &extra{}
	c.extra.Store(e)
	return e
}

// result returns what the task has ended with. Preconditions: done has been
// seen.
func (t *Task[T]) result() (T, error) {
	e := t.extra.Load()
	if e == nil {
		return t.value, nil
	}
	if e.panic != nil {
		e.panic.seen.Store(true)
		panic(e.panic.PanicError)
	}
	return t.value, e.err
}

// Poll implements [pollster.Future]: the result of the task when it has ended.
// It may be polled again afterwards. A panic in the task is raised again, as a
// [*PanicError].
func (t *Task[T]) Poll(w *pollster.Waker) (v T, ready bool, err error) {
	if !t.Done() {
		t.awaiter.Register(w)
		if !t.Done() {
			return v, false, nil
		}
	}
	v, err = t.result()
	return v, err == nil, err
}

// Wait waits until the task has ended and returns its result. It waits in the
// way that fits where it is called, see [pollster.BlockOn], and may be called
// by any number of goroutines and tasks. If ctx ends first, Wait returns its
// error and the task goes on; to have it cancelled in that case, use
// pollster.BlockOn(ctx, t). A panic in the task is raised again, as a
// [*PanicError] with the stack of the task in it.
func (t *Task[T]) Wait(ctx context.Context) (T, error) {
	if !t.Done() {
		if err := t.core.wait(ctx); err != nil {
			var none T
			return none, err
		}
	}
	return t.result()
}

// Cancel asks the task to end. It does not block, is idempotent, and does
// nothing to a task that has ended: a result that is there stays.
//
// A task that has not begun never does. A future is dropped by the next worker
// that is free (see [pollster.Canceler]), never in the middle of a Poll; if
// that Poll is its last, the task has its result after all. The context of a
// function ends, and the wait that it is in with it: see [Go].
//
// The future is gone when the task has ended: Cancel followed by Wait waits for
// that. The error is then [ErrCanceled].
func (t *Task[T]) Cancel() { t.core.cancel() }

func (c *core) cancel() {
	push := update(c, cancelState)
	if !c.finished() {
		c.self().interrupt()
	}
	if l := c.home.local; l != nil {
		l.wake(c)
	} else if push {
		c.home.ex.push(c)
	}
}

// Detach says that nobody will ask for the result. A panic of a detached task
// is reported by Options.OnPanic, or ends the program, at once.
func (t *Task[T]) Detach() {
	if update(&t.core, detachState) {
		if e := t.extra.Load(); e != nil && e.panic != nil {
			e.panic.unseen()
		}
	}
}

// Done reports whether the task has ended. It does not block.
func (t *Task[T]) Done() bool { return t.finished() }

func (c *core) finished() bool { return c.state.Load()&done != 0 }

// String returns the name of the task and what it is doing, for people.
func (t *Task[T]) String() string {
	name := t.Name()
	if name == "" {
		name = "task"
	}
	s := t.state.Load()
	switch {
	case s&done != 0:
		return name + " (done)"
	case s&canceled != 0:
		return name + " (canceled)"
	case s&running != 0:
		return name + " (running)"
	case s&(scheduled|inbox) != 0:
		return name + " (scheduled)"
	}
	return name + " (waiting)"
}

// Name returns the name the task was given, or "".
func (t *Task[T]) Name() string {
	if e := t.extra.Load(); e != nil {
		return e.name
	}
	return ""
}

// Meta returns the metadata the task was given, or nil.
func (t *Task[T]) Meta() any {
	if e := t.extra.Load(); e != nil {
		return e.meta
	}
	return nil
}

// ended makes the task's end known. Preconditions: the result is in place, and
// the caller holds running, or is the Local's goroutine; w is the worker it
// is, if it is one.
func (c *core) ended(w *worker) {
	s := set(c, finishState)
	if l := c.home.local; l != nil {
		l.alive.Add(-1)
	} else {
		// After it is done, before those who wait are told, so that they do
		// not find it counted.
		c.home.ex.died(c, w)
	}
	e := c.extra.Load()
	if e != nil && e.panic != nil {
		c.keepPanic(e.panic, s&detached != 0)
	}
	if s&awaited != 0 {
		waiters.wake(c)
	}
	if e != nil && e.seen != nil {
		e.seen.leave()
	}
	if e != nil && e.done != nil {
		e.done(c)
	}
	// Last, since a waker that is not ours may call runtime.Goexit.
	if w := c.awaiter.Take(); w != nil {
		c.wakeSafely(w)
	}
}

// wakeSafely wakes the poller of the task. If that panics, the task and its
// worker have nothing to do with it.
func (c *core) wakeSafely(w *pollster.Waker) {
	defer func() {
		if v := recover(); v != nil {
			c.home.onPanic()(v, debug.Stack())
		}
	}()
	w.Wake()
}

func (h *home) onPanic() func(any, []byte) {
	if h.local != nil {
		return h.local.onPanic
	}
	return h.ex.options.OnPanic
}

// panicked puts a panic in place as the result.
func (c *core) panicked(v any, stack []byte, report func(any, []byte)) {
	pe, ok := v.(*PanicError)
	if !ok {
		pe = &PanicError{Value: v, Stack: stack}
	}
	c.more().panic = &panicRecord{PanicError: pe, report: report}
}

// keepPanic keeps a panic for whoever asks for the result, and sees to it that
// it does not vanish when nobody does.
func (c *core) keepPanic(p *panicRecord, nobody bool) {
	if nobody {
		p.unseen()
		return
	}
	runtime.AddCleanup(c, (*panicRecord).unseen, p)
}

// unseen reports a panic, once, unless somebody has seen it.
func (p *panicRecord) unseen() {
	if p.seen.CompareAndSwap(false, true) {
		p.report(p.Value, p.Stack)
	}
}

// crash is the default of Options.OnPanic: it ends the program as a panic that
// nobody recovers does.
func crash(v any, stack []byte) {
	over := make(chan struct{})
	go func() {
		panic(&PanicError{Value: v, Stack: stack})
	}()
	<-over
}
