//go:build linux

package reactor

import (
	"os"

	"golang.org/x/sys/unix"
)

func inotifyInit() (int, error) {
	fd, err := unix.InotifyInit1(unix.IN_NONBLOCK | unix.IN_CLOEXEC)
	return fd, os.NewSyscallError("inotify_init1", err)
}

func inotifyAdd(fd int, path string, in uint32) (int, error) {
	return unix.InotifyAddWatch(fd, path, in)
}

func inotifyRemove(fd int, wd int32) error {
	_, err := unix.InotifyRmWatch(fd, uint32(wd))
	return err
}
