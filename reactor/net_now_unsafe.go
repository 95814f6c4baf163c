//go:build linux

package reactor

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// nowMost is how many bytes a call may copy of which the scheduler is not told. It
// cannot take the processor away from such a call, and to collect garbage it waits
// for it: 16 KiB take 2 to 5 us. Being told costs about 60 ns, twice a call.
const nowMost = 16 << 10

// sysReceive is one attempt to read from a socket. It does not wait, even if
// somebody has made the socket a blocking one by a duplicate of its descriptor:
// then the scheduler must be told of a read, but not of this.
func sysReceive(fd int, p []byte) (int, error) {
	for {
		n, errno := transfer(unix.SYS_RECVFROM, fd, p)
		if errno == 0 {
			raceReceived(p[:n])
			return n, nil
		}
		if errno != unix.EINTR {
			return 0, sysError("read", errno)
		}
	}
}

// sysTransmit is one attempt to write to a socket. It does not wait.
func sysTransmit(fd int, p []byte) (int, error) {
	raceTransmits()
	for {
		n, errno := transfer(unix.SYS_SENDTO, fd, p)
		if errno == 0 {
			raceTransmitted(p[:n])
			return n, nil
		}
		if errno != unix.EINTR {
			return 0, sysError("write", errno)
		}
	}
}

func transfer(call uintptr, fd int, p []byte) (int, unix.Errno) {
	at := unsafe.Pointer(unsafe.SliceData(p))
	if at == nil {
		at = unsafe.Pointer(&none)
	}
	var n uintptr
	var errno unix.Errno
	if len(p) <= nowMost {
		n, _, errno = unix.RawSyscall6(call, uintptr(fd), uintptr(at), uintptr(len(p)), unix.MSG_DONTWAIT, 0, 0)
	} else {
		n, _, errno = unix.Syscall6(call, uintptr(fd), uintptr(at), uintptr(len(p)), unix.MSG_DONTWAIT, 0, 0)
	}
	if errno != 0 {
		return 0, errno
	}
	return int(n), 0
}

// none is where a transfer of nothing points to.
var none byte
