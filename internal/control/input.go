package control

import "time"

// An Input is what the pool measured, at one moment. All sums run from any
// fixed start and only their differences count; integer sums may wrap.
type Input struct {
	// Now is the time on the clock that all the other times are on.
	Now time.Duration
	// Resumed says that the queue has been empty since the last call: what
	// happened in between says nothing about the limit.
	Resumed bool

	// Running is the number of jobs that hold a slot, Parked of those that
	// gave theirs back to wait for something, Queued of those not begun.
	Running, Parked, Queued int
	// StartSum is the sum, over the running jobs, of the times at which they
	// got their slots: Running x Now - StartSum is the sum of their ages.
	StartSum time.Duration

	// Completions counts the jobs that ended; the sums are over them.
	// A service time is the time a job held a slot.
	Completions  uint64
	ServiceSum   time.Duration
	LogSum       float64 // of ln(service time in seconds)
	LogSquareSum float64 // of its square

	// CPU is the processor time that the process has used. Negative: not known.
	CPU time.Duration
	// Procs is the number of processors it may use; a CPU limit makes
	// it a fraction.
	Procs float64
	// Lateness is by how much the timer of this call fired late.
	Lateness time.Duration
}

// Config holds the bounds of a Controller. The zero value is useful.
type Config struct {
	Min     int // smallest limit; 0 means 1
	Max     int // largest limit; 0 means 512
	Initial int // first limit; 0 means 8, or Procs + 4 if that is less
	Procs   int // processors at the start; 0: not known
}

// A Decision is what the pool is to do.
type Decision struct {
	Limit  int
	Reason Reason        // of the last change of the limit
	Next   time.Duration // when to call Tick again, if the queue is not empty; 0: there is nothing to decide
}

// A State is what a Controller believes, for those who want to look.
type State struct {
	Limit    int
	Reason   Reason
	Mode     string        // ramp, test or hold
	Rate     float64       // completions per second, lately
	Age      time.Duration // mean age of the running jobs
	Load     float64       // share of the processors in use
	Lateness time.Duration // median of the last ticks
	Busy     bool          // the processors are what limits
}
