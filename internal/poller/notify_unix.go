//go:build unix && !linux

package poller

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// A notifier is a pipe: writing to one end makes the other readable.
type notifier struct{ r, w int }

func newNotifier() (notifier, error) {
	// Not pipe2, which some systems do not have. The lock keeps a fork from
	// coming between.
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	var p [2]int
	if err := unix.Pipe(p[:]); err != nil {
		return notifier{}, sysError("pipe", err)
	}
	for _, fd := range p {
		unix.CloseOnExec(fd)
		if err := unix.SetNonblock(fd, true); err != nil {
			unix.Close(p[0])
			unix.Close(p[1])
			return notifier{}, sysError("fcntl", err)
		}
	}
	return notifier{p[0], p[1]}, nil
}

func (n notifier) write() error { return signal(n.w, []byte{1}) }

func (n notifier) drain() {
	var buf [64]byte
	for {
		k, err := unix.Read(n.r, buf[:])
		if err != unix.EINTR && k < len(buf) {
			return
		}
	}
}

func (n notifier) readEnd() int { return n.r }

func (n notifier) close() {
	unix.Close(n.r)
	unix.Close(n.w)
}

func open(kind Kind) (Poller, Kind, error) {
	if kind == Auto || kind == Poll {
		p, err := openPoll()
		return p, Poll, err
	}
	return openRest(kind)
}
