//go:build js

package jspromise

import (
	"errors"
	"sync"
	"syscall/js"
	"time"

	"github.com/causeway-go/causeway/pollster"
)

// A Queue is one of the queues of a page's loop. It is a mainloop.Host.
type Queue uint8

const (
	// Microtask is the queue of promises: what is in it runs when the code that
	// runs now has returned to the loop, before anything else, so whoever fills it
	// again and again stops the page.
	Microtask Queue = iota
	// Task is the queue of events. What is in it takes turns with them.
	Task
	// Frame is what runs before the page is next painted, not at all while it is
	// hidden. Where nothing is painted, as in Node, it is a timer of 16 ms.
	Frame
)

// Post has f called once, soon, by the page, in a callback where it must not wait.
// It may be called on any goroutine, does not block, and returns nil.
func (q Queue) Post(f func()) error {
	if f == nil {
		return errors.New("jspromise: Post of a nil function")
	}
	p := posted(func(js.Value) { f() })
	post(q, enter(&once{f: p}))
	return nil
}

// NextFrame returns a future that ends when the page is about to be painted, with
// the time on the page's own clock, in an animation frame. What polls it is woken
// inside the frame, and runs there if it is a task of a [Loop] that turns in
// frames, else right after. It starts with the first poll and does not block.
// Cancel takes the request back.
func NextFrame() pollster.Future[time.Duration] { return &frame{} }

type posted func(arg js.Value)

// A once is a handler that is called once.
type once struct {
	id int
	f  posted
}

func (o *once) called(_ int, args []js.Value) any {
	var arg js.Value
	if len(args) > 0 {
		arg = args[0]
	}
	if o.f != nil {
		f := o.f
		o.f = nil
		leave(o.id)
		f(arg)
	}
	return nil
}

// post puts a call of entry id into q, and returns a function that may take it
// back, or nil. What is left of it then does nothing.
func post(q Queue, id int) (clear func()) {
	table.mu.Lock()
	if o, ok := table.live[id].(*once); ok {
		o.id = id
	}
	table.mu.Unlock()
	global, f := js.Global(), bound(id, 0)
	switch {
	case q == Microtask:
		global.Call("queueMicrotask", f)
		return nil
	case q == Task:
		tasks.post(f)
		return nil
	case global.Get("requestAnimationFrame").Type() == js.TypeFunction:
		n := global.Call("requestAnimationFrame", f)
		return func() { global.Call("cancelAnimationFrame", n) }
	}
	timer := global.Call("setTimeout", f, 16)
	return func() { global.Call("clearTimeout", timer) }
}

// tasks is the way into the queue of events. A timer of 0 would take 4 ms from the
// fifth in a row on; a message does not.
var tasks taskQueue

type taskQueue struct {
	first sync.Once
	port  js.Value
}

func (t *taskQueue) post(f js.Value) {
	global := js.Global()
	if immediate := global.Get("setImmediate"); immediate.Type() == js.TypeFunction {
		immediate.Invoke(f) // Node
		return
	}
	if scheduler := global.Get("scheduler"); isObject(scheduler) && scheduler.Get("postTask").Type() == js.TypeFunction {
		scheduler.Call("postTask", f)
		return
	}
	t.first.Do(func() {
		channel := global.Get("MessageChannel").New()
		t.port = channel.Get("port2")
		channel.Get("port1").Set("onmessage", bound(enter(&messages{}), 0))
	})
	pending.push(f)
	t.port.Call("postMessage", 0)
}

// A messages calls what has been posted, in order, one for each message.
type messages struct{}

var pending fifo

type fifo struct {
	mu   sync.Mutex
	list []js.Value
}

func (p *fifo) push(f js.Value) {
	p.mu.Lock()
	p.list = append(p.list, f)
	p.mu.Unlock()
}

func (messages) called(int, []js.Value) any {
	pending.mu.Lock()
	f := pending.list[0]
	pending.list = pending.list[1:]
	pending.mu.Unlock()
	f.Invoke()
	return nil
}

// A frame is a request for an animation frame.
type frame struct {
	result pollster.Promise[time.Duration]
	id     int // 0 before the first poll
	clear  func()
}

// Poll implements pollster.Future.
func (f *frame) Poll(w *pollster.Waker) (time.Duration, bool, error) {
	if f.id == 0 && !f.result.Done() {
		f.id = enter(&once{f: f.now})
		f.clear = post(Frame, f.id)
	}
	return f.result.Poll(w)
}

func (f *frame) now(at js.Value) {
	if at.Type() != js.TypeNumber {
		at = js.Global().Get("performance").Call("now")
	}
	f.result.Resolve(time.Duration(at.Float() * float64(time.Millisecond)))
}

// Cancel implements pollster.Canceler.
func (f *frame) Cancel() {
	if f.id != 0 && leave(f.id) {
		f.clear()
	}
	f.result.Cancel()
}
