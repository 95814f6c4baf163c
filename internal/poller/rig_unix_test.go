//go:build unix

package poller_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/causeway-go/causeway/internal/poller"
)

// parked is a poller whose endless Waits are Parks.
type parked struct{ poller.Poller }

func (p parked) Wait(buf []poller.Event, timeout time.Duration) (int, error) {
	if timeout < 0 {
		return p.Park(buf, nil)
	}
	return p.Poller.Wait(buf, timeout)
}

func openKind(kind poller.Kind) func(t *testing.T) poller.Poller {
	return func(t *testing.T) poller.Poller {
		t.Helper()
		p, got, err := poller.Open(kind)
		if err != nil || got != kind {
			t.Fatalf("Open(%v) = %v, %v", kind, got, err)
		}
		return p
	}
}

// rigs returns every implementation that this system has.
func rigs() []rig {
	all := []rig{
		{"poll", openKind(poller.Poll), socketPair, true},
		fakeRig(),
	}
	p, _, err := poller.Open(poller.Epoll)
	if err != nil {
		return all
	}
	p.Close()
	return append(all,
		rig{"epoll", openKind(poller.Epoll), socketPair, true},
		rig{"epoll parked", func(t *testing.T) poller.Poller { return parked{openKind(poller.Epoll)(t)} }, socketPair, true},
	)
}

func socketPair(t *testing.T, _ poller.Poller) *pair {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, fd := range fds {
		unix.SetNonblock(fd, true)
	}
	near, far := fds[0], fds[1]
	var closeNear, closeFar sync.Once
	hangUp := func() { closeFar.Do(func() { unix.Close(far) }) }
	return &pair{
		fd: near,
		feed: func() {
			if _, err := unix.Write(far, []byte("x")); err != nil {
				t.Errorf("write: %v", err)
			}
		},
		drain: func() {
			var buf [4096]byte
			for {
				if n, err := unix.Read(near, buf[:]); n <= 0 && !errors.Is(err, unix.EINTR) {
					return
				}
			}
		},
		fill: func() {
			var buf [4096]byte
			for {
				if _, err := unix.Write(near, buf[:]); err == unix.EAGAIN {
					return
				}
			}
		},
		hangUp: hangUp,
		close: func() {
			hangUp()
			closeNear.Do(func() { unix.Close(near) })
		},
	}
}
