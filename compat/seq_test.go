package compat_test

import (
	"context"
	"errors"
	"io"
	"iter"
	"runtime"
	"slices"
	"testing"

	"github.com/causeway-go/causeway/compat"
	"github.com/causeway-go/causeway/internal/leak"
	"github.com/causeway-go/causeway/pollster"
)

func TestFromSeqAndBackIsTheSameSequence(t *testing.T) {
	leak.Check(t)
	for _, n := range []int{0, 1, 2, 1000} {
		var got []int
		for v, err := range pollster.Seq(t.Context(), compat.FromSeq(count(n))) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, v)
		}
		if !slices.Equal(got, slices.Collect(count(n))) {
			t.Fatalf("%d: %v", n, got)
		}
	}
}

func TestFromSeqRunsNothingBeforeThePoll(t *testing.T) {
	leak.Check(t)
	var at []int
	s := compat.FromSeq(func(yield func(int) bool) {
		for i := range 3 {
			at = append(at, i)
			if !yield(i) {
				return
			}
		}
	})
	for want := range 3 {
		if len(at) != want {
			t.Fatalf("%d values drawn before poll %d", len(at), want)
		}
		if v, ready, err := s.PollNext(nil); v != want || !ready || err != nil {
			t.Fatal(v, ready, err)
		}
	}
	pollster.Cancel(s)
}

func TestFromSeqCancelStopsTheSequence(t *testing.T) {
	leak.Check(t)
	for polls := range 5 {
		running, ends := 0, 0
		s := compat.FromSeq(func(yield func(int) bool) {
			running++
			defer func() { running--; ends++ }()
			for i := range 3 {
				if !yield(i) {
					return
				}
			}
		})
		for range polls {
			s.PollNext(nil)
		}
		pollster.Cancel(s)
		pollster.Cancel(s)
		if running != 0 || ends != min(polls, 1) {
			t.Fatalf("after %d polls and Cancel: %d running, %d ended", polls, running, ends)
		}
		if _, ready, err := s.PollNext(nil); ready || err == nil {
			t.Fatal("a value after Cancel")
		}
	}
}

func TestFromSeq2EndsWithTheFirstErrorAndStopsTheSequence(t *testing.T) {
	leak.Check(t)
	stopped := false
	s := compat.FromSeq2(func(yield func(int, error) bool) {
		defer func() { stopped = true }()
		_ = yield(1, nil) && yield(2, errTest) && yield(3, nil)
	})
	if v, ready, err := s.PollNext(nil); v != 1 || !ready || err != nil {
		t.Fatal(v, ready, err)
	}
	for range 2 {
		if v, ready, err := s.PollNext(nil); v != 0 || ready || err != errTest || !stopped {
			t.Fatal(v, ready, err, stopped)
		}
	}
}

func TestFromSeqRaisesThePanicOfTheSequence(t *testing.T) {
	leak.Check(t)
	s := compat.FromSeq(func(yield func(int) bool) { yield(1); panic("boom") })
	s.PollNext(nil)
	func() {
		defer func() {
			if v := recover(); v != "boom" {
				t.Fatal(v)
			}
		}()
		s.PollNext(nil)
	}()
	if _, _, err := s.PollNext(nil); err != io.EOF {
		t.Fatal(err)
	}
	pollster.Cancel(s)
}

func TestFromSeqSurvivesGoexit(t *testing.T) {
	leak.Check(t)
	s := compat.FromSeq(func(yield func(int) bool) { runtime.Goexit() })
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.PollNext(nil)
		t.Error("Goexit did not reach the poller")
	}()
	<-done
	if _, _, err := s.PollNext(nil); err != io.EOF {
		t.Fatal(err)
	}
}

// A stream may be polled by one goroutine after the other.
func TestFromSeqMayMoveBetweenGoroutines(t *testing.T) {
	leak.Check(t)
	s := compat.FromSeq(count(100))
	for want := range 100 {
		done := make(chan struct{})
		go func() {
			defer close(done)
			if v, ready, err := s.PollNext(nil); v != want || !ready || err != nil {
				t.Error(v, ready, err)
			}
		}()
		<-done
	}
	pollster.Cancel(s)
}

func TestSeqOfAStreamThatIsLeftCancelsIt(t *testing.T) {
	leak.Check(t)
	stopped := false
	for range pollster.Seq(t.Context(), compat.FromSeq(func(yield func(int) bool) {
		defer func() { stopped = true }()
		for yield(1) {
		}
	})) {
		break
	}
	if !stopped {
		t.Fatal("the sequence was not stopped")
	}
}

