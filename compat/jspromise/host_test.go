//go:build !js

package jspromise_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/causeway-go/causeway/internal/wasmrun"
)

// The tests of this package are for js/wasm. Here they are built for it and run in
// Node and in a headless Chromium, whichever there is.

// A host runs programs for js/wasm.
type host struct {
	name string
	run  func(ctx context.Context, program string, args ...string) (string, int, error)
}

var hosts = []host{
	{"Node", wasmrun.Node},
	{"Chromium", func(ctx context.Context, program string, args ...string) (string, int, error) {
		// On js, testing keeps the output of examples in a file. A page has none.
		return wasmrun.Browser(ctx, nil, program, append([]string{"-test.run=^(Test|Fuzz)"}, args...)...)
	}},
}

// start runs program in h, or skips the test if h is not there.
func (h host) start(t *testing.T, program string, args ...string) (output string, code int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 4*time.Minute)
	defer cancel()
	output, code, err := h.run(ctx, program, args...)
	if errors.Is(err, wasmrun.ErrMissing) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	return output, code
}

// build builds a program for js/wasm of the package in dir.
func build(t *testing.T, dir string, tests bool) (program string) {
	t.Helper()
	if testing.Short() {
		t.Skip("takes a build for another system; -short")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 4*time.Minute)
	defer cancel()
	if _, err := wasmrun.Support(ctx); err != nil {
		t.Skip(err)
	}
	program = filepath.Join(t.TempDir(), "main.wasm")
	if err := wasmrun.Build(ctx, dir, program, tests); err != nil {
		t.Fatal(err)
	}
	return program
}

// least is fewer than the tests there are, subtests included: if only so many
// have passed, something has kept them from running.
const least = 200

func TestInNodeAndInChromium(t *testing.T) {
	program := build(t, ".", true)
	for _, h := range hosts {
		t.Run(h.name, func(t *testing.T) {
			s := serve(t)
			output, code := h.start(t, program, "-test.v", "-test.timeout=3m", "-server="+s.URL)
			passed := strings.Count(output, "--- PASS")
			for line := range strings.Lines(output) {
				if strings.Contains(line, "--- SKIP") {
					t.Log(strings.TrimSpace(line))
				}
			}
			if code != 0 || passed < least || !strings.Contains(output, "\nPASS\n") {
				t.Errorf("exit code %d, %d passed, want at least %d\n%s", code, passed, least, output)
			}
			t.Logf("%d passed", passed)
		})
	}
}

// The same callback waits for the same promise: in plain Go the program dies, with
// ours it goes on.
func TestWhatGoDoesWhenACallbackWaits(t *testing.T) {
	program := build(t, filepath.Join("testdata", "hang"), false)
	for _, h := range hosts {
		t.Run(h.name, func(t *testing.T) {
			for _, c := range []struct {
				mode     string
				code     int
				has, not []string
			}{
				{"plain", 2, []string{"all goroutines are asleep - deadlock!"}, []string{"main goes on"}},
				{"ours", 0, []string{"would hang the page", "main goes on: it came true"}, []string{"deadlock"}},
				{"deadline", 0, []string{"would hang the page", "main goes on: it came true"}, []string{"deadlock"}},
			} {
				output, code := h.start(t, program, c.mode)
				if code != c.code {
					t.Errorf("%s: exit code %d, want %d\n%s", c.mode, code, c.code, output)
				}
				for _, s := range c.has {
					if !strings.Contains(output, s) {
						t.Errorf("%s: no «%s» in\n%s", c.mode, s, output)
					}
				}
				for _, s := range c.not {
					if strings.Contains(output, s) {
						t.Errorf("%s: «%s» in\n%s", c.mode, s, output)
					}
				}
			}
		})
	}
}

// serve is what the tests of Fetch ask.
func serve(t *testing.T) *httptest.Server {
	var gone atomic.Int64
	hang := func(w http.ResponseWriter, q *http.Request) {
		_ = http.NewResponseController(w).Flush()
		select {
		case <-q.Context().Done():
			gone.Add(1)
		case <-time.After(time.Minute):
		}
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/echo", func(w http.ResponseWriter, q *http.Request) {
		body, _ := io.ReadAll(q.Body)
		w.Header().Set("X-Test", q.Header.Get("X-Test"))
		w.WriteHeader(http.StatusTeapot)
		fmt.Fprintf(w, "%s %s", q.Method, body)
	})
	mux.HandleFunc("/bytes", func(w http.ResponseWriter, _ *http.Request) {
		for i := range 100 {
			_, _ = w.Write(bytes.Repeat([]byte{byte(i)}, 10_000))
		}
	})
	mux.HandleFunc("/none", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("/hang", func(w http.ResponseWriter, q *http.Request) {
		select { // without a header
		case <-q.Context().Done():
			gone.Add(1)
		case <-time.After(time.Minute):
		}
	})
	mux.HandleFunc("/half", func(w http.ResponseWriter, q *http.Request) {
		_, _ = io.WriteString(w, "half")
		hang(w, q)
	})
	mux.HandleFunc("/cut", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = io.WriteString(w, "cut")
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	})
	mux.HandleFunc("/gone", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, gone.Load()) })
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		h := w.Header()
		h.Set("Access-Control-Allow-Origin", "*")
		h.Set("Access-Control-Allow-Headers", "*")
		h.Set("Access-Control-Allow-Methods", "*")
		h.Set("Access-Control-Expose-Headers", "*")
		h.Set("Cache-Control", "no-store")
		if q.Method == http.MethodOptions {
			return
		}
		mux.ServeHTTP(w, q)
	}))
	t.Cleanup(func() { s.CloseClientConnections(); s.Close() })
	return s
}
