package reactor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/causeway-go/causeway/internal/uring"
	"github.com/causeway-go/causeway/pollster"
	"github.com/causeway-go/causeway/threadpool"
)

// A FileBackend is how reads and writes of files are made.
type FileBackend uint8

// The file backends.
const (
	// FileAuto uses io_uring where probing says that it works, and the
	// blocking pool elsewhere.
	FileAuto FileBackend = iota
	// FileRing uses io_uring. NewFiles fails where there is none.
	FileRing
	// FilePool uses the blocking pool.
	FilePool
)

// String returns "auto", "io_uring" or "pool".
func (b FileBackend) String() string {
	switch b {
	case FileRing:
		return "io_uring"
	case FilePool:
		return "pool"
	}
	return "auto"
}

// FilesOptions describe a Files. The zero value is useful.
type FilesOptions struct {
	// Reactor is the one that watches the ring. Nil means Default().
	Reactor *Reactor
	// Backend forces a mechanism. Without it the choice is made by NewFiles,
	// once, by probing.
	Backend FileBackend
	// InFlight is how many requests the kernel is given at a time. More of
	// them wait in line. 0 means 1024, the most is 16384.
	InFlight int
	// Pool is where blocking calls are made: opening, closing, Stat, and
	// everything without a ring. Nil means threadpool.Default().
	Pool *threadpool.Pool
}

// Files opens files and makes their reads and writes, on an io_uring of its own or
// in a blocking pool. All methods may be called from any goroutine.
type Files struct {
	pool   *threadpool.Pool
	reason error // why there is no ring

	rings []*fileRing   // none without io_uring; several, so that several goroutines can submit
	next  atomic.Uint32 // which of them is next

	readNow func(fd int, p []byte, off int64) (int, error) // asks the page cache; nil: nobody does
	share   bool                                           // there is more than one processor
	shared  atomic.Int32                                   // reads of a crowd with the ring or the pool

	mu     sync.Mutex
	pooled uint64 // requests made in the pool

	closed atomic.Bool
	calls  atomic.Uint64 // other calls made in the pool
	cached atomic.Uint64 // requests made by those who polled
}

// A fileRing is one ring, and its place in the reactor.
type fileRing struct {
	*ringEngine
	source *Source
	waker  pollster.Waker

	mu   sync.Mutex
	shut bool
	at   Waiter // for waker

	ended sync.Once
	err   error // of the end
}

// FileStats is what a Files looks like at one moment.
type FileStats struct {
	Backend  FileBackend // FileRing or FilePool: what was chosen
	Reason   error       // why not FileRing
	InFlight int         // requests the kernel has
	InLine   int         // requests that wait until it has room
	Peak     int         // most requests it has had
	Requests uint64      // requests made
	Cached   uint64      // those that the page cache has answered, at once
	Submits  uint64      // system calls that submitted them
	Pooled   uint64      // calls made in the pool: opening, closing and Stat always, Read and Write of a regular file, and all requests without a ring
	Repeated uint64      // short reads gone on with, and requests that were cancelled by the exit of a thread
}

// errTurnedOff is the Reason of a Files that was told to use the pool.
var errTurnedOff = errors.New("reactor: io_uring is turned off by the options")

// NewFiles makes a Files. It does not block. With the backend FileRing it returns
// what the system said where there is no io_uring, and errors.ErrUnsupported where
// there cannot be one.
func NewFiles(o FilesOptions) (*Files, error) {
	switch {
	case o.Backend > FilePool:
		return nil, fmt.Errorf("%w: file backend %d", ErrOptions, o.Backend)
	case o.InFlight < 0 || o.InFlight > 16384:
		return nil, fmt.Errorf("%w: %d requests in flight", ErrOptions, o.InFlight)
	case o.InFlight == 0:
		o.InFlight = 1024
	}
	if o.Pool == nil {
		o.Pool = threadpool.Default()
	}
	s := &Files{pool: o.Pool, reason: errTurnedOff, readNow: readNow, share: runtime.GOMAXPROCS(0) > 1}
	if o.Backend == FilePool {
		return s, nil
	}
	if s.reason = s.openRings(o); s.reason != nil && o.Backend == FileRing {
		return nil, s.reason
	}
	return s, nil
}

// maxRings is how many rings there are at most.
const maxRings = 4

// openRings probes, makes a ring for each P, and has the reactor watch them.
func (s *Files) openRings(o FilesOptions) error {
	if support := uring.Probe(); !support.Available {
		return support.Reason
	}
	r := o.Reactor
	if r == nil {
		var err error
		if r, err = Default(); err != nil {
			return err
		}
	}
	for n := min(runtime.GOMAXPROCS(0), maxRings, o.InFlight); n > 0; n-- {
		room := o.InFlight / n
		o.InFlight -= room
		x, err := openRing(r, room)
		if err != nil {
			err = errors.Join(err, s.closeRings())
			s.rings = nil
			return err
		}
		s.rings = append(s.rings, x)
	}
	return nil
}

func openRing(r *Reactor, room int) (*fileRing, error) {
	engine, err := newRingEngine(r, room)
	if err != nil {
		return nil, err
	}
	source, err := r.Register(uintptr(engine.ring.FD()))
	if err != nil {
		return nil, errors.Join(err, engine.close())
	}
	x := &fileRing{ringEngine: engine, source: source}
	x.waker.Init((*ringWake)(x))
	x.watch()
	return x, nil
}