// script is a sequence for the fuzzer: values and how it ends.
type script struct {
	values []byte
	err    error
	leave  int // after so many values; beyond the end: never
}

func (s script) seq() iter.Seq2[byte, error] {
	return func(yield func(byte, error) bool) {
		for _, v := range s.values {
			if !yield(v, nil) {
				return
			}
		}
		if s.err != nil {
			yield(0, s.err)
		}
	}
}

// FuzzConversions sends values, an error or none, through chains of all
// conversions, and wants the same order, values, error and end, and nothing left.
func FuzzConversions(f *testing.F) {
	f.Add([]byte{}, []byte{0}, false, byte(255))
	f.Add([]byte{1, 2, 3}, []byte{0, 1}, true, byte(255))
	f.Add([]byte("hello, world"), []byte{1, 2, 0, 3, 1}, false, byte(4))
	f.Add([]byte{0, 0, 255}, []byte{2, 2, 2}, true, byte(0))
	f.Add([]byte("0123456789"), []byte{3, 3, 1, 17}, false, byte(10))
	f.Fuzz(func(t *testing.T, values, chain []byte, fail bool, leave byte) {
		if len(values) > 200 || len(chain) > 8 {
			return
		}
		leak.Check(t)
		s := script{values: values, leave: int(leave)}
		if fail {
			s.err = errTest
		}
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		stream := compat.FromSeq2(s.seq())
		for _, link := range chain {
			stream = convert(ctx, stream, link)
		}
		var got []byte
		var end error
		for v, err := range pollster.Seq(ctx, stream) {
			if err != nil {
				end = err
				break
			}
			got = append(got, v)
			if len(got) == s.leave {
				return // the loop cancels the stream
			}
		}
		if !slices.Equal(got, values) || !errors.Is(end, s.err) {
			t.Fatalf("chain %v: got %v, %v, want %v, %v", chain, got, end, values, s.err)
		}
	})
}

// convert sends s through one conversion and back.
func convert(ctx context.Context, s pollster.Stream[byte], link byte) pollster.Stream[byte] {
	switch link % 4 {
	case 0: // to a sequence and back
		return compat.FromSeq2(pollster.Seq(ctx, s))
	case 1, 2: // to a channel and back, with or without room
		ctx, cancel := context.WithCancel(ctx)
		ch := make(chan byte, link%3)
		end := make(chan error, 1)
		go func() {
			defer close(ch)
			end <- compat.Feed(ctx, s, ch)
		}()
		return &ending[byte]{compat.FromChan(ch), end, cancel}
	default: // to a reader of bytes and back
		one := compat.Chunks(compat.NewReader(ctx, bytesOf{s}), int(link)/4+1)
		return &flat{s: one}
	}
}

// ending is a stream that ends with the error that comes from a channel.
type ending[T any] struct {
	pollster.Stream[T]
	end    chan error
	cancel context.CancelFunc
}

func (e *ending[T]) PollNext(w *pollster.Waker) (v T, ready bool, err error) {
	v, ready, err = e.Stream.PollNext(w)
	if err == io.EOF {
		e.cancel()
		if end := <-e.end; end != nil {
			err = end
		}
		e.end <- nil
	}
	return v, ready, err
}

func (e *ending[T]) Cancel() {
	e.cancel()
	pollster.Cancel(e.Stream)
}

// bytesOf is a stream of bytes as one of slices of one byte.
type bytesOf struct{ s pollster.Stream[byte] }

func (b bytesOf) PollNext(w *pollster.Waker) ([]byte, bool, error) {
	v, ready, err := b.s.PollNext(w)
	if !ready || err != nil {
		return nil, ready, err
	}
	return []byte{v}, true, nil
}
func (b bytesOf) Cancel() { pollster.Cancel(b.s) }

// flat is the way back.
type flat struct {
	s    pollster.Stream[[]byte]
	rest []byte
}

func (f *flat) PollNext(w *pollster.Waker) (v byte, ready bool, err error) {
	if len(f.rest) == 0 {
		if f.rest, ready, err = f.s.PollNext(w); !ready || err != nil {
			return 0, false, err
		}
	}
	v, f.rest = f.rest[0], f.rest[1:]
	return v, true, nil
}
func (f *flat) Cancel() { pollster.Cancel(f.s) }
