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
	SquareSum    float64 // of service times in seconds, squared
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
