//go:build unix

package poller

import (
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// poll is the backend that every Unix has: a list of descriptors, which each
// Wait hands to the system as a whole. Whoever changes the list while somebody
// waits makes the wait begin again.
type poll struct {
	notify  notifier
	gate    Gate // guards notify
	closed  atomic.Bool
	noted   atomic.Bool // as in epoll
	written atomic.Bool // the notifier is readable, or about to be

	mu      sync.Mutex
	index   map[int]int // by descriptor: its place in watched
	watched []watched
	changed bool // since list was made
	waiting bool // somebody is in Wait
	serial  uint64

	list    []unix.PollFd // of the one that waits; the notifier is the first
	serials []uint64      // which watched each of list was made of
}

type watched struct {
	fd     int
	id     identity
	key    uint64
	in     Events
	mode   Mode
	off    bool // by a one-shot event
	serial uint64
}

func openPoll() (Poller, error) {
	n, err := newNotifier()
	if err != nil {
		return nil, err
	}
	return &poll{notify: n, index: map[int]int{}, changed: true}, nil
}

func (p *poll) Add(fd int, key uint64, in Events, mode Mode) error {
	if err := admissible(p, in, mode); err != nil {
		return err
	}
	id, err := pollable(fd)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed.Load() {
		return ErrClosed
	}
	if i, ok := p.index[fd]; ok {
		if p.watched[i].id == id {
			return ErrExists
		}
		p.removeLocked(i) // closed underneath, and the number used again
	}
	p.serial++
	p.index[fd] = len(p.watched)
	p.watched = append(p.watched, watched{fd, id, key, in, mode, false, p.serial})
	p.changeLocked()
	return nil
}

// An identity tells files with the same descriptor number apart, where it can:
// files without a name of their own, such as eventfds, may share one.
type identity struct{ device, inode uint64 }

// pollable refuses what is not open and what is always ready, as epoll does.
func pollable(fd int) (identity, error) {
	var s unix.Stat_t
	for {
		err := unix.Fstat(fd, &s)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return identity{}, sysError("fstat", err)
		}
		break
	}
	if kind := uint32(s.Mode) & unix.S_IFMT; kind == unix.S_IFREG || kind == unix.S_IFDIR {
		return identity{}, ErrKind
	}
	return identity{uint64(s.Dev), uint64(s.Ino)}, nil
}

func (p *poll) Modify(fd int, key uint64, in Events, mode Mode) error {
	if err := admissible(p, in, mode); err != nil {
		return err
	}
	return p.at(fd, func(i int) {
		p.serial++
		p.watched[i] = watched{fd, p.watched[i].id, key, in, mode, false, p.serial}
	})
}

func (p *poll) Delete(fd int) error {
	return p.at(fd, p.removeLocked)
}

// at calls f with the place of fd.
func (p *poll) at(fd int, f func(i int)) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed.Load() {
		return ErrClosed
	}
	i, ok := p.index[fd]
	if !ok {
		if _, err := look(fd, 0); err != nil {
			return err
		}
		return ErrNotFound
	}
	f(i)
	p.changeLocked()
	return nil
}

func (p *poll) removeLocked(i int) {
	last := len(p.watched) - 1
	delete(p.index, p.watched[i].fd)
	if i != last {
		p.watched[i] = p.watched[last]
		p.index[p.watched[i].fd] = i
	}
	p.watched = p.watched[:last]
}

// changeLocked makes a Wait under way see the change.
func (p *poll) changeLocked() {
	p.changed = true
	if p.waiting {
		p.kick()
	}
}

// kick makes the notifier readable. Its descriptors are there: Close cannot
// come in between, as it takes the lock that the caller holds, or the caller is
// inside the gate.
func (p *poll) kick() error {
	if p.written.Swap(true) {
		return nil
	}
	return p.notify.write()
}

func (p *poll) Wait(buf []Event, timeout time.Duration) (int, error) {
	if !p.gate.Enter() {
		return 0, ErrClosed
	}
	defer p.leave()
	p.mu.Lock()
	if p.waiting {
		p.mu.Unlock()
		return 0, ErrBusy
	}
	p.waiting = true
	p.mu.Unlock()
	n, err := p.wait(buf, timeout)
	p.mu.Lock()
	p.waiting = false
	p.mu.Unlock()
	return n, err
}

