package futuretest

import (
	"context"
	"errors"
	"io"
	"runtime"
	"testing"

	"github.com/causeway-go/causeway/pollster"
)

// first is a stream as a future: each poll asks for the next value, and Cancel
// cancels the stream.
type first[T any] struct{ s pollster.Stream[T] }

func (f *first[T]) Poll(w *pollster.Waker) (T, bool, error) { return f.s.PollNext(w) }

func (f *first[T]) Cancel() { pollster.Cancel(f.s) }

// A streamSuite is one check of a stream under way.
type streamSuite[T any] struct {
	suite[T]
	makeStream func() StreamSubject[T]
}

// A streamCheck is one demand on a stream.
type streamCheck[T any] struct {
	name string
	run  func(s *streamSuite[T])
}

// streamChecks returns the checks of a stream beyond those of its first value.
func streamChecks[T any]() []streamCheck[T] {
	return []streamCheck[T]{
		{"fed one by one", fedOneByOne[T]},
		{"fed all at once", fedAtOnce[T]},
		{"fed during polls", fedDuringPolls[T]},
		{"a new waker for each value", newWakers[T]},
		{"cancel after each value", cancelBetween[T]},
		{"polled after the last value", afterLast[T]},
		{"Seq ranges over it", seqRanges[T]},
		{"no goroutine is left by a stream", streamGoroutines[T]},
	}
}

// A reader reads a stream under test and knows what must come next.
type reader[T any] struct {
	s *streamSuite[T]
	x StreamSubject[T]
	f *first[T]
	i int // values read
}

func (s *streamSuite[T]) open() *reader[T] {
	x := s.makeStream()
	return &reader[T]{s: s, x: x, f: &first[T]{x.Stream}}
}

// feed makes the next value available, if the stream wants to be fed.
func (r *reader[T]) feed() {
	if r.x.Feed != nil {
		r.s.bounded("Feed", r.x.Feed)
	}
}

func (r *reader[T]) end() {
	if r.x.End != nil {
		r.s.bounded("End", r.x.End)
	}
}

// dry polls once and expects nothing, if the stream has to be fed.
func (r *reader[T]) dry(p *probe) {
	r.s.Helper()
	if r.x.Feed != nil && r.i < r.x.Values || r.x.End != nil && r.i == r.x.Values {
		r.s.pending(r.f, &p.Waker)
	}
}

// next polls whenever p is woken until something comes.
func (r *reader[T]) next(p *probe) result[T] {
	r.s.Helper()
	for range maxPolls {
		x := r.s.poll(r.f, &p.Waker)
		if x.ended() {
			return x
		}
		if !p.wait(r.s.patience) {
			r.s.Fatalf("the wake-up for value %d of %d is lost: it is there, the latest poll said not ready, and its waker has not been woken for %v",
				r.i, r.x.Values, r.s.patience)
		}
	}
	r.s.Fatalf("value %d has not come after %d polls", r.i, maxPolls)
	panic("unreachable")
}

// value reads the next value and checks it.
func (r *reader[T]) value(p *probe) {
	r.s.Helper()
	r.right(r.next(p))
}

func (r *reader[T]) right(x result[T]) {
	r.s.Helper()
	if x.err != nil {
		r.s.Fatalf("value %d of %d: error %v", r.i, r.x.Values, x.err)
	}
	if r.i == r.x.Values {
		r.s.Fatalf("a value more than there are: %v", x.v)
	}
	if r.x.Check != nil {
		if err := r.x.Check(r.i, x.v); err != nil {
			r.s.Fatalf("value %d: %v", r.i, err)
		}
	}
	r.i++
}

// last reads the end.
func (r *reader[T]) last(p *probe) {
	r.s.Helper()
	r.over(r.next(p))
	r.free("its end")
}

func (r *reader[T]) over(x result[T]) {
	r.s.Helper()
	want := r.x.Err
	if want == nil {
		want = io.EOF
	}
	if x.err == nil || x.err != want && !errors.Is(x.err, want) {
		r.s.Fatalf("after %d values: %v, want error %v", r.i, x, want)
	}
}

func (r *reader[T]) free(after string) {
	r.s.Helper()
	r.s.released(Subject[T]{Held: r.x.Held}, after)
}

