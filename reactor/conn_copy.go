package reactor

import (
	"context"
	"io"
	"math"
	"os"

	"github.com/causeway-go/causeway/pollster"
)

// ReadFrom implements io.ReaderFrom. From a regular file, or an io.LimitedReader
// around one, the kernel moves the bytes itself; everything else is copied through
// a buffer, as io.Copy does.
func (c *Conn) ReadFrom(r io.Reader) (int64, error) {
	if f, limit := regular(r); f != nil && c.netFD.kind.stream {
		n, handled, err := c.sendfile(f, limit)
		if l, ok := r.(*io.LimitedReader); ok {
			l.N -= n
		}
		if handled {
			return n, err
		}
	}
	return io.Copy(onlyWriter{c}, r)
}

// WriteTo implements io.WriterTo, by way of a buffer unless w can do better.
func (c *Conn) WriteTo(w io.Writer) (int64, error) { return io.Copy(w, onlyReader{c}) }

// What io.Copy does not see through.
type (
	onlyWriter struct{ io.Writer }
	onlyReader struct{ io.Reader }
)

// regular returns the regular file that r is, and how much of it is wanted.
func regular(r io.Reader) (f *os.File, limit int64) {
	limit = math.MaxInt64
	if l, ok := r.(*io.LimitedReader); ok {
		r, limit = l.R, l.N
	}
	f, ok := r.(*os.File)
	if !ok || limit <= 0 {
		return nil, 0
	}
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, 0
	}
	return f, limit
}

// sendfile moves up to limit bytes of f. It is not handled if the system refuses
// the first call.
func (c *Conn) sendfile(f *os.File, limit int64) (n int64, handled bool, err error) {
	raw, err := f.SyscallConn()
	if err != nil {
		return 0, false, nil
	}
	o := newWriteOp()
	o.f = c.netFD
	o.try = func(socket int) (int, error) {
		for n < limit {
			if o.f.wr.over.Load() {
				return 0, os.ErrDeadlineExceeded
			}
			var k int
			var err error
			if e := raw.Control(func(file uintptr) {
				k, err = sysSendfile(socket, int(file), int(min(limit-n, sendfileMax)))
			}); e != nil {
				return 0, e
			}
			n += int64(k)
			if err != nil || k == 0 {
				return 0, err
			}
		}
		return 0, nil
	}
	_, err = pollster.BlockOn(context.Background(), pollster.Future[int](o))
	if n == 0 && refused(err) {
		return 0, false, nil
	}
	return n, true, err
}
