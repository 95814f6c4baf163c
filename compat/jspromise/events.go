//go:build js

package jspromise

import (
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"syscall/js"

	"github.com/causeway-go/causeway/pollster"
)

// ErrOverflow ends a stream of events that has lost one, see [EndStream].
var ErrOverflow = errors.New("jspromise: an event came while the buffer was full")

// An Overflow says what becomes of an event that comes while the buffer is full.
// JavaScript cannot be made to wait with its events, so something has to go.
type Overflow uint8

const (
	// DropOldest drops the event that has waited longest.
	DropOldest Overflow = iota
	// DropNewest drops the event that has come.
	DropNewest
	// EndStream drops the event that has come and stops listening; after those in
	// the buffer the stream ends with ErrOverflow.
	EndStream
)

// defaultBuffer is the Buffer of ListenOptions.
const defaultBuffer = 64

// ListenOptions are the settings of [Listen]. The zero value is good.
type ListenOptions struct {
	// Buffer is how many events wait for their poll. 0 means 64.
	Buffer int
	// Overflow is what happens to the one after these.
	Overflow Overflow
	// Handle, if not nil, is called with each event while it happens, in the
	// callback, which is the last moment for preventDefault or to read
	// currentTarget. If it returns false the event does not go to the stream. It
	// must not block.
	Handle func(event js.Value) bool
	// Once ends the stream with io.EOF after one event.
	Once bool
	// Capture and Passive are those of addEventListener.
	Capture, Passive bool
}

// Listen returns the events of an EventTarget as a stream. It does not block. It
// listens from now on, until [Events.Cancel]: events before the first poll wait in
// the buffer. target must have addEventListener, o.Buffer must not be negative;
// else Listen panics.
func Listen(target js.Value, event string, o ListenOptions) *Events {
	if o.Buffer < 0 {
		panic("jspromise: negative Buffer")
	}
	if o.Buffer == 0 {
		o.Buffer = defaultBuffer
	}
	e := &Events{target: target, event: event, o: o}
	e.id = enter(e)
	e.listener = bound(e.id, 0)
	listening := false
	defer func() {
		if !listening {
			leave(e.id)
		}
	}()
	target.Call("addEventListener", event, e.listener, map[string]any{"capture": o.Capture, "passive": o.Passive})
	listening = true
	return e
}

// Events is a listener as a [pollster.Stream]. Make one with [Listen]. One
// goroutine at a time polls it; Cancel and Dropped may be called anywhere.
type Events struct {
	target, listener js.Value
	event            string
	o                ListenOptions
	id               int
	dropped          atomic.Uint64
	waker            pollster.AtomicWaker

	mu   sync.Mutex
	ring []js.Value // at most o.Buffer, the oldest at first
	end  error      // after those in ring; nil while listening
}

// PollNext implements [pollster.Stream].
func (e *Events) PollNext(w *pollster.Waker) (v js.Value, ready bool, err error) {
	e.waker.Register(w)
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.ring) > 0 {
		v = e.ring[0]
		e.ring[0] = js.Value{}
		e.ring = e.ring[1:]
		return v, true, nil
	}
	return v, false, e.end
}

// Dropped returns how many events have been lost to a full buffer.
func (e *Events) Dropped() uint64 { return e.dropped.Load() }

// Cancel stops listening and drops what is in the buffer. When it has returned the
// target does not know the listener any more. It implements
// [pollster.Canceler].
func (e *Events) Cancel() {
	e.remove()
	e.mu.Lock()
	e.ring = nil
	if e.end == nil {
		e.end = pollster.ErrCanceled
	}
	e.mu.Unlock()
	e.waker.Wake()
}

func (e *Events) remove() {
	if leave(e.id) {
		e.target.Call("removeEventListener", e.event, e.listener, map[string]any{"capture": e.o.Capture})
	}
}

func (e *Events) called(_ int, args []js.Value) any {
	event := firstOf(args)
	if e.o.Handle != nil && !e.o.Handle(event) {
		return nil
	}
	if e.take(event) {
		e.remove()
	}
	e.waker.Wake()
	return nil
}

// take puts an event into the buffer, and reports whether it was the last.
func (e *Events) take(event js.Value) (last bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case e.end != nil: // Handle has cancelled
		return false
	case len(e.ring) < e.o.Buffer:
	case e.o.Overflow == DropOldest:
		e.dropped.Add(1)
		e.ring = e.ring[1:]
	case e.o.Overflow == EndStream:
		e.dropped.Add(1)
		e.end = ErrOverflow
		return true
	default:
		e.dropped.Add(1)
		return false
	}
	e.ring = append(e.ring, event)
	if e.o.Once {
		e.end = io.EOF
	}
	return e.o.Once
}
