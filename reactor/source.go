package reactor

import (
	"fmt"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/causeway-go/causeway/internal/poller"
	"github.com/causeway-go/causeway/pollster"
)

// A Source is a descriptor that is registered with a Reactor: a socket, a pipe,
// an eventfd, timerfd, inotify, pidfd, a terminal, another epoll set. Any number
// of goroutines and tasks may wait for it, in any direction, at the same time.
// Its methods do not block, except for those that take a context.
//
// The Source does not own the descriptor. Close it after the Source, or by way
// of [Source.CloseWith]. A descriptor that is closed while it is registered
// vanishes from the system's books without a word, so that whoever waits at
// that moment is not told; later calls, and those who still wait when the
// number is registered again, get [ErrDescriptor].
//
// The descriptor should be in non-blocking mode. Register does not see to it:
// the mode belongs to the open file, which others may share.
type Source struct {
	r      *Reactor
	fd     int
	key    uint64
	gate   poller.Gate // counts those who use fd
	closer func(fd int) error

	ticks [3]atomic.Uint32 // by direction: goes up with each event
	wary  atomic.Bool      // a short read is no sign; see Waiter.drained

	mu       sync.Mutex
	armed    Events   // what the poller watches
	unwanted [3]uint8 // by direction: events since that nobody waited for
	first    *Waiter  // those who wait; a list linked both ways
	err      error    // once it has ended
	direct   *direct  // of a socket that goroutines wait for
}

// The protocol, for each direction:
//
//	who waits                         the driver
//	1. read the tick                  1. tick++
//	2. try: the call says «not now»   2. take those who wait
//	3. with the lock: if the tick     3. without the lock: wake them
//	   is the same, be in the list
//
// Steps 1 and 2 of the driver are made with the lock of the Source. If the
// descriptor became ready before step 2 of the one who waits, the call would
// have succeeded. If it did after that, its event comes after that too: before
// step 3 of the one who waits, who then sees the tick and tries again, or after
// it, and then the driver finds him in the list. To look at the tick after
// the call would lose the event that came between the call and the look.
//
// This is also why an edge-triggered registration, set up once, does: nobody
// concludes from an old event that the descriptor is ready now. And a
// registration that reports an event twice, or one meant for an earlier try,
// costs a try and nothing else.

// wantedBefore is how many events in a row that nobody waits for take a
// direction out of the set. The next one who waits puts it back, which costs
// him a system call and loses nothing, as the system then says at once what is
// ready. So a peer that sends without end to somebody who never waits wakes
// the driver no more than this many times.
const wantedBefore = 2

// maxFD bounds the table by descriptor, far above what systems allow.
const maxFD = 1 << 28

// Register adds a descriptor to r. It fails with [ErrRegistered] if it is
// registered already, which leaves the first registration as it is,
// [ErrNotPollable], [ErrDescriptor], [ErrLimit], [ErrClosed] or
// errors.ErrUnsupported.
func (r *Reactor) Register(fd uintptr) (*Source, error) { return r.register(fd, Readable) }

// register is Register that begins by watching for the events in.
func (r *Reactor) register(fd uintptr, in Events) (*Source, error) {
	if fd >= maxFD {
		return nil, fmt.Errorf("%w: %d", ErrDescriptor, fd)
	}
	s := &Source{r: r, fd: int(fd), armed: in}
	r.mu.Lock()
	defer r.mu.Unlock()
	p, err := r.openLocked()
	if err != nil {
		return nil, err
	}
	var old *Source
	if int(fd) < len(r.table) {
		if old = r.table[fd]; old != nil {
			// It must not change what is watched between our Add and its end.
			old.mu.Lock()
			defer old.mu.Unlock()
		}
	}
	r.generation++
	s.key = uint64(r.generation)<<32 | uint64(fd)
	if s.key == poller.NotifyKey {
		s.key &= 1<<32 - 1
	}
	r.counts.changes.Add(1)
	if err := p.Add(s.fd, s.key, poller.Events(in), r.mode); err != nil {
		return nil, translate("register", err)
	}
	if old != nil {
		// The system has let us add this number again, so the one that
		// was there has been closed underneath.
		defer r.wakeLater(old.failLocked(fmt.Errorf("%w: closed while it was registered", ErrDescriptor), nil))
		r.registered--
	}
	for len(r.table) <= s.fd {
		r.table = append(r.table, nil)
	}
	r.table[fd] = s
	r.registered++
	r.startLocked()
	return s, nil
}

// wakeLater wakes ws when the caller's locks have been released.
func (r *Reactor) wakeLater(ws []*pollster.Waker) {
	if len(ws) > 0 {
		r.launch(func() { r.wake(ws) })
	}
}

