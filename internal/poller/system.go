//go:build unix

package poller

import (
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// sysError makes the error of a system call one that callers can compare. The
// number stays in it.
func sysError(call string, err error) error {
	wrapped := os.NewSyscallError(call, err)
	var kind error
	switch err {
	case unix.EEXIST:
		kind = ErrExists
	case unix.ENOENT:
		kind = ErrNotFound
	case unix.EBADF:
		kind = ErrDescriptor
	case unix.EPERM, unix.ELOOP, unix.EINVAL:
		kind = ErrKind
	case unix.ENOMEM, unix.ENOSPC, unix.EMFILE, unix.ENFILE, unix.EAGAIN:
		kind = ErrLimit
	default:
		return wrapped
	}
	return fmt.Errorf("%w: %w", kind, wrapped)
}

// signal writes p to fd, what a notifier is made of. One that is full is readable
// already.
func signal(fd int, p []byte) error {
	for {
		_, err := unix.Write(fd, p)
		switch err {
		case nil, unix.EAGAIN:
			return nil
		case unix.EINTR:
			continue
		}
		return sysError("write", err)
	}
}

// milliseconds rounds up, so that nothing is early; -1 is for ever.
func milliseconds(d time.Duration) int {
	if d < 0 {
		return -1
	}
	const longest = 1<<31 - 1
	if d > longest*time.Millisecond {
		return longest
	}
	return int((d + time.Millisecond - 1) / time.Millisecond)
}

// look asks poll(2) about one descriptor, without waiting.
func look(fd int, in Events) (Events, error) {
	fds := [1]unix.PollFd{pollFD(fd, in)}
	for {
		n, err := unix.Poll(fds[:], 0)
		switch {
		case err == unix.EINTR || err == unix.EAGAIN:
			continue
		case err != nil:
			return 0, sysError("poll", err)
		case n == 0:
			return 0, nil
		case fds[0].Revents&unix.POLLNVAL != 0:
			return 0, ErrDescriptor
		}
		return pollEvents(int(fds[0].Revents)), nil
	}
}
