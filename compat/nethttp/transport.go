package nethttp

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"slices"
	"sync/atomic"

	"github.com/causeway-go/causeway/compat"
	"github.com/causeway-go/causeway/internal/goroutine"
	"github.com/causeway-go/causeway/pollster"
)

// A Transport is an http.RoundTripper whose requests can always be left, and are
// futures too. Make one with [NewTransport], for a whole program or a part of it,
// and use it as the Transport of an http.Client, or by itself. All methods may be
// called from any goroutine and task.
type Transport struct {
	base *http.Transport
	d    *Dialer
}

var _ http.RoundTripper = (*Transport)(nil)

// NewTransport returns a Transport with the settings of base, which is cloned; nil
// means http.DefaultTransport's. Connections come from d, nil meaning the zero
// Dialer, in the place of all dial functions of base.
func NewTransport(base *http.Transport, d *Dialer) *Transport {
	if base == nil {
		base = http.DefaultTransport.(*http.Transport)
	}
	if d == nil {
		d = new(Dialer)
	}
	t := &Transport{base: base.Clone(), d: d}
	//lint:ignore SA1019 deprecated, and set by some
	t.base.Dial, t.base.DialTLS = nil, nil
	t.base.DialContext, t.base.DialTLSContext = d.DialContext, t.dialTLS
	return t
}

// dialTLS is DialTLSContext of http.Transport: the handshake ends with the request
// too. With a proxy net/http makes it, and TLSHandshakeTimeout is what ends it.
func (t *Transport) dialTLS(ctx context.Context, network, address string) (net.Conn, error) {
	ctx, cancel := t.d.bound(ctx)
	defer cancel()
	if d := t.base.TLSHandshakeTimeout; d > 0 && t.d.Timeout < 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, d)
		defer cancel()
	}
	c, err := t.d.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	config := t.base.TLSClientConfig.Clone()
	if config == nil {
		config = new(tls.Config)
	}
	if config.ServerName == "" {
		config.ServerName, _, _ = net.SplitHostPort(address)
	}
	if t.base.ForceAttemptHTTP2 && !slices.Contains(config.NextProtos, "h2") {
		config.NextProtos = append([]string{"h2", "http/1.1"}, config.NextProtos...)
	}
	tc := tls.Client(c, config)
	if err := tc.HandshakeContext(ctx); err != nil {
		_ = c.Close()
		return nil, err
	}
	return tc, nil
}

// RoundTrip implements http.RoundTripper. It blocks, in a task as
// [pollster.BlockOn] does. When the context of r ends it returns, whatever the
// request is at: waiting for a name server, for a connection, for the other side.
// Nothing is left behind then but a look-up that does not end, in its slot of the
// Dialer's pool.
//
// Read and Close of the answer's body wait in that way too. A body that is not
// closed leaks, as with every RoundTripper, unless the context of r ends.
func (t *Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if goroutine.Here() == nil {
		ctx, cancel := context.WithCancelCause(r.Context())
		return t.roundTrip(ctx, cancel, r)
	}
	return pollster.BlockOn(r.Context(), pollster.Future[*http.Response](t.Start(r)))
}

// roundTrip makes the request here. ctx is its context from now on, which the end
// of the body cancels.
func (t *Transport) roundTrip(ctx context.Context, cancel context.CancelCauseFunc, r *http.Request) (*http.Response, error) {
	resp, err := t.base.RoundTrip(r.WithContext(context.WithValue(ctx, requestKey{}, ctx)))
	if err != nil {
		cancel(err)
		return nil, err
	}
	resp.Request = r
	b := &body{ReadCloser: resp.Body, cancel: cancel}
	if w, ok := resp.Body.(io.Writer); ok { // 101 Switching Protocols
		resp.Body = &duplexBody{b, w}
	} else {
		resp.Body = b
	}
	return resp, nil
}

