package reactor

import (
	"context"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/causeway-go/causeway/pollster"
)

// A netFD is a socket that is registered with a reactor: what Conn, Listener and
// PacketConn have in common.
type netFD struct {
	s             *Source
	kind          kind
	local, remote net.Addr
	rd, wr        timing
	line          turnstile // of those who write

	direct  atomic.Pointer[direct] // once a goroutine has had to wait
	making  sync.Mutex             // guards what follows
	refused bool                   // by Go's poller
	owner   *os.File               // of the descriptor, if not f itself
}

// newFD registers a socket, which it closes if that fails.
func (r *Reactor) newFD(fd int, k kind) (*netFD, error) {
	in := Readable
	if k.family == "tcp" {
		in |= Priority // which makes a read short; see Waiter.drained
	}
	s, err := r.register(uintptr(fd), in)
	if err != nil {
		_ = sysClose(fd)
		return nil, err
	}
	f := &netFD{s: s, kind: k}
	return f, nil
}

// name asks the system for the addresses.
func (f *netFD) name() { f.local, f.remote = sysNames(f.s.fd, f.kind) }

func (f *netFD) close() error {
	f.rd.stop()
	f.wr.stop()
	err := f.s.CloseWith(f.release)
	// An end of the reactor has ended the source too, but the socket is ours.
	return f.opError("close", err)
}

// release closes the descriptor. Nobody is inside the gate any more, so owner is
// what it is. Those who are in a direct leave it now.
func (f *netFD) release(fd int) error {
	if f.owner == nil {
		return sysClose(fd)
	}
	err := f.owner.Close()
	if e, ok := err.(*os.PathError); ok {
		err = sysError("close", e.Err)
	}
	return err
}

// A timing is the deadline of one direction. The zero value has none.
type timing struct {
	over atomic.Bool // the deadline has passed

	mu    sync.Mutex
	due   time.Time // zero: none
	timer *time.Timer
}

// set changes the deadline of f in the direction in.
//
// The timer is one for all deadlines, so its function may run late, on behalf of
// one that has been replaced. It looks at what is due now, and does nothing if that
// lies ahead.
func (t *timing) set(at time.Time, f *netFD, in Events) {
	t.mu.Lock()
	if t.timer != nil {
		t.timer.Stop()
	}
	t.due = time.Time{}
	over := false
	if !at.IsZero() {
		d := time.Until(at)
		if over = d <= 0; !over {
			t.due = time.Now().Add(d)
			if t.timer == nil {
				t.timer = time.AfterFunc(d, func() { t.fire(f, in) })
			} else {
				t.timer.Reset(d)
			}
		}
	}
	t.over.Store(over)
	t.mu.Unlock()
	if over {
		f.nudge(in)
	}
}

func (t *timing) fire(f *netFD, in Events) {
	t.mu.Lock()
	over := !t.due.IsZero() && !time.Now().Before(t.due)
	if over {
		t.over.Store(true)
	}
	t.mu.Unlock()
	if over {
		f.nudge(in)
	}
}

func (t *timing) stop() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.timer != nil {
		t.timer.Stop()
	}
}

// nudge has everyone who waits for the events in try again, as if they had come.
func (f *netFD) nudge(in Events) {
	if d := f.direct.Load(); d != nil {
		d.kick(in, past)
	}
	f.s.r.wake(f.s.ready(in, nil))
}

// setDeadline sets the deadlines of the directions in.
func (f *netFD) setDeadline(in Events, at time.Time) error {
	if !f.s.gate.Enter() {
		return f.opError("set", net.ErrClosed)
	}
	_ = f.s.leave()
	if in&Readable != 0 {
		f.rd.set(at, f, Readable)
	}
	if in&Writable != 0 {
		f.wr.set(at, f, Writable)
	}
	return nil
}

func (f *netFD) timing(in Events) *timing {
	if in == Writable {
		return &f.wr
	}
	return &f.rd
}

// A socketOp is one call after another on a socket, until one does not have to
// wait, as a future.
type socketOp struct {
	f   *netFD
	in  Events
	op  string // for errors; "" has them left as they are
	try func(fd int) (int, error)
	at  Waiter
}

