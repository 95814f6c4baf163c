package executor

import (
	"context"
	"runtime/debug"
	"runtime/pprof"
	"sync"
	"sync/atomic"
	"time"
)

// Go has f run by ex as a task. It does not block.
//
// f is an ordinary function and may call ordinary code. Wherever that code, at
// any depth, waits by way of this module (pollster.BlockOn, Task.Wait,
// unblock.Call, …) the task is suspended and its worker goes on with other
// tasks. Where it waits in any other way (a channel, a sync.Mutex, a system
// call) its worker waits too, as it does while f computes; the monitor of an
// [Executor] then has another one stand in. A goroutine that f starts is an
// ordinary goroutine.
//
// When the task is cancelled, the context of f ends at once. Beyond that, one
// wait is ended: the one that f is suspended in, or if it is running, the next
// one, unless f has looked at its context before, or has one that comes from it
// and was told. A wait that watches the context, or one that ends with it in
// whatever way, returns with its error. A wait that does not cannot return, because
// nothing has happened; it ends f by runtime.Goexit, so that deferred calls run. (A
// context that has the values of that of f and not its end, as by
// context.WithoutCancel, is found out by its not ending for a tenth of a second.)
// Waits that come after that are as usual, in deferred calls too, so cleaning up
// may wait.
//
// f may lock its thread by runtime.LockOSThread; it then parks with the thread
// where it would be suspended. What is still locked when f returns is
// unlocked. If the thread is to die with the function, or waits are long, use
// Attr.Goroutine.
func Go[T any](ex Spawner, f func(ctx context.Context) (T, error)) *Task[T] {
	t := newFunction(f)
	t.inherit(ex)
	ex.spawn(&t.core)
	return &t.Task
}

// GoAttr is [Go] with attributes.
func GoAttr[T any](ex Spawner, a Attr, f func(ctx context.Context) (T, error)) *Task[T] {
	t := newFunction(f)
	t.ctx.parent = a.Context
	t.inherit(ex)
	t.describe(&a)
	ex.admit(&t.core)
	t.ctx.follow(&t.core)
	ex.launch(&t.core)
	return &t.Task
}

// A function is a task whose future is a body on a coroutine. The embedded
// Task comes first, so that a *Task is all a user needs.
type function[T any] struct {
	Task[T]
	f   func(context.Context) (T, error)
	co  *coroutine // nil before the body begins, and when it has ended
	why error      // why the body is being ended, if it is
	ctx taskContext
}

// inherit gives a function in a Scope the values of its context.
func (t *function[T]) inherit(ex Spawner) {
	if s, ok := ex.(*Scope); ok && t.ctx.parent == nil {
		t.ctx.parent = s.ctx
	}
}

func newFunction[T any](f func(context.Context) (T, error)) *function[T] {
	t := &function[T]{f: f}
	t.waker.Init(t)
	t.begin(scheduled)
	return t
}

// OnWake implements pollster.Wakeable.
func (t *function[T]) OnWake() { t.wake() }

// step implements runnable.
func (t *function[T]) step(d *driver) bool {
	co := t.co
	if co == nil {
		co = d.coroutine(t.flags&ownStack != 0)
		co.task, co.body, co.ended = &t.core, t, false
		t.co = co
	}
	co.resume(d)
	if !co.ended {
		return false
	}
	t.co = nil
	d.put(co)
	return true
}

// run is the body of the coroutine.
func (t *function[T]) run() {
	normal := false
	defer func() {
		t.f = nil
		if !normal {
			if v := recover(); v != nil {
				t.panicked(v, debug.Stack(), t.home.onPanic())
			} else if t.why != nil {
				t.fail(t.why)
			} else {
				t.fail(ErrGoexit)
			}
		}
		t.ctx.end()
	}()
	if x := t.observed(); x != nil {
		if x.trace != nil {
			t.ctx.parent = x.trace
		}
		defer x.enter()()
	} else if name := t.Name(); name != "" {
		// The coroutine's goroutine runs nothing else meanwhile, so profiles
		// show what this task costs, under its name.
		pprof.SetGoroutineLabels(pprof.WithLabels(context.Background(), pprof.Labels("task", name)))
		defer pprof.SetGoroutineLabels(context.Background())
	}
	v, err := t.f(&t.ctx)
	normal = true
	t.value = v
	if err != nil {
		t.fail(err)
	}
}

// drop implements runnable.
func (t *function[T]) drop(why error) bool {
	t.ctx.end()
	t.ctx.passed() // or a body that waits with a context of this one is ended by force
	if t.co == nil {
		t.f = nil
		t.fail(why)
		return true
	}
	t.why = why
	// What it waits for since before the end it waits for without knowing of it, though
	// contexts that come from its own have been told, which look at that.
	t.co.breaks = !t.co.forced && (why == ErrClosed || !t.co.after || !t.ctx.noticed())
	if why == ErrClosed {
		t.co.closing = true
	}
	return false
}

