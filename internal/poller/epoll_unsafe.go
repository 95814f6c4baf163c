//go:build linux

package poller

import (
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A kernelTime is the kernel's timespec, which is of 64 bits on every
// architecture where unix.Timespec is not.
type kernelTime struct{ sec, nsec int64 }

// noPwait2 is set once epoll_pwait2 has turned out to be missing (Linux before
// 5.11, and emulators).
var noPwait2 atomic.Bool

// epollWait waits once, and returns EINTR when interrupted. A negative timeout
// never ends. It is never early: where the system knows no less than a
// millisecond, the time-out is rounded up.
func epollWait(fd int, events []unix.EpollEvent, timeout time.Duration) (int, error) {
	if timeout == 0 {
		// It does not block, so the scheduler need not be told.
		n, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(fd),
			uintptr(unsafe.Pointer(&events[0])), uintptr(len(events)), 0, 0, 0)
		if errno != 0 {
			return 0, errno
		}
		return int(n), nil
	}
	if timeout > 0 && !noPwait2.Load() {
		t := kernelTime{int64(timeout / time.Second), int64(timeout % time.Second)}
		n, _, errno := unix.Syscall6(unix.SYS_EPOLL_PWAIT2, uintptr(fd),
			uintptr(unsafe.Pointer(&events[0])), uintptr(len(events)), uintptr(unsafe.Pointer(&t)), 0, 0)
		switch errno {
		case 0:
			return int(n), nil
		case unix.ENOSYS, unix.EPERM: // EPERM is how sandboxes refuse what they do not know
			noPwait2.Store(true)
		default:
			return 0, errno
		}
	}
	return unix.EpollWait(fd, events, milliseconds(timeout))
}
