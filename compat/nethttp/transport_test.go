package nethttp_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/causeway-go/causeway/compat"
	"github.com/causeway-go/causeway/compat/nethttp"
	"github.com/causeway-go/causeway/executor"
	"github.com/causeway-go/causeway/internal/leak"
	"github.com/causeway-go/causeway/pollster"
	"github.com/causeway-go/causeway/threadpool"
)

// newTransport returns one with a reactor of the test's own, that trusts s.
func newTransport(t testing.TB, s *site, d nethttp.Dialer) *nethttp.Transport {
	t.Helper()
	base := new(http.Transport)
	if s != nil {
		base = s.client.Transport.(*http.Transport).Clone()
	}
	d.Reactor = newReactor(t)
	tr := nethttp.NewTransport(base, &d)
	t.Cleanup(tr.CloseIdleConnections)
	return tr
}

// everywhere runs f on a goroutine, in a task and on a Local.
func everywhere(t *testing.T, f func(t *testing.T)) {
	t.Run("goroutine", f)
	for place, start := range places {
		t.Run(place, func(t *testing.T) {
			ex := start(t)
			if _, err := executor.Go(ex, func(context.Context) (int, error) { f(t); return 0, nil }).Wait(context.Background()); err != nil {
				t.Error(err)
			}
		})
	}
}

func echo(w http.ResponseWriter, r *http.Request) {
	b, _ := io.ReadAll(r.Body) // first: without full duplex HTTP/1 reads no more once it has begun to answer
	w.Write(b)
}

// TestRoundTripEverywhere also has the handler run where the client does.
func TestRoundTripEverywhere(t *testing.T) {
	leak.Check(t)
	for kind := range kinds {
		t.Run(kind, func(t *testing.T) {
			s := serve(t, kind, nethttp.Handler(oneWorker(t), http.HandlerFunc(echo)))
			tr := newTransport(t, s, nethttp.Dialer{})
			client := &http.Client{Transport: tr}
			everywhere(t, func(t *testing.T) {
				resp, err := client.Post(s.url, "text/plain", strings.NewReader("hello"))
				if got := read(t, resp, err); got != "hello" || resp.ProtoMajor != 1 != kinds[kind].two {
					t.Error(got, resp.Proto)
				}
				r, _ := http.NewRequest("POST", s.url, strings.NewReader(strings.Repeat("x", 100_000)))
				resp, err = pollster.BlockOn(context.Background(), pollster.Future[*http.Response](tr.Start(r)))
				if err != nil || resp.Request != r {
					t.Error(err)
					return
				}
				n := 0
				for b, err := range pollster.Seq(context.Background(), nethttp.Body(resp.Body, 1000)) {
					if n += len(b); err != nil || len(b) > 1000 {
						t.Error(err)
					}
				}
				if n != 100_000 {
					t.Error(n)
				}
			})
		})
	}
}