func fedOneByOne[T any](s *streamSuite[T]) {
	r, p := s.open(), newProbe()
	for range r.x.Values {
		r.dry(p)
		r.feed()
		r.value(p)
	}
	r.dry(p)
	r.end()
	r.last(p)
}

func fedAtOnce[T any](s *streamSuite[T]) {
	r, p := s.open(), newProbe()
	for range r.x.Values {
		r.feed()
	}
	r.end()
	for range r.x.Values {
		r.value(p)
	}
	r.last(p)
}

func fedDuringPolls[T any](s *streamSuite[T]) {
	rounds := 50
	if testing.Short() {
		rounds = 10
	}
	for i := range rounds {
		r, p := s.open(), newProbe()
		done := make(chan struct{})
		go func() {
			defer close(done)
			for range r.x.Values {
				for range i % 4 {
					runtime.Gosched()
				}
				if r.x.Feed != nil {
					r.x.Feed()
				}
			}
			if r.x.End != nil {
				r.x.End()
			}
		}()
		for range r.x.Values {
			r.value(p)
		}
		r.last(p)
		<-done
	}
}

func newWakers[T any](s *streamSuite[T]) {
	r := s.open()
	for range r.x.Values {
		r.dry(newProbe())
		p := newProbe()
		r.dry(p)
		r.feed()
		r.value(p)
	}
	r.dry(newProbe())
	p := newProbe()
	r.dry(p)
	r.end()
	r.last(p)
}

func cancelBetween[T any](s *streamSuite[T]) {
	unused := s.makeStream()
	pollster.Cancel(unused.Stream)
	n := min(unused.Values, 10)
	for read := range n + 1 {
		for _, wait := range []bool{false, true} {
			r, p := s.open(), newProbe()
			for range read {
				r.feed()
				r.value(p)
			}
			if wait && read < r.x.Values {
				r.dry(p)
			}
			s.cancel(r.f)
			s.cancel(r.f)
			r.free("Cancel between values")
			for range r.x.Values - read {
				r.feed() // late, and harmless
			}
			r.end()
		}
	}
}

// afterLast polls an ended stream, which must not come up with another value.
func afterLast[T any](s *streamSuite[T]) {
	r, p := s.open(), newProbe()
	for range r.x.Values {
		r.feed()
		r.value(p)
	}
	r.end()
	r.last(p)
	for range 3 {
		s.bounded("PollNext after the end", func() {
			ready := false
			func() {
				defer func() { _ = recover() }()
				_, ready, _ = r.x.Stream.PollNext(&p.Waker)
			}()
			if ready {
				panic("it has another value after its end")
			}
		})
	}
	s.cancel(r.f)
	r.free("polls and Cancel after the end")
}

func seqRanges[T any](s *streamSuite[T]) {
	r := s.open()
	fed := make(chan struct{})
	go func() {
		defer close(fed)
		for range r.x.Values {
			if r.x.Feed != nil {
				r.x.Feed()
			}
		}
		if r.x.End != nil {
			r.x.End()
		}
	}()
	var got []result[T]
	s.bounded("range over Seq", func() {
		for v, err := range pollster.Seq(context.Background(), r.x.Stream) {
			got = append(got, result[T]{v, err == nil, err})
			if len(got) > r.x.Values+1 {
				return
			}
		}
	})
	<-fed
	for _, x := range got {
		if x.err != nil {
			r.over(x)
			break
		}
		r.right(x)
	}
	if r.i != r.x.Values || len(got) > r.x.Values && r.x.Err == nil {
		s.Fatalf("%d values, want %d", r.i, r.x.Values)
	}
	r.free("Seq")
}

func streamGoroutines[T any](s *streamSuite[T]) {
	before := runtime.NumGoroutine()
	for i := range 10 {
		r, p := s.open(), newProbe()
		if i%2 == 0 {
			r.feed()
			r.value(p)
			s.cancel(r.f)
			continue
		}
		for range r.x.Values {
			r.feed()
		}
		r.end()
		for range r.x.Values {
			r.value(p)
		}
		r.last(p)
	}
	if !eventually(s.patience, func() bool { return runtime.NumGoroutine() <= before }) {
		s.Fatalf("%d goroutines, %d before 10 streams were made and ended or cancelled", runtime.NumGoroutine(), before)
	}
}
