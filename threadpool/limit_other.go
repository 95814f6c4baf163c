//go:build !linux

package threadpool

// threadsAllowed is not known here.
func threadsAllowed() int { return unlimited }

// cpuQuota is not known here.
func cpuQuota() float64 { return 0 }
