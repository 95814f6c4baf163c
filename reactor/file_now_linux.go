//go:build linux

package reactor

import "golang.org/x/sys/unix"

// kindOf says what kind of file fd is, and how it was opened, without waiting for
// the file system.
func kindOf(fd int) (regular, direct, appends bool) {
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
	if err != nil {
		return false, false, false
	}
	var st unix.Statx_t
	mode := uint32(0)
	if status(fd, unix.STATX_TYPE, &st) == nil {
		mode = uint32(st.Mode)
	} else { // an old kernel, or a sandbox
		var old unix.Stat_t
		_ = unix.Fstat(fd, &old)
		mode = uint32(old.Mode)
	}
	return mode&unix.S_IFMT == unix.S_IFREG, flags&unix.O_DIRECT != 0, flags&unix.O_APPEND != 0
}

// sizeOf returns the size of a file, or false if the system does not tell.
func sizeOf(fd int) (int64, bool) {
	var st unix.Statx_t
	if status(fd, unix.STATX_SIZE, &st) != nil {
		return 0, false
	}
	return int64(st.Size), true
}

// status asks for what is known here, so that a file on another machine costs no
// round trip.
func status(fd, what int, st *unix.Statx_t) error {
	return unix.Statx(fd, "", unix.AT_EMPTY_PATH|unix.AT_STATX_DONT_SYNC, what, st)
}

// cannotAsk reports whether err says that asking again is of no use.
func cannotAsk(err error) bool {
	return err == unix.EOPNOTSUPP || err == unix.EINVAL || err == unix.ENOSYS || err == unix.EPERM
}
