package unblock

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/causeway-go/causeway/pollster"
)

// A Reader reads from an io.Reader whose Read blocks, such as standard input, so
// that the caller can leave: a Read that is given up loses nothing, and the next
// one goes on where it would have. It reads ahead into a bounded buffer, by a job
// of a pool that runs only while there is room.
//
// One goroutine at a time may use it, as with most io.Readers; Close may be called
// from any.
//
// # Caveats
//
//   - The reader reads ahead. The position of the underlying reader is up to a
//     buffer further than what has been returned. Seek and Unwrap take that into
//     account; whoever uses the underlying reader directly must.
//   - A Read of the underlying reader that hangs cannot be stopped. After Close it
//     keeps its slot of the pool until it returns, and swallows what it returns:
//     a program that stops reading standard input like this loses the line that
//     is typed next. If the underlying reader is an io.Closer whose Close ends a
//     Read, Close does so.
//   - An error, io.EOF among them, is returned once; the Read after it tries again.
type Reader struct {
	pump
	r    io.Reader
	ring ring
}

// NewReader returns a Reader of r. Nothing is read until the first Read or Poll.
func NewReader(r io.Reader, opts Options) *Reader {
	n := &Reader{r: r}
	n.pool = opts.pool()
	n.ring.buf = make([]byte, opts.buffer(DefaultBuffer))
	return n
}

// Read implements io.Reader. It waits as [pollster.BlockOn] does.
func (r *Reader) Read(p []byte) (int, error) { return r.ReadContext(context.Background(), p) }

// ReadContext is Read that ends when ctx does, with an error for which errors.Is
// holds with ctx.Err(). Nothing is lost then.
func (r *Reader) ReadContext(ctx context.Context, p []byte) (int, error) {
	return pollster.BlockOn(ctx, pollster.Func[int](func(w *pollster.Waker) (int, bool, error) {
		return r.PollRead(w, p)
	}))
}

// PollRead is Read for futures: see [pollster.Future]. Giving it up needs no call.
func (r *Reader) PollRead(w *pollster.Waker, p []byte) (n int, ready bool, err error) {
	r.mu.Lock()
	if n = r.ring.read(p); n > 0 || len(p) == 0 {
		if r.ring.free() >= len(r.ring.buf)/2 {
			_ = r.aheadLocked() // if it fails, the Read that needs it says so
		}
		r.mu.Unlock()
		return n, true, nil
	}
	err = r.failedLocked()
	if err == nil {
		r.user.Register(w)
		err = r.aheadLocked()
	}
	r.mu.Unlock()
	return 0, false, err
}

// aheadLocked starts reading ahead, unless it is under way or must not be.
func (r *Reader) aheadLocked() error {
	if r.shut {
		return os.ErrClosed
	}
	if r.busy || r.err != nil || r.panicked != nil {
		return nil // what there is must be returned first
	}
	r.ring.rewind()
	if err := r.startLocked(r.fill); err != nil {
		return fmt.Errorf("unblock: read: %w", err)
	}
	return nil
}

var errCount = errors.New("unblock: impossible count from Read or Write")

// fill reads until the buffer is full or the stream has ended. It is the
// operation of the pump.
func (r *Reader) fill() {
	for empty := 0; ; {
		r.mu.Lock()
		space := r.ring.space()
		if r.shut || r.hold || r.err != nil || len(space) == 0 {
			r.mu.Unlock()
			return
		}
		r.mu.Unlock()
		n, err := r.r.Read(space)
		switch empty++; {
		case n < 0 || n > len(space):
			n, err = 0, errCount
		case n > 0:
			empty = 0
		case err == nil && empty >= 100:
			err = io.ErrNoProgress
		}
		r.mu.Lock()
		if !r.shut {
			r.ring.grow(n)
			r.err = err
		}
		r.mu.Unlock()
		r.user.Wake()
	}
}

// Seek implements io.Seeker if the underlying reader does; otherwise it returns
// errors.ErrUnsupported. See SeekContext.
func (r *Reader) Seek(offset int64, whence int) (int64, error) {
	return r.SeekContext(context.Background(), offset, whence)
}

// SeekContext waits until no Read is running below, and seeks. io.SeekCurrent
// counts from what has been returned, not from what has been read ahead. What was
// read ahead is dropped, and an earlier end of the file or error is forgotten. If
// ctx ends first, the position is unknown until the next successful Seek.
func (r *Reader) SeekContext(ctx context.Context, offset int64, whence int) (at int64, err error) {
	s, ok := r.r.(io.Seeker)
	if !ok {
		return 0, fmt.Errorf("unblock: seek: %w", errors.ErrUnsupported)
	}
	var r0 seekResult
	err = r.do(ctx, func() {
		r.mu.Lock()
		if whence == io.SeekCurrent {
			offset -= int64(r.ring.len)
		}
		r.mu.Unlock()
		r0.set(&r.pump, s, offset, whence)
	}, func() error {
		if r0.err == nil {
			r.ring.drop(r.ring.len)
			r.err = nil
		}
		at = r0.at
		return r0.err
	})
	return at, err
}

// Unwrap stops reading ahead, waits until no Read is running below, and returns
// the underlying reader and what has been read from it and not been returned. The
// Reader is closed then. If ctx ends first, the Reader stays as it is.
func (r *Reader) Unwrap(ctx context.Context) (under io.Reader, rest []byte, err error) {
	err = r.whenIdle(ctx, func() error {
		r.shut = true
		rest = r.ring.rest()
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	return r.r, rest, nil
}

// Close stops reading ahead, without waiting for a Read that is running below,
// and closes the underlying reader if it is an io.Closer. Later calls return
// os.ErrClosed.
func (r *Reader) Close() error {
	r.mu.Lock()
	if r.shut {
		r.mu.Unlock()
		return os.ErrClosed
	}
	r.shut = true
	r.ring.drop(r.ring.len)
	r.mu.Unlock()
	r.user.Wake()
	return closeUnder(r.r)
}
