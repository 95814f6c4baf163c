package unblock

import (
	"context"
	"io"
	"os"
	"runtime/debug"
	"sync"

	"github.com/causeway-go/causeway/pollster"
	"github.com/causeway-go/causeway/threadpool"
)

// DefaultBuffer is the size of a pipe's buffer in bytes where [Options] say
// nothing.
const DefaultBuffer = 64 << 10

// Options say where [NewReader], [NewWriter] and their like run blocking calls,
// and how far they run ahead. The zero value is useful.
type Options struct {
	// Pool runs the blocking calls. Nil means threadpool.Default.
	Pool *threadpool.Pool
	// Buffer is how many bytes a Reader reads ahead and a Writer takes
	// before it waits, and how many values an Iter draws ahead. Values below
	// 1 mean DefaultBuffer bytes or 64 values.
	Buffer int
}

func (o Options) pool() *threadpool.Pool {
	if o.Pool == nil {
		return threadpool.Default()
	}
	return o.Pool
}

func (o Options) buffer(standard int) int {
	if o.Buffer < 1 {
		return standard
	}
	return o.Buffer
}

// A ring is a bounded buffer of bytes.
type ring struct {
	buf  []byte
	head int // where the first byte is
	len  int // how many there are
}

// space returns the first contiguous piece of free space. What is written there
// is added by grow.
func (r *ring) space() []byte {
	tail := r.head + r.len
	if tail < len(r.buf) {
		return r.buf[tail:]
	}
	return r.buf[tail-len(r.buf) : r.head]
}

// data returns the first contiguous piece of data. It is removed by drop.
func (r *ring) data() []byte {
	return r.buf[r.head:min(r.head+r.len, len(r.buf))]
}

func (r *ring) free() int { return len(r.buf) - r.len }

func (r *ring) grow(n int) { r.len += n }

func (r *ring) drop(n int) {
	r.len -= n
	r.head += n
	if r.head >= len(r.buf) {
		r.head -= len(r.buf)
	}
}

// rewind moves the start of an empty ring to the front, so that all of it is in
// one piece. Nobody may be working on what space or data has returned.
func (r *ring) rewind() {
	if r.len == 0 {
		r.head = 0
	}
}

// read moves bytes to p.
func (r *ring) read(p []byte) (n int) {
	for n < len(p) && r.len > 0 {
		m := copy(p[n:], r.data())
		r.drop(m)
		n += m
	}
	return n
}

// write moves bytes from p.
func (r *ring) write(p []byte) (n int) {
	for n < len(p) && r.free() > 0 {
		m := copy(r.space(), p[n:])
		r.grow(m)
		n += m
	}
	return n
}

// rest returns a copy of what is there and empties the ring.
func (r *ring) rest() []byte {
	p := make([]byte, r.len)
	r.read(p)
	return p
}

// A pump runs blocking operations on one value, one at a time, each as a job of
// a pool, for one user at a time on the other side. It is the common part of
// Reader, Writer and Iter.
//
// busy is set by start, when no operation is running, and cleared under mu when
// the operation has ended. What belongs to the operation, the value itself and
// the free or filled part of a buffer that it works on, is its own while busy is
// set. The user is woken after every change, outside mu, and looks again; it
// registers its waker under mu, so a change comes either before it has looked or
// after it has registered.
type pump struct {
	pool     *threadpool.Pool
	mu       sync.Mutex
	busy     bool
	hold     bool   // the operation should end at the next opportunity
	shut     bool   // no more operations
	err      error  // what the last operation ended with, after what is buffered
	last     func() // runs after the operation that is under way; nil for none
	panicked *threadpool.PanicError
	user     pollster.AtomicWaker
}

// startLocked starts op as a job. If the pool takes no jobs the error is not
// kept: the next try may succeed.
func (p *pump) startLocked(op func()) error {
	p.busy = true
	err := p.pool.Start(new(threadpool.Job), &operation{p, op})
	if err != nil {
		p.busy = false
	}
	return err
}

