//go:build linux

package reactor

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// The system calls of sockets. All of them are non-blocking, return errAgain where
// they would have to wait, and repeat themselves when interrupted.

const sendfileMax = 4 << 20

func sysRead(fd int, p []byte) (int, error) {
	for {
		n, err := unix.Read(fd, p)
		if err != unix.EINTR {
			return max(n, 0), sysError("read", err)
		}
	}
}

// sysSocket makes a socket for the network and the address.
func sysSocket(k kind, a net.Addr) (fd int, sa unix.Sockaddr, err error) {
	sa, family := sockaddr(k, a)
	typ := unix.SOCK_DGRAM
	switch {
	case k.stream:
		typ = unix.SOCK_STREAM
	case k.packets:
		typ = unix.SOCK_SEQPACKET
	}
	fd, err = unix.Socket(family, typ|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, nil, sysError("socket", err)
	}
	if family == unix.AF_INET6 {
		only := 1
		if ip := addrPort(a).Addr(); k.ip == "ip" && ip.IsUnspecified() {
			only = 0
		}
		_ = unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, only)
	}
	if k.family == "udp" {
		_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_BROADCAST, 1)
	}
	return fd, sa, nil
}

// sysListen binds and, for streams, listens.
func sysListen(k kind, a net.Addr) (fd int, err error) {
	fd, sa, err := sysSocket(k, a)
	if err != nil {
		return -1, err
	}
	if k.family == "tcp" {
		if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1); err != nil {
			return -1, closeAfter(fd, sysError("setsockopt", err))
		}
	}
	if err := unix.Bind(fd, sa); err != nil {
		return -1, closeAfter(fd, sysError("bind", err))
	}
	if k.stream || k.packets {
		if err := unix.Listen(fd, 1<<16-1); err != nil { // the kernel has a bound of its own
			return -1, closeAfter(fd, sysError("listen", err))
		}
	}
	return fd, nil
}

// sysConnect starts to connect. done is false if that takes a while: the socket
// becomes writable at the end, and sysConnected tells what came of it.
func sysConnect(k kind, a net.Addr) (fd int, done bool, err error) {
	fd, sa, err := sysSocket(k, a)
	if err != nil {
		return -1, false, err
	}
	switch err := unix.Connect(fd, sa); err {
	case nil, unix.EISCONN:
		if sysItself(fd, k) {
			return -1, false, closeAfter(fd, sysError("connect", unix.ECONNREFUSED))
		}
		return fd, true, nil
	case unix.EINPROGRESS, unix.EALREADY, unix.EINTR:
		return fd, false, nil
	default:
		return -1, false, closeAfter(fd, sysError("connect", err))
	}
}

// sysConnected is called when a connecting socket may have become writable.
func sysConnected(fd int, k kind) error {
	errno, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ERROR)
	switch {
	case err != nil:
		return sysError("getsockopt", err)
	case errno != 0:
		return sysError("connect", syscall.Errno(errno))
	}
	if _, err := unix.Getpeername(fd); err == unix.ENOTCONN {
		return errAgain
	}
	if sysItself(fd, k) {
		return sysError("connect", unix.ECONNREFUSED)
	}
	return nil
}

// sysItself reports whether a TCP socket is connected to itself. The system may choose
// the very port that is dialed for the near end, if it is one of those that it gives
// away, and then connects the socket to itself. That can only be if nobody listens
// there, so it is as good as refused.
func sysItself(fd int, k kind) bool {
	if k.family != "tcp" {
		return false
	}
	local, remote := sysNames(fd, k)
	return remote != nil && sameAddr(local, remote)
}

func closeAfter(fd int, err error) error {
	_ = unix.Close(fd)
	return err
}

// sysAccept takes a connection. One that has gone meanwhile is passed over.
func sysAccept(fd int) (int, error) {
	for {
		n, _, err := unix.Accept4(fd, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
		if err != unix.EINTR && err != unix.ECONNABORTED {
			return n, sysError("accept4", err)
		}
	}
}

// sysTune sets what package net sets on every connection: no delay, and a sign of
// life every 15 seconds.
func sysTune(fd int, k kind) {
	if k.family != "tcp" {
		return
	}
	_ = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1)
	_ = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_KEEPIDLE, 15)
	_ = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_KEEPINTVL, 15)
	_ = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_KEEPCNT, 9)
}

func sysNoDelay(fd int, on bool) error {
	v := 0
	if on {
		v = 1
	}
	return sysError("setsockopt", unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, v))
}

func sysShutdown(fd int, write bool) error {
	how := unix.SHUT_RD
	if write {
		how = unix.SHUT_WR
	}
	return sysError("shutdown", unix.Shutdown(fd, how))
}

