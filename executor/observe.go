package executor

import (
	"context"
	"reflect"
	"runtime"
	"runtime/pprof"
	"runtime/trace"
	"sync"
	"sync/atomic"
	"time"
)

// An observer is what an executor with one of the options Inspect, Labels and
// Trace has, and others have not. Its tasks are marked, so that what is done
// for it costs the others one look at a flag they read anyway.
type observer struct {
	inspect bool
	labels  bool
	trace   bool
	name    string // of the executor

	mu   sync.Mutex
	last uint64
	head *observed // every task that has not ended, the latest first
}

// newObserver returns nil if there is nothing to observe.
func newObserver(inspect, labels, trace bool, name string) *observer {
	if !inspect && !labels && !trace {
		return nil
	}
	return &observer{inspect: inspect, labels: labels, trace: trace, name: name}
}

// An observed is what is noted of one task. It hangs on the extra of the task.
type observed struct {
	by      *observer
	c       *core
	id      uint64
	created time.Time
	code    code
	origin  [originDepth]uintptr
	labels  context.Context // nil if not wanted
	trace   context.Context // nil if not wanted, or if nobody traced at the spawn
	task    *trace.Task

	next, prior *observed // guarded by by.mu

	local atomic.Uint32 // the TaskState, if it is a task of a Local
	since atomic.Int64  // nanoseconds from created to the latest change of state
	polls atomic.Uint64
	busy  atomic.Int64 // nanoseconds in polls that are over

	mu      sync.Mutex
	blocked bool
	wait    []uintptr // where it waits, if that is known
	buf     [waitDepth]uintptr
}

const (
	originDepth = 8
	waitDepth   = 32
)

// A code is what a task runs: a type, or a function by its address.
type code struct {
	t  reflect.Type
	pc uintptr
}

// String returns the name of the type or the function.
func (x code) String() string {
	switch f := runtime.FuncForPC(x.pc); {
	case f != nil:
		return f.Name()
	case x.t != nil:
		return x.t.String()
	}
	return ""
}

func codeOf(v any) code {
	t := reflect.TypeOf(v)
	if t != nil && t.Kind() == reflect.Func {
		return code{t: t, pc: reflect.ValueOf(v).Pointer()}
	}
	return code{t: t}
}

// about implements runnable.
func (t *Task[T]) about() (code, context.Context) { return codeOf(t.future), nil }

// about implements runnable.
func (t *function[T]) about() (code, context.Context) { return codeOf(t.f), t.ctx.parent }

// about implements runnable.
func (lp *loop) about() (code, context.Context) { return code{}, nil }

// watch begins to observe c, if there is anything to note now. Preconditions: nobody else has c yet.
func (o *observer) watch(c *core) {
	if !o.inspect && !o.labels && !trace.IsEnabled() {
		return
	}
	e := c.more()
	code, ctx := c.self().about()
	if ctx == nil {
		ctx = context.Background()
	}
	x := &observed{by: o, c: c, created: time.Now(), code: code}
	runtime.Callers(2, x.origin[:])
	e.seen = x
	c.flags |= observing
	name := e.name
	if name == "" {
		name = x.code.String()
	}
	if o.labels || e.name != "" && c.self().ownGoroutine() {
		x.labels = pprof.WithLabels(ctx, pprof.Labels("task", name, "executor", o.name))
	}
	if o.trace && trace.IsEnabled() {
		x.trace, x.task = trace.NewTask(ctx, name)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.last++
	x.id, x.next = o.last, o.head
	if o.head != nil {
		o.head.prior = x
	}
	o.head = x
}

// leave ends the observation of a task that has ended.
func (x *observed) leave() {
	if x.task != nil {
		x.task.End()
	}
	o := x.by
	o.mu.Lock()
	defer o.mu.Unlock()
	if x.prior != nil {
		x.prior.next = x.next
	} else {
		o.head = x.next
	}
	if x.next != nil {
		x.next.prior = x.prior
	}
}

// changed notes that the task has another state from now on.
func (x *observed) changed() { x.since.Store(int64(time.Since(x.created))) }

// observed returns what is noted of c, or nil.
func (c *core) observed() *observed {
	if e := c.extra.Load(); e != nil {
		return e.seen
	}
	return nil
}

// watchedStep is r.step for a task that is observed. base is the context whose
// labels the goroutine has otherwise.
func watchedStep(c *core, r runnable, d *driver, base context.Context) (ended bool) {
	x := c.observed()
	begun := time.Since(x.created)
	x.since.Store(int64(begun))
	x.local.Store(uint32(Running))
	if x.labels != nil && !r.ownGoroutine() {
		pprof.SetGoroutineLabels(x.labels)
	}
	var region *trace.Region
	if x.trace != nil && trace.IsEnabled() {
		region = trace.StartRegion(x.trace, "poll")
	}
	defer func() { // also if the poll panics
		if region != nil {
			region.End()
		}
		if x.labels != nil && !r.ownGoroutine() {
			pprof.SetGoroutineLabels(base)
		}
		now := time.Since(x.created)
		x.polls.Add(1)
		x.busy.Add(int64(now - begun))
		x.since.Store(int64(now))
		x.local.Store(uint32(Waiting))
	}()
	return r.step(d)
}

// ownGoroutine implements runnable: a future shares that of its worker.
func (t *Task[T]) ownGoroutine() bool { return false }

// ownGoroutine implements runnable.
func (t *function[T]) ownGoroutine() bool { return true }

// ownGoroutine implements runnable.
func (lp *loop) ownGoroutine() bool { return true }

// waits notes that the task waits, and where. It is called on the goroutine
// that does.
func (x *observed) waits(blocked bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.blocked = blocked
	x.wait = x.buf[:runtime.Callers(2, x.buf[:])]
	if blocked {
		x.changed()
	}
}

// goesOn notes that the wait is over.
func (x *observed) goesOn() {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.blocked {
		x.changed()
	}
	x.blocked, x.wait = false, nil
}

// enter gives the calling goroutine, which runs the body of a function, its
// labels and its region, and returns what takes them away again.
func (x *observed) enter() (leave func()) {
	if x.labels != nil {
		pprof.SetGoroutineLabels(x.labels)
	}
	var region *trace.Region
	if x.trace != nil && trace.IsEnabled() {
		region = trace.StartRegion(x.trace, "function")
	}
	return func() {
		if region != nil {
			region.End()
		}
		if x.labels != nil {
			pprof.SetGoroutineLabels(context.Background())
		}
	}
}
