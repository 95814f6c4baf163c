//go:build js

package jspromise_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"io"
	"strconv"
	"testing"

	"github.com/causeway-go/causeway/compat"
	"github.com/causeway-go/causeway/compat/jspromise"
	"github.com/causeway-go/causeway/pollster"
)

var server = flag.String("server", "", "where the server of host_test.go listens")

// at returns the URL of a path of the server.
func at(t *testing.T, path string) string {
	if *server == "" {
		t.Skip("a program in Node or a page cannot serve HTTP: go test on the host does, see host_test.go")
	}
	return *server + path
}

func fetch(t *testing.T, r jspromise.Request) *jspromise.Response {
	t.Helper()
	resp, err := pollster.BlockOn(within(t), jspromise.Fetch(r))
	if err != nil {
		t.Fatal(err)
	}
	return resp
}

func TestFetchWithoutAServer(t *testing.T) {
	balanced(t, 0)
	everywhere(t, func(t *testing.T) {
		resp := fetch(t, jspromise.Request{URL: "data:text/plain;charset=utf-8,some%20text"})
		b, err := pollster.BlockOn(within(t), resp.Bytes())
		if err != nil || string(b) != "some text" || resp.Status != 200 {
			t.Errorf("%d, %q, %v", resp.Status, b, err)
		}
		if kind, ok := resp.Header("Content-Type"); !ok || kind != "text/plain;charset=utf-8" {
			t.Error(kind, ok)
		}
		if _, ok := resp.Header("X-None"); ok {
			t.Error("a header that is not there")
		}
		if _, err := pollster.BlockOn(within(t), resp.Bytes()); err == nil {
			t.Error("the body was there twice")
		}
		if _, err := pollster.BlockOn(within(t), pollster.Next(resp.Body())); err == nil || err == io.EOF {
			t.Errorf("a body that has been read: %v", err)
		}
	})
}

func TestFetchErrors(t *testing.T) {
	balanced(t, 0)
	for name, r := range map[string]jspromise.Request{
		"no such scheme": {URL: "nothing://x"},
		"bad method":     {URL: "data:,x", Method: "NOT ONE"},
		"bad header":     {URL: "data:,x", Header: map[string]string{"ü ": "x"}},
		"bad setting":    {URL: "data:,x", Init: map[string]any{"mode": "no such"}},
		"no value":       {URL: "data:,x", Init: map[string]any{"mode": make(chan int)}},
	} {
		f := jspromise.Fetch(r)
		if resp, err := pollster.BlockOn(within(t), f); err == nil {
			t.Errorf("%s: %v", name, resp.Status)
		}
		if _, _, err := f.Poll(nil); err == nil {
			t.Errorf("%s: no error after the end", name)
		}
	}
}

func TestFetchSendsAndReceives(t *testing.T) {
	balanced(t, 0)
	url := at(t, "/echo")
	everywhere(t, func(t *testing.T) {
		resp := fetch(t, jspromise.Request{URL: url, Method: "PUT", Header: map[string]string{"X-Test": "h"},
			Body: []byte("sent"), Init: map[string]any{"cache": "no-store"}})
		b, err := pollster.BlockOn(within(t), resp.Bytes())
		h, _ := resp.Header("x-test")
		if err != nil || string(b) != "PUT sent" || resp.Status != 418 || h != "h" || resp.URL != url {
			t.Errorf("%q, %v, status %d, header %q, URL %s", b, err, resp.Status, h, resp.URL)
		}
	})
}

func TestBodyIsAStreamInOrder(t *testing.T) {
	balanced(t, 0)
	url := at(t, "/bytes")
	var want []byte
	for i := range 100 {
		want = append(want, bytes.Repeat([]byte{byte(i)}, 10_000)...)
	}
	everywhere(t, func(t *testing.T) {
		got, err := io.ReadAll(compat.NewReader(within(t), fetch(t, jspromise.Request{URL: url}).Body()))
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%d bytes, %v", len(got), err)
		}
	})
	if b, err := pollster.BlockOn(within(t), fetch(t, jspromise.Request{URL: url}).Bytes()); err != nil || !bytes.Equal(b, want) {
		t.Errorf("%d bytes, %v", len(b), err)
	}
	if _, err := pollster.BlockOn(within(t), pollster.Next(fetch(t, jspromise.Request{URL: at(t, "/none")}).Body())); err != io.EOF {
		t.Errorf("no body: %v", err)
	}
}

func TestFetchIsAbortedAtAnyPoint(t *testing.T) {
	balanced(t, 0)
	gone := func() int {
		b, err := pollster.BlockOn(within(t), fetch(t, jspromise.Request{URL: at(t, "/gone")}).Bytes())
		n, err2 := strconv.Atoi(string(b))
		if err := errors.Join(err, err2); err != nil {
			t.Fatal(err)
		}
		return n
	}
	await := func(name string, n int) {
		for range 1000 {
			if gone() >= n {
				return
			}
			turn(t)
		}
		t.Errorf("%s: the server has not been told", name)
	}
	nobody := pollster.NewWaker(func() {})

	f := jspromise.Fetch(jspromise.Request{URL: at(t, "/hang")})
	pollster.Cancel(f) // before the first poll

	before := gone()
	ctx, cancel := context.WithCancel(within(t))
	go func() { turn(t); turn(t); turn(t); cancel() }()
	_, err := pollster.BlockOn(ctx, jspromise.Fetch(jspromise.Request{URL: at(t, "/hang")}))
	is(t, err, context.Canceled)
	turn(t)

	resp := fetch(t, jspromise.Request{URL: at(t, "/half")})
	after := gone()
	resp.Cancel()
	resp.Cancel()
	await("headers", after+1)

	resp = fetch(t, jspromise.Request{URL: at(t, "/half")})
	body := resp.Body()
	b, err := pollster.BlockOn(within(t), pollster.Next(body))
	if err != nil || string(b) != "half" {
		t.Errorf("%q, %v", b, err)
	}
	if _, ready, err := body.PollNext(nobody); ready || err != nil {
		t.Error(ready, err)
	}
	after = gone()
	pollster.Cancel(body)
	pollster.Cancel(body)
	await("stream", after+1)
	if _, _, err := body.PollNext(nobody); !errors.Is(err, pollster.ErrCanceled) {
		t.Error(err)
	}

	after = gone()
	whole := fetch(t, jspromise.Request{URL: at(t, "/half")}).Bytes()
	pollster.Cancel(whole)
	await("bytes", after+1)
	if gone() < before+3 {
		t.Errorf("the server was told %d times", gone()-before)
	}
}

func TestBodyThatIsCutIsAnError(t *testing.T) {
	balanced(t, 0)
	url := at(t, "/cut")
	if b, err := pollster.BlockOn(within(t), fetch(t, jspromise.Request{URL: url}).Bytes()); err == nil {
		t.Errorf("%q", b)
	}
	body := fetch(t, jspromise.Request{URL: url}).Body()
	var err error
	for err == nil {
		_, err = pollster.BlockOn(within(t), pollster.Next(body))
	}
	var e *jspromise.Error
	if !errors.As(err, &e) {
		t.Error(err)
	}
}
