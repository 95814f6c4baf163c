//go:build !linux

package kit

// Threads returns how many threads Go's scheduler has now.
func Threads() int { return runtimeThreads() }

// residentSet returns 0: not known here.
func residentSet() float64 { return 0 }