// startSurelyLocked starts op, which must not be left undone, beside the pool if that
// takes no jobs.
func (p *pump) startSurelyLocked(op func()) {
	if p.startLocked(op) != nil {
		p.busy = true
		go (&operation{p, op}).RunJob()
	}
}

// An operation is one job of a pump.
type operation struct {
	p  *pump
	op func()
}

// RunJob implements threadpool.Runner.
func (o *operation) RunJob() {
	returned := false
	defer func() {
		switch {
		case returned:
			o.p.end(nil, nil)
		default:
			if v := recover(); v != nil {
				o.p.end(nil, threadpool.NewPanicError(v, debug.Stack()))
			} else {
				o.p.end(threadpool.ErrGoexit, nil)
			}
		}
	}()
	o.op()
	returned = true
}

// DropJob implements threadpool.Runner.
func (o *operation) DropJob(err error) { o.p.end(err, nil) }

// end ends the operation that is running.
func (p *pump) end(err error, panicked *threadpool.PanicError) {
	p.mu.Lock()
	p.busy = false
	if p.err == nil {
		p.err = err
	}
	if panicked != nil {
		p.panicked = panicked
	}
	if op := p.last; op != nil {
		p.last = nil
		p.startSurelyLocked(op)
	}
	p.mu.Unlock()
	p.user.Wake()
}

// failedLocked takes out what the last operation ended with. If that was a panic
// it is raised here, in the pump's user, after mu has been released.
func (p *pump) failedLocked() error {
	if e := p.panicked; e != nil {
		p.panicked = nil
		p.mu.Unlock()
		panic(e)
	}
	err := p.err
	p.err = nil
	return err
}

// whenIdle waits until no operation is running and calls f, with mu held. An
// operation that is running is asked to end.
func (p *pump) whenIdle(ctx context.Context, f func() error) error {
	defer p.release()
	_, err := pollster.BlockOn(ctx, pollster.Func[struct{}](func(w *pollster.Waker) (v struct{}, ready bool, err error) {
		p.mu.Lock()
		defer p.mu.Unlock()
		switch {
		case p.shut:
			return v, false, os.ErrClosed
		case p.busy:
			p.hold = true
			p.user.Register(w)
			return v, false, nil
		}
		err = f()
		return v, err == nil, err
	}))
	return err
}

// release takes back whenIdle's request to end.
func (p *pump) release() {
	p.mu.Lock()
	p.hold = false
	p.mu.Unlock()
}

// do runs op as the pump's operation, after the one that is running, waits for
// it, and returns what then returns, which is called with mu held. If ctx ends
// first, op may still run.
func (p *pump) do(ctx context.Context, op func(), then func() error) error {
	err := p.whenIdle(ctx, func() error {
		p.hold = false
		return p.startLocked(op)
	})
	if err != nil {
		return err
	}
	_, err = pollster.BlockOn(ctx, pollster.Func[struct{}](func(w *pollster.Waker) (v struct{}, ready bool, err error) {
		p.mu.Lock()
		if p.busy {
			p.user.Register(w)
			p.mu.Unlock()
			return v, false, nil
		}
		if p.panicked != nil {
			_ = p.failedLocked() // panics
		}
		err = then()
		p.mu.Unlock()
		return v, err == nil, err
	}))
	return err
}

// A seekResult is where a seek of a pump leaves its result, guarded by mu.
type seekResult struct {
	at  int64
	err error
}

func (r *seekResult) set(p *pump, s io.Seeker, offset int64, whence int) {
	at, err := s.Seek(offset, whence)
	p.mu.Lock()
	r.at, r.err = at, err
	p.mu.Unlock()
}

// closeUnder closes c if it is an io.Closer. That happens on the calling goroutine
// and without a slot: it may be what ends the call that has the last one.
func closeUnder(c any) error {
	if c, ok := c.(io.Closer); ok {
		return c.Close()
	}
	return nil
}
