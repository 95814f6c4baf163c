//go:build linux

package reactor

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// readMost is how many bytes a read may copy of which the scheduler is not told.
// 64 KiB take 4 to 10 us, and a copy in Go of as many cannot be interrupted either.
// Besides the time (see nowMost), a call that it is told of may have it take the P
// away and start a thread.
const readMost = 64 << 10

// readNow reads what is in memory, at off or at the position. EAGAIN means that
// there is nothing, EOPNOTSUPP that the file system cannot be asked.
//
// The scheduler is told of those beyond readMost only.
func readNow(fd int, p []byte, off int64) (int, error) {
	v := unix.Iovec{Base: unsafe.SliceData(p)}
	v.SetLen(len(p))
	low, high := uintptr(off), uintptr(uint64(off)>>32)
	var n uintptr
	var errno unix.Errno
	if len(p) <= readMost {
		n, _, errno = unix.RawSyscall6(unix.SYS_PREADV2, uintptr(fd), uintptr(unsafe.Pointer(&v)), 1, low, high, unix.RWF_NOWAIT)
	} else {
		n, _, errno = unix.Syscall6(unix.SYS_PREADV2, uintptr(fd), uintptr(unsafe.Pointer(&v)), 1, low, high, unix.RWF_NOWAIT)
	}
	if errno != 0 {
		return 0, errno
	}
	raceReceived(p[:n])
	return int(n), nil
}
