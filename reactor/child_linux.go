//go:build linux

package reactor

import (
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// childSupports reports whether a method can be used.
func childSupports(m ChildMethod) error {
	if m != ChildDescriptor {
		return nil
	}
	fd, err := unix.PidfdOpen(os.Getpid(), 0)
	if err != nil {
		return fmt.Errorf("reactor: pidfd_open: %w", err)
	}
	return unix.Close(fd)
}

// childDescriptor returns a descriptor of a process, a copy of the one that package
// os has and closes when it likes.
func childDescriptor(p *os.Process) (fd int, err error) {
	failed := p.WithHandle(func(handle uintptr) {
		fd, err = unix.FcntlInt(handle, unix.F_DUPFD_CLOEXEC, 0)
	})
	if failed != nil {
		// The process is our child and not reaped, so the number is still its.
		fd, err = unix.PidfdOpen(p.Pid, unix.PIDFD_NONBLOCK)
	}
	return fd, err
}

// childSignals watches children by SIGCHLD, while there are any.
var childSignals struct {
	mu       sync.Mutex
	children map[*Child]struct{}
	changed  chan os.Signal
}

func watchSignal(c *Child) {
	x := &childSignals
	x.mu.Lock()
	if len(x.children) == 0 {
		x.children = map[*Child]struct{}{}
		x.changed = make(chan os.Signal, 1)
		signal.Notify(x.changed, syscall.SIGCHLD)
		go lookAfter(x.changed)
	}
	x.children[c] = struct{}{}
	changed := x.changed
	x.mu.Unlock()
	// It may have ended before the signal was asked for.
	select {
	case changed <- syscall.SIGCHLD:
	default:
	}
}

// lookAfter looks at all children after each signal, and ends with the last child.
// Several children may end in one signal.
func lookAfter(changed chan os.Signal) {
	x := &childSignals
	for range changed {
		x.mu.Lock()
		for c := range x.children {
			if hasEnded(c.cmd.Process.Pid) {
				delete(x.children, c)
				go c.reap()
			}
		}
		if len(x.children) == 0 {
			signal.Stop(changed)
			x.mu.Unlock()
			return
		}
		x.mu.Unlock()
	}
}

// hasEnded leaves the status where it is, for package os.
func hasEnded(pid int) bool {
	var info unix.Siginfo
	for {
		err := unix.Waitid(unix.P_PID, pid, &info, unix.WEXITED|unix.WNOHANG|unix.WNOWAIT, nil)
		if err != unix.EINTR {
			return err != nil || info.Signo != 0
		}
	}
}
