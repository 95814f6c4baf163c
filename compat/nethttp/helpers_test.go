package nethttp_test

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/causeway-go/causeway/compat/nethttp"
	"github.com/causeway-go/causeway/executor"
	"github.com/causeway-go/causeway/reactor"
)

const patience = 200 * time.Millisecond

var errTest = errors.New("test")

// oneWorker returns an executor with one worker and no monitor, so that whatever
// holds up the worker holds up the test.
func oneWorker(t testing.TB) executor.Spawner {
	t.Helper()
	ex, err := executor.New(executor.Options{StuckAfter: -1})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); ex.Run(ctx) }()
	t.Cleanup(func() { ex.Close(); cancel(); <-done })
	return ex
}

// oneLocal returns a Local that runs.
func oneLocal(t testing.TB) executor.Spawner {
	t.Helper()
	made := make(chan *executor.Local)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		l, err := executor.NewLocal(executor.LocalOptions{})
		if err != nil {
			panic(err)
		}
		made <- l
		l.Run(ctx)
		l.Close()
	}()
	l := <-made
	t.Cleanup(func() { cancel(); <-done })
	return l
}

var places = map[string]func(testing.TB) executor.Spawner{"executor": oneWorker, "local": oneLocal}

// newReactor returns a reactor of the test's own.
func newReactor(t testing.TB) *reactor.Reactor {
	t.Helper()
	r, err := reactor.New(reactor.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

// A site is a server that a test talks to.
type site struct {
	url    string
	client *http.Client
	log    *lines
	http   *http.Server
}

// lines is a log.
type lines struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// kinds are the ways to serve: on our listener or that of net, HTTP/1 or 2.
var kinds = map[string]struct{ ours, two bool }{
	"ours, HTTP/1": {true, false},
	"ours, HTTP/2": {true, true},
	"net, HTTP/1":  {false, false},
	"net, HTTP/2":  {false, true},
}

// serve starts a server of the named kind. httptest makes the certificates.
func serve(t testing.TB, kind string, h http.Handler) *site {
	t.Helper()
	k := kinds[kind]
	s := &site{log: new(lines)}
	ts := httptest.NewUnstartedServer(h)
	ts.Config.ErrorLog = log.New(s.log, "", 0)
	ts.EnableHTTP2 = k.two
	if k.ours {
		ours := &nethttp.Server{Reactor: newReactor(t)}
		l, err := ours.Listen(context.Background(), "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		ts.Listener.Close()
		ts.Listener = l
		nethttp.Mark(ours)
		ts.Config.ConnContext = ours.ConnContext
	}
	if k.two {
		ts.StartTLS()
	} else {
		ts.Start()
	}
	t.Cleanup(func() { ts.CloseClientConnections(); ts.Close() })
	s.url, s.client, s.http = ts.URL, ts.Client(), ts.Config
	return s
}

// each runs a test for all kinds of servers and all places to run handlers in.
func each(t *testing.T, f func(t *testing.T, kind string, ex executor.Spawner)) {
	for kind := range kinds {
		for place, start := range places {
			t.Run(kind+", "+place, func(t *testing.T) { f(t, kind, start(t)) })
		}
	}
}

func read(t testing.TB, resp *http.Response, err error) string {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func yield() { runtime.Gosched() }

// until waits for something that is about to be.
func until(t testing.TB, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !is(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("waited in vain: ", what)
		}
	}
}

// silent is a listener whose connections are accepted by the system and then left
// alone.
func silent(t testing.TB) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}
