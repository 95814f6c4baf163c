package reactor

import (
	"io"
	"os"

	"github.com/causeway-go/causeway/internal/uring"
	"github.com/causeway-go/causeway/pollster"
	"github.com/causeway-go/causeway/threadpool"
)

// An opKind is what a fileOp does.
type opKind uint8

const (
	opReadAt opKind = iota
	opWriteAt
	opRead
	opWrite
	opFsync
)

// name is what errors call it, as those of package os do.
func (k opKind) name() string { return [...]string{"read", "write", "read", "write", "sync"}[k] }

func (k opKind) writes() bool { return k == opWriteAt || k == opWrite }

// A fileOp is one read, write or sync as a future.
type fileOp struct {
	f    *File
	kind opKind
	p    []byte
	off  int64

	ring    ringOp
	pool    *poolOp[moved] // in place of ring
	started bool           // only the poller looks
	ended   bool           // likewise

	next, prev *fileOp // in the list of f
}

func (f *File) newOp(kind opKind, p []byte, off int64) *fileOp {
	return &fileOp{f: f, kind: kind, p: p, off: off}
}

// Poll implements pollster.Future.
func (o *fileOp) Poll(w *pollster.Waker) (int, bool, error) {
	if !o.started {
		o.started = true
		o.start()
	}
	if o.pool != nil {
		m, ready, err := o.pool.Poll(w)
		if ready {
			err = m.err
		}
		return m.n, ready && err == nil, o.f.error(o.kind.name(), err)
	}
	if !o.ring.done.Load() {
		// Register first, look afterwards; see pollster.AtomicWaker.
		o.ring.waker.Register(w)
		if !o.ring.done.Load() {
			return 0, false, nil
		}
	}
	o.ended = true
	n, err := o.ring.n, o.ring.err
	if err == nil && n < len(o.p) && !o.kind.writes() && (o.kind == opReadAt || n == 0) {
		err = io.EOF
	}
	if err == nil && n < len(o.p) && o.kind.writes() {
		err = io.ErrShortWrite
	}
	return n, err == nil, o.f.error(o.kind.name(), err)
}

// start gives the request to the ring or to the pool.
func (o *fileOp) start() {
	s := o.f.files
	if o.f.fd < 0 {
		s.mu.Lock()
		s.pooled++
		s.mu.Unlock()
		o.pool = &poolOp[moved]{pool: s.pool, call: o.blocking}
		return
	}
	r := &o.ring
	r.engine = s.pick().ringEngine
	if !o.f.add(o) {
		r.finish(0, os.ErrClosed)
		return
	}
	r.buf, r.whole, r.aligned = o.p, o.kind != opRead, o.f.aligned
	r.end = func() { o.f.remove(o) }
	off := offset(o.kind, o.off)
	switch {
	case o.kind == opFsync:
		r.entry = uring.Fsync(o.f.fd, 0, 0)
	case o.kind.writes():
		r.entry = uring.Write(o.f.fd, o.p, off, 0)
	default:
		r.entry = uring.Read(o.f.fd, o.p, off, 0)
	}
	r.engine.start(r)
	if o.f.isClosing() {
		// Close may have come between add and start, and found nothing to stop.
		r.stop(os.ErrClosed)
	}
}

// moved is the result of a blocking call: a number may come with an error.
type moved struct {
	n   int
	err error
}

// blocking does it in the pool.
func (o *fileOp) blocking() (m moved, _ error) {
	f := o.f.f
	switch o.kind {
	case opReadAt:
		m.n, m.err = f.ReadAt(o.p, o.off)
	case opWriteAt:
		m.n, m.err = f.WriteAt(o.p, o.off)
	case opRead:
		m.n, m.err = f.Read(o.p)
	case opWrite:
		m.n, m.err = f.Write(o.p)
	case opFsync:
		m.err = f.Sync()
	}
	if e, ok := m.err.(*os.PathError); ok {
		m.err = e.Err // Poll puts it on again
	}
	return m, nil
}

// Cancel implements pollster.Canceler.
func (o *fileOp) Cancel() {
	switch {
	case !o.started:
		o.started, o.ended = true, true
		o.ring.finish(0, pollster.ErrCanceled)
	case o.pool != nil:
		o.pool.Cancel()
	case !o.ended:
		o.ended = true
		o.ring.waker.Take()
		o.ring.stop(pollster.ErrCanceled)
	}
}

// A syncOp is a fileOp without a number.
type syncOp struct{ *fileOp }

// Poll implements pollster.Future.
func (o *syncOp) Poll(w *pollster.Waker) (struct{}, bool, error) {
	_, ready, err := o.fileOp.Poll(w)
	return struct{}{}, ready, err
}

// A closeOp closes a File: it stops what is under way, and when that has ended
// the descriptor is closed in the pool, since that may block on some file systems.
type closeOp struct {
	f     *File
	begun bool
	err   error
	done  pollster.Future[struct{}]
}

// Poll implements pollster.Future.
func (o *closeOp) Poll(w *pollster.Waker) (v struct{}, ready bool, err error) {
	if !o.begun {
		o.begun = true
		o.done = o.f.closed.Future()
		o.err = o.f.beginClose()
	}
	if o.err != nil {
		return v, false, o.err
	}
	return o.done.Poll(w)
}

// Cancel implements pollster.Canceler.
func (o *closeOp) Cancel() {
	if !o.begun {
		o.begun, o.err = true, pollster.ErrCanceled
		return
	}
	pollster.Cancel(o.done)
}

// A closeJob is the last step of closing.
type closeJob struct {
	job threadpool.Job
	f   *File
}

// start queues it. A pool that is closed or full does not keep a file open.
func (c *closeJob) start(f *File) {
	c.f = f
	if err := f.files.pool.Start(&c.job, c); err != nil {
		go c.RunJob()
	}
}

// RunJob implements threadpool.Runner.
func (c *closeJob) RunJob() {
	c.f.files.calls.Add(1)
	c.f.closed.Settle(struct{}{}, c.f.f.Close())
}

// DropJob implements threadpool.Runner.
func (c *closeJob) DropJob(error) { go c.RunJob() }
