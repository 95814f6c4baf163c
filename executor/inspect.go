package executor

import (
	"runtime"
	"slices"
	"strings"
	"time"
)

// A TaskState is what a task is doing.
type TaskState uint8

const (
	Queued  TaskState = iota // ready, and not polled yet
	Running                  // being polled
	Waiting                  // parked or suspended, until it is woken
	Blocked                  // in a poll that waits, and holds up its worker or has a stand-in
)

var taskStates = [...]string{"queued", "running", "waiting", "blocked"}

// String returns the name of s, in lower case.
func (s TaskState) String() string {
	if int(s) < len(taskStates) {
		return taskStates[s]
	}
	return "unknown"
}

// A TaskInfo is what is known of a task that has not ended. The fields are
// taken one after the other while the task goes on.
type TaskInfo struct {
	Name  string    // as in Attr
	Meta  any       // as in Attr
	State TaskState // what it is doing

	// The rest is there only with the option Inspect.

	ID      uint64        // counts the tasks of the executor, from 1
	Code    string        // the type of the future, or the name of the function
	Created time.Time     // when it was spawned
	Origin  runtime.Frame // where it was spawned
	Since   time.Time     // when it got into State
	Polls   uint64        // how often it has been polled
	Busy    time.Duration // in polls that are over

	// Stack is where it waits, the innermost call first: of a function that
	// is Waiting, and of any task that is Blocked. A future that is Waiting
	// has none; Code says what it is.
	Stack []runtime.Frame
}

// Tasks returns what is known of the tasks that have not ended, the oldest
// first. It is for debuggers and status pages: it holds a lock that spawning
// needs for as long as it takes to copy the list.
//
// With Options.Inspect these are all tasks, with all fields. Without it, they
// are only those that have waited at least once, in no order, with name,
// metadata and state: nothing else is kept, so it costs nothing.
func (ex *Executor) Tasks() []TaskInfo {
	if ex.observer != nil && ex.observer.inspect {
		return ex.observer.tasks()
	}
	var all []TaskInfo
	for i := range ex.live {
		s := &ex.live[i]
		s.mu.Lock()
		for c := s.head; c != nil; c = c.after {
			all = append(all, c.info())
		}
		s.mu.Unlock()
	}
	return all
}

// Tasks returns what is known of the tasks that have not ended, the oldest
// first, as that of an Executor does; nothing without LocalOptions.Inspect. Any
// goroutine may call it, at any time.
func (l *Local) Tasks() []TaskInfo {
	if l.observer == nil || !l.observer.inspect {
		return nil
	}
	return l.observer.tasks()
}

func (o *observer) tasks() []TaskInfo {
	var all []*observed
	o.mu.Lock()
	for x := o.head; x != nil; x = x.next {
		all = append(all, x)
	}
	o.mu.Unlock()
	slices.Reverse(all)
	infos := make([]TaskInfo, 0, len(all))
	for _, x := range all {
		if !x.c.finished() {
			infos = append(infos, x.info())
		}
	}
	return infos
}

// info returns what any task can tell.
func (c *core) info() TaskInfo {
	i := TaskInfo{State: c.doing()}
	if e := c.extra.Load(); e != nil {
		i.Name, i.Meta = e.name, e.meta
	}
	return i
}

// doing reads the state of an Executor's task from its state word.
func (c *core) doing() TaskState {
	switch s := c.state.Load(); {
	case s&running != 0:
		return Running
	case s&(scheduled|inbox) != 0:
		return Queued
	}
	return Waiting
}

func (x *observed) info() TaskInfo {
	i := x.c.info()
	if x.c.home.local != nil {
		i.State = TaskState(x.local.Load())
	}
	i.ID, i.Code, i.Created = x.id, x.code.String(), x.created
	i.Since = x.created.Add(time.Duration(x.since.Load()))
	i.Polls, i.Busy = x.polls.Load(), time.Duration(x.busy.Load())
	if at := outside(x.origin[:]); len(at) > 0 {
		i.Origin = at[0]
	}
	x.mu.Lock()
	wait := slices.Clone(x.wait)
	if x.blocked {
		i.State = Blocked
	}
	x.mu.Unlock()
	if i.State == Waiting || i.State == Blocked {
		i.Stack = outside(wait)
	}
	return i
}

// outside returns the frames of a stack, from the first one on that is not in
// this package or in what waits for it.
func outside(pcs []uintptr) (at []runtime.Frame) {
	if n := slices.Index(pcs, 0); n >= 0 {
		pcs = pcs[:n]
	}
	if len(pcs) == 0 {
		return nil
	}
	frames := runtime.CallersFrames(pcs)
	for {
		f, more := frames.Next()
		if len(at) > 0 || f.Function != "" && !inside(f.Function) {
			at = append(at, f)
		}
		if !more {
			return at
		}
	}
}

// inside reports whether a function belongs to the machinery of waiting and
// spawning, which says nothing to those who look.
func inside(function string) bool {
	const module = "github.com/causeway-go/causeway/"
	for _, p := range []string{"executor.", "internal/park.", "pollster."} {
		if strings.HasPrefix(function, module+p) {
			return true
		}
	}
	return false
}