// RegisterConn is [Reactor.Register] for anything that has a descriptor and
// keeps it to itself, such as *os.File, *net.TCPConn, or the sockets of other
// packages. Close the Source before c.
func (r *Reactor) RegisterConn(c syscall.Conn) (*Source, error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return nil, fmt.Errorf("reactor: register: %w", err)
	}
	var s *Source
	var failed error
	if err := raw.Control(func(fd uintptr) { s, failed = r.Register(fd) }); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDescriptor, err) // c is closed
	}
	return s, failed
}

// Reactor returns the Reactor that s is registered with.
func (s *Source) Reactor() *Reactor { return s.r }

// FD returns the descriptor.
func (s *Source) FD() uintptr { return uintptr(s.fd) }

// Close takes the descriptor out of the Reactor. It leaves it open. Everyone
// who waits for s is woken and gets [ErrClosed], as does everyone who comes
// later. A function that was given to ReadWith or the like may be in the middle
// of a system call on the descriptor when Close returns; CloseWith is for those
// who go on to close it. Close returns ErrClosed if s was closed before.
func (s *Source) Close() error { return s.CloseWith(nil) }

// CloseWith is Close that calls closer with the descriptor once nobody is using
// it any more: during this call, whose error it then is, or when the last
// function given to ReadWith and the like returns.
func (s *Source) CloseWith(closer func(fd int) error) error {
	s.mu.Lock()
	if !s.gate.Shut() { // also taken by whoever closes at the same time
		s.mu.Unlock()
		return ErrClosed
	}
	s.closer = closer
	s.mu.Unlock()
	r := s.r
	r.mu.Lock()
	if s.fd < len(r.table) && r.table[s.fd] == s {
		r.table[s.fd] = nil
		r.registered--
		r.counts.changes.Add(1)
		r.p.Delete(s.fd) // it may have been closed underneath
	}
	r.mu.Unlock()
	ws := s.fail(ErrClosed, nil)
	err := s.leave()
	r.wake(ws)
	return err
}

// leave ends the use of the descriptor that gate.Enter or Shut has begun.
func (s *Source) leave() error {
	if s.gate.Leave() && s.closer != nil {
		return s.closer(s.fd)
	}
	return nil
}

// fail ends s with err and appends the wakers of those who wait to ws.
func (s *Source) fail(err error, ws []*pollster.Waker) []*pollster.Waker {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failLocked(err, ws)
}

func (s *Source) failLocked(err error, ws []*pollster.Waker) []*pollster.Waker {
	if s.err == nil {
		s.err = err
		if s.direct != nil {
			ws = append(ws, &s.direct.end)
		}
	}
	for w := s.first; w != nil; w = s.first {
		ws = append(ws, s.takeLocked(w))
	}
	return ws
}

// ready notes the events e and appends the wakers of those who wait for one of
// them to ws.
func (s *Source) ready(e Events, ws []*pollster.Waker) []*pollster.Waker {
	if e&(HangUp|Failed) != 0 {
		e |= Priority // whoever waits for that must look, too
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return ws
	}
	if e&(Priority|HangUp|Failed) != 0 {
		s.wary.Store(true) // before the tick
	}
	for d := range s.ticks {
		if e>>d&1 != 0 {
			s.ticks[d].Add(1)
		}
	}
	var wanted, left Events
	for w := s.first; w != nil; {
		next := w.next
		if w.in&e != 0 {
			wanted |= w.in & e
			ws = append(ws, s.takeLocked(w))
		} else {
			left |= w.in
		}
		w = next
	}
	if s.settleLocked(e, wanted, left) != nil {
		// Those who are left would not be told of anything. They try again,
		// and get the error themselves.
		for w := s.first; w != nil; w = s.first {
			ws = append(ws, s.takeLocked(w))
		}
		for d := range s.ticks {
			s.ticks[d].Add(1)
		}
	}
	return ws
}

// settleLocked adjusts what is watched after the events e, of which some were
// wanted; others are still waited for.
//
// It fails only where those who still wait depend on it.
func (s *Source) settleLocked(e, wanted, left Events) error {
	if s.r.mode == poller.OneShot {
		s.armed = 0 // the event has ended it all
		if left != 0 {
			return s.armLocked(left)
		}
		return nil
	}
	drop := Events(0)
	for d := range s.unwanted {
		bit := Events(1) << d
		switch {
		case e&bit == 0:
		case wanted&bit != 0:
			s.unwanted[d] = 0
		case s.armed&bit != 0:
			if s.unwanted[d]++; s.unwanted[d] >= wantedBefore {
				s.unwanted[d] = 0
				drop |= bit
			}
		}
	}
	if drop &^= left; drop != 0 {
		s.armLocked(s.armed &^ drop)
	}
	return nil
}

// armLocked makes in what is watched.
func (s *Source) armLocked(in Events) error {
	s.r.counts.changes.Add(1)
	err := s.r.p.Modify(s.fd, s.key, poller.Events(in), s.r.mode)
	if err == nil {
		s.armed = in
	}
	return err
}
