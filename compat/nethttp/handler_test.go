package nethttp_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/causeway-go/causeway/compat/nethttp"
	"github.com/causeway-go/causeway/executor"
	"github.com/causeway-go/causeway/internal/leak"
	"github.com/causeway-go/causeway/pollster"
)

// TestWaitsSuspendTheTask has eight requests wait for the last of them, on one
// worker.
func TestWaitsSuspendTheTask(t *testing.T) {
	leak.Check(t)
	const clients = 8
	each(t, func(t *testing.T, kind string, ex executor.Spawner) {
		var all pollster.Promise[string]
		var here atomic.Int32
		s := serve(t, kind, nethttp.Handler(ex, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if here.Add(1) == clients {
				all.Resolve("all")
			}
			v, err := pollster.BlockOn(r.Context(), all.Future())
			fmt.Fprint(w, v, err)
		})))
		var wg sync.WaitGroup
		for range clients {
			wg.Go(func() {
				resp, err := s.client.Get(s.url)
				if got := read(t, resp, err); got != "all<nil>" {
					t.Error(got)
				}
			})
		}
		wg.Wait()
	})
}

// TestSlowClientsDoNotHoldUpTheWorker has one client send half of its body, and
// another come and go meanwhile.
func TestSlowClientsDoNotHoldUpTheWorker(t *testing.T) {
	leak.Check(t)
	each(t, func(t *testing.T, kind string, ex executor.Spawner) {
		s := serve(t, kind, nethttp.Handler(ex, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			b, err := io.ReadAll(r.Body)
			fmt.Fprint(w, string(b), err)
		})))
		from, to := io.Pipe()
		slow := make(chan string)
		go func() {
			resp, err := s.client.Post(s.url, "text/plain", from)
			slow <- read(t, resp, err)
		}()
		io.WriteString(to, "one, ")
		resp, err := s.client.Post(s.url, "text/plain", strings.NewReader("quick"))
		if got := read(t, resp, err); got != "quick<nil>" {
			t.Error(got)
		}
		io.WriteString(to, "two")
		to.Close()
		if got := <-slow; got != "one, two<nil>" {
			t.Error(got)
		}
	})
}

// TestReadersDoNotHoldUpTheWorker has one client take nothing of a long answer.
func TestReadersDoNotHoldUpTheWorker(t *testing.T) {
	leak.Check(t)
	each(t, func(t *testing.T, kind string, ex executor.Spawner) {
		s := serve(t, kind, nethttp.Handler(ex, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/quick" {
				fmt.Fprint(w, "quick")
				return
			}
			w.(http.Flusher).Flush()
			for range 1 << 10 {
				if _, err := w.Write(make([]byte, 32<<10)); err != nil {
					return
				}
			}
		})))
		resp, err := s.client.Get(s.url + "/long")
		if err != nil {
			t.Fatal(err)
		}
		other, err := s.client.Get(s.url + "/quick")
		if got := read(t, other, err); got != "quick" {
			t.Error(got)
		}
		if n, err := io.Copy(io.Discard, resp.Body); n != 32<<20 || err != nil {
			t.Error(n, err)
		}
		resp.Body.Close()
	})
}

