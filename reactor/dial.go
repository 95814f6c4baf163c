package reactor

import (
	"context"
	"errors"
	"net"
	"time"

	"github.com/causeway-go/causeway/pollster"
)

// Dial connects to an address as net.Dial takes it, for the networks tcp, udp and
// unix with their variants. It waits, in the way of the place it is called in,
// until there is a connection or ctx ends. If a name has several addresses they race
// (RFC 8305, «Happy Eyeballs»): those of IPv4 and IPv6 in turn, the next one when
// an earlier one has failed, or has taken a quarter of a second; the first that is
// connected is taken and the others are closed. The connection is registered with r. Other systems than Linux return
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
	return r.dialAll(ctx, k, addrs)
}

// dialAll has the addresses race.
func (r *Reactor) dialAll(ctx context.Context, k kind, addrs []net.Addr) (*Conn, error) {
	if len(addrs) == 0 {
		return nil, &net.OpError{Op: "dial", Net: k.network, Err: errors.New("no address")}
	}
	o := &dialOp{r: r, kind: k, left: inTurn(addrs), next: Timer{r: r}}
	c, err := pollster.BlockOn(ctx, pollster.Future[*Conn](o))
	if err == nil {
		return c, nil
	}
	if o.err == nil { // ctx has ended it
		o.err, o.at = err, addrs[0]
	}
	return nil, &net.OpError{Op: "dial", Net: k.network, Addr: o.at, Err: mapped(o.err)}
}

// Dial is [Reactor.Dial] with the default reactor.
func Dial(ctx context.Context, network, address string) (*Conn, error) {
	r, err := Default()
	if err != nil {
		return nil, err
	}
	return r.Dial(ctx, network, address)
}

// attemptDelay is how long an attempt may take before the next one begins.
const attemptDelay = 250 * time.Millisecond

// A dialOp is a race of addresses, as a future. It fails with what the first one
// failed with.
type dialOp struct {
	r    *Reactor
	kind kind
	left []net.Addr // not tried yet
	on   []*dialTry // being tried
	next Timer      // until another one is tried
	err  error      // of the first that has failed
	at   net.Addr   // which one that was
	over bool
}

// A dialTry is a connection that is being made.
type dialTry struct {
	addr net.Addr
	wait socketOp // in its f is the socket
}

// Poll implements pollster.Future.
func (o *dialOp) Poll(w *pollster.Waker) (*Conn, bool, error) {
	for !o.over {
		for i := 0; i < len(o.on); i++ {
			t := o.on[i]
			_, ready, err := t.wait.Poll(w)
			if !ready && err == nil {
				continue
			}
			o.on = append(o.on[:i], o.on[i+1:]...)
			if ready {
				return o.win(t.wait.f), true, nil
			}
			_ = t.wait.f.close()
			o.lose(t.addr, err)
			i--
		}
		if len(o.on) > 0 && len(o.left) > 0 {
			if up, err := o.next.poll(w); !up && err == nil {
				return nil, false, nil
			}
		}
		if len(o.left) == 0 {
			if len(o.on) > 0 {
				return nil, false, nil
			}
			o.Cancel()
			break
		}
		if f := o.try(); f != nil {
			return o.win(f), true, nil
		}
	}
	return nil, false, o.err
}

// try begins with the next address. It returns the socket if it is connected.
func (o *dialOp) try() *netFD {
	a := o.left[0]
	o.left = o.left[1:]
	fd, done, err := sysConnect(o.kind, a)
	if err != nil {
		o.lose(a, err)
		return nil
	}
	f, err := o.r.newFD(fd, o.kind)
	if err != nil {
		o.lose(a, err)
		return nil
	}
	if done {
		return f
	}
	// By way of the set, whoever waits: who dials need not be who uses it.
	o.on = append(o.on, &dialTry{a, socketOp{f: f, in: Writable, try: func(fd int) (int, error) { return 0, sysConnected(fd, o.kind) }}})
	o.next.Cancel()
	o.next.Reset(attemptDelay)
	return nil
}

func (o *dialOp) lose(a net.Addr, err error) {
	if o.err == nil {
		o.err, o.at = err, a
	}
}

func (o *dialOp) win(f *netFD) *Conn {
	o.Cancel()
	sysTune(f.s.fd, f.kind)
	f.name()
	return &Conn{netFD: f}
}

// Cancel implements pollster.Canceler: it closes what is on its way.
func (o *dialOp) Cancel() {
	o.over, o.left = true, nil
	o.next.Cancel()
	for _, t := range o.on {
		t.wait.Cancel()
		_ = t.wait.f.close()
	}
	o.on = nil
}

// inTurn returns addrs with the families alternating, each in its order, beginning
// with that of the first.
func inTurn(addrs []net.Addr) []net.Addr {
	var same, other []net.Addr
	for _, a := range addrs {
		if addrPort(a).Addr().Is4() == addrPort(addrs[0]).Addr().Is4() {
			same = append(same, a)
		} else {
			other = append(other, a)
		}
	}
	all := make([]net.Addr, 0, len(addrs))
	for len(same) > 0 || len(other) > 0 {
		if len(same) > 0 {
			all, same = append(all, same[0]), same[1:]
		}
		if len(other) > 0 {
			all, other = append(all, other[0]), other[1:]
		}
	}
	return all
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
