package nethttp

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/causeway-go/causeway/compat"
	"github.com/causeway-go/causeway/pollster"
	"github.com/causeway-go/causeway/reactor"
	"github.com/causeway-go/causeway/threadpool"
)

// DefaultTimeout is how long a dial may take, look-up included, unless told otherwise.
const DefaultTimeout = 30 * time.Second

// A Dialer makes connections on a reactor, and looks names up in the slots of a
// pool, so that a dial ends with its context whatever the resolver does. The zero
// value is ready. It may be used by any number of goroutines and tasks.
type Dialer struct {
	// Reactor is what connections are registered with. Nil means
	// reactor.Default. Where reactor.Dial is not supported, connections are
	// those of package net.
	Reactor *reactor.Reactor

	// Resolver makes the look-ups. Nil means net.DefaultResolver. Only its
	// settings are used: package net lets all look-ups of a name by one
	// Resolver share the first one, if that hangs too; here each is one of its own.
	Resolver *net.Resolver

	// Pool runs the look-ups. Nil means threadpool.Default. With a pool of
	// their own those that hang take slots from nobody else.
	Pool *threadpool.Pool

	// Timeout is how long one dial may take. 0 means DefaultTimeout, a
	// negative value for ever.
	Timeout time.Duration
}

// requestKey is under what the context of a dial knows that of the request that
// asked for it; see Transport.
type requestKey struct{}

// DialContext connects to an address as net.Dialer does. It blocks as
// [pollster.BlockOn] does. If a name has several addresses they are tried one
// after the other, each for its share of the time that is left.
func (d *Dialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	ctx, cancel := d.bound(ctx)
	defer cancel()
	if ctx.Err() != nil {
		return nil, &net.OpError{Op: "dial", Net: network, Err: context.Cause(ctx)}
	}
	addrs, err := d.addresses(ctx, network, address)
	if err != nil {
		return nil, &net.OpError{Op: "dial", Net: network, Err: err}
	}
	var first error
	for i, a := range addrs {
		c, err := d.dialOne(ctx, network, a, len(addrs)-i)
		if err == nil && ctx.Err() != nil {
			// Too late, and who asked has left: net/http would keep it.
			_ = c.Close()
			err = &net.OpError{Op: "dial", Net: network, Err: context.Cause(ctx)}
		}
		if err == nil {
			return c, nil
		}
		if first == nil {
			first = err
		}
		if ctx.Err() != nil {
			break
		}
	}
	return nil, first
}

// bound returns ctx with the time that a dial may take, and with the end of the
// request that asked for it.
func (d *Dialer) bound(ctx context.Context) (context.Context, context.CancelFunc) {
	timeout := d.Timeout
	if timeout == 0 {
		timeout = DefaultTimeout
	}
	cancel := context.CancelFunc(func() {})
	if timeout > 0 {
		ctx, cancel = context.WithTimeout(ctx, timeout)
	}
	request, ok := ctx.Value(requestKey{}).(context.Context)
	if !ok {
		return ctx, cancel
	}
	ctx, end := context.WithCancelCause(ctx)
	stop := context.AfterFunc(request, func() { end(context.Cause(request)) })
	return ctx, func() { stop(); end(nil); cancel() }
}

// addresses returns what to connect to.
func (d *Dialer) addresses(ctx context.Context, network, address string) ([]string, error) {
	if !strings.HasPrefix(network, "tcp") && !strings.HasPrefix(network, "udp") {
		return []string{address}, nil
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	if _, err := netip.ParseAddr(host); err == nil || host == "" {
		return []string{address}, nil
	}
	ip := "ip" + network[len("tcp"):]
	ips, err := d.resolver().LookupNetIP(ctx, ip, host)
	if err != nil {
		return nil, err
	}
	if len(ips) == 0 {
		return nil, &net.DNSError{Err: "no address", Name: host, IsNotFound: true}
	}
	addrs := make([]string, len(ips))
	for i, ip := range ips {
		addrs[i] = net.JoinHostPort(ip.Unmap().String(), port)
	}
	return addrs, nil
}

// resolver returns one that shares no look-ups with others.
func (d *Dialer) resolver() *compat.Resolver {
	r := d.Resolver
	if r == nil {
		r = net.DefaultResolver
	}
	return &compat.Resolver{
		Resolver: &net.Resolver{PreferGo: r.PreferGo, StrictErrors: r.StrictErrors, Dial: r.Dial},
		Pool:     d.Pool,
	}
}

// dialOne tries one address, the first of left.
func (d *Dialer) dialOne(ctx context.Context, network, address string, left int) (net.Conn, error) {
	if at, ok := ctx.Deadline(); ok && left > 1 {
		share := max(time.Until(at)/time.Duration(left), 2*time.Second)
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, share)
		defer cancel()
	}
	var c *reactor.Conn
	var err error
	if d.Reactor != nil {
		c, err = d.Reactor.Dial(ctx, network, address)
	} else {
		c, err = reactor.Dial(ctx, network, address)
	}
	if errors.Is(err, errors.ErrUnsupported) {
		return pollster.BlockOn(ctx, compat.Async(ctx, func(ctx context.Context) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, address)
		}))
	}
	if err != nil {
		return nil, err
	}
	return c, nil
}
