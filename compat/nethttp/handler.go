package nethttp

import (
	"context"
	"errors"
	"net/http"
	"runtime"
	"sync"

	"github.com/causeway-go/causeway/executor"
)

// Handler returns a handler that has h serve each request as a function task of
// ex: nil means executor.Default, looked up at each request. ServeHTTP blocks
// until the task has ended, as it must, since the ResponseWriter is net/http's.
//
// In the task, waits that go through this module suspend it, and its worker goes
// on with other tasks. So h may run on a Local, where it needs no locks. What h
// reads from the request and writes to the answer waits in that way too: of a
// [Server] on HTTP/1 by the connection itself, and otherwise on the goroutine
// that net/http has started for the request, which has nothing else to do. The
// ResponseWriter does all that net/http's does on the same protocol, but for
// HTTP/2 push.
//
// The context of the request is that of the task. When the one that net/http
// has made ends, since the client is gone or the server closed, the task is
// cancelled; see [executor.Go]. If that ends h, the answer is broken off as by
// http.ErrAbortHandler.
//
// A panic with http.ErrAbortHandler is just that. Any other goes on in ServeHTTP
// as a *executor.PanicError with the stack of h, which net/http logs, as it
// would have logged that of h, before it drops the connection. runtime.Goexit in h
// ends the goroutine of ServeHTTP, as it would have. If ex is closed before h was
// called, the answer is 503.
//
// The handler may be used by any number of goroutines.
func Handler(ex executor.Spawner, h http.Handler) http.Handler { return HandlerAttr(ex, h, nil) }

// HandlerAttr is [Handler] with attributes for the task of each request: a name, a
// priority. Attr.Context, if attr sets it, is that of the task in the place of
// the request's; it should be derived from that.
func HandlerAttr(ex executor.Spawner, h http.Handler, attr func(*http.Request) executor.Attr) http.Handler {
	if h == nil {
		panic("nethttp: nil handler")
	}
	return &handler{ex: ex, h: h, attr: attr}
}

type handler struct {
	ex   executor.Spawner
	h    http.Handler
	attr func(*http.Request) executor.Attr // may be nil
}

// ServeHTTP implements http.Handler.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var a executor.Attr
	if h.attr != nil {
		a = h.attr(r)
	}
	ex := h.ex
	if ex == nil {
		ex = executor.Default()
	}
	v := visits.Get().(*visit)
	v.h, v.w, v.r, v.errands, v.begun = h.h, w, r, nil, false
	defer restoreAbort()
	if waitsInTasks(r) {
		ctx := r.Context()
		if a.Context != nil {
			ctx, a.Context = a.Context, nil
		}
		_, err := executor.DoAttr(ctx, ex, a, v.task)
		v.end(err)
		return
	}
	v.errands = new(errands)
	v.w = v.errands.writer(w, r)
	if a.Context == nil {
		a.Context = r.Context()
	}
	v.end(v.errands.run(executor.GoAttr(ex, a, v.task)))
}

// A visit is one request on its way through a task.
type visit struct {
	h       http.Handler
	w       http.ResponseWriter
	r       *http.Request
	errands *errands // nil if what waits for the connection may do so in the task
	begun   bool
	task    func(context.Context) (struct{}, error) // serve
}

// visits are kept for the next request; those whose tasks have failed are not.
var visits = sync.Pool{New: func() any {
	v := new(visit)
	v.task = v.serve
	return v
}}

// serve is the task.
func (v *visit) serve(ctx context.Context) (struct{}, error) {
	v.begun = true
	r := v.r.WithContext(ctx)
	if v.errands != nil {
		r.Body = v.errands.body(r.Body)
	}
	v.h.ServeHTTP(v.w, r)
	return struct{}{}, nil
}

// end does what net/http expects of a handler that has ended in that way.
func (v *visit) end(err error) {
	switch {
	case err == nil:
		v.h, v.w, v.r, v.errands = nil, nil, nil, nil
		visits.Put(v)
	case errors.Is(err, executor.ErrGoexit):
		runtime.Goexit()
	case !v.begun && errors.Is(err, executor.ErrClosed):
		http.Error(v.w, http.StatusText(http.StatusServiceUnavailable), http.StatusServiceUnavailable)
	default:
		panic(http.ErrAbortHandler)
	}
}

// restoreAbort gives a panic with http.ErrAbortHandler, which net/http knows by its
// identity, its own shape again.
func restoreAbort() {
	switch p := recover().(type) {
	case nil:
	case *executor.PanicError:
		if p.Value == any(http.ErrAbortHandler) {
			panic(http.ErrAbortHandler)
		}
		panic(p)
	default:
		panic(p)
	}
}