func TestResponseWriterDoesWhatItDid(t *testing.T) {
	leak.Check(t)
	file := filepath.Join(t.TempDir(), "x")
	if err := os.WriteFile(file, []byte(strings.Repeat("x", 100_000)), 0o600); err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/flush", func(w http.ResponseWriter, r *http.Request) {
		http.NewResponseController(w).EnableFullDuplex()
		io.WriteString(w, "first\n")
		w.(http.Flusher).Flush()
		b, _ := io.ReadAll(r.Body)
		w.Write(b)
	})
	mux.HandleFunc("/trailer", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Trailer", "Sum")
		io.WriteString(w, "body")
		w.Header().Set("Sum", "42")
	})
	mux.HandleFunc("/file", func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, file) })
	mux.HandleFunc("/deadline", func(w http.ResponseWriter, r *http.Request) {
		c := http.NewResponseController(w)
		at := time.Now().Add(time.Hour)
		fmt.Fprint(w, c.SetReadDeadline(at), c.SetWriteDeadline(at))
	})
	mux.HandleFunc("/early", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Link", "x")
		w.WriteHeader(http.StatusEarlyHints)
		w.WriteHeader(http.StatusTeapot)
	})
	each(t, func(t *testing.T, kind string, ex executor.Spawner) {
		s := serve(t, kind, nethttp.Handler(ex, mux))
		from, to := io.Pipe()
		resp, err := s.client.Post(s.url+"/flush", "text/plain", from)
		if err != nil {
			t.Fatal(err)
		}
		if line, err := bufio.NewReader(io.LimitReader(resp.Body, 6)).ReadString('\n'); line != "first\n" || err != nil {
			t.Error(line, err)
		}
		io.WriteString(to, "second")
		to.Close()
		if got := read(t, resp, nil); got != "second" {
			t.Error(got)
		}
		resp, err = s.client.Get(s.url + "/trailer")
		if got := read(t, resp, err); got != "body" || resp.Trailer.Get("Sum") != "42" {
			t.Error(got, resp.Trailer)
		}
		resp, err = s.client.Get(s.url + "/file")
		if got := read(t, resp, err); len(got) != 100_000 {
			t.Error(len(got))
		}
		resp, err = s.client.Get(s.url + "/deadline")
		if got := read(t, resp, err); got != "<nil> <nil>" {
			t.Error(got)
		}
		resp, err = s.client.Get(s.url + "/early")
		if read(t, resp, err); resp.StatusCode != http.StatusTeapot {
			t.Error(resp.Status)
		}
	})
}

func TestHijackedConnectionsBelongToTheHandler(t *testing.T) {
	leak.Check(t)
	for _, kind := range []string{"ours, HTTP/1", "net, HTTP/1"} {
		s := serve(t, kind, nethttp.Handler(oneWorker(t), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			c, rw, err := w.(http.Hijacker).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			line, _ := rw.ReadString('\n')
			io.WriteString(c, "you said "+line)
			c.Close()
		})))
		c, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\nhello\n")
		if b, err := io.ReadAll(c); string(b) != "you said hello\n" || err != nil {
			t.Errorf("%s: %q, %v", kind, b, err)
		}
		c.Close()
	}
}

func TestHandlersEndAsInNetHTTP(t *testing.T) {
	leak.Check(t)
	mux := http.NewServeMux()
	mux.HandleFunc("/panic", func(http.ResponseWriter, *http.Request) { panic("the reason") })
	mux.HandleFunc("/abort", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	mux.HandleFunc("/goexit", func(http.ResponseWriter, *http.Request) { runtime.Goexit() })
	mux.HandleFunc("/fine", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "fine") })
	each(t, func(t *testing.T, kind string, ex executor.Spawner) {
		s := serve(t, kind, nethttp.Handler(ex, mux))
		for _, path := range []string{"/abort", "/goexit", "/panic"} {
			if kinds[kind].two && path == "/goexit" {
				continue // net/http does not end the stream then: it hangs, with tasks and without
			}
			if path == "/panic" && strings.Contains(s.log.String(), "panic") {
				t.Errorf("ErrAbortHandler or Goexit was logged: %s", s.log)
			}
			if resp, err := s.client.Get(s.url + path); err == nil {
				t.Errorf("%s: an answer: %s", path, resp.Status)
				resp.Body.Close()
			}
		}
		until(t, "a log of the panic", func() bool { return strings.Contains(s.log.String(), "the reason") })
		if !strings.Contains(s.log.String(), "TestHandlersEndAsInNetHTTP") {
			t.Errorf("the log has not the stack of the handler: %s", s.log)
		}
		resp, err := s.client.Get(s.url + "/fine")
		if got := read(t, resp, err); got != "fine" {
			t.Error(got)
		}
	})
}

