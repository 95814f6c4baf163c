//go:build !js

package main

import (
	"context"
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

//go:embed index.html
var index []byte

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

func run(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("webpage", flag.ContinueOnError)
	flags.SetOutput(stderr)
	address := flags.String("listen", "localhost:8080", "where to serve the page")
	check := flags.Bool("check", false, "fetch the page once, and end")
	if flags.Parse(args) != nil || flags.NArg() > 0 {
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if *check {
		*address = "localhost:0"
	}
	if err := serve(ctx, *address, *check, stdout); err != nil {
		fmt.Fprintln(stderr, "webpage:", err)
		return 1
	}
	return 0
}

func serve(ctx context.Context, address string, check bool, stdout io.Writer) error {
	dir, err := os.MkdirTemp("", "webpage")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	p, err := newPage(ctx, dir)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: p, ReadHeaderTimeout: 10 * time.Second}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	url := "http://" + l.Addr().String()
	fmt.Fprintln(stdout, "open", url)
	if check {
		err = fetchAll(ctx, url, stdout)
	} else {
		<-ctx.Done()
	}
	return errors.Join(err, server.Close(), ignoreClosed(<-ended))
}

func ignoreClosed(err error) error {
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// fetchAll asks for what a browser would.
func fetchAll(ctx context.Context, url string, stdout io.Writer) error {
	for _, name := range []string{"", "wasm_exec.js", "page.wasm", "file"} {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/"+name, nil)
		if err != nil {
			return err
		}
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			return err
		}
		n, err := io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		if err != nil || resp.StatusCode != http.StatusOK {
			return fmt.Errorf("/%s: %s, %w", name, resp.Status, err)
		}
		fmt.Fprintf(stdout, "%9d bytes of /%s\n", n, name)
	}
	return nil
}

// A page is what the server has to serve.
type page struct {
	http.ServeMux
	shown chan struct{} // closed when the page says that all of it has happened
	once  sync.Once
}

// newPage builds the program into dir.
func newPage(ctx context.Context, dir string) (*page, error) {
	program := filepath.Join(dir, "page.wasm")
	build := exec.CommandContext(ctx, "go", "build", "-o", program, "github.com/causeway-go/causeway/examples/webpage")
	build.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm")
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("go build: %w\n%s", err, out)
	}
	root, err := exec.CommandContext(ctx, "go", "env", "GOROOT").Output()
	if err != nil {
		return nil, fmt.Errorf("go env: %w", err)
	}
	support := filepath.Join(strings.TrimSpace(string(root)), "lib", "wasm", "wasm_exec.js")

	p := &page{shown: make(chan struct{})}
	p.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(index)
	})
	p.HandleFunc("GET /wasm_exec.js", func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, support) })
	p.HandleFunc("GET /page.wasm", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/wasm")
		http.ServeFile(w, r, program)
	})
	p.HandleFunc("GET /file", file)
	p.HandleFunc("POST /shown", func(http.ResponseWriter, *http.Request) { p.once.Do(func() { close(p.shown) }) })
	return p, nil
}

// file is sent slowly, as if it came from far away.
func file(w http.ResponseWriter, r *http.Request) {
	const pieces, piece = 20, 50_000
	w.Header().Set("Content-Length", fmt.Sprint(pieces*piece))
	for range pieces {
		if _, err := w.Write(make([]byte, piece)); err != nil {
			return
		}
		_ = http.NewResponseController(w).Flush()
		select {
		case <-time.After(25 * time.Millisecond):
		case <-r.Context().Done():
			return
		}
	}
}
