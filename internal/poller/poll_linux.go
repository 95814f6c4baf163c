package poller

import (
	"time"

	"golang.org/x/sys/unix"
)

const pollRDHUP = unix.POLLRDHUP

// pollWait waits once, to the nanosecond.
func pollWait(fds []unix.PollFd, timeout time.Duration) (int, error) {
	if timeout < 0 {
		return unix.Ppoll(fds, nil, nil)
	}
	t := unix.NsecToTimespec(int64(min(timeout, time.Hour)))
	return unix.Ppoll(fds, &t, nil)
}
