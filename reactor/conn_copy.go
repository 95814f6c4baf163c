package reactor

import (
	"io"
	"math"
	"os"
	"syscall"
)

// ReadFrom implements io.ReaderFrom. The kernel moves the bytes itself, without a
// buffer of the program's, from a regular file, and, if c is over TCP or a Unix
// stream socket, from another Conn, a *net.TCPConn, a *net.UnixConn or an *os.File
// of a pipe; also if one of these is inside an io.LimitedReader. Everything else is
// copied through a buffer, as io.Copy does, and so is what the system refuses to
// move.
//
// It waits for both, with the deadlines of both, in the way of the place it is
// called in; for those of package net and package os a task keeps its worker, as
// in their own methods. Bytes that arrive together are written together; while it
// waits for more, others may write.
//
// It returns how much has been written to c. If that fails, up to 1 MiB that has been read
// already is lost, where a copy through a buffer loses what is in the buffer.
func (c *Conn) ReadFrom(r io.Reader) (int64, error) { return c.readFrom(r, sysSendfile) }

func (c *Conn) readFrom(r io.Reader, move fileMover) (sent int64, err error) {
	src, limit := r, int64(math.MaxInt64)
	l, limited := r.(*io.LimitedReader)
	if limited {
		src, limit = l.R, l.N
	}
	if f := regular(src); f != nil && limit > 0 && c.netFD.kind.stream {
		var handled bool
		sent, handled, err = c.sendfile(f, limit, move)
		if limited {
			l.N -= sent
		}
		if handled {
			return sent, err
		}
		limit -= sent
	}
	n, taken, handled, err := c.netFD.s.r.splice(c, src, limit)
	if !handled {
		n, err = io.Copy(onlyWriter{c}, r)
	} else if limited {
		l.N -= taken
	}
	return sent + n, err
}

// WriteTo implements io.WriterTo. The kernel moves the bytes as in ReadFrom, to the
// same kinds, and to a regular file that is not open for appending. Otherwise it
// goes by way of a buffer, unless w can do better.
func (c *Conn) WriteTo(w io.Writer) (int64, error) {
	n, _, handled, err := c.netFD.s.r.splice(w, c, math.MaxInt64)
	if !handled {
		return io.Copy(w, onlyReader{c})
	}
	return n, err
}

// What io.Copy does not see through.
type (
	onlyWriter struct{ io.Writer }
	onlyReader struct{ io.Reader }
)

// A statConn is an *os.File, or what package os wraps one in on its way through
// io.Copy.
type statConn interface {
	syscall.Conn
	Stat() (os.FileInfo, error)
}

// regular returns the regular file that r is.
func regular(r io.Reader) syscall.Conn {
	f, ok := r.(statConn)
	if !ok || !ofPackage(r, "os") {
		return nil
	}
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil
	}
	return f
}

// A fileMover moves up to n bytes from the position of a file into a socket.
type fileMover func(socket, file, n int) (int, error)

// sendfile moves up to limit bytes of f from its position, which it moves on. It is
// not handled if the system refuses that, at the first call or after n bytes.
func (c *Conn) sendfile(f syscall.Conn, limit int64, move fileMover) (n int64, handled bool, err error) {
	raw, err := f.SyscallConn()
	if err != nil {
		return 0, false, nil
	}
	err = c.netFD.alone(func(socket int) (int, error) {
		for n < limit {
			if c.netFD.wr.over.Load() {
				return 0, os.ErrDeadlineExceeded
			}
			var k int
			var err error
			if e := raw.Control(func(file uintptr) {
				k, err = move(socket, int(file), int(min(limit-n, sendfileMax)))
			}); e != nil {
				return 0, e
			}
			n += int64(k)
			if err != nil || k == 0 {
				return 0, err
			}
		}
		return 0, nil
	})
	if refused(err) {
		return n, false, nil
	}
	return n, true, err
}
