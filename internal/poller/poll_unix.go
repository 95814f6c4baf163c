//go:build unix && !linux

package poller

import (
	"time"

	"golang.org/x/sys/unix"
)

const pollRDHUP = 0 // most have no such thing

// pollWait waits once, to the millisecond, rounded up.
func pollWait(fds []unix.PollFd, timeout time.Duration) (int, error) {
	return unix.Poll(fds, milliseconds(timeout))
}