// Start returns the request r as a future of the answer. It starts at the first
// poll, on a goroutine of its own. Cancel ends the request and what belongs to it,
// and if an answer comes all the same, its body is closed. Of an answer that was
// given, the body is the caller's to close.
func (t *Transport) Start(r *http.Request) *Call { return &Call{t: t, r: r} }

// CloseIdleConnections closes connections that are kept alive and do nothing.
func (t *Transport) CloseIdleConnections() { t.base.CloseIdleConnections() }

// A Call is a request that was started, as a future. One goroutine at a time may
// poll and cancel it.
type Call struct {
	t      *Transport
	r      *http.Request // nil once started
	cancel context.CancelCauseFunc
	end    pollster.Promise[*http.Response]
	given  bool        // the answer, to who polls
	left   atomic.Bool // by Cancel, with no answer given
}

// Poll implements [pollster.Future].
func (c *Call) Poll(w *pollster.Waker) (*http.Response, bool, error) {
	if c.r != nil && !c.end.Done() {
		c.start()
	}
	resp, ready, err := c.end.Poll(w)
	c.given = c.given || ready
	return resp, ready, err
}

func (c *Call) start() {
	ctx, cancel := context.WithCancelCause(c.r.Context())
	r := c.r
	c.r, c.cancel = nil, cancel
	go func() {
		resp, err := c.t.roundTrip(ctx, cancel, r)
		// Settle first, look at left afterwards; Cancel does the reverse. So
		// one of the two sees the other, or both do, which is no harm.
		if settled := c.end.Settle(resp, err); err == nil && (!settled || c.left.Load()) {
			_ = resp.Body.Close() // nobody wants it
		}
	}()
}

// Cancel implements [pollster.Canceler].
func (c *Call) Cancel() {
	if c.r != nil && c.r.Body != nil {
		_ = c.r.Body.Close() // as a RoundTripper does in any case
	}
	c.r = nil
	c.end.Cancel()
	if c.cancel == nil || c.given {
		return
	}
	c.left.Store(true)
	c.cancel(pollster.ErrCanceled)
	if !c.end.Done() || c.end.Canceled() {
		return // start closes what may come
	}
	if resp, ready, _ := c.end.Poll(nil); ready { // settled: needs no waker
		go resp.Body.Close()
	}
}

// A body is that of an answer.
type body struct {
	io.ReadCloser
	cancel context.CancelCauseFunc // of the request
	closed atomic.Bool
}

// Read implements io.Reader.
func (b *body) Read(p []byte) (n int, err error) {
	if goroutine.Here() == nil {
		n, err = b.ReadCloser.Read(p)
	} else {
		n, err = b.readInTask(p)
	}
	if err != nil {
		b.cancel(err) // it is over: let go of the context
	}
	return n, err
}

// readInTask has a goroutine read, since net/http waits in ways that would hold up
// the worker. If the task is ended meanwhile, so is the read, before p is let go.
func (b *body) readInTask(p []byte) (n int, err error) {
	var done pollster.Promise[struct{}]
	go func() {
		n, err = b.ReadCloser.Read(p)
		done.Resolve(struct{}{})
	}()
	defer func() {
		if !done.Done() {
			b.cancel(pollster.ErrCanceled)
			_, _ = done.Wait(context.Background())
		}
	}()
	_, _ = done.Wait(context.Background())
	return n, err
}

// Close implements io.Closer. It ends a Read that is under way, and is the end of
// the request.
func (b *body) Close() error {
	if b.closed.Swap(true) {
		return nil
	}
	var err error
	if goroutine.Here() == nil {
		err = b.ReadCloser.Close()
	} else {
		_, err = pollster.BlockOn(context.Background(), compat.Async(context.Background(), func(context.Context) (struct{}, error) {
			return struct{}{}, b.ReadCloser.Close()
		}))
	}
	b.cancel(context.Canceled)
	return err
}

// A duplexBody is that of a connection that has changed its protocol.
type duplexBody struct {
	*body
	io.Writer
}
