package reactor

import (
	"errors"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/causeway-go/causeway/internal/glance"
	"github.com/causeway-go/causeway/internal/goroutine"
	"github.com/causeway-go/causeway/internal/poller"
	"github.com/causeway-go/causeway/pollster"
)

// A Reactor waits for descriptors and for time, on behalf of any number of
// futures. Make it with [New] and end it with [Reactor.Close], or use
// [Default]. All methods may be called from any goroutine, and none blocks
// but Poll.
//
// A Reactor starts nothing before it is used: its goroutine starts when the
// first Source is registered, and Go's timer when the first of its timers is
// armed.
type Reactor struct {
	opts   Options
	base   time.Time // the time 0 of timers
	bubble bool      // made inside a synctest bubble
	timers timers

	mu         sync.Mutex
	p          poller.Poller // nil until opened
	kind       poller.Kind
	mode       poller.Mode // of registrations
	table      []*Source   // by descriptor
	registered int
	generation uint32
	driving    bool // the driver has been started
	err        error

	closed  atomic.Bool
	live    atomic.Bool // the driver is there
	polling atomic.Bool // somebody is in Poll, and has round
	round   *round
	idle    idler // in a bubble
	// exported says that a foreign loop watches the descriptor, and has to be
	// told when a timer is armed that it does not know of.
	exported atomic.Bool

	waiting atomic.Int64
	watch   watch
	looker  looker
	counts  counts
	pipes   pipes // of those who splice
}

// New makes a Reactor. It fails with an error that wraps [ErrOptions],
// [ErrLimit] or errors.ErrUnsupported. Where the system has nothing to watch
// descriptors with, New succeeds, and Register fails with
// errors.ErrUnsupported.
//
// A Reactor made inside a testing/synctest bubble belongs to it; see the
// package documentation.
func New(opts Options) (*Reactor, error) {
	if err := opts.check(); err != nil {
		return nil, err
	}
	r := newReactor(opts, goroutine.InBubble())
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, err := r.openLocked(); err != nil {
		return nil, err
	}
	return r, nil
}

func newReactor(opts Options, bubble bool) *Reactor {
	r := &Reactor{opts: opts, base: time.Now(), bubble: bubble}
	if bubble {
		r.opts.Thread = false // it would keep the clock of the bubble from moving on
		r.idle.wanted = make(chan struct{}, 1)
	}
	r.timers.init(r)
	r.looker.r = r
	return r
}

// openLocked returns the poller, and opens it if there is none.
func (r *Reactor) openLocked() (poller.Poller, error) {
	if r.err != nil {
		return nil, r.err
	}
	if r.p != nil {
		return r.p, nil
	}
	p, kind, err := poller.Open(r.opts.Backend.kind())
	if err != nil {
		return nil, translate("open", err)
	}
	r.useLocked(p, kind)
	return p, nil
}

func (r *Reactor) useLocked(p poller.Poller, kind poller.Kind) {
	r.p, r.kind, r.mode = p, kind, poller.Edge
	if !p.Supports(poller.Edge) {
		r.mode = poller.OneShot
	}
}

var (
	defaultMu      sync.Mutex
	defaultReactor atomic.Pointer[Reactor]
)

// Default returns the Reactor that is there for everybody, and makes it with
// zero Options at the first call, unless [SetDefault] has come before. It must
// not be closed by those who have not put it there. Its err is that of the
// system refusing an epoll set; timers do not need one, and the functions of
// this package that only need a timer do not call Default.
func Default() (*Reactor, error) {
	r := shared()
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, err := r.openLocked(); err != nil {
		return nil, err
	}
	return r, nil
}

// shared returns the default reactor, whether it can watch descriptors or not.
func shared() *Reactor {
	if r := defaultReactor.Load(); r != nil {
		return r
	}
	defaultMu.Lock()
	defer defaultMu.Unlock()
	if r := defaultReactor.Load(); r != nil {
		return r
	}
	// Not in a bubble, even if its first user is: it outlives that bubble.
	r := newReactor(Options{}, false)
	defaultReactor.Store(r)
	return r
}

