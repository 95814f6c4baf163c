package reactor

import (
	"context"
	"net"
	"syscall"
	"time"

	"github.com/causeway-go/causeway/pollster"
)

// A Conn is a connection over TCP, UDP or a Unix socket. It is a net.Conn, with
// deadlines, half close and concurrent use, and its reads and writes are futures
// besides. Called on a goroutine, a method that waits blocks it; called in a task,
// it suspends the task.
//
// Errors are those of package net: *net.OpError around net.ErrClosed,
// os.ErrDeadlineExceeded or the errno, and io.EOF as it is.
//
// A Conn must be closed. It exists on Linux only.
type Conn struct{ netFD *netFD }

var (
	_ net.Conn     = (*Conn)(nil)
	_ syscall.Conn = (*Conn)(nil)
)

// Read implements net.Conn. Several goroutines may read at the same time; each
// read gets other bytes.
func (c *Conn) Read(p []byte) (int, error) { return c.netFD.read(p) }

// Write implements net.Conn. The bytes of one Write stay together, whoever else
// writes; those who come later wait for their turn.
func (c *Conn) Write(p []byte) (int, error) { return c.netFD.write(p) }

// ReadFuture returns a future that does what Read does, at its polls. p belongs to
// the future until its end; when it is cancelled it has read nothing.
func (c *Conn) ReadFuture(p []byte) pollster.Future[int] {
	o := newReadOp()
	o.f, o.p = c.netFD, p
	return o
}

// WriteFuture returns a future that does what Write does, at its polls. Once it has
// its turn it keeps others from writing until it ends or is cancelled, so it must
// be polled on. What it has written when it is cancelled stays written.
func (c *Conn) WriteFuture(p []byte) pollster.Future[int] {
	o := newWriteOp()
	o.f, o.p = c.netFD, p
	return o
}

// PollRead reads once if there is something, and otherwise arranges for w to be
// woken when there may be, with the same Waiter. It is for tasks that want a buffer
// only when there is something to put into it, and no allocation. Over TCP a buffer
// with room to spare saves the read that would find nothing.
func (c *Conn) PollRead(at *Waiter, w *pollster.Waker, p []byte) (n int, ready bool, err error) {
	n, ready, err = c.netFD.pollRead(at, w, p)
	return n, ready, c.netFD.opError("read", err)
}

// PollWrite writes once, as much of p as there is room for, or arranges for w to
// be woken when there is room. Unlike Write it does not wait for its turn, so it is
// for connections that one task writes to.
func (c *Conn) PollWrite(at *Waiter, w *pollster.Waker, p []byte) (n int, ready bool, err error) {
	f := c.netFD
	n, ready, err = f.s.poll(at, w, Writable, func(fd int) (int, error) { return f.writeOnce(fd, p) })
	return n, ready, f.opError("write", err)
}

// Source returns what the connection is registered as, to wait for readiness. It
// belongs to the connection: do not close it.
func (c *Conn) Source() *Source {
	c.netFD.s.wary.Store(true)
	return c.netFD.s
}

// Close implements net.Conn. Whoever waits gets an error for which errors.Is holds
// with net.ErrClosed, as does the second Close.
func (c *Conn) Close() error { return c.netFD.close() }

// CloseRead says that nothing will be read any more.
func (c *Conn) CloseRead() error {
	return c.netFD.once("close", func(fd int) error { return sysShutdown(fd, false) })
}

// CloseWrite says that nothing will be written any more: the other side reads the
// end. It waits for nobody.
func (c *Conn) CloseWrite() error {
	return c.netFD.once("close", func(fd int) error { return sysShutdown(fd, true) })
}

// LocalAddr implements net.Conn.
func (c *Conn) LocalAddr() net.Addr { return c.netFD.local }

// RemoteAddr implements net.Conn.
func (c *Conn) RemoteAddr() net.Addr { return c.netFD.remote }

// SetDeadline implements net.Conn.
func (c *Conn) SetDeadline(t time.Time) error { return c.netFD.setDeadline(Readable|Writable, t) }

// SetReadDeadline implements net.Conn.
func (c *Conn) SetReadDeadline(t time.Time) error { return c.netFD.setDeadline(Readable, t) }

// SetWriteDeadline implements net.Conn.
func (c *Conn) SetWriteDeadline(t time.Time) error { return c.netFD.setDeadline(Writable, t) }

// SetNoDelay says whether small writes go out at once, as they do unless told
// otherwise. It is for TCP.
func (c *Conn) SetNoDelay(on bool) error {
	return c.netFD.once("set", func(fd int) error { return sysNoDelay(fd, on) })
}

// SyscallConn implements syscall.Conn. The descriptor is in non-blocking mode and
// must stay so. Read and Write of the result wait as those of Conn do, deadlines
// included.
func (c *Conn) SyscallConn() (syscall.RawConn, error) { return c.netFD.raw() }

// raw returns f for those who know what to do with a descriptor.
func (f *netFD) raw() (syscall.RawConn, error) {
	if !f.s.gate.Enter() {
		return nil, f.opError("raw-control", net.ErrClosed)
	}
	_ = f.s.leave()
	f.s.wary.Store(true)
	return &rawConn{f}, nil
}

type rawConn struct{ f *netFD }

// Control implements syscall.RawConn.
func (c *rawConn) Control(f func(fd uintptr)) error {
	return c.f.once("raw-control", func(fd int) error { f(uintptr(fd)); return nil })
}

// Read implements syscall.RawConn.
func (c *rawConn) Read(f func(fd uintptr) bool) error { return c.wait(Readable, "raw-read", f) }

// Write implements syscall.RawConn.
func (c *rawConn) Write(f func(fd uintptr) bool) error { return c.wait(Writable, "raw-write", f) }

func (c *rawConn) wait(in Events, op string, f func(fd uintptr) bool) error {
	_, err := c.f.do(context.Background(), in, op, func(fd int) (int, error) {
		if !f(uintptr(fd)) {
			return 0, errAgain
		}
		return 0, nil
	})
	return err
}
