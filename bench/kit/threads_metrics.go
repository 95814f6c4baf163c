//go:build !linux

package kit

// Threads returns how many threads Go's scheduler has now.
func Threads() int { return runtimeThreads() }

// threadsOf returns a function that returns 0: not known here.
func threadsOf(int) (look func() int, stop func()) {
	return func() int { return 0 }, func() {}
}

// residentSet returns 0: not known here.
func residentSet() float64 { return 0 }
