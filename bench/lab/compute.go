package lab

import (
	"sync"
	"sync/atomic"
	"time"
)

var sink atomic.Uint64

// Compute does the work that takes a processor d if it has nothing else to do.
// It is an amount of work and not a time: two that share a processor take twice
// as long. It ends early if stop becomes true.
func Compute(d time.Duration, stop *atomic.Bool) {
	n := int64(float64(d) * perNano())
	for ; n > 0 && !stop.Load(); n -= computeStep {
		Spin(min(n, computeStep))
	}
}

// computeStep is how many rounds Compute makes between two looks at stop.
const computeStep = 1 << 15

// Spin goes round a loop n times.
func Spin(n int64) {
	x := uint64(n) | 1
	for range n {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
	}
	sink.Store(x)
}

// perNano is how many times Spin goes round in a nanosecond, undisturbed: the
// fastest of some tries.
var perNano = sync.OnceValue(func() float64 {
	const n = 1 << 19 // about a millisecond
	best := time.Duration(1 << 62)
	for range 20 {
		start := time.Now()
		Spin(n)
		best = min(best, time.Since(start))
	}
	return n / float64(max(best, 1))
})
