package lab

import (
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"time"
)

// A Shift is a turn whose jobs change: they compute for 0.05 to 0.15 ms, then
// sleep for 1 to 50 ms, then compute again. There are about as many jobs a
// second of either kind on two processors, so that neither outweighs the other.
type Shift struct {
	Tally
	Segments [3][]float64 // jobs per second in every bucket of each segment
}

// bucket is over what time Shift counts.
const bucket = 100 * time.Millisecond

// RunShift runs jobs that change twice, after each d.
func RunShift(p Pool, d time.Duration) Shift {
	var segment atomic.Int32
	c := start(p, Clients, func(r *rand.Rand, stop *atomic.Bool) {
		if segment.Load() == 1 {
			sleeps(r, stop)
		} else {
			Compute(Uniform(r, 50*time.Microsecond, 150*time.Microsecond), stop)
		}
	})
	var s Shift
	s.Threads = PeakThreads(func() {
		begun := time.Now()
		close(c.begin)
		last, jobs := begun, int64(0)
		for i := range s.Segments {
			segment.Store(int32(i))
			for end := begun.Add(time.Duration(i+1) * d); time.Until(end) > bucket/2; {
				time.Sleep(min(bucket, time.Until(end)))
				now, n := time.Now(), c.jobs.Load()
				s.Segments[i] = append(s.Segments[i], float64(n-jobs)/now.Sub(last).Seconds())
				last, jobs = now, n
			}
		}
		s.Jobs, s.Took, s.Limit = int(jobs), last.Sub(begun), p.Limit()
	})
	c.end()
	return s
}

// Recovery returns how long s took, in ms, to reach 0.9 of what best has after a change
// of jobs, the longer of the two changes. A change that it did not come back
// from counts as the whole segment. For best, the median of the second half of
// the segment is taken.
func (s *Shift) Recovery(best *Shift) (ms float64) {
	for i := 1; i < len(s.Segments); i++ {
		b := best.Segments[i]
		half := slices.Sorted(slices.Values(b[len(b)/2:]))
		if len(half) == 0 {
			continue
		}
		enough := 0.9 * half[len(half)/2]
		n := 0
		for n < len(s.Segments[i]) && s.Segments[i][n] < enough {
			n++
		}
		ms = max(ms, float64(n)*float64(bucket)/float64(time.Millisecond))
	}
	return ms
}