// Poll implements pollster.Future.
func (o *socketOp) Poll(w *pollster.Waker) (int, bool, error) {
	n, ready, err := o.f.s.poll(&o.at, w, o.in, func(fd int) (int, error) {
		// Inside the try: a nudge counts as an event, so whoever has looked
		// before it came tries again.
		if o.f.timing(o.in).over.Load() {
			return 0, os.ErrDeadlineExceeded
		}
		return o.try(fd)
	})
	if err != nil && o.op != "" {
		err = o.f.opError(o.op, err)
	}
	return n, ready, err
}

// Cancel implements pollster.Canceler.
func (o *socketOp) Cancel() { o.at.Cancel() }

// do waits for a call that has no path of its own.
func (f *netFD) do(ctx context.Context, in Events, op string, try func(fd int) (int, error)) (int, error) {
	if ctx.Done() == nil {
		if d := f.plainly(); d != nil {
			n, err := f.pass(d, in, try)
			return n, f.opError(op, err)
		}
	}
	return f.await(ctx, in, op, try)
}

// await is do by way of the set, whoever waits.
func (f *netFD) await(ctx context.Context, in Events, op string, try func(fd int) (int, error)) (int, error) {
	return pollster.BlockOn(ctx, pollster.Future[int](&socketOp{f: f, in: in, op: op, try: try}))
}

// once makes one call that does not wait.
func (f *netFD) once(op string, call func(fd int) error) error {
	if !f.s.gate.Enter() {
		return f.opError(op, net.ErrClosed)
	}
	err := call(f.s.fd)
	_ = f.s.leave()
	return f.opError(op, err)
}

// A readOp is a Read. Ops of callers who wait are used again.
type readOp struct {
	f     *netFD
	p     []byte
	at    Waiter
	ticks uint32 // read before a try that has been made already,
	tried bool   // if so
	try   func(fd int) (int, error)
}

var readOps = sync.Pool{New: func() any { return newReadOp() }}

func newReadOp() *readOp {
	o := new(readOp)
	o.try = o.attempt
	return o
}

func (o *readOp) attempt(fd int) (int, error) { return o.f.readOnce(fd, o.p) }

// readOnce is one attempt to read.
func (f *netFD) readOnce(fd int, p []byte) (int, error) {
	if f.rd.over.Load() {
		return 0, os.ErrDeadlineExceeded
	}
	if len(p) == 0 && f.kind.stream {
		return 0, nil
	}
	n, err := sysReceive(fd, p)
	if n == 0 && err == nil && len(p) > 0 && (f.kind.stream || f.kind.packets) {
		err = io.EOF
	}
	return n, err
}

// Poll implements pollster.Future.
func (o *readOp) Poll(w *pollster.Waker) (int, bool, error) {
	s := o.f.s
	if o.tried {
		o.tried = false
		o.at.use(s)
		if waits, err := s.enlist(&o.at, w, Readable, o.ticks); waits || err != nil {
			return 0, false, o.f.opError("read", err)
		}
	}
	n, ready, err := s.poll(&o.at, w, Readable, o.try)
	return n, ready, o.f.opError("read", err)
}

// Cancel implements pollster.Canceler.
func (o *readOp) Cancel() { o.at.Cancel() }

// read tries, and waits if it has to.
func (f *netFD) read(p []byte) (int, error) {
	if f.direct.Load() != nil {
		// Go's poller tries first, too.
		if d := f.plainly(); d != nil {
			return f.readBy(d, p)
		}
	}
	ticks := f.s.sum(Readable) // before the try; see Source
	if !f.s.gate.Enter() {
		return 0, f.opError("read", net.ErrClosed)
	}
	n, err := f.readOnce(f.s.fd, p)
	_ = f.s.leave()
	if err != errAgain {
		return n, f.opError("read", err)
	}
	if d := f.plainly(); d != nil {
		return f.readBy(d, p)
	}
	o := readOps.Get().(*readOp)
	o.f, o.p, o.ticks, o.tried = f, p, ticks, true
	n, err = pollster.BlockOn(context.Background(), pollster.Future[int](o))
	o.f, o.p = nil, nil
	o.at.s = nil
	readOps.Put(o)
	return n, err
}

// readBy is read on a goroutine.
func (f *netFD) readBy(d *direct, p []byte) (int, error) {
	o := readOps.Get().(*readOp)
	o.f, o.p = f, p
	n, err := f.pass(d, Readable, o.try)
	o.f, o.p = nil, nil
	readOps.Put(o)
	return n, f.opError("read", err)
}
