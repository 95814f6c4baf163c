package wasmrun

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
)

// page runs main.wasm with the arguments from args.json. It posts what the program
// writes to /output, in order, and at the end the code to /exit.
const page = `<!doctype html><meta charset="utf-8"><title>wasmrun</title>
<script src="wasm_exec.js"></script>
<script>
let sent = Promise.resolve();
const post = (where, what) => { sent = sent.then(() => fetch(where, {method: "POST", body: what})); };
globalThis.fs.writeSync = (fd, bytes) => { post("output", bytes.slice()); return bytes.length; };
globalThis.fs.write = (fd, bytes, offset, length, position, done) => {
	post("output", bytes.slice(offset, offset + length));
	queueMicrotask(() => done(null, length));
};
// A disk without files, rather than none: testing looks for seeds of fuzz tests.
fs.constants = {O_WRONLY: 1, O_RDWR: 2, O_CREAT: 64, O_EXCL: 128, O_TRUNC: 512, O_APPEND: 1024, O_DIRECTORY: 65536};
for (const name of ["open", "stat", "lstat"]) {
	fs[name] = (...args) => {
		const none = Object.assign(new Error("there are no files in a page"), {code: "ENOENT"});
		queueMicrotask(() => args.at(-1)(none));
	};
}
const end = (code) => post("exit", String(code));
addEventListener("error", (e) => { post("output", "error in the page: " + e.message + "\n"); end(2); });
addEventListener("unhandledrejection", (e) => { post("output", "unhandled rejection: " + e.reason + "\n"); end(2); });
(async () => {
	const go = new Go();
	go.argv = await (await fetch("args.json")).json();
	go.exit = end;
	const built = await WebAssembly.instantiateStreaming(fetch("main.wasm"), go.importObject);
	await go.run(built.instance);
})();
</script>
`

// A result is what a page has posted.
type result struct {
	mu     sync.Mutex
	output strings.Builder
	ended  bool
	code   int
	done   chan struct{}
}

func (r *result) text() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.output.String()
}

func (r *result) end(w http.ResponseWriter, q *http.Request) {
	body, _ := io.ReadAll(q.Body)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended {
		return
	}
	r.ended = true
	var err error
	if r.code, err = strconv.Atoi(string(body)); err != nil {
		r.code = 2
	}
	close(r.done)
}

func (r *result) more(w http.ResponseWriter, q *http.Request) {
	body, _ := io.ReadAll(q.Body)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.output.Write(body)
}

// Browser runs a program in a page of a headless Chromium, and returns what it
// printed and its exit code. more, which may be nil, serves what the page asks for
// below /x/. The end of ctx kills the browser.
func Browser(ctx context.Context, more http.Handler, program string, args ...string) (output string, code int, err error) {
	dir, err := Support(ctx)
	if err != nil {
		return "", 0, err
	}
	r := &result{done: make(chan struct{})}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, page)
	})
	mux.HandleFunc("GET /wasm_exec.js", func(w http.ResponseWriter, q *http.Request) {
		http.ServeFile(w, q, filepath.Join(dir, "wasm_exec.js"))
	})
	mux.HandleFunc("GET /main.wasm", func(w http.ResponseWriter, q *http.Request) {
		w.Header().Set("Content-Type", "application/wasm")
		http.ServeFile(w, q, program)
	})
	mux.HandleFunc("GET /args.json", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(append([]string{"js"}, args...))
	})
	mux.HandleFunc("POST /output", r.more)
	mux.HandleFunc("POST /exit", r.end)
	if more != nil {
		mux.Handle("/x/", more)
	}
	server := httptest.NewServer(mux)
	defer server.Close()
	defer server.CloseClientConnections()
	b, err := open(ctx, server.URL)
	if err != nil {
		return "", 0, err
	}
	defer b.close()
	select {
	case <-r.done:
		return r.text(), r.code, nil
	case <-b.gone:
		return r.text(), 0, fmt.Errorf("wasmrun: the browser has ended: %s", b.last())
	case <-ctx.Done():
		return r.text(), 0, fmt.Errorf("wasmrun: the page has not ended: %w", context.Cause(ctx))
	}
}