// TestRequestsCanBeLeftAtAnyPoint leaves requests that wait for a handshake, a
// header and a body, everywhere, and looks for what remains.
func TestRequestsCanBeLeftAtAnyPoint(t *testing.T) {
	leak.Check(t)
	release := make(chan struct{})
	stuck := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/body" {
			io.WriteString(w, "a part")
			w.(http.Flusher).Flush()
		}
		select {
		case <-release:
		case <-r.Context().Done():
		}
	})
	l := silent(t)
	urls := map[string]string{"handshake": "https://" + l.Addr().String(), "header, mute": "http://" + l.Addr().String()}
	trs := map[string]*nethttp.Transport{"handshake": newTransport(t, nil, nethttp.Dialer{}), "header, mute": newTransport(t, nil, nethttp.Dialer{})}
	for kind := range kinds {
		s := serve(t, kind, stuck)
		tr := newTransport(t, s, nethttp.Dialer{})
		urls[kind+": header"], trs[kind+": header"] = s.url, tr
		urls[kind+": body"], trs[kind+": body"] = s.url+"/body", tr
	}
	for at, url := range urls {
		t.Run(at, func(t *testing.T) {
			everywhere(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
				defer cancel()
				r, _ := http.NewRequestWithContext(ctx, "GET", url, nil)
				resp, err := trs[at].RoundTrip(r)
				if err == nil {
					_, err = io.ReadAll(resp.Body)
					resp.Body.Close()
				}
				if !errors.Is(err, context.DeadlineExceeded) {
					t.Error(err)
				}
				// And a future, at any moment.
				for i := range 10 {
					r, _ := http.NewRequest("GET", url, nil)
					call := trs[at].Start(r)
					resp, ready, _ := pollster.PollOnce(pollster.Future[*http.Response](call))
					for range i * i * 20 {
						yield()
					}
					if ready {
						resp.Body.Close()
					}
					call.Cancel()
				}
			})
		})
	}
	close(release)
	// What was left at the very moment when it got its connection has put that
	// among the idle ones, perhaps after newTransport's cleanup has looked.
	t.Cleanup(func() {
		for range 20 {
			for _, tr := range trs {
				tr.CloseIdleConnections()
			}
			time.Sleep(time.Millisecond)
		}
	})
}

// nameServer is a resolver whose look-ups hang, whatever their context, until the
// release, unless it has healed: then they are answered at once, with an error. It
// says when one hangs.
func nameServer(hangs chan<- struct{}, release <-chan struct{}, healed *atomic.Bool) *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		if !healed.Load() {
			select {
			case hangs <- struct{}{}:
			default:
			}
			<-release
		}
		return nil, errTest
	}}
}

const name = "service.invalid."

// TestPlainClientIsStuckOnItsNameServerAndOursIsNot: net/http has a dial go on when
// its request has been left, and counts it among the connections of the host; and
// package net has later look-ups share one that hangs. So a client that was patient
// with a sick name server stays sick when that is well again.
func TestPlainClientIsStuckOnItsNameServerAndOursIsNot(t *testing.T) {
	leak.Check(t, leak.Options{Threads: -1})
	hangs, release := make(chan struct{}, 1), make(chan struct{})
	var healed atomic.Bool
	resolver := nameServer(hangs, release, &healed)
	get := func(ctx context.Context, rt http.RoundTripper) error {
		r, _ := http.NewRequestWithContext(ctx, "GET", "http://"+name+"/", nil)
		resp, err := rt.RoundTrip(r)
		if err == nil {
			resp.Body.Close()
		}
		return err
	}
	pool, err := threadpool.New(threadpool.Options{Limit: 8})
	if err != nil {
		t.Fatal(err)
	}
	plain := &http.Transport{MaxConnsPerHost: 2, DialContext: (&net.Dialer{Resolver: resolver}).DialContext}
	ours := nethttp.NewTransport(&http.Transport{MaxConnsPerHost: 2}, &nethttp.Dialer{Reactor: newReactor(t), Resolver: resolver, Pool: pool})
	for _, rt := range []http.RoundTripper{plain, ours} {
		var all sync.WaitGroup
		ctx, cancel := context.WithCancel(context.Background())
		for range 3 {
			all.Go(func() {
				if err := get(ctx, rt); !errors.Is(err, context.Canceled) {
					t.Error("a request that was left:", err)
				}
			})
		}
		if rt == plain { // or all might have been left before one has dialled
			<-hangs
		}
		time.Sleep(10 * time.Millisecond) // the others too, most likely
		cancel()
		all.Wait()
	}
	healed.Store(true)
	var dns *net.DNSError
	soon, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := get(soon, plain); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("the plain client is not stuck (%v): then nobody needs Dialer", err)
	}
	everywhere(t, func(t *testing.T) {
		// The answer of the name server, and at once: an error, but its own.
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := get(ctx, ours); !errors.As(err, &dns) || dns.IsTimeout {
			t.Error(err)
		}
	})
	if s := pool.Stats(); s.Running > 8 {
		t.Errorf("%d look-ups in a pool of 8", s.Running)
	}
	close(release)
	pool.Shutdown(context.Background())
	plain.CloseIdleConnections()
}

