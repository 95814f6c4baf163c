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

func (k opKind) reads() bool { return k == opReadAt || k == opRead }

// A fileOp is one read, write or sync as a future.
type fileOp struct {
	attempt
	f      *File
	kind   opKind
	phase  opPhase // only the poller looks
	shared bool    // counted in f.files.shared
	made   uint32  // how many reads of f had been made before
	err    error   // at the end of one that went nowhere

	ring *ringOp        // if it is there
	pool *poolOp[moved] // in place of ring

	next, prev *fileOp // in the list of f
}

// An opPhase is where a fileOp is.
type opPhase uint8

const (
	opHere  opPhase = iota // not begun, or a part has been read from the cache
	opAway                 // with the ring or the pool
	opEnded                // err and the attempt are final
)

func (f *File) newOp(kind opKind, a attempt) *fileOp {
	o := &fileOp{f: f, kind: kind, attempt: a}
	if f.cache.use && kind.reads() {
		o.made = f.cache.made.Add(1)
	}
	return o
}

// Poll implements pollster.Future.
func (o *fileOp) Poll(w *pollster.Waker) (int, bool, error) {
	if o.phase == opHere {
		o.look(w)
		if o.phase == opHere {
			return 0, false, nil
		}
	}
	switch {
	case o.phase == opEnded:
		return o.n, o.err == nil, o.err
	case o.pool != nil:
		m, ready, err := o.pool.Poll(w)
		if ready {
			err = m.err
		}
		return o.n + m.n, ready && err == nil, o.f.error(o.kind.name(), err)
	}
	if !o.ring.done.Load() {
		// Register first, look afterwards; see pollster.AtomicWaker.
		o.ring.waker.Register(w)
		if !o.ring.done.Load() {
			return 0, false, nil
		}
	}
	n, err := o.ring.n, o.ring.err
	o.advance(n - o.n)
	switch {
	case err == nil && o.kind.reads():
		err = o.eof()
	case err == nil && len(o.p) > 0:
		err = io.ErrShortWrite
	}
	o.end(err)
	return n, o.err == nil, o.err
}

// end is the end of the future.
func (o *fileOp) end(err error) { o.phase, o.err = opEnded, o.f.error(o.kind.name(), err) }

// look tries the cache, and sends o away if it is not there.
func (o *fileOp) look(w *pollster.Waker) {
	v := missed
	if o.kind.reads() && (o.missed || !o.crowded()) {
		v = o.f.look(&o.attempt)
	}
	switch v {
	case served:
		o.end(o.eof())
	case further:
		w.Wake()
	case turned:
		letOthersRun(w)
	default:
		o.phase = opAway
		o.start()
	}
}

// start gives the request to the ring or to the pool. Two requests at the position that
// a ring has at the same time may begin at the same byte, and one of two writes is
// lost; calls of the pool lock it.
func (o *fileOp) start() {
	s := o.f.files
	if len(s.rings) == 0 || o.off < 0 && o.f.locks {
		if len(s.rings) > 0 && s.closed.Load() {
			o.uncrowd()
			o.end(os.ErrClosed)
			return
		}
		s.mu.Lock()
		s.pooled++
		s.mu.Unlock()
		if o.off < 0 {
			o.f.cache.held.Add(1)
		}
		o.pool = &poolOp[moved]{pool: s.pool, call: o.blocking, over: o.over}
		return
	}
	r := &ringOp{engine: s.pick(o.f.aligned).ringEngine, owner: o}
	o.ring = r
	if !o.f.add(o) {
		r.owner = nil
		o.uncrowd()
		r.finish(o.n, os.ErrClosed)
		return
	}
	r.buf, r.moved, r.whole, r.aligned = o.p, o.n, o.kind != opRead, o.f.aligned
	r.beside = o.shared
	switch {
	case o.kind == opFsync:
		r.entry = uring.Fsync(o.f.fd, 0, 0)
	case o.kind.reads():
		r.entry = uring.Read(o.f.fd, o.p, uint64(o.off), 0)
	default:
		r.entry = uring.Write(o.f.fd, o.p, uint64(o.off), 0)
	}
	r.engine.start(r)
	if o.f.life.closing() {
		// Close may have come between add and start, and found nothing to stop.
		r.stop(os.ErrClosed)
	}
}

// over is called when the pool has nothing to do with o any more.
func (o *fileOp) over() {
	o.uncrowd()
	if o.off < 0 {
		o.f.cache.held.Add(-1)
	}
}

// landed is called when the ring has let go of o.
func (o *fileOp) landed() {
	o.uncrowd()
	o.f.remove(o)
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
	case o.phase == opHere:
		o.end(pollster.ErrCanceled)
	case o.phase == opEnded:
	case o.pool != nil:
		o.pool.Cancel()
	default:
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
