package reactor

import (
	"context"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/causeway-go/causeway/pollster"
)

// A Listener takes connections over TCP or a Unix socket. It is a net.Listener;
// its connections are registered with the same Reactor. A Listener must be closed.
type Listener struct {
	netFD   *netFD
	unlink  sync.Once
	nowhere atomic.Pointer[net.UnixAddr] // the address of those that have none
}

var _ net.Listener = (*Listener)(nil)

// Listen returns a listener on an address as net.Listen takes it, for the networks
// tcp, tcp4, tcp6, unix and unixpacket. A host name is looked up until ctx ends.
// It is registered with r. Other systems than Linux return errors.ErrUnsupported.
func (r *Reactor) Listen(ctx context.Context, network, address string) (*Listener, error) {
	f, err := r.listen(ctx, network, address, true)
	if err != nil {
		return nil, err
	}
	return &Listener{netFD: f}, nil
}

// Listen is [Reactor.Listen] with the default reactor.
func Listen(ctx context.Context, network, address string) (*Listener, error) {
	r, err := Default()
	if err != nil {
		return nil, err
	}
	return r.Listen(ctx, network, address)
}

// listen binds to the first address that can be bound to.
func (r *Reactor) listen(ctx context.Context, network, address string, accepts bool) (*netFD, error) {
	fail := func(a net.Addr, err error) error {
		return &net.OpError{Op: "listen", Net: network, Addr: a, Err: err}
	}
	k, err := parseNetwork(network)
	if err == nil && accepts != (k.stream || k.packets) {
		err = net.UnknownNetworkError(network)
	}
	if err != nil {
		return nil, fail(nil, err)
	}
	addrs, err := k.resolve(ctx, address, true)
	if err != nil {
		return nil, fail(nil, err)
	}
	for _, a := range addrs {
		var fd int
		if fd, err = sysListen(k, a); err != nil {
			err = fail(a, err)
			continue
		}
		f, err := r.newFD(fd, k)
		if err != nil {
			unlink(a) // which sysListen has made
			return nil, fail(a, err)
		}
		f.name()
		f.remote = nil
		return f, nil
	}
	return nil, err
}

// Accept implements net.Listener. What it returns is a *Conn. If descriptors run out
// it returns an error whose Temporary method returns true, and the connection waits
// in the system.
func (l *Listener) Accept() (net.Conn, error) {
	f := l.netFD
	if d := f.plainly(); d != nil {
		fd, err := f.pass(d, Readable, sysAccept)
		if err != nil {
			return nil, f.opError("accept", err)
		}
		c, err := l.accepted(fd)
		if err != nil {
			return nil, err
		}
		return c, nil
	}
	c, err := pollster.BlockOn(context.Background(), l.AcceptFuture())
	if err != nil {
		return nil, err
	}
	return c, nil
}

// AcceptFuture returns a future of the next connection. When it is cancelled it has
// taken none.
func (l *Listener) AcceptFuture() pollster.Future[*Conn] { return &acceptOp{l: l} }

// PollAccept takes a connection if there is one, and otherwise arranges for w to be
// woken when there may be, with the same Waiter.
func (l *Listener) PollAccept(at *Waiter, w *pollster.Waker) (c *Conn, ready bool, err error) {
	f := l.netFD
	fd, ready, err := f.s.poll(at, w, Readable, func(fd int) (int, error) {
		if f.rd.over.Load() {
			return 0, os.ErrDeadlineExceeded
		}
		return sysAccept(fd)
	})
	if !ready {
		return nil, false, f.opError("accept", err)
	}
	c, err = l.accepted(fd)
	return c, err == nil, err
}

// accepted makes a Conn of a socket.
func (l *Listener) accepted(fd int) (*Conn, error) {
	f := l.netFD
	sysTune(fd, f.kind)
	n, err := f.s.r.newFD(fd, f.kind)
	if err != nil {
		return nil, f.opError("accept", err)
	}
	n.name()
	// Most connections to a listener have its own address, and those over Unix
	// sockets come from nowhere. So they share them.
	if sameAddr(n.local, f.local) {
		n.local = f.local
	}
	if u, ok := n.remote.(*net.UnixAddr); ok && u.Name == "" {
		l.nowhere.CompareAndSwap(nil, u)
		n.remote = l.nowhere.Load()
	}
	return &Conn{netFD: n}, nil
}

// sameAddr reports whether a and b are the same, as far as it is cheap to tell.
func sameAddr(a, b net.Addr) bool {
	switch a := a.(type) {
	case *net.TCPAddr:
		b, ok := b.(*net.TCPAddr)
		return ok && a.Port == b.Port && a.Zone == b.Zone && a.IP.Equal(b.IP)
	case *net.UnixAddr:
		b, ok := b.(*net.UnixAddr)
		return ok && *a == *b
	}
	return false
}

// An acceptOp is the future of a connection.
type acceptOp struct {
	l  *Listener
	at Waiter
}

// Poll implements pollster.Future.
func (o *acceptOp) Poll(w *pollster.Waker) (*Conn, bool, error) { return o.l.PollAccept(&o.at, w) }

// Cancel implements pollster.Canceler.
func (o *acceptOp) Cancel() { o.at.Cancel() }

// Close implements net.Listener. Whoever waits gets an error for which errors.Is
// holds with net.ErrClosed. The file of a Unix socket is removed.
func (l *Listener) Close() error {
	err := l.netFD.close()
	l.unlink.Do(func() { unlink(l.netFD.local) })
	return err
}

// unlink removes the file of a Unix socket, if it has one.
func unlink(a net.Addr) {
	if a, ok := a.(*net.UnixAddr); ok && a.Name != "" && !strings.HasPrefix(a.Name, "@") {
		_ = os.Remove(a.Name)
	}
}

// Addr implements net.Listener.
func (l *Listener) Addr() net.Addr { return l.netFD.local }

// SetDeadline bounds how long Accept waits.
func (l *Listener) SetDeadline(t time.Time) error { return l.netFD.setDeadline(Readable, t) }

// SyscallConn implements syscall.Conn.
func (l *Listener) SyscallConn() (syscall.RawConn, error) { return l.netFD.raw() }
