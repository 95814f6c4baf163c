package threadpool

import (
	"fmt"
	"time"
)

// Defaults of [Options].
const (
	// DefaultLimit is how many jobs run at once where Options say nothing,
	// if the system allows four times as many threads.
	DefaultLimit = 500
	// DefaultKeepAlive is how long threads outlive their last use.
	DefaultKeepAlive = 400 * time.Millisecond

	// DefaultStallAfter is how long a job runs before it is reported to OnStall.
	DefaultStallAfter = 10 * time.Second

	// maxLimit keeps pools below the 10,000 threads at which Go's runtime
	// ends the process, with room for others.
	maxLimit = 9000
)

// A Hint says what the jobs of a pool do, and so how many slots of its Limit
// there are at any time.
type Hint uint8

const (
	// MayBlock is for jobs of which nothing is known. There are a few slots at
	// first, and while jobs wait for more the pool observes whether more
	// slots make more jobs end; see the package documentation.
	MayBlock Hint = iota
	// WillBlock is for jobs that hardly compute and do not hinder each other,
	// or for a Limit that has been chosen with care: all slots are there.
	WillBlock
	// CPU is for jobs that compute: there are as many slots as processors.
	CPU
)

// Options describe a Pool. The zero value is useful.
type Options struct {
	// Name appears in Stats and in errors. It need not be unique.
	Name string

	// Limit is how many jobs may run at once. It can be changed later with
	// Resize. At most 9,000: Go's runtime ends a process that needs more than
	// 10,000 threads (runtime/debug.SetMaxThreads).
	//
	// 0 means DefaultLimit or, on Linux, a quarter of the threads that the
	// user (RLIMIT_NPROC) or the container (pids.max of its control groups)
	// may have, if that is less. A limit that is given is taken as it is:
	// keep it below what the system allows, all pools together. A thread that
	// the system refuses ends the process («failed to create new OS
	// thread»), and no library can prevent that.
	Limit int

	// Hint says what the jobs do. MayBlock, the zero value, means that the pool
	// finds out by itself how many of them should run at once.
	Hint Hint

	// Queue is how many jobs may wait beyond the Limit that run. 0 means any number. Jobs
	// that come when the queue is full wait outside it (Submit) or are
	// refused (TrySubmit, Start, Do with a context that can end). Goroutines
	// that wait in Enter do not count.
	Queue int

	// KeepAlive is for how long the pool must have been idle before the OS
	// threads that its jobs have made are given back to the system. 0 means
	// DefaultKeepAlive. A negative value means that this pool gives none
	// back, as Go does by itself. Choose that for all pools, Default among
	// them, if the process starts children with Pdeathsig, which fires when
	// the thread that forked them ends.
	KeepAlive time.Duration

	// Order says which of the jobs that wait is next.
	Order Order

	// RefuseLate refuses a job at once (ErrLate) if its context would end before
	// it got a slot, as far as the pool can foresee from the jobs before it.
	RefuseLate bool

	// Track makes Jobs tell of the jobs that run. It costs each job some two
	// microseconds.
	Track bool

	// OnStall is called once for each job that has run for StallAfter without
	// an end or a wait that the pool knows of, on a goroutine of its own. The other jobs that have stalled by
	// then are reported when it returns. It costs what Track does, which it
	// includes.
	OnStall func(JobInfo)

	// StallAfter is for how long a job may run before OnStall is called. 0 means
	// DefaultStallAfter.
	StallAfter time.Duration

	// Labels gives goroutines the profiler label «pool», the name of the pool,
	// while they run a job. A goroutine that runs its job itself has the labels
	// of its context afterwards, as after pprof.Do.
	Labels bool

	// OnPanic is called with what a job panicked with and its stack, on the
	// goroutine of the job, when nobody waits for the job. It may panic
	// itself, which ends the process. If OnPanic is nil the panic takes its
	// course and ends the process, as panics on goroutines do.
	OnPanic func(v any, stack []byte)
}

// check validates o and fills in defaults.
func (o *Options) check() error {
	switch {
	case o.Hint > CPU:
		return fmt.Errorf("%w: hint %d", ErrOptions, o.Hint)
	case o.Order > EarliestDeadline:
		return fmt.Errorf("%w: order %d", ErrOptions, o.Order)
	case o.StallAfter < 0:
		return fmt.Errorf("%w: stall after %v", ErrOptions, o.StallAfter)
	case o.Queue < 0:
		return fmt.Errorf("%w: queue of %d jobs", ErrOptions, o.Queue)
	case o.Limit == 0:
		o.Limit = defaultLimit()
	}
	if o.StallAfter == 0 {
		o.StallAfter = DefaultStallAfter
	}
	if o.KeepAlive == 0 {
		o.KeepAlive = DefaultKeepAlive
	}
	return checkLimit(o.Limit)
}

func checkLimit(n int) error {
	if n < 1 || n > maxLimit {
		return fmt.Errorf("%w: limit of %d jobs is not between 1 and %d", ErrOptions, n, maxLimit)
	}
	return nil
}