// looked implements body.
func (t *function[T]) looked() bool { return t.ctx.noticed() }

// over implements body.
func (t *function[T]) over() bool { return t.ctx.ended.Load() }

// tells implements body.
func (t *function[T]) tells(ctx context.Context) bool {
	return ctx.Value(ownKey{}) == any(&t.ctx) && t.ctx.asked()
}

// interrupt implements runnable.
func (t *function[T]) interrupt() { t.ctx.end() }

// forget implements runnable.
func (t *function[T]) forget() { t.f, t.co = nil, nil }

// A taskContext is the context of a function. It is part of the task, and makes
// its channel only when somebody asks for it.
type taskContext struct {
	parent context.Context // values come from here; may be nil

	mu    sync.Mutex
	later *core       // the task, if its parent is followed once somebody asks
	stop  func() bool // detaches the parent
	ended atomic.Bool // set under mu
	seen  bool        // somebody has been told so
	done  chan struct{}
	funcs map[*func()]struct{}

	passing sync.Mutex // while funcs run; locked under mu
}

// ownKey is the key of a taskContext itself.
type ownKey struct{}

// Deadline implements context.Context.
func (c *taskContext) Deadline() (time.Time, bool) {
	if c.parent != nil {
		return c.parent.Deadline()
	}
	return time.Time{}, false
}

// follow has the end of the parent cancel the task.
func (c *taskContext) follow(task *core) {
	if c.parent == nil || c.parent.Done() == nil {
		return
	}
	stop := context.AfterFunc(c.parent, task.cancel)
	c.mu.Lock()
	if !c.ended.Load() {
		c.stop, stop = stop, nil
	}
	c.mu.Unlock()
	if stop != nil {
		stop()
	}
}

// followLater is for a poll during which nobody watches the parent. It is
// followed when the context is first looked at; a function that does not look pays
// nothing. notLater ends that and returns the task if nobody has looked.
func (c *taskContext) followLater(task *core) {
	// Whether the parent ever ends is not asked yet: to make its channel is
	// an allocation.
	c.later = task
}

func (c *taskContext) notLater() (task *core) {
	c.mu.Lock()
	defer c.mu.Unlock()
	task, c.later = c.later, nil
	return task
}

// catchUp is called when somebody looks at the context.
func (c *taskContext) catchUp() {
	if task := c.notLater(); task == nil {
		return
	} else if c.parent.Err() != nil {
		task.cancel() // now, since he must see it
	} else {
		c.follow(task)
	}
}

// Done implements context.Context.
func (c *taskContext) Done() <-chan struct{} {
	c.catchUp()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.done == nil {
		c.done = make(chan struct{})
		if c.ended.Load() {
			close(c.done)
		}
	}
	return c.done
}

// Err implements context.Context.
func (c *taskContext) Err() error {
	c.catchUp()
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.ended.Load() {
		return nil
	}
	c.seen = true
	return context.Canceled
}

func (c *taskContext) noticed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.seen
}

// asked reports whether somebody has the channel.
func (c *taskContext) asked() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.done != nil
}

// passed waits until whoever has ended the context has told those derived from it.
func (c *taskContext) passed() {
	c.passing.Lock()
	defer c.passing.Unlock()
}

// Value implements context.Context.
func (c *taskContext) Value(key any) any {
	if key == (ownKey{}) {
		return c
	}
	if c.parent != nil {
		return c.parent.Value(key)
	}
	return nil
}

// AfterFunc is what contexts derived from this one attach themselves by,
// instead of by a goroutine each (see context.AfterFunc).
func (c *taskContext) AfterFunc(f func()) (stop func() bool) {
	c.catchUp()
	c.mu.Lock()
	defer c.mu.Unlock()
	key := &f
	if c.ended.Load() {
		c.seen = true
		go f()
		return func() bool { return false }
	}
	if c.funcs == nil {
		c.funcs = make(map[*func()]struct{})
	}
	c.funcs[key] = struct{}{}
	return func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		_, there := c.funcs[key]
		delete(c.funcs, key)
		return there
	}
}

// end ends the context, unless it has ended.
func (c *taskContext) end() {
	c.mu.Lock()
	if c.ended.Load() {
		c.mu.Unlock()
		return
	}
	c.ended.Store(true)
	if c.done != nil {
		close(c.done)
	}
	funcs, stop := c.funcs, c.stop
	c.funcs, c.stop, c.later = nil, nil, nil
	c.passing.Lock()
	defer c.passing.Unlock()
	c.mu.Unlock()
	if stop != nil {
		stop()
	}
	for f := range funcs {
		// Here and now, not on a goroutine: a context derived from this one
		// has to have ended when the task is told. What package context
		// registers does not block, and starts a goroutine for what might.
		(*f)()
	}
}