func (p *poll) wait(buf []Event, timeout time.Duration) (int, error) {
	var end time.Time
	if timeout > 0 {
		end = time.Now().Add(timeout)
	}
	for {
		// Here too, since a Wait before this one may have drained what Close
		// has written.
		if p.closed.Load() {
			return 0, ErrClosed
		}
		p.refresh()
		_, err := pollWait(p.list, timeout)
		if err != nil && err != unix.EINTR && err != unix.EAGAIN {
			return 0, sysError("poll", err)
		}
		if p.list[0].Revents != 0 {
			// In this order: a kick that comes in between does not write, and
			// need not, as what it is about is looked at below. The other way
			// round its write would be drained with written set for good.
			p.notify.drain()
			p.written.Store(false)
		}
		if p.closed.Load() {
			return 0, ErrClosed
		}
		n := 0
		if err == nil {
			n = p.collect(buf)
		}
		// A change of the list is not a notification: begin again.
		if p.noted.Swap(false) || n > 0 {
			return n, nil
		}
		if timeout == 0 && err == nil {
			return 0, nil
		}
		if timeout > 0 {
			if timeout = time.Until(end); timeout <= 0 {
				return 0, nil
			}
		}
	}
}

// refresh brings the list up to date.
func (p *poll) refresh() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.changed {
		return
	}
	p.changed = false
	p.list = append(p.list[:0], pollFD(p.notify.readEnd(), Read))
	p.serials = append(p.serials[:0], 0)
	for i := range p.watched {
		if w := &p.watched[i]; !w.off {
			p.list = append(p.list, pollFD(w.fd, w.in))
			p.serials = append(p.serials, w.serial)
		}
	}
}

// collect stores what the list says, of those that are still as they were.
// Where it stops for want of room, the next Wait finds the rest: events here
// last until something is done about them.
func (p *poll) collect(buf []Event) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	gone := []int(nil)
	for j := 1; j < len(p.list) && n < len(buf); j++ {
		bits := int(p.list[j].Revents)
		if bits == 0 {
			continue
		}
		i, ok := p.index[int(p.list[j].Fd)]
		if !ok || p.watched[i].serial != p.serials[j] {
			continue
		}
		w := &p.watched[i]
		if bits&unix.POLLNVAL != 0 {
			// It has been closed. Nobody can do anything about it, so it
			// would be reported for ever.
			gone = append(gone, w.fd)
			continue
		}
		buf[n] = Event{Key: w.key, Ready: pollEvents(bits)}
		n++
		if w.mode == OneShot {
			w.off, p.changed = true, true
		}
	}
	for _, fd := range slices.Compact(gone) {
		p.removeLocked(p.index[fd])
		p.changed = true
	}
	return n
}

func (p *poll) Park([]Event, func() bool) (int, error) { return 0, p.unsupported() }

func (p *poll) Glance([]Event) (int, error) { return 0, p.unsupported() }

func (p *poll) unsupported() error {
	if p.closed.Load() {
		return ErrClosed
	}
	return errors.ErrUnsupported
}

func (p *poll) Alert() {}

func (p *poll) Notify() error {
	if !p.gate.Enter() {
		return ErrClosed
	}
	defer p.leave()
	if p.noted.Swap(true) {
		return nil
	}
	return p.kick()
}

func (p *poll) Look(fd int, in Events) (Events, error) { return look(fd, in) }

func (p *poll) Supports(mode Mode) bool { return mode == Level || mode == OneShot }

func (p *poll) Descriptor() (uintptr, bool) { return 0, false }

func (p *poll) Close() error {
	p.mu.Lock()
	if !p.gate.Shut() {
		p.mu.Unlock()
		return ErrClosed
	}
	p.closed.Store(true)
	p.notify.write()
	p.mu.Unlock()
	p.leave()
	return nil
}

func (p *poll) leave() {
	if p.gate.Leave() {
		p.notify.close()
	}
}

// pollFD returns what asks for the events in.
func pollFD(fd int, in Events) unix.PollFd {
	p := unix.PollFd{Fd: int32(fd)}
	assign(&p.Events, bitsOf(in, pollRDHUP))
	return p
}

// assign is for a field whose type is not the same everywhere.
func assign[T int16 | uint16](to *T, bits int) { *to = T(bits) }

func pollEvents(bits int) Events { return eventsOf(bits, pollRDHUP) }
