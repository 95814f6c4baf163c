package threadpool

import "errors"

var (
	// ErrClosed is returned for jobs that come after Close or Shutdown, and
	// given to queued jobs that the closing has dropped.
	ErrClosed = errors.New("threadpool: pool is closed")
	// ErrFull is returned when the queue of a pool with a bound is full.
	ErrFull = errors.New("threadpool: queue is full")
	// ErrLate is returned by a pool with RefuseLate for a job that would not get
	// a slot before its context ends.
	ErrLate = errors.New("threadpool: too late")
	// ErrNilFunc is returned for a job that is nil.
	ErrNilFunc = errors.New("threadpool: nil function")
	// ErrOptions is returned, wrapped with the reason, for Options and limits
	// that make no sense.
	ErrOptions = errors.New("threadpool: bad options")
	// ErrGoexit is returned by Do when the job has ended its goroutine with
	// runtime.Goexit.
	ErrGoexit = errors.New("threadpool: job called runtime.Goexit")
)
