package nethttp

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"sync/atomic"

	"github.com/causeway-go/causeway/executor"
	"github.com/causeway-go/causeway/internal/goroutine"
	"github.com/causeway-go/causeway/pollster"
)

// errands are calls into net/http that may block in a way that would hold up the
// worker of a task: on a condition variable, a channel, a connection of package
// net. The task has the goroutine that waits for it in ServeHTTP make them, and
// is suspended meanwhile.
//
// That goroutine makes one at a time. While it is at one, another one, by a
// goroutine of the handler's that reads what the task is to answer, gets a goroutine of its
// own: reading and writing at the same time must not wait for each other.
type errands struct {
	box   atomic.Pointer[errand] // set: the goroutine of ServeHTTP has it, or is to take it
	waker pollster.AtomicWaker   // of that goroutine
}

// An errand is one call.
type errand struct {
	f        func()
	done     pollster.Promise[struct{}]
	panicked any
}

func (e *errand) run() {
	defer func() { e.panicked = recover() }()
	e.f()
}

// do makes the call f. On an ordinary goroutine it does so there.
func (s *errands) do(f func()) {
	if goroutine.Here() == nil {
		f()
		return
	}
	e := &errand{f: f}
	if s.box.CompareAndSwap(nil, e) {
		s.waker.Wake()
	} else {
		go func() {
			e.run()
			e.done.Resolve(struct{}{})
		}()
	}
	// If the task is ended here, what f uses is not given back before f has
	// ended.
	defer func() { _, _ = e.done.Wait(context.Background()) }()
	_, _ = e.done.Wait(context.Background())
	if e.panicked != nil {
		panic(e.panicked)
	}
}

// run makes the calls that t asks for, until t has ended.
func (s *errands) run(t *executor.Task[struct{}]) error {
	defer func() {
		if !t.Done() { // this is in a task itself, which is being ended
			defer func() { _ = recover() }() // a panic has nowhere to go
			t.Cancel()
			_, _ = t.Wait(context.Background())
		}
	}()
	next := pollster.Future[*errand](pollster.Func[*errand](func(w *pollster.Waker) (*errand, bool, error) {
		// Register first, look afterwards; see pollster.AtomicWaker.
		s.waker.Register(w)
		if e := s.box.Load(); e != nil {
			return e, true, nil
		}
		_, ready, err := t.Poll(w)
		return nil, ready, err
	}))
	for {
		e, err := pollster.BlockOn(context.Background(), next)
		if e == nil || err != nil {
			return err
		}
		e.run()
		s.box.Store(nil) // before the task goes on, which may have another one
		e.done.Resolve(struct{}{})
	}
}

// body returns b with its waits made into errands.
func (s *errands) body(b io.ReadCloser) io.ReadCloser {
	if b == nil || b == http.NoBody {
		return b
	}
	return &errandBody{s, b}
}

type errandBody struct {
	s *errands
	b io.ReadCloser
}

// Read implements io.Reader.
func (b *errandBody) Read(p []byte) (n int, err error) {
	b.s.do(func() { n, err = b.b.Read(p) })
	return n, err
}

// Close implements io.Closer.
func (b *errandBody) Close() (err error) {
	b.s.do(func() { err = b.b.Close() })
	return err
}

// writer returns w with its waits made into errands. What w can do that others
// look for by type, it still can.
func (s *errands) writer(w http.ResponseWriter, r *http.Request) http.ResponseWriter {
	e := errandWriter{w, s}
	if _, ok := w.(http.Hijacker); ok && r.ProtoMajor == 1 {
		return &errandWriter1{e}
	}
	return &e
}

// errandWriter is a ResponseWriter over HTTP/2, or of a middleware.
type errandWriter struct {
	http.ResponseWriter
	s *errands
}

// Unwrap is for http.ResponseController.
func (w *errandWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// WriteHeader implements http.ResponseWriter. One that informs goes out at once.
func (w *errandWriter) WriteHeader(status int) {
	if status < 200 {
		w.s.do(func() { w.ResponseWriter.WriteHeader(status) })
		return
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write implements io.Writer.
func (w *errandWriter) Write(p []byte) (n int, err error) {
	w.s.do(func() { n, err = w.ResponseWriter.Write(p) })
	return n, err
}

// WriteString implements io.StringWriter.
func (w *errandWriter) WriteString(p string) (n int, err error) {
	w.s.do(func() { n, err = io.WriteString(w.ResponseWriter, p) })
	return n, err
}

// Flush implements http.Flusher.
func (w *errandWriter) Flush() { _ = w.FlushError() }

// FlushError is what http.ResponseController calls.
func (w *errandWriter) FlushError() (err error) {
	w.s.do(func() { err = http.NewResponseController(w.ResponseWriter).Flush() })
	return err
}

// errandWriter1 is a ResponseWriter over HTTP/1.
type errandWriter1 struct{ errandWriter }

// Hijack implements http.Hijacker.
func (w *errandWriter1) Hijack() (c net.Conn, rw *bufio.ReadWriter, err error) {
	w.s.do(func() { c, rw, err = http.NewResponseController(w.ResponseWriter).Hijack() })
	return c, rw, err
}

// ReadFrom implements io.ReaderFrom. Only files are read by net/http, which has the
// kernel move the bytes; everything else is code of the task's.
func (w *errandWriter1) ReadFrom(r io.Reader) (n int64, err error) {
	to, ok := w.ResponseWriter.(io.ReaderFrom)
	if !ok || !isFile(r) {
		return io.Copy(struct{ io.Writer }{w}, r)
	}
	w.s.do(func() { n, err = to.ReadFrom(r) })
	return n, err
}

func isFile(r io.Reader) bool {
	if l, ok := r.(*io.LimitedReader); ok {
		r = l.R
	}
	_, ok := r.(*os.File)
	return ok
}
