package threadpool

import (
	"time"

	"golang.org/x/sys/unix"
)

// processCPU is the processor time that the process has used, or negative if
// that is not known. It takes half a microsecond.
func processCPU() time.Duration {
	var t unix.Timespec
	if unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &t) != nil {
		return -1
	}
	return time.Duration(t.Nano())
}
