package compat

import (
	"context"
	"io"

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
// [pollster.BlockOn] does, until ctx ends; nothing is lost then, but every later
// Read fails too. The end of s is io.EOF, another error is returned after the
// bytes before it. Close cancels s. One goroutine at a time may use it.
func NewReader(ctx context.Context, s pollster.Stream[[]byte]) io.ReadCloser {
	return &reader{ctx: ctx, s: s, next: pollster.Next(s)}
}

type reader struct {
	ctx  context.Context
	s    pollster.Stream[[]byte]
	next pollster.Future[[]byte]
	rest []byte
	err  error
}

// Read implements io.Reader.
func (r *reader) Read(p []byte) (int, error) {
	for len(r.rest) == 0 && len(p) > 0 {
		if r.err != nil {
			return 0, r.err
		}
		if r.rest, r.err = pollster.BlockOn(r.ctx, r.next); r.err != nil {
			r.rest = nil
		}
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// Close implements io.Closer.
func (r *reader) Close() error {
	r.rest, r.err = nil, io.ErrClosedPipe
	pollster.Cancel(r.s)
	return nil
}
