package nethttp

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"

	"github.com/causeway-go/causeway/internal/goroutine"
	"github.com/causeway-go/causeway/pollster"
	"github.com/causeway-go/causeway/reactor"
)

// A Server is an http.Server whose connections belong to a reactor, so that a task
// that reads or writes one, as a handler made by [Handler] does, is suspended
// while it waits. It has all that http.Server has, time-outs, keep-alive, TLS and
// HTTP/2 included, and the same rules: set the fields first, then serve.
//
//	s := &nethttp.Server{Server: http.Server{Addr: ":8080", Handler: nethttp.Handler(ex, mux)}}
//	go s.ListenAndServe()
//	…
//	s.Shutdown(ctx)
//
// Serve and its like block, and may be called in a task, which they suspend. On
// systems where reactor.Listen is not supported the listener is one of package
// net, and all else works the same.
type Server struct {
	http.Server

	// Reactor is what ListenAndServe registers connections with. Nil means
	// reactor.Default.
	Reactor *reactor.Reactor
}

// directKey marks the contexts of connections that may be waited for in a task.
type directKey struct{}

// waitsInTasks reports whether net/http does all it has to do for r in a way that
// suspends a task.
func waitsInTasks(r *http.Request) bool {
	return r.ProtoMajor == 1 && r.Context().Value(directKey{}) != nil
}

// Listen returns a listener for [Server.Serve] on a TCP address as net.Listen
// takes it; "" is ":http".
func (s *Server) Listen(ctx context.Context, address string) (net.Listener, error) {
	if address == "" {
		address = ":http"
	}
	return listen(ctx, s.Reactor, address)
}

func listen(ctx context.Context, r *reactor.Reactor, address string) (net.Listener, error) {
	var l *reactor.Listener
	var err error
	if r != nil {
		l, err = r.Listen(ctx, "tcp", address)
	} else {
		l, err = reactor.Listen(ctx, "tcp", address)
	}
	if errors.Is(err, errors.ErrUnsupported) {
		return new(net.ListenConfig).Listen(ctx, "tcp", address)
	}
	if err != nil {
		return nil, err
	}
	return l, nil
}

// ListenAndServe is that of http.Server on a listener of s.Reactor.
func (s *Server) ListenAndServe() error {
	l, err := s.Listen(context.Background(), s.Addr)
	if err != nil {
		return err
	}
	return s.Serve(l)
}

// ListenAndServeTLS is that of http.Server on a listener of s.Reactor. An s.Addr of
// "" is ":https".
func (s *Server) ListenAndServeTLS(certFile, keyFile string) error {
	address := s.Addr
	if address == "" {
		address = ":https"
	}
	l, err := s.Listen(context.Background(), address)
	if err != nil {
		return err
	}
	return s.ServeTLS(l, certFile, keyFile)
}

// Serve is that of http.Server. l is any listener; one of a reactor is what this
// type is for.
func (s *Server) Serve(l net.Listener) error {
	s.mark()
	defer l.Close() // also if the task that this is in is ended
	return s.Server.Serve(l)
}

// ServeTLS is that of http.Server, as [Server.Serve] is.
func (s *Server) ServeTLS(l net.Listener, certFile, keyFile string) error {
	s.mark()
	defer l.Close()
	return s.Server.ServeTLS(l, certFile, keyFile)
}

// mark has connections of a reactor marked.
func (s *Server) mark() {
	before := s.ConnContext
	s.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		if before != nil {
			ctx = before(ctx, c)
		}
		if t, ok := c.(*tls.Conn); ok {
			c = t.NetConn()
		}
		if _, ok := c.(*reactor.Conn); ok {
			ctx = context.WithValue(ctx, directKey{}, true)
		}
		return ctx
	}
}

// Shutdown is that of http.Server: no new connections, and then it waits until
// none serves a request any more, or ctx ends, whose error it returns. In a task it
// waits as [pollster.BlockOn] does.
func (s *Server) Shutdown(ctx context.Context) error {
	if goroutine.Here() == nil {
		return s.Server.Shutdown(ctx)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var done pollster.Promise[struct{}]
	go func() { done.Settle(struct{}{}, s.Server.Shutdown(ctx)) }()
	// Background: Shutdown watches ctx itself, and has to have begun to return.
	_, err := done.Wait(context.Background())
	return err
}
