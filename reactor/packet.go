package reactor

import (
	"context"
	"net"
	"syscall"
	"time"

	"github.com/causeway-go/causeway/pollster"
)

// A PacketConn sends and receives packets, over UDP or a Unix datagram socket. It
// is a net.PacketConn, and its calls are futures besides. It must be closed.
type PacketConn struct {
	netFD *netFD
	six   bool // an IPv6 socket, which takes IPv4 addresses in another form
}

var _ net.PacketConn = (*PacketConn)(nil)

// A Packet is what has been received.
type Packet struct {
	N    int      // bytes, in the buffer given
	Addr net.Addr // of the sender, nil if it has none
}

// ListenPacket returns a socket on an address as net.ListenPacket takes it, for the
// networks udp, udp4, udp6 and unixgram. Other systems than Linux return
// errors.ErrUnsupported.
func (r *Reactor) ListenPacket(ctx context.Context, network, address string) (*PacketConn, error) {
	f, err := r.listen(ctx, network, address, false)
	if err != nil {
		return nil, err
	}
	return &PacketConn{netFD: f, six: sysSix(f.s.fd)}, nil
}

// ListenPacket is [Reactor.ListenPacket] with the default reactor.
func ListenPacket(ctx context.Context, network, address string) (*PacketConn, error) {
	r, err := Default()
	if err != nil {
		return nil, err
	}
	return r.ListenPacket(ctx, network, address)
}

// ReadFrom implements net.PacketConn. What does not fit into p is lost.
func (c *PacketConn) ReadFrom(p []byte) (int, net.Addr, error) {
	var from net.Addr
	n, err := c.netFD.do(context.Background(), Readable, "read", func(fd int) (n int, err error) {
		n, from, err = sysRecv(fd, c.netFD.kind, p)
		return n, err
	})
	return n, from, err
}

// WriteTo implements net.PacketConn.
func (c *PacketConn) WriteTo(p []byte, to net.Addr) (int, error) {
	return pollster.BlockOn(context.Background(), c.WriteToFuture(p, to))
}

// ReadFromFuture returns a future that does what ReadFrom does, at its polls. p
// belongs to it until its end.
func (c *PacketConn) ReadFromFuture(p []byte) pollster.Future[Packet] {
	o := &recvOp{}
	o.f, o.in, o.op = c.netFD, Readable, "read"
	o.try = func(fd int) (n int, err error) {
		o.from.N, o.from.Addr, err = sysRecv(fd, c.netFD.kind, p)
		return n, err
	}
	return o
}

// A recvOp is the future of a packet.
type recvOp struct {
	socketOp
	from Packet
}

// Poll implements pollster.Future.
func (o *recvOp) Poll(w *pollster.Waker) (Packet, bool, error) {
	_, ready, err := o.socketOp.Poll(w)
	if !ready {
		return Packet{}, false, err
	}
	return o.from, true, nil
}

// WriteToFuture returns a future that does what WriteTo does, at its polls. p
// belongs to it until its end.
func (c *PacketConn) WriteToFuture(p []byte, to net.Addr) pollster.Future[int] {
	if err := c.fits(to); err != nil {
		return pollster.Failed[int](&net.OpError{Op: "write", Net: c.netFD.kind.network, Source: c.netFD.local, Addr: to, Err: err})
	}
	return &socketOp{f: c.netFD, in: Writable, op: "write", try: func(fd int) (int, error) {
		if err := sysSend(fd, c.netFD.kind, p, to, c.six); err != nil {
			return 0, err
		}
		return len(p), nil
	}}
}

// fits reports whether packets can go to an address of this type.
func (c *PacketConn) fits(to net.Addr) error {
	ok := false
	switch a := to.(type) {
	case *net.UDPAddr:
		ok = a != nil && c.netFD.kind.family == "udp"
	case *net.UnixAddr:
		ok = a != nil && c.netFD.kind.family == "unix"
	}
	if !ok {
		return syscall.EINVAL
	}
	return nil
}

// Close implements net.PacketConn. The file of a Unix socket is removed.
func (c *PacketConn) Close() error {
	err := c.netFD.close()
	if err == nil {
		unlink(c.netFD.local)
	}
	return err
}

// LocalAddr implements net.PacketConn.
func (c *PacketConn) LocalAddr() net.Addr { return c.netFD.local }

// SetDeadline implements net.PacketConn.
func (c *PacketConn) SetDeadline(t time.Time) error {
	return c.netFD.setDeadline(Readable|Writable, t)
}

// SetReadDeadline implements net.PacketConn.
func (c *PacketConn) SetReadDeadline(t time.Time) error { return c.netFD.setDeadline(Readable, t) }

// SetWriteDeadline implements net.PacketConn.
func (c *PacketConn) SetWriteDeadline(t time.Time) error { return c.netFD.setDeadline(Writable, t) }

// SyscallConn implements syscall.Conn.
func (c *PacketConn) SyscallConn() (syscall.RawConn, error) { return c.netFD.raw() }
