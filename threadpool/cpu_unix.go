//go:build unix && !linux

package threadpool

import (
	"time"

	"golang.org/x/sys/unix"
)

// processCPU is the processor time that the process has used, or negative if
// that is not known.
func processCPU() time.Duration {
	var u unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &u) != nil {
		return -1
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
