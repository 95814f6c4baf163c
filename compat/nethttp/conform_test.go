package nethttp_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/causeway-go/causeway/compat/nethttp"
	"github.com/causeway-go/causeway/internal/leak"
	"github.com/causeway-go/causeway/pollster"
	"github.com/causeway-go/causeway/pollster/futuretest"
)

// A gate is a RoundTripper that answers when it is opened.
type gate struct {
	open   chan struct{}
	bodies atomic.Int32 // given and not closed
}

func (g *gate) RoundTrip(r *http.Request) (*http.Response, error) {
	select {
	case <-g.open:
		g.bodies.Add(1)
		return &http.Response{StatusCode: 200, Body: g, Request: r}, nil
	case <-r.Context().Done():
		return nil, context.Cause(r.Context())
	}
}

func (g *gate) Read([]byte) (int, error) { return 0, io.EOF }
func (g *gate) Close() error             { g.bodies.Add(-1); return nil }

func TestCallConforms(t *testing.T) {
	leak.Check(t)
	var all []*gate
	futuretest.TestFuture(t, func() futuretest.Subject[*http.Response] {
		g := &gate{open: make(chan struct{})}
		all = append(all, g)
		tr := nethttp.NewTransport(new(http.Transport), nil)
		nethttp.Register(tr, "gate", g)
		r, _ := http.NewRequest("GET", "gate://x/", strings.NewReader("x"))
		return futuretest.Subject[*http.Response]{
			Future:   tr.Start(r),
			Complete: func() { close(g.open) },
			Check: func(resp *http.Response, err error) error {
				if err == nil {
					err = resp.Body.Close()
				}
				return err
			},
		}
	})
}

// TestAnswersThatNobodyWantsAreClosed cancels at the moment of the answer.
func TestAnswersThatNobodyWantsAreClosed(t *testing.T) {
	leak.Check(t)
	for i := range 300 {
		g := &gate{open: make(chan struct{})}
		tr := nethttp.NewTransport(new(http.Transport), nil)
		nethttp.Register(tr, "gate", g)
		r, _ := http.NewRequest("GET", "gate://x/", nil)
		call := tr.Start(r)
		pollster.PollOnce(pollster.Future[*http.Response](call))
		go close(g.open)
		for range i {
			yield()
		}
		if i%3 == 0 {
			if resp, ready, _ := call.Poll(pollster.NewWaker(func() {})); ready {
				resp.Body.Close()
			}
		}
		call.Cancel()
		until(t, "the body to be closed", func() bool { return g.bodies.Load() == 0 })
	}
}

func TestBodyConforms(t *testing.T) {
	leak.Check(t)
	futuretest.TestStream(t, func() futuretest.StreamSubject[[]byte] {
		b := &letters{ch: make(chan struct{}, 10), closed: make(chan struct{})}
		return futuretest.StreamSubject[[]byte]{
			Stream: nethttp.Body(b, 10),
			Values: 3,
			Feed:   func() { b.ch <- struct{}{} },
			End:    func() { close(b.ch) },
			Check: func(_ int, b []byte) error {
				if string(b) != "x" {
					return errors.New("got " + string(b))
				}
				return nil
			},
		}
	})
}

func TestBodyEndsWithTheErrorOfItsReader(t *testing.T) {
	for range 100 {
		s := nethttp.Body(io.NopCloser(io.MultiReader(strings.NewReader("abc"), broken{})), 2)
		var got strings.Builder
		var end error
		for b, err := range pollster.Seq(t.Context(), s) {
			got.Write(b)
			end = err
		}
		if got.String() != "abc" || end != errTest {
			t.Fatal(got.String(), end)
		}
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errTest }

// letters is a body of one byte for each send to ch.
type letters struct {
	ch     chan struct{}
	once   sync.Once
	closed chan struct{}
}

func (l *letters) Read(p []byte) (int, error) {
	select {
	case _, ok := <-l.ch:
		if !ok {
			return 0, io.EOF
		}
		p[0] = 'x'
		return 1, nil
	case <-l.closed:
		return 0, io.ErrClosedPipe
	}
}

func (l *letters) Close() error { l.once.Do(func() { close(l.closed) }); return nil }
