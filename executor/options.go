package executor

import (
	"context"
	"errors"
	"time"
)

// Options are the settings of an [Executor]. The zero value is good.
type Options struct {
	// Name appears in the stacks and reports of the executor.
	Name string

	// Park makes every task park its worker where it would suspend, as Attr
	// does for one task. See «Mutexes» in the package documentation.
	Park bool

	// StuckAfter is how long a worker may be in one poll before another one
	// is started in its place: between once and twice this time passes. 0
	// means 10 ms; a negative value switches the monitor off.
	StuckAfter time.Duration

	// OnStuck, if not nil, is called with the stack of the poll each time a
	// worker is found stuck, on a goroutine of its own. Taking the stack
	// stops the whole program for a moment.
	OnStuck func(stack []byte)

	// Inspect keeps, for every task, what Tasks then tells: what it runs, since
	// when it does what it does, where it was spawned and where it waits. That
	// costs some 660 bytes a task, a microsecond at its spawn, and a tenth of one
	// at each poll. It is for finding out what tasks are waiting for.
	Inspect bool

	// Labels gives every task the pprof labels «task», its name or else its
	// code, and «executor», the Name above, while it is polled, so that
	// profiles tell tasks apart. A worker has those of the context of its Run or
	// Tick in between, or else none. Without it, only functions that have a
	// name are labelled.
	Labels bool

	// Trace makes each task that is spawned while runtime/trace is on a task
	// of the trace, under its name or else its code, with a region «poll» for
	// each of its polls and «function» for the body of a function, whose
	// context carries it for regions and messages of its own.
	Trace bool

	// OnPanic is called with a panic that nobody can receive, on the
	// goroutine that found that out. If it is nil such a panic ends the
	// program.
	OnPanic func(v any, stack []byte)
}

var errStuckAfter = errors.New("executor: OnStuck without a monitor (StuckAfter is negative)")

func (o *Options) check() error {
	if o.StuckAfter < 0 && o.OnStuck != nil {
		return errStuckAfter
	}
	if o.StuckAfter == 0 {
		o.StuckAfter = 10 * time.Millisecond
	}
	if o.OnPanic == nil {
		o.OnPanic = crash
	}
	return nil
}

// A Priority says which of several ready tasks is polled first. It is no
// promise of more than that: a task that is ready is polled sooner or later
// whatever its priority (see «Fairness» in the package documentation).
type Priority int8

const (
	Low    Priority = iota - 1 // when nothing else is ready, and at every 64th poll
	Normal                     // the zero value: in turn
	High                       // before the others, except at every 8th poll
)

// Attr are the attributes of one task. The zero value is what [Spawn] and [Go]
// use.
type Attr struct {
	Name     string   // for people; and the pprof label «task» of a function
	Meta     any      // whatever belongs to the task
	Priority Priority // not used by a Local

	// Park makes the task park its worker where it would suspend: what runs
	// on the goroutine stays on it, as in plain Go. An Executor has another
	// worker stand in; a Local stands still meanwhile. It is for code that
	// waits while it holds a sync.Mutex.
	Park bool

	// Goroutine gives a function a goroutine of its own, instead of a
	// coroutine, that runs while its worker waits for it. It is for functions
	// that call runtime.LockOSThread and must keep their thread while they
	// wait. It costs some microseconds at each wait.
	Goroutine bool

	// Context is where the context of a function takes its values from, and
	// whose end cancels the task. nil means neither.
	Context context.Context
}