// pick returns the ring for the next request. What goes around the page cache shares one:
// a call that submits it waits inside the kernel while the device has its fill, and one
// thread that does is enough.
func (s *Files) pick(direct bool) *fileRing {
	if direct {
		return s.rings[0]
	}
	return s.rings[s.next.Add(1)%uint32(len(s.rings))]
}

// ringWake is a fileRing that is woken when it has results.
type ringWake fileRing

// OnWake takes the results, which wakes those who wait for them, and asks to be
// woken again.
func (w *ringWake) OnWake() { (*fileRing)(w).watch() }

// watch reaps, and has x.waker woken when there is more to reap. The source reads
// its ticks first and lets a result that comes after the reap be seen by another
// round of it, so that none is left lying.
func (x *fileRing) watch() {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.shut {
		return
	}
	returned := false
	defer func() {
		if !returned { // a waker has ended this goroutine by Goexit
			go x.watch()
		}
	}()
	_, _, err := x.source.PollRead(&x.at, &x.waker, func(int) (int, error) {
		x.reap()
		return 0, errAgain
	})
	returned = true
	if errors.Is(err, ErrClosed) {
		go x.end() // the reactor is closed: nobody would reap any more
	}
}

// end closes the ring, once, and waits until it is closed.
func (x *fileRing) end() error {
	x.ended.Do(func() { x.err = x.close() })
	return x.err
}

// closeRings gives back the rings.
func (s *Files) closeRings() error {
	var errs []error
	for _, x := range s.rings {
		x.mu.Lock()
		x.shut = true
		x.at.Cancel()
		x.mu.Unlock()
		if err := x.source.Close(); !errors.Is(err, ErrClosed) { // it is, if the reactor is
			errs = append(errs, err)
		}
		errs = append(errs, x.end())
	}
	return errors.Join(errs...)
}

var (
	defaultFilesMu sync.Mutex
	defaultFiles   *Files
)

// DefaultFiles returns the Files that Open and OpenFile use. It is made on first
// use, with the default reactor and pool, and never closed.
func DefaultFiles() *Files {
	defaultFilesMu.Lock()
	defer defaultFilesMu.Unlock()
	if defaultFiles == nil {
		s, err := NewFiles(FilesOptions{})
		if err != nil {
			s = &Files{pool: threadpool.Default(), reason: err}
		}
		defaultFiles = s
	}
	return defaultFiles
}

// SetDefaultFiles replaces what DefaultFiles returns, and returns what it was; nil
// means that it has not been made, or shall be made again.
func SetDefaultFiles(s *Files) (old *Files) {
	defaultFilesMu.Lock()
	defer defaultFilesMu.Unlock()
	old, defaultFiles = defaultFiles, s
	return old
}

// Stats returns what s looks like now. It does not block for long.
func (s *Files) Stats() FileStats {
	s.mu.Lock()
	st := FileStats{Backend: FilePool, Reason: s.reason, Requests: s.pooled, Pooled: s.pooled + s.calls.Load()}
	s.mu.Unlock()
	st.Cached = s.cached.Load()
	st.Requests += st.Cached
	for _, e := range s.rings {
		e.ringEngine.mu.Lock()
		st.Backend = FileRing
		st.InFlight += e.flying
		st.InLine += e.inLine
		st.Peak += e.peak
		st.Requests += e.counts.requests
		st.Submits += e.counts.submits
		st.Repeated += e.counts.again
		e.ringEngine.mu.Unlock()
	}
	return st
}

// Close ends all requests with os.ErrClosed, waits until the kernel has let go of
// their buffers, and gives back the ring. Files that are open stay open, but cannot
// be read or written any more. The second Close returns os.ErrClosed. Without a ring
// there is nothing to give back.
func (s *Files) Close() error {
	if !s.closed.CompareAndSwap(false, true) {
		return os.ErrClosed
	}
	return s.closeRings()
}

// OpenFuture returns a future that opens a file as os.OpenFile does, when it is
// first polled. If it is cancelled while the file is being opened, the file is
// closed again.
func (s *Files) OpenFuture(name string, flag int, perm fs.FileMode) pollster.Future[*File] {
	return &poolOp[*File]{
		pool:    s.pool,
		call:    func() (*File, error) { return s.open(name, flag, perm) },
		dropped: func(f *File) { _ = f.f.Close() },
	}
}

func (s *Files) open(name string, flag int, perm fs.FileMode) (*File, error) {
	s.calls.Add(1)
	f, err := os.OpenFile(name, flag, perm)
	if err != nil {
		return nil, err
	}
	return s.newFile(f, flag), nil
}

// OpenFile opens a file as os.OpenFile does. The caller waits in its own way until
// that is done or ctx ends.
func (s *Files) OpenFile(ctx context.Context, name string, flag int, perm fs.FileMode) (*File, error) {
	return pollster.BlockOn(ctx, s.OpenFuture(name, flag, perm))
}

// Open opens a file for reading.
func (s *Files) Open(ctx context.Context, name string) (*File, error) {
	return s.OpenFile(ctx, name, os.O_RDONLY, 0)
}

// Open opens a file for reading with DefaultFiles.
func Open(ctx context.Context, name string) (*File, error) {
	return DefaultFiles().Open(ctx, name)
}

// OpenFile opens a file as os.OpenFile does, with DefaultFiles.
func OpenFile(ctx context.Context, name string, flag int, perm fs.FileMode) (*File, error) {
	return DefaultFiles().OpenFile(ctx, name, flag, perm)
}
