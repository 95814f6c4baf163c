package unblock

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/causeway-go/causeway/pollster"
)

// A Writer writes to an io.Writer whose Write blocks, so that the caller can
// leave. What is written goes into a bounded buffer, from which a job of a pool
// writes it on while there is any.
//
// One goroutine at a time may use it; Close may be called from any.
//
// # Caveats
//
//   - Writes are late. That Write has returned means that the data is in the
//     buffer. Only Flush and Close tell that it has been written.
//   - So are errors: a failed write below is returned by a later call, and by all
//     that follow. Data in the buffer is lost then.
//   - A Write below that hangs cannot be stopped. It keeps its slot of the pool.
type Writer struct {
	pump
	w      io.Writer
	ring   ring
	failed error // of a write below; kept for good
}

// NewWriter returns a Writer to w. Close it, or Flush it when done.
func NewWriter(w io.Writer, opts Options) *Writer {
	n := &Writer{w: w}
	n.pool = opts.pool()
	n.ring.buf = make([]byte, opts.buffer(DefaultBuffer))
	return n
}

// Write implements io.Writer. It waits, as [pollster.BlockOn] does, until all of p
// is in the buffer.
func (w *Writer) Write(p []byte) (int, error) { return w.WriteContext(context.Background(), p) }

// WriteContext is Write that ends when ctx does, with an error for which
// errors.Is holds with ctx.Err(). It returns how many bytes of p are in the buffer
// and will be written.
func (w *Writer) WriteContext(ctx context.Context, p []byte) (n int, err error) {
	for {
		m, err := pollster.BlockOn(ctx, pollster.Func[int](func(k *pollster.Waker) (int, bool, error) {
			return w.PollWrite(k, p[n:])
		}))
		n += m
		if err != nil || n == len(p) {
			return n, err
		}
	}
}

// PollWrite moves as much of p into the buffer as there is room for, at least one
// byte: see [pollster.Future]. Giving it up needs no call.
func (w *Writer) PollWrite(k *pollster.Waker, p []byte) (n int, ready bool, err error) {
	w.mu.Lock()
	if err = w.failureLocked(); err == nil {
		if !w.busy {
			w.ring.rewind()
		}
		n = w.ring.write(p)
		if n == 0 && len(p) > 0 {
			w.user.Register(k)
		}
		err = w.drainLocked()
	}
	w.mu.Unlock()
	return n, err == nil && (n > 0 || len(p) == 0), err
}

// failureLocked returns why nothing can be written any more.
func (w *Writer) failureLocked() error {
	if err := w.failedLocked(); w.failed == nil {
		w.failed = err
	}
	if w.failed == nil && w.shut {
		return os.ErrClosed
	}
	return w.failed
}

// drainLocked starts writing what is in the buffer.
func (w *Writer) drainLocked() error {
	if w.busy || w.ring.len == 0 {
		return nil
	}
	if err := w.startLocked(w.drain); err != nil {
		return fmt.Errorf("unblock: write: %w", err)
	}
	return nil
}

// drain writes until the buffer is empty. It is the operation of the pump.
func (w *Writer) drain() {
	for {
		w.mu.Lock()
		data := w.ring.data()
		if len(data) == 0 || w.failed != nil {
			w.mu.Unlock()
			return
		}
		w.mu.Unlock()
		n, err := w.w.Write(data)
		switch {
		case n < 0 || n > len(data):
			n, err = 0, errCount
		case n < len(data) && err == nil:
			err = io.ErrShortWrite
		}
		w.mu.Lock()
		w.ring.drop(n)
		w.failed = err
		w.mu.Unlock()
		w.user.Wake()
	}
}

// PollFlush ends when all that has been written so far is written below: see
// [pollster.Future].
func (w *Writer) PollFlush(k *pollster.Waker) (done struct{}, ready bool, err error) {
	w.mu.Lock()
	if err = w.failureLocked(); err == nil && (w.busy || w.ring.len > 0) {
		w.user.Register(k)
		err = w.drainLocked()
	} else {
		ready = err == nil
	}
	w.mu.Unlock()
	return done, ready, err
}

// Flush waits until all that has been written so far is written below, and
// flushes the underlying writer if it has a method Flush() error, as bufio.Writer
// has.
func (w *Writer) Flush(ctx context.Context) error {
	if _, err := pollster.BlockOn(ctx, pollster.Func[struct{}](w.PollFlush)); err != nil {
		return err
	}
	f, ok := w.w.(interface{ Flush() error })
	if !ok {
		return nil
	}
	return w.do(ctx, func() {
		err := f.Flush()
		w.mu.Lock()
		w.failed = err
		w.mu.Unlock()
	}, w.failureLocked)
}

// Seek implements io.Seeker if the underlying writer does; otherwise it returns
// errors.ErrUnsupported. It waits until everything has been written.
func (w *Writer) Seek(offset int64, whence int) (int64, error) {
	return w.SeekContext(context.Background(), offset, whence)
}

// SeekContext is Seek that ends when ctx does. The position is unknown then until
// the next successful Seek.
func (w *Writer) SeekContext(ctx context.Context, offset int64, whence int) (at int64, err error) {
	s, ok := w.w.(io.Seeker)
	if !ok {
		return 0, fmt.Errorf("unblock: seek: %w", errors.ErrUnsupported)
	}
	if err := w.Flush(ctx); err != nil {
		return 0, err
	}
	var r seekResult
	err = w.do(ctx, func() { r.set(&w.pump, s, offset, whence) }, func() error { at = r.at; return r.err })
	return at, err
}

// Unwrap flushes and returns the underlying writer. The Writer is closed then. If
// ctx ends first, the Writer stays as it is.
func (w *Writer) Unwrap(ctx context.Context) (io.Writer, error) {
	if err := w.Flush(ctx); err != nil {
		return nil, err
	}
	err := w.whenIdle(ctx, func() error {
		w.shut = true
		return nil
	})
	if err != nil {
		return nil, err
	}
	return w.w, nil
}

// Close flushes, and closes the underlying writer if it is an io.Closer. It waits
// for the writing below. Later calls return os.ErrClosed.
func (w *Writer) Close() error { return w.CloseContext(context.Background()) }

// CloseContext is Close that waits for the flushing until ctx ends; what has not
// been written by then may be lost.
func (w *Writer) CloseContext(ctx context.Context) error {
	w.mu.Lock()
	was := w.shut
	w.mu.Unlock()
	if was {
		return os.ErrClosed
	}
	err := w.Flush(ctx)
	w.mu.Lock()
	w.shut = true
	w.mu.Unlock()
	w.user.Wake()
	return errors.Join(err, closeUnder(w.w))
}
