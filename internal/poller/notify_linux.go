package poller

import (
	"encoding/binary"

	"golang.org/x/sys/unix"
)

// An eventFD is a descriptor that is readable once it has been written to.
type eventFD int

func newEventFD() (eventFD, error) {
	fd, err := eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		return -1, sysError("eventfd2", err)
	}
	return eventFD(fd), nil
}

var one = binary.NativeEndian.AppendUint64(nil, 1)

// write makes it readable. A full counter, which nobody lives to see, would
// be readable as well.
func (e eventFD) write() error { return signal(int(e), one) }

// drain makes it unreadable.
func (e eventFD) drain() {
	var buf [8]byte
	for {
		if _, err := unix.Read(int(e), buf[:]); err != unix.EINTR {
			return
		}
	}
}

func (e eventFD) readEnd() int { return int(e) }

func (e eventFD) close() { unix.Close(int(e)) }

func open(kind Kind) (Poller, Kind, error) {
	switch kind {
	case Auto, Epoll:
		p, err := openEpoll()
		return p, Epoll, err
	case Poll:
		p, err := openPoll()
		return p, Poll, err
	}
	return openRest(kind)
}

type notifier = eventFD

func newNotifier() (notifier, error) { return newEventFD() }
