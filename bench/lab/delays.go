package lab

import (
	"context"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Delays collects times from many goroutines.
type Delays struct {
	mu  sync.Mutex
	all []time.Duration
}

// Add adds d.
func (s *Delays) Add(d time.Duration) {
	s.mu.Lock()
	s.all = append(s.all, d)
	s.mu.Unlock()
}

// Take returns what has been added, and forgets it.
func (s *Delays) Take() []time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := s.all
	s.all = nil
	return all
}

// Quantile returns the least of ds that the share q of them do not exceed, 0 of
// none.
func Quantile(ds []time.Duration, q float64) time.Duration {
	if len(ds) == 0 {
		return 0
	}
	s := slices.Sorted(slices.Values(ds))
	i := int(math.Ceil(q*float64(len(s)))) - 1
	return s[min(max(i, 0), len(s)-1)]
}

// P99 is the 99th percentile in milliseconds.
func P99(ds []time.Duration) float64 { return float64(Quantile(ds, 0.99)) / float64(time.Millisecond) }

// A Stream is jobs that come whether the ones before have ended or not.
type Stream struct {
	Began, Ended atomic.Int64 // jobs that have come, and that have ended
	all          sync.WaitGroup
}

// Offer has a job come every so often for d, evenly, each on a goroutine of its own,
// which calls do with its number and the moment it came. It returns when the last
// one has come.
func (s *Stream) Offer(ctx context.Context, every, d time.Duration, do func(i int, came time.Time)) {
	begun := time.Now()
	for i := 0; ; i++ {
		at := time.Duration(i) * every
		if at >= d || ctx.Err() != nil {
			return
		}
		// A sleep is never shorter than asked for, so those that are due come
		// together: about one millisecond's worth.
		if wait := at - time.Since(begun); wait > 0 {
			time.Sleep(wait)
		}
		s.Add(func(came time.Time) { do(i, came) })
	}
}

// Add has one job come now.
func (s *Stream) Add(do func(came time.Time)) {
	s.Began.Add(1)
	came := time.Now()
	s.all.Go(func() {
		do(came)
		s.Ended.Add(1)
	})
}

// Open is how many jobs have come and have not ended.
func (s *Stream) Open() int { return int(s.Began.Load() - s.Ended.Load()) }

// Wait waits until all jobs have ended.
func (s *Stream) Wait() { s.all.Wait() }
