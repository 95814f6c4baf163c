//go:build linux

package reactor

import "golang.org/x/sys/unix"

// sysSplice moves up to n bytes from one descriptor to another, one of which is a
// pipe of ours. It returns 0 and no error at the end of from.
func sysSplice(from, to, n int) (int, error) {
	for {
		n, err := unix.Splice(from, nil, to, nil, n, unix.SPLICE_F_NONBLOCK|unix.SPLICE_F_MOVE)
		if err != unix.EINTR {
			return int(max(n, 0)), sysError("splice", err)
		}
	}
}

// sysPipe makes a pipe to splice through.
func sysPipe() (*splicePipe, error) {
	var p [2]int
	if err := unix.Pipe2(p[:], unix.O_NONBLOCK|unix.O_CLOEXEC); err != nil {
		return nil, sysError("pipe2", err)
	}
	size, err := unix.FcntlInt(uintptr(p[0]), unix.F_SETPIPE_SZ, pipeSize)
	if err != nil {
		// The system has allowed all that it allows. The pipe is a small one then.
		if size, err = unix.FcntlInt(uintptr(p[0]), unix.F_GETPIPE_SZ, 0); err != nil {
			size = unix.Getpagesize()
		}
	}
	return &splicePipe{r: p[0], w: p[1], size: size}, nil
}

// sysSplices reports whether fd can be spliced from, or, if out is true, to, without
// blocking: a pipe or a stream socket that is in non-blocking mode. What is written
// to a regular file does not wait either, as far as anybody can tell. The three
// standard descriptors are left to those who know what SIGPIPE means there.
func sysSplices(fd int, out bool) bool {
	var st unix.Stat_t
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
	if err != nil || unix.Fstat(fd, &st) != nil || fd <= 2 {
		return false
	}
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFIFO:
		return flags&unix.O_NONBLOCK != 0
	case unix.S_IFSOCK:
		typ, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TYPE)
		return err == nil && typ == unix.SOCK_STREAM && flags&unix.O_NONBLOCK != 0
	case unix.S_IFREG:
		return out && flags&unix.O_APPEND == 0
	}
	return false
}
