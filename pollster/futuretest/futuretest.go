package futuretest

import (
	"testing"

	"github.com/causeway-go/causeway/pollster"
)

// A Subject is a fresh future under test and what the suite must know about it.
type Subject[T any] struct {
	// Future is the future. It has not been polled.
	Future pollster.Future[T]

	// Complete makes Future able to end, soon or at once. It is called once
	// or never, from any goroutine, before, during and after polls and after
	// Cancel. It is nil for a future that ends by itself, after some polls
	// each of which wakes its waker.
	Complete func()

	// Check returns an error if the result is not the right one. If it is nil
	// any result will do.
	Check func(v T, err error) error

	// Held returns how many things Future holds at the moment that Cancel
	// must give back: registrations, timers, queued jobs. It must be 0 after
	// the end and after Cancel. It is called from the goroutine that polls.
	// It is nil for a future that holds nothing.
	Held func() int
}

// TestFuture runs the suite against the futures that make returns, which is
// called many times, each check as a subtest.
func TestFuture[T any](t *testing.T, make func() Subject[T]) {
	t.Helper()
	for _, c := range futureChecks[T]() {
		t.Run(c.name, func(t *testing.T) { c.run(&suite[T]{TB: t, make: make, patience: patience}) })
	}
}

// A StreamSubject is a fresh stream under test and what the suite must know
// about it.
type StreamSubject[T any] struct {
	// Stream is the stream. It has not been polled.
	Stream pollster.Stream[T]

	// Feed makes the next value available, soon or at once. It is called up
	// to Values times, from any one goroutine at a time. It is nil for a
	// stream that needs nobody to feed it.
	Feed func()

	// End makes the stream end after the values fed. It is called once or
	// never, after the last Feed. It is nil for a stream that ends by itself.
	End func()

	// Values is how many values the stream has before it ends; at least 1.
	Values int

	// Check returns an error if v is not the i-th value, counted from 0. If
	// it is nil any value will do.
	Check func(i int, v T) error

	// Err is the error the stream ends with; nil means io.EOF.
	Err error

	// Held is as in Subject.
	Held func() int
}

// TestStream runs the suite against the streams that make returns, which is
// called many times, each check as a subtest. The first value of a stream is
// held to all that a future is held to, too.
func TestStream[T any](t *testing.T, make func() StreamSubject[T]) {
	t.Helper()
	for _, c := range streamChecks[T]() {
		t.Run(c.name, func(t *testing.T) {
			c.run(&streamSuite[T]{suite[T]{TB: t, patience: patience}, make})
		})
	}
	TestFuture(t, func() Subject[T] { return firstValue(make()) })
}

// firstValue is the first value of a stream as a future.
func firstValue[T any](s StreamSubject[T]) Subject[T] {
	f := Subject[T]{Future: pollster.Fuse(pollster.Future[T](&first[T]{s.Stream})), Complete: s.Feed}
	if s.Check != nil {
		f.Check = func(v T, err error) error {
			if err != nil {
				return err
			}
			return s.Check(0, v)
		}
	}
	// Held is left out: a stream holds on after its first value.
	return f
}