// TestHandlerEndsWithItsClient has clients leave while the handler waits with its
// context, and without.
func TestHandlerEndsWithItsClient(t *testing.T) {
	leak.Check(t)
	each(t, func(t *testing.T, kind string, ex executor.Spawner) {
		began, ended := make(chan struct{}, 1), make(chan error, 1)
		s := serve(t, kind, nethttp.Handler(ex, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			err := errTest // if the wait does not return
			defer func() { ended <- err }()
			ctx := context.Background()
			if r.URL.Path == "/watches" {
				ctx = r.Context()
			}
			began <- struct{}{}
			if r.URL.Path == "/does-not-suspend" {
				<-r.Context().Done()
				err = r.Context().Err()
				return
			}
			_, err2 := pollster.BlockOn(ctx, pollster.Future[int](new(pollster.Promise[int])))
			err = err2
		})))
		for path, want := range map[string]error{"/watches": context.Canceled, "/does-not-suspend": context.Canceled, "/does-not": errTest} {
			ctx, cancel := context.WithCancel(t.Context())
			r, _ := http.NewRequestWithContext(ctx, "GET", s.url+path, nil)
			go func() { <-began; cancel() }()
			if resp, err := s.client.Do(r); err == nil {
				resp.Body.Close()
				t.Error("an answer")
			}
			if err := <-ended; err == nil || want == errTest && err != errTest {
				t.Errorf("%s: %v", path, err)
			}
		}
	})
}

func TestHandlerOfAClosedExecutorIsUnavailable(t *testing.T) {
	ex, err := executor.New(executor.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ex.Close()
	w := httptest.NewRecorder()
	nethttp.Handler(ex, http.NotFoundHandler()).ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	if w.Code != http.StatusServiceUnavailable {
		t.Error(w.Code)
	}
}

func TestHandlerAttr(t *testing.T) {
	type key struct{}
	h := nethttp.HandlerAttr(nil, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, r.Context().Value(key{}))
	}), func(r *http.Request) executor.Attr {
		return executor.Attr{Name: r.URL.Path, Context: context.WithValue(r.Context(), key{}, "value")}
	})
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	if w.Body.String() != "value" {
		t.Error(w.Body)
	}
	defer func() {
		if recover() == nil {
			t.Error("a nil handler is accepted")
		}
	}()
	nethttp.Handler(nil, nil)
}

// TestHandlerHasTheValuesOfItsRequest looks for what net/http and middlewares put
// into the context of a request, and derives from it.
func TestHandlerHasTheValuesOfItsRequest(t *testing.T) {
	leak.Check(t) // also waits for what the next test would miss
	type key struct{}
	type endKey struct{} // of what ends the context
	each(t, func(t *testing.T, kind string, ex executor.Spawner) {
		inner := nethttp.Handler(ex, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, server := r.Context().Value(http.ServerContextKey).(*http.Server)
			_, limited := r.Context().Deadline()
			derived, cancel := context.WithCancel(r.Context())
			defer cancel()
			r.Context().Value(endKey{}).(context.CancelFunc)()
			_, err := pollster.BlockOn(derived, pollster.Future[int](new(pollster.Promise[int])))
			if v := r.Context().Value(key{}); !server || !limited || v != 7 || err == nil {
				t.Errorf("server %v, deadline %v, value %v, end %v", server, limited, v, err)
			}
		}))
		s := serve(t, kind, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			ctx, cancel := context.WithTimeout(context.WithValue(r.Context(), key{}, 7), time.Hour)
			defer cancel()
			ctx = context.WithValue(ctx, endKey{}, cancel)
			inner.ServeHTTP(w, r.WithContext(ctx))
		}))
		resp, err := s.client.Get(s.url)
		read(t, resp, err)
	})
}
