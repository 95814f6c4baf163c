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

// RunShift runs jobs that change twice, after each d, which is a multiple of a
// tenth of a second. The jobs look at the clock themselves: a goroutine that would
// tell them and count them can be late by more than that beside jobs that compute.
func RunShift(p Pool, d time.Duration) Shift {
	each := int(d / bucket)
	counts := make([]atomic.Int64, 3*each)
	var begun time.Time // written before begin is closed
	c := start(p, Clients, func(r *rand.Rand, stop *atomic.Bool) {
		if int(time.Since(begun)/d) == 1 {
			sleeps(r, stop)
		} else {
			Compute(Uniform(r, 50*time.Microsecond, 150*time.Microsecond), stop)
		}
		if i := int(time.Since(begun) / bucket); i < len(counts) {
			counts[i].Add(1)
		}
	})
	var s Shift
	s.Took = 3 * d
	s.Threads = PeakThreads(func() {
		begun = time.Now()
		close(c.begin)
		time.Sleep(s.Took)
		s.Limit = p.Limit()
	})
	c.end()
	for i := range counts {
		n := counts[i].Load()
		s.Jobs += int(n)
		s.Segments[i/each] = append(s.Segments[i/each], float64(n)/bucket.Seconds())
	}
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
