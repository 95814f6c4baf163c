package poller

import (
	"errors"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// A parker is what an epoll set needs to be waited for in Go's network poller. It
// is made by the first Park.
//
// Between the two there is a third set, with nothing in it but ours, so that the
// connection can be cut: while others take the events by Glance, each event would
// wake one of Go's threads for nothing. To cut it costs a system call, and so does
// to mend it. Not to have it would cost one for each Park, or that thread for each
// event: with one connection a round trip takes 1.2 times as long as with package
// net when the connection is cut, and 1.6 times when it is not.
type parker struct {
	file  *os.File // of outer
	outer int
	conn  syscall.RawConn
	look  func(uintptr) bool // made once
	rest  func() bool
	room  int
	found int
	err   error

	nested atomic.Bool // outer is there
	mu     sync.Mutex  // held for changes of cut
	cut    bool
}

// Park looks inside the callback that RawConn.Read calls, first and after each
// wake-up. To wait first and look afterwards would lose events: RawConn.Read
// begins by forgetting what it knows.
func (p *epoll) Park(buf []Event, rest func() bool) (int, error) {
	if err := p.begin(); err != nil {
		return 0, err
	}
	defer p.end()
	if p.file == nil {
		if err := p.nest(); err != nil {
			return 0, err
		}
	}
	p.room, p.rest = min(len(buf), maxEvents), rest
	if err := p.conn.Read(p.look); err != nil {
		return 0, sysError("epoll set in the network poller", err)
	}
	return p.collect(buf, p.found, p.err)
}

// nest makes the third set, and registers it in Go's network poller. It is not our
// set itself that goes there: an os.File owns its descriptor, and cannot be made to
// let go of one that the network poller has refused.
func (p *epoll) nest() error {
	fd, err := epollCreate(unix.EPOLL_CLOEXEC)
	if err != nil {
		return sysError("epoll_create1", err)
	}
	if err := unix.SetNonblock(fd, true); err != nil {
		unix.Close(fd)
		return sysError("fcntl", err)
	}
	p.outer = fd
	if err := p.connect(unix.EPOLL_CTL_ADD, unix.EPOLLIN|unix.EPOLLET); err != nil {
		unix.Close(fd)
		return err
	}
	file := os.NewFile(uintptr(fd), "epoll")
	// NewFile does not say whether the network poller has accepted it. This
	// does.
	if file.SetReadDeadline(time.Time{}) != nil {
		file.Close()
		return errors.ErrUnsupported
	}
	conn, err := file.SyscallConn()
	if err != nil {
		file.Close()
		return err
	}
	p.look = p.once
	p.file, p.conn = file, conn
	p.nested.Store(true)
	return nil
}

// connect says of what our set has to tell the third one.
func (p *epoll) connect(op int, events uint32) error {
	event := unix.EpollEvent{Events: events}
	for {
		err := epollCtl(p.outer, op, p.fd, &event)
		if err == nil {
			return nil
		}
		if err != unix.EINTR {
			return sysError("epoll_ctl", err)
		}
	}
}

// once is one look.
func (p *epoll) once(uintptr) bool {
	if p.rest != nil && p.resting() {
		return false
	}
	p.found, p.err = epollWait(p.fd, p.raw[:p.room], 0)
	for p.err == unix.EINTR {
		p.found, p.err = epollWait(p.fd, p.raw[:p.room], 0)
	}
	return p.found > 0 || p.err != nil
}

// resting cuts the connection, if it may. An Alert that comes while rest makes up
// its mind waits, and mends what we have cut.
func (p *epoll) resting() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	// Before Close and Notify look at cut they have set these.
	if p.closed.Load() || p.noted.Load() || !p.rest() {
		p.mendLocked() // it may have been woken for nothing while it rested
		return false
	}
	if p.cut {
		return true
	}
	if p.connect(unix.EPOLL_CTL_MOD, 0) != nil {
		return false
	}
	// Our set is in the list of those that are ready in the third one, since
	// nobody takes it out there. While it is, alert would not be heard.
	var event [1]unix.EpollEvent
	for {
		if _, err := epollWait(p.outer, event[:], 0); err != unix.EINTR {
			break
		}
	}
	p.cut = true
	return true
}

// Alert implements Poller.
func (p *epoll) Alert() {
	if !p.gate.Enter() {
		return // Close has done it
	}
	defer p.leave()
	p.alert()
}

// alert mends the connection. The system then says anew what is ready already.
//
// Preconditions: the caller is inside the gate.
func (p *epoll) alert() {
	if !p.nested.Load() {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mendLocked()
}

func (p *epoll) mendLocked() {
	if p.cut {
		p.cut = p.connect(unix.EPOLL_CTL_MOD, unix.EPOLLIN|unix.EPOLLET) != nil
	}
}

// Glance implements Poller. The event of a notification is not for it: it writes
// another one, and takes nothing any more until that has been seen.
func (p *epoll) Glance(buf []Event) (int, error) {
	if !p.gate.Enter() {
		return 0, ErrClosed
	}
	defer p.leave()
	if p.noted.Load() {
		return 0, nil
	}
	var raw [glanceEvents]unix.EpollEvent
	n, err := epollWait(p.fd, raw[:min(len(buf), glanceEvents)], 0)
	if err != nil && err != unix.EINTR {
		return 0, sysError("epoll_wait", err)
	}
	found := 0
	for i := range max(n, 0) {
		if key := eventKey(&raw[i]); key != NotifyKey {
			buf[found] = Event{Key: key, Ready: epollEvents(raw[i].Events)}
			found++
			continue
		}
		if err := p.notify.write(); err != nil {
			return found, err
		}
	}
	return found, nil
}

// glanceEvents is how many events one Glance takes at most: few, so that somebody
// who glances at the same time has some too.
const glanceEvents = 16

func eventKey(e *unix.EpollEvent) uint64 { return uint64(uint32(e.Fd)) | uint64(uint32(e.Pad))<<32 }