// SetDefault makes r what Default returns and returns what it was, or nil if
// there was none. With nil, the next call of Default makes a new one. What has
// been registered with the old one stays there.
func SetDefault(r *Reactor) (old *Reactor) {
	defaultMu.Lock()
	defer defaultMu.Unlock()
	return defaultReactor.Swap(r)
}

// now returns the time since the base.
func (r *Reactor) now() int64 { return int64(time.Since(r.base)) }

// foreign reports that the caller is in a synctest bubble that r is not in.
// Then nothing of r may wake it directly, which would be a fatal error of the
// runtime.
func (r *Reactor) foreign() bool { return goroutine.InBubble() && !r.bubble }

// startLocked starts the driver of descriptors, if there is to be one.
func (r *Reactor) startLocked() {
	if r.driving || r.opts.Manual {
		return
	}
	r.driving = true
	r.live.Store(true)
	if r.nests() && !r.bubble {
		glance.Add(&r.looker)
	}
	r.launch(r.drive)
}

// launch starts f on a goroutine that is in the bubble of r, or in none.
func (r *Reactor) launch(f func()) {
	if r.foreign() {
		outside(f)
		return
	}
	go f()
}

// wake wakes what is in ws, empties it, and returns it for the next time. What
// one waker does, panic or Goexit, does not keep the others from being woken.
func (r *Reactor) wake(ws []*pollster.Waker) {
	i := 0
	defer func() {
		if i == len(ws) {
			return
		}
		v := recover() // nil for Goexit, which goes on after this
		r.counts.panics.Add(1)
		rest := ws[i+1:]
		defer r.wake(rest)
		if v != nil && r.opts.OnPanic != nil {
			r.opts.OnPanic(v, stack())
		}
	}()
	for ; i < len(ws); i++ {
		ws[i].Wake()
	}
}

// NextDeadline returns when the earliest timer is due, if there is one. A
// foreign loop waits no longer than that, or until Descriptor is readable, and
// then calls Poll(0).
func (r *Reactor) NextDeadline() (at time.Time, ok bool) {
	next := r.timers.next()
	if next == math.MaxInt64 {
		return time.Time{}, false
	}
	return r.base.Add(time.Duration(next)), true
}

// Descriptor returns the descriptor of the epoll set, which is readable while
// there is something for Poll to do, for loops that can watch a descriptor but
// cannot call us while they wait. It stays the property of r. There is none
// with other backends. A timer that is armed while the foreign loop waits makes
// it readable too if it is due before all others.
func (r *Reactor) Descriptor() (fd uintptr, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.p == nil || r.err != nil {
		return 0, false
	}
	fd, ok = r.p.Descriptor()
	r.exported.Store(ok)
	return fd, ok
}

// Interrupt makes a Poll that waits return, or else the next one. It does
// nothing on a Reactor that is not Manual.
func (r *Reactor) Interrupt() {
	r.mu.Lock()
	p := r.p
	r.mu.Unlock()
	if r.opts.Manual && p != nil {
		p.Notify()
		r.idle.kick()
	}
}

// Close ends r. Everyone who waits for a Source or a timer of r is woken, and
// gets [ErrClosed], as does everyone who comes later. Descriptors that were
// registered stay open. Close does not block; the descriptors of r itself are
// given back when its goroutine has ended, a moment later. It returns ErrClosed
// if r was closed before.
func (r *Reactor) Close() error {
	if !r.shut(ErrClosed) {
		return ErrClosed
	}
	return nil
}

// shut ends r with err, which waiters get, and reports whether it was the
// first to do so.
func (r *Reactor) shut(err error) bool {
	r.mu.Lock()
	if r.err != nil {
		r.mu.Unlock()
		return false
	}
	r.err = err
	r.closed.Store(true)
	p := r.p
	sources := r.table
	r.table, r.registered = nil, 0
	r.mu.Unlock()

	var ws []*pollster.Waker
	for _, s := range sources {
		if s != nil {
			ws = s.fail(err, ws)
		}
	}
	ws = r.timers.close(ws)
	glance.Remove(&r.looker)
	if p != nil {
		p.Close()
	}
	r.pipes.close()
	r.idle.kick()
	r.wake(ws)
	return true
}

// isClosed reports whether err says that the poller has been closed, which is
// how a driver learns that it is to end.
func isClosed(err error) bool { return errors.Is(err, poller.ErrClosed) }
