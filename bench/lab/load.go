package lab

import (
	"math/rand/v2"
	"sync/atomic"
	"time"
)

// A Workload is a kind of jobs.
type Workload struct {
	Name string
	Doc  string // a clause: what a job does

	// Slice is how long a turn of the search takes, Turn one of the
	// comparison. They must be some times as long as a job. 0 is the default.
	Slice, Turn time.Duration

	// New prepares jobs. What they need on disk goes to dir.
	New func(dir string) (*Load, error)
}

// Defaults of [Workload].
const (
	defaultSlice = 250 * time.Millisecond
	defaultTurn  = 3 * time.Second
)

func (w *Workload) slice() time.Duration {
	if w.Slice > 0 {
		return w.Slice
	}
	return defaultSlice
}

func (w *Workload) turn() time.Duration {
	if w.Turn > 0 {
		return w.Turn
	}
	return defaultTurn
}

// A Load is a source of jobs.
type Load struct {
	// Job is one job. It draws its times from r, which belongs to the client
	// alone. Once stop is true it may end early; it is not counted then.
	Job func(r *rand.Rand, stop *atomic.Bool)
	// Close frees what New has taken, or is nil.
	Close func() error
}

func (l *Load) close() error {
	if l.Close == nil {
		return nil
	}
	return l.Close()
}

// Random returns the source of random numbers of client i: the same in every
// turn, so that all pools get the same jobs.
func Random(i int) *rand.Rand { return rand.New(rand.NewPCG(uint64(i), 20251122)) }

// Uniform draws a time between least and most.
func Uniform(r *rand.Rand, least, most time.Duration) time.Duration {
	return least + time.Duration(r.Int64N(int64(most-least)+1))
}
