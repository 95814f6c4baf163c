//go:build linux

package causeway_test

import (
	"bytes"
	"context"
	"io"
	"testing"

	"github.com/causeway-go/causeway/executor"
	"github.com/causeway-go/causeway/pollster"
	"github.com/causeway-go/causeway/reactor"
)

// TestTasksThatSpliceShareAWorker has many copies between connections wait on the one
// worker that there is, while other tasks go on.
func TestTasksThatSpliceShareAWorker(t *testing.T) {
	r, err := reactor.New(reactor.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	ex, err := executor.New(executor.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer ex.Close()
	ctx, stop := context.WithCancel(t.Context())
	ran := make(chan error)
	go func() { ran <- ex.Run(ctx) }()
	defer func() { stop(); <-ran }()
	l, err := r.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	pair := func() (a, b *reactor.Conn) { return connection(t, r, l) }
	const many = 10
	sent := bytes.Repeat([]byte("0123456789abcdef"), 1<<17)
	var in, out []*reactor.Conn
	var copies []*executor.Task[int64]
	for range many {
		a, b := pair()
		c, d := pair()
		in, out = append(in, a), append(out, d)
		copies = append(copies, executor.Go(ex, func(context.Context) (int64, error) {
			n, err := io.Copy(c, b)
			c.CloseWrite()
			return n, err
		}))
	}
	for round := range 3 {
		for _, c := range in {
			c.Write(sent[:16])
		}
		for _, c := range out {
			if _, err := io.ReadFull(c, make([]byte, 16)); err != nil {
				t.Error(err)
			}
		}
		other := executor.Go(ex, func(context.Context) (int, error) { return round, nil })
		if got, err := pollster.BlockOn(ctx, pollster.Future[int](other)); got != round || err != nil {
			t.Errorf("another task: %d, %v", got, err)
		}
	}
	for i, c := range in {
		go func() { c.Write(sent); c.CloseWrite() }()
		got, err := io.ReadAll(out[i])
		if err != nil || !bytes.Equal(got, sent) {
			t.Errorf("copy %d: %d bytes, %v", i, len(got), err)
		}
		if n, err := pollster.BlockOn(ctx, pollster.Future[int64](copies[i])); n != int64(len(sent)+48) || err != nil {
			t.Errorf("copy %d: %d, %v", i, n, err)
		}
	}
}

// connection returns both ends of one to l.
func connection(t *testing.T, r *reactor.Reactor, l *reactor.Listener) (a, b *reactor.Conn) {
	a, err := r.Dial(t.Context(), "tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close(); c.Close() })
	return a, c.(*reactor.Conn)
}
