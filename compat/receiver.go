package compat

import (
	"context"
	"io"
	"sync"
	"sync/atomic"

	"github.com/causeway-go/causeway/internal/goroutine"
	"github.com/causeway-go/causeway/pollster"
)

// FromChan returns the values of ch as a stream, which ends with io.EOF when ch
// is closed and empty. It never closes ch and starts nothing by itself.
//
// A value that is in ch is received by the poll itself. Only when ch has nothing
// is there something to wait with: a goroutine, started by the poll that finds ch
// empty, which receives the one value that this poll has asked for and ends. So
// nothing is received ahead, and a stream that nobody waits for holds nothing. A
// wait that is given up for good has to be ended with [Receiver.Cancel] or
// [Receiver.Stop], and so, therefore, the stream.
//
// Several streams and goroutines may receive from one channel. As in Go, each
// value goes to one of them.
func FromChan[T any](ch <-chan T) *Receiver[T] {
	r := &Receiver[T]{ch: ch}
	r.next = pollster.Next[T](r)
	return r
}

// A Receiver is a channel as a [pollster.Stream]. Make one with [FromChan]. One
// goroutine at a time may use it.
//
// A poll or a [Receiver.Next] that is given up loses nothing: the value that
// comes later is kept for the next one.
type Receiver[T any] struct {
	ch    <-chan T
	next  pollster.Future[T]
	waker pollster.AtomicWaker
	state atomic.Uint32
	v     T // written by the waiter before state becomes received

	stopped bool           // by Cancel or Stop; the owner's
	stop    chan struct{}  // made for the first waiter; closed: end
	waiter  sync.WaitGroup // one at a time
}

// The state of a Receiver: who may receive from the channel.
//
//	idle      the owner; there is no waiter. Set by the owner, who takes the
//	          value that was received.
//	waiting   the waiter. Set by the owner before it starts one. It cannot be
//	          left by the owner, not by Cancel either.
//	received  nobody: v holds a value. Set by the waiter, whose store
//	          publishes v.
//	closed    nobody: the channel has ended. Final. Set by either.
const (
	recvIdle = iota
	recvWaiting
	recvReceived
	recvClosed
)

// PollNext implements [pollster.Stream]. It does not block.
func (r *Receiver[T]) PollNext(w *pollster.Waker) (v T, ready bool, err error) {
	if r.stopped {
		return v, false, pollster.ErrCanceled
	}
	if r.state.Load() == recvIdle {
		select {
		case v, ok := <-r.ch:
			return r.direct(v, ok)
		default:
		}
		r.waker.Register(w)
		r.state.Store(recvWaiting)
		r.start()
		return v, false, nil
	}
	// Register first, look afterwards; see pollster.AtomicWaker.
	r.waker.Register(w)
	switch r.state.Load() {
	case recvReceived:
		r.waker.Take()
		v, _ = r.take()
		return v, true, nil
	case recvClosed:
		r.waker.Take()
		return v, false, io.EOF
	}
	return v, false, nil
}

// Next waits for the next value: on an ordinary goroutine by receiving from the
// channel itself, which costs no more than that, elsewhere as
// [pollster.BlockOn] does. After the last value it returns io.EOF. If ctx ends
// first it returns an error for which errors.Is holds with ctx.Err() and
// context.Cause(ctx), and nothing is lost.
func (r *Receiver[T]) Next(ctx context.Context) (v T, err error) {
	if r.stopped || r.state.Load() != recvIdle {
		return pollster.BlockOn(ctx, r.next)
	}
	select {
	case v, ok := <-r.ch:
		v, _, err = r.direct(v, ok)
		return v, err
	default:
	}
	if goroutine.Here() != nil {
		return pollster.BlockOn(ctx, r.next)
	}
	select {
	case v, ok := <-r.ch:
		v, _, err = r.direct(v, ok)
		return v, err
	case <-ctx.Done():
		return v, ctxError(ctx)
	}
}

// direct makes a result of what the owner has received.
func (r *Receiver[T]) direct(v T, ok bool) (T, bool, error) {
	if ok {
		return v, true, nil
	}
	r.state.Store(recvClosed)
	return v, false, io.EOF
}

func (r *Receiver[T]) start() {
	if r.stop == nil {
		r.stop = make(chan struct{})
	}
	r.waiter.Add(1)
	go r.wait()
}

// wait is the waiter.
func (r *Receiver[T]) wait() {
	defer r.waiter.Done()
	select {
	case v, ok := <-r.ch:
		if ok {
			r.v = v
			r.state.Store(recvReceived)
		} else {
			r.state.Store(recvClosed)
		}
		r.waker.Wake()
	case <-r.stop:
	}
}

// take returns the value that the waiter has received, if there is one.
func (r *Receiver[T]) take() (v T, ok bool) {
	if r.state.Load() != recvReceived {
		return v, false
	}
	var zero T
	v, r.v = r.v, zero
	r.state.Store(recvIdle)
	return v, true
}

// Cancel ends the stream and its goroutine, if it has one. It implements
// [pollster.Canceler]: it does not block. A value that was received for a poll
// that was given up is dropped; use [Receiver.Stop] where that must not happen.
func (r *Receiver[T]) Cancel() {
	if r.stopped {
		return
	}
	r.stopped = true
	r.waker.Take()
	if r.stop != nil {
		close(r.stop)
	}
}

// Stop ends the stream and its goroutine, waits for the moment that the latter
// takes, and returns the value that it had received for a poll that was given
// up, if there is one. What else is in the channel stays there. After Stop,
// every value of the channel has been returned here or is still in it.
func (r *Receiver[T]) Stop() (v T, ok bool) {
	r.Cancel()
	r.waiter.Wait()
	return r.take()
}

// Recv returns a future of one value from ch. It fails with io.EOF if ch is
// closed and empty, so a channel that is only ever closed is waited for by
// looking for that.
//
// A value that is there is received by the poll itself. Otherwise a goroutine
// waits, started by the first poll and ended by the value or by Cancel. If a
// value and Cancel come at the same moment, the value may have been received
// and is dropped; where none may be lost, keep a [FromChan] and wait for its
// [pollster.Next].
func Recv[T any](ch <-chan T) pollster.Future[T] {
	return &recv[T]{r: Receiver[T]{ch: ch}}
}

type recv[T any] struct {
	r   Receiver[T]
	err error // what to say after the end
}

func (f *recv[T]) Poll(w *pollster.Waker) (v T, ready bool, err error) {
	if f.err != nil {
		return v, false, f.err
	}
	v, ready, err = f.r.PollNext(w)
	switch {
	case err != nil:
		f.err = err
	case ready:
		f.err = io.EOF
	}
	return v, ready, err
}

// Cancel implements [pollster.Canceler].
func (f *recv[T]) Cancel() { f.r.Cancel() }