func sysClose(fd int) error { return sysError("close", unix.Close(fd)) }

// sysNames returns the addresses of both ends, nil for one that there is not.
func sysNames(fd int, k kind) (local, remote net.Addr) {
	if sa, err := unix.Getsockname(fd); err == nil {
		local = address(k, sa)
	}
	if sa, err := unix.Getpeername(fd); err == nil {
		remote = address(k, sa)
	}
	return local, remote
}

func sysRecv(fd int, k kind, p []byte) (n int, from net.Addr, err error) {
	for {
		n, sa, err := unix.Recvfrom(fd, p, 0)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return 0, nil, sysError("recvfrom", err)
		}
		if sa != nil {
			from = address(k, sa)
		}
		return n, from, nil
	}
}

func sysSend(fd int, k kind, p []byte, to net.Addr, six bool) error {
	sa, family := sockaddr(k, to)
	if six && family == unix.AF_INET {
		sa, _ = sockaddr6(addrPort(to))
	}
	for {
		if err := unix.Sendto(fd, p, 0, sa); err != unix.EINTR {
			return sysError("sendto", err)
		}
	}
}

// sysSix reports whether fd is an IPv6 socket.
func sysSix(fd int) bool {
	family, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_DOMAIN)
	return err == nil && family == unix.AF_INET6
}

// sysSendfile moves up to n bytes from the position of a file into a socket.
func sysSendfile(socket, file int, n int) (int, error) {
	for {
		n, err := unix.Sendfile(socket, file, nil, min(n, sendfileMax))
		if err != unix.EINTR {
			return max(n, 0), sysError("sendfile", err)
		}
	}
}

// sockaddr returns a for the kernel.
func sockaddr(k kind, a net.Addr) (unix.Sockaddr, int) {
	if u, ok := a.(*net.UnixAddr); ok {
		return &unix.SockaddrUnix{Name: u.Name}, unix.AF_UNIX
	}
	ap := addrPort(a)
	if ap.Addr().Is4() || ap.Addr().Is4In6() {
		return &unix.SockaddrInet4{Port: int(ap.Port()), Addr: ap.Addr().As4()}, unix.AF_INET
	}
	return sockaddr6(ap)
}

func sockaddr6(ap netip.AddrPort) (unix.Sockaddr, int) {
	sa := &unix.SockaddrInet6{Port: int(ap.Port()), Addr: ap.Addr().As16()}
	if zone := ap.Addr().Zone(); zone != "" {
		if i, err := net.InterfaceByName(zone); err == nil {
			sa.ZoneId = uint32(i.Index)
		} else if n, err := strconv.Atoi(zone); err == nil {
			sa.ZoneId = uint32(n)
		}
	}
	return sa, unix.AF_INET6
}

// address returns sa for people.
func address(k kind, sa unix.Sockaddr) net.Addr {
	switch sa := sa.(type) {
	case *unix.SockaddrInet4:
		return k.addr(netip.AddrPortFrom(netip.AddrFrom4(sa.Addr), uint16(sa.Port)))
	case *unix.SockaddrInet6:
		ip := netip.AddrFrom16(sa.Addr)
		if ip.Is4In6() {
			ip = ip.Unmap()
		}
		if sa.ZoneId != 0 {
			zone := strconv.Itoa(int(sa.ZoneId))
			if i, err := net.InterfaceByIndex(int(sa.ZoneId)); err == nil {
				zone = i.Name
			}
			ip = ip.WithZone(zone)
		}
		return k.addr(netip.AddrPortFrom(ip, uint16(sa.Port)))
	case *unix.SockaddrUnix:
		return &net.UnixAddr{Name: sa.Name, Net: k.network}
	}
	return nil
}

// refused reports whether sendfile does not work between these two.
func refused(err error) bool {
	return errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOSYS) ||
		errors.Is(err, syscall.EOPNOTSUPP) || errors.Is(err, syscall.EPERM)
}

// sysError names the system call of an errno. It leaves other errors alone, and
// EAGAIN, which is no news and would cost an allocation each time.
func sysError(call string, err error) error {
	if err == nil || err == errAgain {
		return err
	}
	if _, ok := err.(syscall.Errno); ok {
		return os.NewSyscallError(call, err)
	}
	return err
}

// sysErrno returns the error of a number.
func sysErrno(n int32) error { return syscall.Errno(n) }

// stopped reports whether err is of a call that was cancelled or interrupted.
func stopped(err error) bool { return err == unix.ECANCELED || err == unix.EINTR }