func TestDialerDialsNamesAndTriesEachAddress(t *testing.T) {
	leak.Check(t)
	s := serve(t, "net, HTTP/1", http.HandlerFunc(echo))
	_, port, _ := net.SplitHostPort(strings.TrimPrefix(s.url, "http://"))
	d := &nethttp.Dialer{Reactor: newReactor(t)}
	everywhere(t, func(t *testing.T) {
		for _, address := range []string{"localhost:" + port, "127.0.0.1:" + port} {
			c, err := d.DialContext(context.Background(), "tcp", address)
			if err != nil {
				t.Error(err)
				return
			}
			c.Close()
		}
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if _, err := d.DialContext(ctx, "tcp", "localhost:"+port); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		var op *net.OpError
		if _, err := d.DialContext(context.Background(), "tcp", "no port"); !errors.As(err, &op) {
			t.Error(err)
		}
	})
}

func TestTheServerOfATask(t *testing.T) {
	leak.Check(t)
	everywhere(t, func(t *testing.T) {
		began := make(chan struct{}, 1)
		ex := oneWorker(t)
		var answer pollster.Promise[string]
		s := &nethttp.Server{Reactor: newReactor(t), Server: http.Server{
			Addr: "127.0.0.1:0",
			Handler: nethttp.Handler(ex, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				began <- struct{}{}
				v, err := pollster.BlockOn(r.Context(), answer.Future())
				fmt.Fprint(w, v, err)
			})),
		}}
		l, err := s.Listen(context.Background(), s.Addr)
		if err != nil {
			t.Error(err)
			return
		}
		task := executor.Go(ex, func(context.Context) (int, error) { return 0, s.Serve(l) })
		type reply struct {
			resp *http.Response
			err  error
		}
		got := make(chan reply, 1)
		go func() {
			resp, err := http.Get("http://" + l.Addr().String())
			got <- reply{resp, err}
		}()
		defer http.DefaultClient.CloseIdleConnections()
		<-began
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
		defer cancel()
		if err := s.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Error("Shutdown with a request under way:", err)
		}
		answer.Resolve("served")
		r := <-got
		if v := read(t, r.resp, r.err); v != "served<nil>" {
			t.Error(v)
		}
		if err := s.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
		if _, err := task.Wait(context.Background()); !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
		if err := s.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
		if err := s.ListenAndServeTLS("", ""); err == nil {
			t.Error("TLS without a certificate")
		}
	})
}

// TestServerDropsThoseWhoSendNoHeader covers slow clients.
func TestServerDropsThoseWhoSendNoHeader(t *testing.T) {
	leak.Check(t)
	s := &nethttp.Server{Reactor: newReactor(t), Server: http.Server{
		ReadHeaderTimeout: 50 * time.Millisecond,
		Handler:           nethttp.Handler(oneWorker(t), http.HandlerFunc(echo)),
	}}
	l, err := s.Listen(context.Background(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error)
	go func() { served <- s.Serve(l) }()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	io.WriteString(c, "GET / HT")
	c.SetReadDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.ReadAll(c); err != nil {
		t.Error("not dropped:", err)
	}
	s.Close()
	if err := <-served; err != http.ErrServerClosed {
		t.Error(err)
	}
}

// TestBodiesGoThereAndBack makes a reader of a stream of a reader.
func TestBodiesGoThereAndBack(t *testing.T) {
	leak.Check(t)
	for n := range 50 {
		want := strings.Repeat("x", n*n)
		r := compat.NewReader(t.Context(), nethttp.Body(io.NopCloser(strings.NewReader(want)), n+1))
		if got, err := io.ReadAll(r); string(got) != want || err != nil {
			t.Fatal(len(got), err)
		}
		r.Close()
	}
}
