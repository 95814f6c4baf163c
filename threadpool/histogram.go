package threadpool

import (
	"math/bits"
	"time"
)

// A histogram counts durations in buckets of a quarter of an octave: a quantile
// read from it is at most a quarter too large.
type histogram [histogramSize]uint32

const (
	histogramShift = 2                                           // two bits of each octave
	histogramSize  = (40 - histogramShift + 1) << histogramShift // up to some 18 minutes
)

// bucketOf is where d is counted.
func bucketOf(d time.Duration) int {
	n := uint64(max(d, 0))
	if n < 1<<histogramShift {
		return int(n)
	}
	octave := bits.Len64(n) - histogramShift - 1
	return min(octave<<histogramShift+int(n>>octave), histogramSize-1)
}

// bucketEnd is the longest duration that is counted in a bucket.
func bucketEnd(i int) time.Duration {
	if i < 2<<histogramShift {
		return time.Duration(i)
	}
	octave := i>>histogramShift - 1
	return time.Duration(i&(1<<histogramShift-1)+1<<histogramShift+1)<<octave - 1
}

func (h *histogram) add(o *histogram) {
	for i, n := range o {
		h[i] += n
	}
}

func (h *histogram) total() (n uint64) {
	for _, c := range h {
		n += uint64(c)
	}
	return n
}

// quantile returns the end of the bucket below which a share of q of the
// durations is, or 0 if there are none.
func (h *histogram) quantile(q float64) time.Duration {
	total := h.total()
	if total == 0 {
		return 0
	}
	rank := uint64(q * float64(total))
	for i, n := range h {
		if uint64(n) > rank {
			return bucketEnd(i)
		}
		rank -= uint64(n)
	}
	return bucketEnd(histogramSize - 1)
}
