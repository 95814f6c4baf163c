//go:build linux

package reactor

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// readNow reads what is in memory, at off or at the position. EAGAIN means that
// there is nothing, EOPNOTSUPP that the file system cannot be asked.
//
// The scheduler is not told of short ones, as it is not of those of sockets (see
// nowMost): besides the time, a call that it is told of may make it start a thread.
func readNow(fd int, p []byte, off int64) (int, error) {
	v := unix.Iovec{Base: unsafe.SliceData(p)}
	v.SetLen(len(p))
	low, high := uintptr(off), uintptr(uint64(off)>>32)
	var n uintptr
	var errno unix.Errno
	if len(p) <= nowMost {
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
