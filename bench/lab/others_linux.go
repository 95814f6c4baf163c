//go:build linux

package lab

import (
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Others returns a function that tells what share of the processors others have
// used since: other programs of this machine, and other machines on the same
// hardware. A comparison during which they used much of them is not worth much.
func Others() func() float64 {
	all, busy := processors()
	own := used()
	return func() float64 {
		a, b := processors()
		if a <= all {
			return 0
		}
		const tick = 10 * time.Millisecond // of /proc/stat, on all machines there are
		mine := float64(used()-own) / float64(tick)
		return max(0, (float64(b-busy)-mine)/float64(a-all))
	}
}

// processors returns the ticks that all processors have had, and those that were
// used or stolen.
func processors() (all, busy uint64) {
	b, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, 0
	}
	line, _, _ := strings.Cut(string(b), "\n")
	for i, field := range strings.Fields(strings.TrimPrefix(line, "cpu")) {
		const idle, iowait, guest = 3, 4, 8 // guest time is in user time already
		n, err := strconv.ParseUint(field, 10, 64)
		if err != nil || i >= guest {
			break
		}
		all += n
		if i != idle && i != iowait {
			busy += n
		}
	}
	return all, busy
}

// used is the processor time of this process.
func used() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
