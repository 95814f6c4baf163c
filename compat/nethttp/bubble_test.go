package nethttp_test

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/causeway-go/causeway/compat/nethttp"
	"github.com/causeway-go/causeway/executor"
	"github.com/causeway-go/causeway/internal/leak"
	"github.com/causeway-go/causeway/pollster"
)

// inBubbles runs f twice at once in a bubble, on goroutines, in two tasks of one
// worker, and on a Local, and wants it to take as long as the clock says that one
// takes.
func inBubbles(t *testing.T, f func(t *testing.T), want time.Duration) {
	leak.Check(t)
	for place, start := range map[string]func(testing.TB) executor.Spawner{"goroutine": nil, "executor": oneWorker, "local": oneLocal} {
		t.Run(place, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				ended := make(chan struct{}, 2)
				use := func() { defer func() { ended <- struct{}{} }(); f(t) }
				if start == nil {
					go use()
					go use()
				} else {
					ex := start(t)
					for range 2 {
						executor.Go(ex, func(context.Context) (int, error) { use(); return 0, nil })
					}
				}
				<-ended
				<-ended
				if d := time.Since(began); d != want {
					t.Errorf("took %v, want %v: somebody was held up", d, want)
				}
			})
		})
	}
}

// slowBody gives "abc" after a second.
func slowBody() io.ReadCloser {
	r, w := io.Pipe()
	time.AfterFunc(time.Second, func() { io.WriteString(w, "abc"); w.Close() })
	return r
}

func TestBodyInABubble(t *testing.T) {
	inBubbles(t, func(t *testing.T) {
		var got strings.Builder
		for b, err := range pollster.Seq(context.Background(), nethttp.Body(slowBody(), 2)) {
			if err != nil {
				t.Error(err)
			}
			got.Write(b)
		}
		if got.String() != "abc" {
			t.Error(got.String())
		}
	}, time.Second)
}

func TestBodyCanBeLeftInABubble(t *testing.T) {
	inBubbles(t, func(t *testing.T) {
		r, w := io.Pipe()
		defer w.Close()
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		s := nethttp.Body(r, 2)
		defer pollster.Cancel(s)
		if _, err := pollster.BlockOn(ctx, pollster.Next(s)); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
	}, time.Second)
}

// TestCallInABubble has the answer come in a second, and not at all.
func TestCallInABubble(t *testing.T) {
	call := func(g *gate) *nethttp.Call {
		tr := nethttp.NewTransport(new(http.Transport), nil)
		nethttp.Register(tr, "gate", g)
		r, _ := http.NewRequest("GET", "gate://x/", nil)
		return tr.Start(r)
	}
	inBubbles(t, func(t *testing.T) {
		g := &gate{open: make(chan struct{})}
		time.AfterFunc(time.Second, func() { close(g.open) })
		resp, err := pollster.BlockOn(context.Background(), pollster.Future[*http.Response](call(g)))
		if err != nil {
			t.Error(err)
			return
		}
		resp.Body.Close()
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		mute := &gate{open: make(chan struct{})}
		if _, err := pollster.BlockOn(ctx, pollster.Future[*http.Response](call(mute))); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
	}, 2*time.Second)
}

// TestHandlerInABubble serves a connection in memory.
func TestHandlerInABubble(t *testing.T) {
	leak.Check(t)
	for place, start := range places {
		t.Run(place, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := nethttp.Handler(start(t), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					_, _ = pollster.BlockOn(r.Context(), pollster.Timeout(pollster.Future[int](new(pollster.Promise[int])), time.Second))
					io.Copy(w, r.Body)
				}))
				l := &memory{conns: make(chan net.Conn), closed: make(chan struct{})}
				s := &nethttp.Server{Server: http.Server{Handler: h, ErrorLog: log.New(io.Discard, "", 0)}}
				go s.Serve(l)
				defer s.Close()
				client := &http.Client{Transport: &http.Transport{DialContext: l.dial}}
				defer client.CloseIdleConnections()
				began := time.Now()
				resp, err := client.Post("http://x/", "", slowBody())
				if got := read(t, resp, err); got != "abc" {
					t.Error(got)
				}
				if d := time.Since(began); d != time.Second {
					t.Errorf("took %v", d)
				}
				w := httptest.NewRecorder()
				h.ServeHTTP(w, httptest.NewRequest("POST", "/", strings.NewReader("abc")))
				if w.Body.String() != "abc" {
					t.Error(w.Body)
				}
			})
		})
	}
}

// memory is a listener without a socket.
type memory struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (m *memory) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case m.conns <- theirs:
		return ours, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (m *memory) Accept() (net.Conn, error) {
	select {
	case c := <-m.conns:
		return c, nil
	case <-m.closed:
		return nil, net.ErrClosed
	}
}

func (m *memory) Close() error {
	select {
	case <-m.closed:
	default:
		close(m.closed)
	}
	return nil
}

func (m *memory) Addr() net.Addr { return &net.TCPAddr{} }
