package reactor

import (
	"context"
	"errors"
	"net"
	"time"
)

// Dial connects to an address as net.Dial takes it, for the networks tcp, udp and
// unix with their variants. It waits, in the way of the place it is called in,
// until there is a connection or ctx ends. If a name has several addresses they are
// tried one after the other, each for its share of the time that ctx leaves. The
// connection is registered with r. Other systems than Linux return
// errors.ErrUnsupported.
func (r *Reactor) Dial(ctx context.Context, network, address string) (*Conn, error) {
	k, err := parseNetwork(network)
	if err != nil {
		return nil, &net.OpError{Op: "dial", Net: network, Err: err}
	}
	addrs, err := k.resolve(ctx, address, false)
	if err != nil {
		return nil, &net.OpError{Op: "dial", Net: network, Err: mapped(err)}
	}
	var first error
	for i, a := range addrs {
		c, err := r.dialOne(ctx, k, a, len(addrs)-i)
		if err == nil {
			return c, nil
		}
		if first == nil {
			first = &net.OpError{Op: "dial", Net: network, Addr: a, Err: mapped(err)}
		}
		if ctx.Err() != nil {
			break
		}
	}
	if first == nil {
		first = &net.OpError{Op: "dial", Net: network, Err: errors.New("no address")}
	}
	return nil, first
}

// Dial is [Reactor.Dial] with the default reactor.
func Dial(ctx context.Context, network, address string) (*Conn, error) {
	r, err := Default()
	if err != nil {
		return nil, err
	}
	return r.Dial(ctx, network, address)
}

// dialOne tries one address, the first of left.
func (r *Reactor) dialOne(ctx context.Context, k kind, a net.Addr, left int) (*Conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, context.Cause(ctx)
	}
	if at, ok := ctx.Deadline(); ok && left > 1 {
		share := max(time.Until(at)/time.Duration(left), 2*time.Second)
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, share)
		defer cancel()
	}
	fd, done, err := sysConnect(k, a)
	if err != nil {
		return nil, err
	}
	f, err := r.newFD(fd, k)
	if err != nil {
		return nil, err
	}
	if !done {
		// Who dials need not be who uses the connection.
		if _, err := f.await(ctx, Writable, "", func(fd int) (int, error) { return 0, sysConnected(fd) }); err != nil {
			_ = f.close()
			return nil, err
		}
	}
	sysTune(fd, k)
	f.name()
	return &Conn{netFD: f}, nil
}

// mapped gives the end of a context the shape that package net gives it.
func mapped(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return &timeoutError{err}
	}
	return err
}

// A timeoutError is a net.Error for a deadline.
type timeoutError struct{ err error }

func (e *timeoutError) Error() string { return "i/o timeout: " + e.err.Error() }
func (e *timeoutError) Unwrap() error { return e.err }

// Timeout implements net.Error.
func (e *timeoutError) Timeout() bool { return true }

// Temporary implements net.Error.
func (e *timeoutError) Temporary() bool { return true }
