package reactor

import (
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/causeway-go/causeway/internal/goroutine"
	"github.com/causeway-go/causeway/internal/poller"
	"github.com/causeway-go/causeway/pollster"
)

// A direct is a socket in Go's own network poller, beside its place in our epoll
// set: the way in which plain goroutines wait for it.
//
// An event that comes by way of the set makes two hops, from Go's poller to our
// driver and from there to the one who waits. Somebody who has no goroutine
// cannot be woken otherwise. A goroutine can, and is then as fast as with package
// net: a round trip with one connection took 1.7 times as long by way of the set.
//
// It is made when a goroutine has to wait for the first time, so a connection
// that only tasks use does without. The socket then belongs to the os.File.
// Everything else, the deadlines and who may close when, is as without one, but
// for two signals: what ends waiting early is told to the file as a deadline in
// the past, and whoever is woken by that looks why.
//
// In the set the socket stays too. The second event that nobody there waits for
// takes it out; see wantedBefore.
type direct struct {
	file *os.File
	raw  syscall.RawConn
	end  pollster.Waker // of the Source, by its Reactor
	here atomic.Int32   // goroutines in one of the methods below
}

// past is a deadline that is over.
var past = time.Unix(1, 0)

// OnWake implements pollster.Wakeable: the Source has ended.
func (d *direct) OnWake() { d.kick(Readable|Writable, past) }

// kick sets the deadline of the file for the directions in: to past, which has
// those who wait there look at what has happened, or back to none.
func (d *direct) kick(in Events, at time.Time) {
	// If the file is closed nobody waits.
	if in&Readable != 0 {
		_ = d.file.SetReadDeadline(at)
	}
	if in&Writable != 0 {
		_ = d.file.SetWriteDeadline(at)
	}
}

// nests reports whether goroutines may wait for descriptors of r in Go's poller:
// where nobody has asked for another way.
func (r *Reactor) nests() bool {
	return r.kind == poller.Epoll && !r.opts.Thread && !r.opts.Manual && !r.counts.blocking.Load()
}

// plainly returns the direct of f if the caller is a goroutine that waits in the
// ordinary way, and nil if it is not, or if the system refuses.
func (f *netFD) plainly() *direct {
	if !f.s.r.nests() || goroutine.Here() != nil {
		return nil
	}
	if d := f.direct.Load(); d != nil {
		return d
	}
	return f.makeDirect()
}

// makeDirect makes the direct of f, or returns nil.
func (f *netFD) makeDirect() *direct {
	f.making.Lock()
	defer f.making.Unlock()
	if d := f.direct.Load(); d != nil || f.refused {
		return d
	}
	s := f.s
	if !s.gate.Enter() {
		return nil
	}
	defer s.leave() // whose error, if it closes the file, is Close's to tell
	file := os.NewFile(uintptr(s.fd), "socket")
	raw, err := file.SyscallConn()
	// NewFile does not say whether the network poller has accepted it. This does.
	if f.refused = err != nil || file.SetDeadline(time.Time{}) != nil; f.refused {
		f.owner = file // it cannot be made to let go of the descriptor
		return nil
	}
	d := &direct{file: file, raw: raw}
	d.end.Init(d)
	f.owner = file
	f.direct.Store(d)
	s.mu.Lock()
	ended := s.err != nil
	s.direct = d
	s.mu.Unlock()
	if ended {
		d.OnWake()
	}
	// A deadline that has passed before d was there is found by each attempt.
	return d
}

// A passage is one call of a direct, used again.
type passage struct {
	t   *timing
	try func(fd int) (int, error)
	n   int
	err error
	fn  func(fd uintptr) bool
}

var passages = sync.Pool{New: func() any {
	p := new(passage)
	p.fn = p.attempt
	return p
}}

// attempt is called by Go's poller, first and whenever there may be something.
func (p *passage) attempt(fd uintptr) bool {
	for {
		// In here: a deadline that passes after this look kicks.
		if p.t.over.Load() {
			p.n, p.err = 0, os.ErrDeadlineExceeded
			return true
		}
		p.n, p.err = p.try(int(fd))
		if p.err != errInterrupted {
			return p.err != errAgain
		}
	}
}

// pass makes one attempt after another until one need not wait.
func (f *netFD) pass(d *direct, in Events, try func(fd int) (int, error)) (n int, err error) {
	p := passages.Get().(*passage)
	p.t, p.try = f.timing(in), try
	d.here.Add(1)
	defer d.here.Add(-1)
	for {
		if in == Writable {
			err = d.raw.Write(p.fn)
		} else {
			err = d.raw.Read(p.fn)
		}
		if err == nil {
			n, err = p.n, p.err
			break
		}
		if err = f.kicked(d, in, err); err != nil {
			break
		}
	}
	p.t, p.try, p.n, p.err = nil, nil, 0, nil
	passages.Put(p)
	if err == errBadDescriptor {
		err = fmt.Errorf("%w: %w", ErrDescriptor, err)
	}
	return n, err
}

// kicked returns why Go's poller, with err, did not let us wait, or nil if that
// reason has gone meanwhile.
func (f *netFD) kicked(d *direct, in Events, err error) error {
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		return net.ErrClosed
	}
	if err := f.s.ended(); err != nil {
		return err
	}
	t := f.timing(in)
	t.mu.Lock()
	if t.over.Load() {
		t.mu.Unlock()
		return os.ErrDeadlineExceeded
	}
	// Under the lock: a deadline that passes from now on kicks again.
	d.kick(in, time.Time{})
	t.mu.Unlock()
	if err := f.s.ended(); err != nil {
		d.kick(in, past) // we may have undone that one
		return err
	}
	return nil
}

// ended returns why s has ended, or nil.
func (s *Source) ended() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// goroutines returns how many goroutines wait for s in Go's poller, or are about to.
func (s *Source) goroutines() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.direct == nil {
		return 0
	}
	return int(s.direct.here.Load())
}
