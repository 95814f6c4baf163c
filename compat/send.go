package compat

import (
	"context"
	"io"
	"sync"
	"sync/atomic"

	"github.com/causeway-go/causeway/internal/goroutine"
	"github.com/causeway-go/causeway/pollster"
)

// Send returns a future that sends v to ch: the way into a channel for code that
// must not block. If there is room, or a receiver, the first poll sends.
// Otherwise that poll starts a goroutine, which ends when v has been sent or
// the future is cancelled. If a receiver and Cancel come at the same moment, v
// may have been sent. If ch is closed, Poll panics as a send does. Cancel does not
// wait for the goroutine to end, which survives that ch is closed then; the race
// detector calls it a race all the same.
func Send[T any](ch chan<- T, v T) pollster.Future[struct{}] {
	return &send[T]{ch: ch, v: v}
}

type send[T any] struct {
	ch    chan<- T
	v     T
	waker pollster.AtomicWaker
	stop  chan struct{}  // made with the goroutine, closed by Cancel
	gone  sync.WaitGroup // of the goroutine
	end   atomic.Pointer[outcome[struct{}]]
}

func (f *send[T]) Poll(w *pollster.Waker) (done struct{}, ready bool, err error) {
	if o := f.end.Load(); o != nil {
		return o.result()
	}
	if f.stop == nil {
		select {
		case f.ch <- f.v:
			f.end.Store(new(outcome[struct{}]))
			return done, true, nil
		default:
		}
		f.stop = make(chan struct{})
		f.waker.Register(w)
		f.gone.Go(func() { perform(f.put, f.settle) })
		return done, false, nil
	}
	f.waker.Register(w)
	if o := f.end.Load(); o != nil {
		f.waker.Take()
		return o.result()
	}
	return done, false, nil
}

func (f *send[T]) put() (done struct{}, err error) {
	select {
	case f.ch <- f.v:
		return done, nil
	case <-f.stop:
		return done, pollster.ErrCanceled
	}
}

// settle never refuses an outcome: that ch was closed under a send that nobody
// waits for any more is no reason to end the process.
func (f *send[T]) settle(o *outcome[struct{}]) bool {
	if f.end.CompareAndSwap(nil, o) {
		f.waker.Wake()
	}
	return true
}

// Cancel implements [pollster.Canceler].
func (f *send[T]) Cancel() {
	f.waker.Take()
	if f.end.CompareAndSwap(nil, &outcome[struct{}]{err: pollster.ErrCanceled}) && f.stop != nil {
		close(f.stop)
	}
}

// Feed sends the values of s to ch, one by one and none ahead, until s ends,
// and returns nil then, or the error that s or ctx has ended with; see
// [pollster.BlockOn]. The stream is cancelled in the end. A value that s has
// given and that ctx kept from being sent is dropped with it.
//
// Feed blocks, and when it has returned nothing sends any more. It does not close
// ch: whoever made it does, after Feed.
func Feed[T any](ctx context.Context, s pollster.Stream[T], ch chan<- T) error {
	defer pollster.Cancel(s)
	next := nextOf(s)
	for {
		v, err := next(ctx)
		switch {
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		}
		select {
		case ch <- v:
			continue
		default:
		}
		if err := sendOne(ctx, ch, v); err != nil {
			return err
		}
	}
}

// nextOf returns how to wait for the next value of s: in the way of s, if it has
// one, such as Receiver.Next.
func nextOf[T any](s pollster.Stream[T]) func(context.Context) (T, error) {
	if n, ok := s.(interface {
		Next(context.Context) (T, error)
	}); ok {
		return n.Next
	}
	f := pollster.Next(s)
	return func(ctx context.Context) (T, error) { return pollster.BlockOn(ctx, f) }
}

// sendOne sends v and leaves no goroutine, also if the task that it is in is ended.
func sendOne[T any](ctx context.Context, ch chan<- T, v T) error {
	if goroutine.Here() == nil {
		select {
		case ch <- v:
			return nil
		case <-ctx.Done():
			return ctxError(ctx)
		}
	}
	f := &send[T]{ch: ch, v: v}
	defer func() {
		// For the moment that it takes: when Feed has returned, ch may be closed.
		f.Cancel()
		f.gone.Wait()
	}()
	_, err := pollster.BlockOn(ctx, f)
	return err
}

// A Result is what a future has ended with, as one value.
type Result[T any] struct {
	Value T     // if Err is nil
	Err   error // of the future
}

// ToChan starts f, on a goroutine of its own that waits for it, and returns a
// channel that gives its result, once, and is then closed by ToChan. The channel
// has room for the result, so nobody need receive it. If ctx ends first, f is
// cancelled and the result is the error of [pollster.BlockOn]. A panic of f is
// one of that goroutine.
func ToChan[T any](ctx context.Context, f pollster.Future[T]) <-chan Result[T] {
	ch := make(chan Result[T], 1)
	go func() {
		defer close(ch)
		v, err := pollster.BlockOn(ctx, f)
		ch <- Result[T]{v, err}
	}()
	return ch
}
