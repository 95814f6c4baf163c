//go:build linux

package poller

import (
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// epoll is the backend of Linux.
//
// A set can be waited for in two ways. Wait blocks a thread in epoll_wait. Park
// watches the set itself, which is a descriptor like any other, with Go's own
// network poller; see parker. Which one is used does not matter to anything else.
type epoll struct {
	fd     int
	notify eventFD
	gate   Gate // guards fd; the one in Wait is inside too
	busy   atomic.Bool
	closed atomic.Bool
	noted  atomic.Bool // a notification is on its way, or waits for a Wait

	raw [maxEvents]unix.EpollEvent // of the one that waits

	parker
}

// maxEvents is how many events one call takes from the system.
const maxEvents = 128

// The calls that run out of something, so that tests can let them.
var (
	epollCreate = unix.EpollCreate1
	epollCtl    = unix.EpollCtl
	eventfd     = unix.Eventfd
)

func openEpoll() (Poller, error) {
	fd, err := epollCreate(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, sysError("epoll_create1", err)
	}
	p := &epoll{fd: fd}
	if p.notify, err = newEventFD(); err != nil {
		unix.Close(fd)
		return nil, err
	}
	// Edge-triggered, so that nobody has to read it: each write is an edge.
	if err := p.control(unix.EPOLL_CTL_ADD, int(p.notify), unix.EPOLLIN|unix.EPOLLET, NotifyKey); err != nil {
		p.release()
		return nil, err
	}
	return p, nil
}

func (p *epoll) control(op, fd int, events uint32, key uint64) error {
	event := unix.EpollEvent{Events: events, Fd: int32(uint32(key)), Pad: int32(key >> 32)}
	for {
		err := epollCtl(p.fd, op, fd, &event)
		if err == nil {
			return nil
		}
		if err != unix.EINTR {
			return sysError("epoll_ctl", err)
		}
	}
}

func (p *epoll) Add(fd int, key uint64, in Events, mode Mode) error {
	return p.change(unix.EPOLL_CTL_ADD, fd, key, in, mode)
}

func (p *epoll) Modify(fd int, key uint64, in Events, mode Mode) error {
	return p.change(unix.EPOLL_CTL_MOD, fd, key, in, mode)
}

func (p *epoll) change(op, fd int, key uint64, in Events, mode Mode) error {
	if err := admissible(p, in, mode); err != nil {
		return err
	}
	if !p.gate.Enter() {
		return ErrClosed
	}
	defer p.leave()
	return p.control(op, fd, epollBits(in, mode), key)
}

func (p *epoll) Delete(fd int) error {
	if !p.gate.Enter() {
		return ErrClosed
	}
	defer p.leave()
	return p.control(unix.EPOLL_CTL_DEL, fd, 0, 0)
}

func (p *epoll) Wait(buf []Event, timeout time.Duration) (int, error) {
	if err := p.begin(); err != nil {
		return 0, err
	}
	defer p.end()
	raw := p.raw[:min(len(buf), maxEvents)]
	if timeout <= 0 {
		n, err := epollWait(p.fd, raw, timeout)
		for err == unix.EINTR {
			n, err = epollWait(p.fd, raw, timeout)
		}
		return p.collect(buf, n, err)
	}
	for end := time.Now().Add(timeout); ; {
		n, err := epollWait(p.fd, raw, timeout)
		if n > 0 || err != nil && err != unix.EINTR {
			return p.collect(buf, n, err)
		}
		if timeout = time.Until(end); timeout <= 0 {
			return p.collect(buf, 0, nil)
		}
	}
}

// begin makes the caller the one that waits.
func (p *epoll) begin() error {
	if !p.gate.Enter() {
		return ErrClosed
	}
	if !p.busy.CompareAndSwap(false, true) {
		p.leave()
		return ErrBusy
	}
	// After having become the one: the Wait before this one may have had the
	// event that Close made.
	if p.closed.Load() {
		p.end()
		return ErrClosed
	}
	return nil
}

func (p *epoll) end() {
	p.busy.Store(false)
	p.leave()
}

func (p *epoll) leave() {
	if p.gate.Leave() {
		p.release()
	}
}

// collect translates n events.
func (p *epoll) collect(buf []Event, n int, err error) (int, error) {
	if p.closed.Load() {
		return 0, ErrClosed
	}
	if err != nil {
		return 0, sysError("epoll_wait", err)
	}
	found := 0
	for i := range n {
		e := &p.raw[i]
		key := eventKey(e)
		if key == NotifyKey {
			p.noted.Store(false) // the next Notify is for the next Wait
			continue
		}
		buf[found] = Event{Key: key, Ready: epollEvents(e.Events)}
		found++
	}
	return found, nil
}

func (p *epoll) Notify() error {
	if !p.gate.Enter() {
		return ErrClosed
	}
	defer p.leave()
	if p.noted.Swap(true) {
		return nil
	}
	err := p.notify.write()
	p.alert()
	return err
}

func (p *epoll) Look(fd int, in Events) (Events, error) { return look(fd, in) }

func (p *epoll) Supports(mode Mode) bool { return mode <= EdgeOneShot }

func (p *epoll) Descriptor() (uintptr, bool) {
	if p.closed.Load() {
		return 0, false
	}
	return uintptr(p.fd), true
}

func (p *epoll) Close() error {
	if !p.gate.Shut() {
		return ErrClosed
	}
	p.closed.Store(true)
	p.notify.write()
	p.alert()
	p.leave()
	return nil
}

func (p *epoll) release() {
	if p.file != nil {
		p.file.Close() // and outer with it
	}
	unix.Close(p.fd)
	p.notify.close()
}

// The names that poll and epoll have for the same, on which bitsOf and eventsOf
// rely. This does not compile where they differ.
var _ [0]struct{} = [(unix.EPOLLIN ^ unix.POLLIN) | (unix.EPOLLOUT ^ unix.POLLOUT) | (unix.EPOLLPRI ^ unix.POLLPRI) |
	(unix.EPOLLHUP ^ unix.POLLHUP) | (unix.EPOLLERR ^ unix.POLLERR)]struct{}{}

func epollBits(in Events, mode Mode) uint32 {
	bits := uint32(bitsOf(in, unix.EPOLLRDHUP))
	switch mode {
	case Edge:
		bits |= unix.EPOLLET & 0xffffffff
	case OneShot:
		bits |= unix.EPOLLONESHOT
	case EdgeOneShot:
		bits |= unix.EPOLLONESHOT | unix.EPOLLET&0xffffffff
	}
	return bits
}

func epollEvents(bits uint32) Events { return eventsOf(int(bits), unix.EPOLLRDHUP) }
