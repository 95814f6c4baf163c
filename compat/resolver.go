package compat

import (
	"context"
	"net"
	"net/netip"

	"github.com/causeway-go/causeway/threadpool"
	"github.com/causeway-go/causeway/unblock"
)

// A Resolver makes the look-ups of a net.Resolver in the slots of a pool, so that
// they are bounded, and returns when the context ends, whatever the look-up is
// doing: reading a file from a server that is gone, calling into C, dialling with
// a function that takes no notice of its context. A look-up that has been left
// keeps its slot until it returns; one that has not started never does.
//
// The zero value uses net.DefaultResolver and threadpool.Default. All methods
// block as [unblock.CallOn] does, and are those of net.Resolver otherwise. They
// may be called from any goroutine.
type Resolver struct {
	// Resolver makes the look-ups. Nil means net.DefaultResolver.
	Resolver *net.Resolver
	// Pool runs them. Nil means threadpool.Default. A pool of their own keeps
	// look-ups that hang from taking the slots of other calls.
	Pool *threadpool.Pool
}

// lookup makes one call of r's resolver.
func lookup[T any](ctx context.Context, r *Resolver, f func(*net.Resolver) (T, error)) (T, error) {
	under := r.Resolver
	if under == nil {
		under = net.DefaultResolver
	}
	return unblock.CallOn(ctx, r.Pool, func() (T, error) { return f(under) })
}

// LookupHost is LookupHost of net.Resolver.
func (r *Resolver) LookupHost(ctx context.Context, host string) (addrs []string, err error) {
	return lookup(ctx, r, func(u *net.Resolver) ([]string, error) { return u.LookupHost(ctx, host) })
}

// LookupIPAddr is LookupIPAddr of net.Resolver.
func (r *Resolver) LookupIPAddr(ctx context.Context, host string) ([]net.IPAddr, error) {
	return lookup(ctx, r, func(u *net.Resolver) ([]net.IPAddr, error) { return u.LookupIPAddr(ctx, host) })
}

// LookupNetIP is LookupNetIP of net.Resolver.
func (r *Resolver) LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error) {
	return lookup(ctx, r, func(u *net.Resolver) ([]netip.Addr, error) { return u.LookupNetIP(ctx, network, host) })
}

// LookupAddr is LookupAddr of net.Resolver.
func (r *Resolver) LookupAddr(ctx context.Context, addr string) (names []string, err error) {
	return lookup(ctx, r, func(u *net.Resolver) ([]string, error) { return u.LookupAddr(ctx, addr) })
}

// LookupCNAME is LookupCNAME of net.Resolver.
func (r *Resolver) LookupCNAME(ctx context.Context, host string) (string, error) {
	return lookup(ctx, r, func(u *net.Resolver) (string, error) { return u.LookupCNAME(ctx, host) })
}

// LookupMX is LookupMX of net.Resolver.
func (r *Resolver) LookupMX(ctx context.Context, name string) ([]*net.MX, error) {
	return lookup(ctx, r, func(u *net.Resolver) ([]*net.MX, error) { return u.LookupMX(ctx, name) })
}

// LookupNS is LookupNS of net.Resolver.
func (r *Resolver) LookupNS(ctx context.Context, name string) ([]*net.NS, error) {
	return lookup(ctx, r, func(u *net.Resolver) ([]*net.NS, error) { return u.LookupNS(ctx, name) })
}

// LookupPort is LookupPort of net.Resolver.
func (r *Resolver) LookupPort(ctx context.Context, network, service string) (port int, err error) {
	return lookup(ctx, r, func(u *net.Resolver) (int, error) { return u.LookupPort(ctx, network, service) })
}

// LookupSRV is LookupSRV of net.Resolver.
func (r *Resolver) LookupSRV(ctx context.Context, service, proto, name string) (cname string, addrs []*net.SRV, err error) {
	type answer struct {
		cname string
		addrs []*net.SRV
	}
	// The answer goes with the error: some of the addresses may be good.
	a, err := lookup(ctx, r, func(u *net.Resolver) (answer, error) {
		cname, addrs, err := u.LookupSRV(ctx, service, proto, name)
		return answer{cname, addrs}, err
	})
	return a.cname, a.addrs, err
}

// LookupTXT is LookupTXT of net.Resolver.
func (r *Resolver) LookupTXT(ctx context.Context, name string) ([]string, error) {
	return lookup(ctx, r, func(u *net.Resolver) ([]string, error) { return u.LookupTXT(ctx, name) })
}
