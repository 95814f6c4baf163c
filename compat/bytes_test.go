package compat_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/causeway-go/causeway/compat"
	"github.com/causeway-go/causeway/internal/hammer"
	"github.com/causeway-go/causeway/internal/leak"
	"github.com/causeway-go/causeway/pollster"
)

func TestChunksAndBackAreTheSameBytes(t *testing.T) {
	leak.Check(t)
	for _, size := range []int{1, 7, 512, 100_000} {
		text := []byte(strings.Repeat("0123456789", 5_000))
		if size == 1 {
			text = text[:1000]
		}
		r := compat.NewReader(t.Context(), compat.Chunks(bytes.NewReader(text), size))
		if err := iotest.TestReader(r, text); err != nil {
			t.Fatalf("size %d: %v", size, err)
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := r.Read(make([]byte, 1)); err != io.ErrClosedPipe {
			t.Fatal(err)
		}
	}
}

func TestChunksBelongToWhoGetsThem(t *testing.T) {
	leak.Check(t)
	s := compat.Chunks(strings.NewReader("aabbcc"), 2)
	var all [][]byte
	for b, err := range pollster.Seq(t.Context(), s) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, b)
		_ = append(b, "overwritten"...)
	}
	if got := string(bytes.Join(all, []byte(" "))); got != "aa bb cc" {
		t.Fatal(got)
	}
}

// source is a reader that can be closed, and hangs until it is.
type source struct {
	io.Reader
	closed chan struct{}
}

func (s *source) Close() error { close(s.closed); return nil }

func TestChunksEndWithTheErrorOfTheReaderAndCloseIt(t *testing.T) {
	leak.Check(t)
	src := &source{iotest.ErrReader(errTest), make(chan struct{})}
	s := compat.Chunks(src, 10)
	for range 2 {
		if _, err := pollster.BlockOn(t.Context(), pollster.Next(s)); !errors.Is(err, errTest) {
			t.Fatal(err)
		}
	}
	<-src.closed
}

func TestChunksCancelLeavesAReadThatHangs(t *testing.T) {
	leak.Check(t)
	r, w := io.Pipe() // Close ends its Read
	s := compat.Chunks(r, 10)
	if _, err := pollster.BlockOn(untilWaitedFor(t), pollster.Next(s)); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	pollster.Cancel(s)
	pollster.Cancel(s)
	if _, err := w.Write([]byte("x")); err != io.ErrClosedPipe {
		t.Fatal("the reader was not closed:", err)
	}
	if _, _, err := s.PollNext(nil); err != pollster.ErrCanceled {
		t.Fatal(err)
	}
}

func TestReaderReturnsTheBytesBeforeTheError(t *testing.T) {
	leak.Check(t)
	s := compat.FromSeq2(func(yield func([]byte, error) bool) {
		_ = yield([]byte("abc"), nil) && yield(nil, nil) && yield([]byte("d"), nil) && yield(nil, errTest)
	})
	b, err := io.ReadAll(compat.NewReader(t.Context(), s))
	if string(b) != "abcd" || !errors.Is(err, errTest) {
		t.Fatal(string(b), err)
	}
}

func TestReaderEndsWithItsContextAndCloseCancelsTheStream(t *testing.T) {
	leak.Check(t)
	ch := make(chan []byte)
	s := compat.FromChan(ch)
	ctx, cancel := context.WithCancelCause(t.Context())
	r := compat.NewReader(ctx, s)
	if n, err := r.Read(nil); n != 0 || err != nil {
		t.Fatal("an empty Read waits", n, err)
	}
	time.AfterFunc(time.Millisecond, func() { cancel(errTest) })
	if _, err := r.Read(make([]byte, 1)); !errors.Is(err, errTest) {
		t.Fatal(err)
	}
	r.Close()
	if _, _, err := s.PollNext(nil); err != pollster.ErrCanceled {
		t.Fatal(err)
	}
}

func TestReaderCloseEndsARead(t *testing.T) {
	leak.Check(t)
	hammer.Run(t, 1, func(_, i int) {
		canceled := make(chan struct{})
		polled := make(chan struct{}, 1)
		r := compat.NewReader(context.Background(), &stuckStream{polled, canceled})
		done := make(chan error, 1)
		go func() { _, err := r.Read(make([]byte, 1)); done <- err }()
		if i%2 == 0 {
			<-polled
		}
		r.Close()
		r.Close()
		if err := <-done; err != io.ErrClosedPipe {
			t.Error(err)
		}
		<-canceled
	})
}

// stuckStream never has a value, and panics if it is cancelled twice.
type stuckStream struct{ polled, canceled chan struct{} }

func (s *stuckStream) PollNext(*pollster.Waker) ([]byte, bool, error) {
	select {
	case s.polled <- struct{}{}:
	default:
	}
	return nil, false, nil
}
func (s *stuckStream) Cancel() { close(s.canceled) }
