package compat

import (
	"context"
	"io"
	"sync"
	"sync/atomic"

	"github.com/causeway-go/causeway/pollster"
	"github.com/causeway-go/causeway/unblock"
)

// Chunks returns what r has as a stream of byte slices of at most size bytes,
// at least one each, which ends with io.EOF or the error of r. A slice belongs to
// whoever gets it. The reading is done ahead, by size bytes and in a slot of the
// default pool, by an unblock.Reader, from the first poll on; its caveats apply.
//
// The stream owns r: if r is an io.Closer, the end and Cancel close it. Cancel
// does not wait for a Read that is running.
func Chunks(r io.Reader, size int) pollster.Stream[[]byte] {
	if r == nil || size < 1 {
		panic("compat: Chunks of a nil reader or of no size")
	}
	return &chunks{r: unblock.NewReader(r, unblock.Options{Buffer: size}), size: size}
}

type chunks struct {
	r    *unblock.Reader
	size int
	buf  []byte // for the read that is under way
	err  error
}

func (c *chunks) PollNext(w *pollster.Waker) ([]byte, bool, error) {
	if c.err != nil {
		return nil, false, c.err
	}
	if c.buf == nil {
		c.buf = make([]byte, c.size)
	}
	n, ready, err := c.r.PollRead(w, c.buf)
	switch {
	case err != nil:
		c.end(err)
		return nil, false, err
	case !ready:
		return nil, false, nil
	}
	b := c.buf[:n:n]
	c.buf = nil
	return b, true, nil
}

// Cancel implements [pollster.Canceler].
func (c *chunks) Cancel() { c.end(pollster.ErrCanceled) }

func (c *chunks) end(err error) {
	if c.err == nil {
		c.err, c.buf = err, nil
		c.r.Close()
	}
}

// NewReader returns the bytes of s as an io.ReadCloser, for code that knows
// nothing of streams: the way back from [Chunks]. Read waits as
// [pollster.BlockOn] does, until ctx ends; every later Read fails then too, and
// what s would have given is left in it. The end of s is io.EOF, another error is
// returned after the bytes before it.
//
// Close cancels s, and has to be called unless s has ended. It does not block, may
// be called while another goroutine is in Read, and ends that with
// io.ErrClosedPipe. One goroutine at a time may call Read.
func NewReader(ctx context.Context, s pollster.Stream[[]byte]) io.ReadCloser {
	r := &reader{s: s, next: pollster.Next(s)}
	r.ctx, r.end = context.WithCancelCause(ctx)
	return r
}

type reader struct {
	ctx    context.Context // also ended by Close
	end    context.CancelCauseFunc
	closed atomic.Bool

	mu       sync.Mutex // held by Read: a stream is not cancelled in a poll
	s        pollster.Stream[[]byte]
	next     pollster.Future[[]byte]
	rest     []byte
	err      error
	canceled bool
}

// Read implements io.Reader.
func (r *reader) Read(p []byte) (int, error) {
	defer r.cancelIfClosed()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed.Load() {
		return 0, io.ErrClosedPipe
	}
	for len(r.rest) == 0 && len(p) > 0 {
		if r.err == nil {
			r.rest, r.err = pollster.BlockOn(r.ctx, r.next)
		}
		if r.closed.Load() {
			return 0, io.ErrClosedPipe
		}
		if r.err != nil {
			r.rest = nil
			r.end(nil) // no more use for it
			return 0, r.err
		}
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// Close implements io.Closer.
func (r *reader) Close() error {
	r.closed.Store(true)
	r.end(io.ErrClosedPipe)
	r.cancelIfClosed()
	return nil
}

// cancelIfClosed cancels the stream if r is closed and nobody reads. Close calls
// it after setting closed, Read after letting go of mu: one of the two finds
// both.
func (r *reader) cancelIfClosed() {
	if !r.closed.Load() || !r.mu.TryLock() {
		return
	}
	defer r.mu.Unlock()
	if !r.canceled {
		r.canceled = true
		pollster.Cancel(r.s)
	}
}
