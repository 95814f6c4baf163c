package reactor

import (
	"context"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"github.com/causeway-go/causeway/pollster"
	"github.com/causeway-go/causeway/threadpool"
)

// A kind is what the name of a network stands for.
type kind struct {
	network string // as given: "tcp4"
	family  string // "tcp", "udp" or "unix"
	ip      string // for names: "ip", "ip4" or "ip6"
	stream  bool   // bytes and not packets
	packets bool   // connected and in packets: unixpacket
}

// parseNetwork knows the names that package net knows, but for raw IP.
func parseNetwork(network string) (kind, error) {
	k := kind{network: network, ip: "ip"}
	base := strings.TrimRight(network, "46")
	switch {
	case network == base+"4":
		k.ip = "ip4"
	case network == base+"6":
		k.ip = "ip6"
	case network != base:
		return k, net.UnknownNetworkError(network)
	}
	switch base {
	case "tcp":
		k.family, k.stream = "tcp", true
	case "udp":
		k.family = "udp"
	case "unix", "unixgram", "unixpacket":
		if base != network {
			return k, net.UnknownNetworkError(network)
		}
		k.family, k.stream, k.packets = "unix", base == "unix", base == "unixpacket"
	default:
		return k, net.UnknownNetworkError(network)
	}
	return k, nil
}

// addr returns a as the net.Addr of its network.
func (k kind) addr(a netip.AddrPort) net.Addr {
	if k.family == "udp" {
		return net.UDPAddrFromAddrPort(a)
	}
	return net.TCPAddrFromAddrPort(a)
}

// resolve returns the addresses that address may mean, best first. With a host
// name it waits for the resolver, in the way of the place it is called in.
func (k kind) resolve(ctx context.Context, address string, listen bool) ([]net.Addr, error) {
	if k.family == "unix" {
		return []net.Addr{&net.UnixAddr{Name: address, Net: k.network}}, nil
	}
	host, service, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	port, err := strconv.ParseUint(service, 10, 16)
	if err != nil {
		n, err := blocking(ctx, func() (int, error) { return net.DefaultResolver.LookupPort(ctx, k.network, service) })
		if err != nil {
			return nil, err
		}
		port = uint64(n)
	}
	ips, err := k.hosts(ctx, host, listen)
	if err != nil {
		return nil, err
	}
	var addrs []net.Addr
	for _, ip := range ips {
		addrs = append(addrs, k.addr(netip.AddrPortFrom(ip, uint16(port))))
	}
	return addrs, nil
}

// hosts returns the addresses of host that fit the network.
func (k kind) hosts(ctx context.Context, host string, listen bool) ([]netip.Addr, error) {
	if host == "" {
		return k.anyHost(listen), nil
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return blocking(ctx, func() ([]netip.Addr, error) {
			ips, err := net.DefaultResolver.LookupNetIP(ctx, k.ip, host)
			for i := range ips {
				ips[i] = ips[i].Unmap()
			}
			return ips, err
		})
	}
	ip = ip.Unmap()
	if k.ip == "ip4" && !ip.Is4() || k.ip == "ip6" && !ip.Is6() {
		return nil, &net.AddrError{Err: "no suitable address", Addr: host}
	}
	return []netip.Addr{ip}, nil
}

// anyHost is what no host means: everywhere for a listener, here for a dialer.
func (k kind) anyHost(listen bool) []netip.Addr {
	four, six := netip.AddrFrom4([4]byte{127, 0, 0, 1}), netip.IPv6Loopback()
	if listen {
		four, six = netip.IPv4Unspecified(), netip.IPv6Unspecified()
	}
	switch {
	case k.ip == "ip4":
		return []netip.Addr{four}
	case k.ip == "ip6":
		return []netip.Addr{six}
	case listen:
		return []netip.Addr{six, four} // the first takes both, where there is one
	}
	return []netip.Addr{four, six}
}

// blocking runs f in the default pool while the caller waits in its own way.
func blocking[T any](ctx context.Context, f func() (T, error)) (T, error) {
	var p pollster.Promise[T]
	if err := threadpool.Default().Submit(ctx, func() { p.Settle(f()) }); err != nil {
		var zero T
		return zero, err
	}
	return pollster.BlockOn(ctx, pollster.Future[T](&p))
}

// addrPort returns what a says of IP, if it does.
func addrPort(a net.Addr) netip.AddrPort {
	switch a := a.(type) {
	case *net.TCPAddr:
		return unmapped(a.AddrPort())
	case *net.UDPAddr:
		return unmapped(a.AddrPort())
	}
	return netip.AddrPort{}
}

// unmapped has IPv4 as IPv4, and no address as all of them.
func unmapped(ap netip.AddrPort) netip.AddrPort {
	ip := ap.Addr().Unmap()
	if !ip.IsValid() {
		ip = netip.IPv4Unspecified()
	}
	return netip.AddrPortFrom(ip, ap.Port())
}
