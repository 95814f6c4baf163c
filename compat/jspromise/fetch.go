//go:build js

package jspromise

import (
	"errors"
	"io"
	"maps"
	"syscall/js"

	"github.com/causeway-go/causeway/pollster"
)

// A Request says what [Fetch] asks for. Only URL has to be set.
type Request struct {
	// URL is absolute or relative to the page.
	URL string
	// Method is GET if empty.
	Method string
	// Header are the request's headers, those that the browser lets a page set.
	Header map[string]string
	// Body is what is sent, nothing if nil. It is copied.
	Body []byte
	// Init are further settings of JavaScript's fetch, such as mode, credentials
	// or cache. Their values are those that js.ValueOf takes. Method, Header, Body
	// and the signal are set over it.
	Init map[string]any
}

// Fetch returns the response to r, as soon as its headers are there, from the
// fetch of JavaScript. It starts with the first poll and does not block. A status
// such as 404 is no error; a network that fails is, an *[Error]. Cancel aborts the
// request; after the end the [Response] does.
func Fetch(r Request) pollster.Future[*Response] { return &fetching{r: r} }

// A fetching is a request under way.
type fetching struct {
	r          Request
	controller js.Value
	answer     pollster.Future[js.Value] // nil before the first poll
	ended      bool
}

var errFetched = errors.New("jspromise: fetch polled after its end")

// Poll implements pollster.Future.
func (f *fetching) Poll(w *pollster.Waker) (*Response, bool, error) {
	if f.ended {
		return nil, false, errFetched
	}
	if f.answer == nil {
		if err := f.begin(); err != nil {
			f.ended = true
			return nil, false, err
		}
	}
	v, ready, err := f.answer.Poll(w)
	if err != nil {
		f.ended = true
		return nil, false, err
	}
	if !ready {
		return nil, false, nil
	}
	f.ended = true
	return &Response{
		Value:      v,
		Status:     v.Get("status").Int(),
		URL:        v.Get("url").String(),
		controller: f.controller,
	}, true, nil
}

func (f *fetching) begin() (err error) {
	fetch := js.Global().Get("fetch")
	if fetch.Type() != js.TypeFunction {
		return errors.New("jspromise: there is no fetch here")
	}
	init := maps.Clone(f.r.Init)
	if init == nil {
		init = map[string]any{}
	}
	f.controller = js.Global().Get("AbortController").New()
	init["signal"] = f.controller.Get("signal")
	if f.r.Method != "" {
		init["method"] = f.r.Method
	}
	if f.r.Header != nil {
		header := js.Global().Get("Object").New()
		for name, v := range f.r.Header {
			header.Set(name, v)
		}
		init["headers"] = header
	}
	if f.r.Body != nil {
		init["body"] = bytesOf(f.r.Body)
	}
	v, err := value(init)
	if err != nil {
		return errors.New("jspromise: Request.Init has a value that JavaScript has not")
	}
	return caught(func() { f.answer = Await(fetch.Invoke(f.r.URL, v)) })
}

// Cancel implements pollster.Canceler.
func (f *fetching) Cancel() {
	if f.ended {
		return
	}
	f.ended = true
	if f.answer != nil {
		pollster.Cancel(f.answer)
		f.controller.Call("abort")
	}
}

// A Response is the answer to a [Request]. Its body is read once, by Body or by
// Bytes; the caller reads it to its end or calls Cancel, else the connection is
// held until JavaScript collects its garbage. One goroutine at a time may use it.
type Response struct {
	// Value is the Response of JavaScript.
	Value js.Value
	// Status is the code of the answer, such as 200.
	Status int
	// URL is where the answer has come from, after redirections.
	URL string

	controller js.Value
}

// Header returns a header of the response, and whether it is there and the browser
// lets the page see it. Several values are one, with commas. It does not block.
func (r *Response) Header(name string) (v string, ok bool) {
	h := r.Value.Get("headers").Call("get", name)
	if h.IsNull() {
		return "", false
	}
	return h.String(), true
}

// Bytes returns the whole body. It starts now and does not block. It fails where
// the body has been read. Cancel stops the transfer.
func (r *Response) Bytes() pollster.Future[[]byte] {
	return &wholeBody{r: r, buffer: Await(r.Value.Call("arrayBuffer"))}
}

type wholeBody struct {
	r      *Response
	buffer pollster.Future[js.Value]
}

// Poll implements pollster.Future.
func (b *wholeBody) Poll(w *pollster.Waker) ([]byte, bool, error) {
	v, ready, err := b.buffer.Poll(w)
	if err != nil || !ready {
		return nil, false, err
	}
	return bytesFrom(js.Global().Get("Uint8Array").New(v)), true, nil
}

// Cancel implements pollster.Canceler.
func (b *wholeBody) Cancel() {
	pollster.Cancel(b.buffer)
	b.r.Cancel()
}

// bytesFrom returns a copy of a Uint8Array.
func bytesFrom(array js.Value) []byte {
	b := make([]byte, array.Length())
	js.CopyBytesToGo(b, array)
	return b
}

// Body returns the body as a stream of pieces, each a slice of its own, as they
// come from the network; io.EOF ends it. compat.NewReader makes an io.Reader of
// it. Nothing is read ahead of the polls but what JavaScript buffers. It starts
// with the first poll and does not block. It fails where the body has been read.
// Cancel stops the transfer.
func (r *Response) Body() pollster.Stream[[]byte] { return &body{r: r} }

type body struct {
	r      *Response
	reader js.Value
	piece  pollster.Future[js.Value] // being read; nil if none
	end    error
}

// PollNext implements pollster.Stream.
func (b *body) PollNext(w *pollster.Waker) ([]byte, bool, error) {
	if b.end == nil && b.piece == nil {
		b.end = b.begin()
	}
	if b.end != nil {
		return nil, false, b.end
	}
	v, ready, err := b.piece.Poll(w)
	if err != nil {
		b.end = err
		return nil, false, err
	}
	if !ready {
		return nil, false, nil
	}
	b.piece = nil
	if v.Get("done").Bool() {
		b.end = io.EOF
		return nil, false, io.EOF
	}
	return bytesFrom(v.Get("value")), true, nil
}

// begin asks for the next piece.
func (b *body) begin() error {
	if b.reader.IsUndefined() {
		stream := b.r.Value.Get("body")
		if stream.IsNull() {
			return io.EOF // as that of a 204
		}
		if err := caught(func() { b.reader = stream.Call("getReader") }); err != nil {
			return err
		}
	}
	b.piece = Await(b.reader.Call("read"))
	return nil
}

// Cancel implements pollster.Canceler.
func (b *body) Cancel() {
	if b.end != nil {
		return
	}
	b.end = pollster.ErrCanceled
	if b.piece != nil {
		pollster.Cancel(b.piece)
	}
	b.r.Cancel()
}

// Cancel gives up the response and what has not come of it. It does not block and
// may be called more than once.
func (r *Response) Cancel() { r.controller.Call("abort") }
