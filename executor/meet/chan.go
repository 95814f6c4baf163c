package meet

import (
	"context"
	"errors"
	"io"
	"sync"

	"github.com/causeway-go/causeway/pollster"
)

var (
	// ErrClosed is returned by a send on a closed channel, and by a receive
	// on a closed channel that is empty.
	ErrClosed = errors.New("meet: closed channel")
	// ErrFull is returned by TrySend if and only if it would have to wait.
	ErrFull = errors.New("meet: channel full")
	// ErrEmpty is returned by TryRecv if and only if it would have to wait.
	ErrEmpty = errors.New("meet: channel empty")
)

// A Chan is a bounded channel for any number of senders and receivers. Make it
// with [NewChan]. All methods may be called from any goroutine; those with a
// context wait, the others do not.
type Chan[T any] struct {
	mu        sync.Mutex
	buf       []T
	head, n   int
	closed    bool
	senders   line
	receivers line
}

// NewChan returns a channel with room for capacity values, at least one.
func NewChan[T any](capacity int) *Chan[T] {
	if capacity < 1 {
		panic("meet: NewChan with a capacity below 1")
	}
	return &Chan[T]{buf: make([]T, capacity)}
}

// Len returns how many values are in the channel.
func (c *Chan[T]) Len() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.n
}

// Cap returns how many there can be.
func (c *Chan[T]) Cap() int { return len(c.buf) }

// Close closes the channel. Sends fail from now on, those that wait included;
// receives get what is there and then ErrClosed. It reports whether the channel
// was open. Closing it again is harmless.
func (c *Chan[T]) Close() bool {
	c.mu.Lock()
	was := c.closed
	c.closed = true
	wakers := append(c.senders.tellAll(), c.receivers.tellAll()...)
	c.mu.Unlock()
	wakeAll(wakers)
	return !was
}

// TrySend sends v if there is room.
func (c *Chan[T]) TrySend(v T) error {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return ErrClosed
	}
	if c.n == len(c.buf) {
		c.mu.Unlock()
		return ErrFull
	}
	c.put(v)
	k := c.receivers.tell()
	c.mu.Unlock()
	k.Wake()
	return nil
}

// TryRecv receives a value if there is one.
func (c *Chan[T]) TryRecv() (v T, err error) {
	c.mu.Lock()
	if c.n == 0 {
		err = ErrEmpty
		if c.closed {
			err = ErrClosed
		}
		c.mu.Unlock()
		return v, err
	}
	v = c.get()
	k := c.senders.tell()
	c.mu.Unlock()
	k.Wake()
	return v, nil
}

func (c *Chan[T]) put(v T) {
	at := c.head + c.n
	if at >= len(c.buf) {
		at -= len(c.buf)
	}
	c.buf[at] = v
	c.n++
}

func (c *Chan[T]) get() T {
	var none T
	v := c.buf[c.head]
	c.buf[c.head] = none
	if c.head++; c.head == len(c.buf) {
		c.head = 0
	}
	c.n--
	return v
}

// Send sends v, and waits for room until ctx ends. If it returns an error, v has
// not been sent.
func (c *Chan[T]) Send(ctx context.Context, v T) error {
	if err := c.TrySend(v); err != ErrFull {
		return err
	}
	_, err := pollster.BlockOn(ctx, c.SendFuture(v))
	return err
}

// Recv receives a value, and waits for one until ctx ends.
func (c *Chan[T]) Recv(ctx context.Context) (T, error) {
	if v, err := c.TryRecv(); err != ErrEmpty {
		return v, err
	}
	return pollster.BlockOn(ctx, c.RecvFuture())
}

// SendFuture returns a future that sends v when it is polled.
func (c *Chan[T]) SendFuture(v T) pollster.Future[struct{}] { return &sending[T]{c: c, v: v} }

// RecvFuture returns a future that receives a value when it is polled.
func (c *Chan[T]) RecvFuture() pollster.Future[T] { return &receiving[T]{c: c} }

// Stream returns the values of the channel as a stream, which shares them with
// whoever else receives. It ends when the channel is closed and empty.
func (c *Chan[T]) Stream() pollster.Stream[T] { return &receiving[T]{c: c} }

// sending is a send that may have to wait.
type sending[T any] struct {
	c    *Chan[T]
	v    T
	w    waiter
	over bool
}

// Poll implements pollster.Future.
func (s *sending[T]) Poll(k *pollster.Waker) (none struct{}, ready bool, err error) {
	c := s.c
	c.mu.Lock()
	switch {
	case s.over:
		c.mu.Unlock()
		return none, true, nil
	case c.closed:
		c.senders.leave(&s.w)
		c.mu.Unlock()
		return none, false, ErrClosed
	case c.n == len(c.buf):
		c.senders.enter(&s.w, k)
		c.mu.Unlock()
		return none, false, nil
	}
	c.senders.leave(&s.w)
	c.put(s.v)
	s.over = true
	// There may be room for another one who was not told, because it was we
	// who came first.
	var next *pollster.Waker
	if c.n < len(c.buf) {
		next = c.senders.tell()
	}
	k = c.receivers.tell()
	c.mu.Unlock()
	k.Wake()
	next.Wake()
	return none, true, nil
}

// Cancel implements pollster.Canceler.
func (s *sending[T]) Cancel() {
	c := s.c
	c.mu.Lock()
	var next *pollster.Waker
	if c.senders.leave(&s.w) == told && c.n < len(c.buf) {
		next = c.senders.tell()
	}
	s.over = true
	c.mu.Unlock()
	next.Wake()
}

// receiving is a receive that may have to wait.
type receiving[T any] struct {
	c *Chan[T]
	w waiter
}

// Poll implements pollster.Future.
func (r *receiving[T]) Poll(k *pollster.Waker) (v T, ready bool, err error) {
	c := r.c
	c.mu.Lock()
	if c.n == 0 {
		if c.closed {
			c.receivers.leave(&r.w)
			err = ErrClosed
		} else {
			c.receivers.enter(&r.w, k)
		}
		c.mu.Unlock()
		return v, false, err
	}
	c.receivers.leave(&r.w)
	v = c.get()
	var next *pollster.Waker
	if c.n > 0 {
		next = c.receivers.tell()
	}
	k = c.senders.tell()
	c.mu.Unlock()
	k.Wake()
	next.Wake()
	return v, true, nil
}

// PollNext implements pollster.Stream.
func (r *receiving[T]) PollNext(k *pollster.Waker) (v T, ready bool, err error) {
	v, ready, err = r.Poll(k)
	if err == ErrClosed {
		err = io.EOF
	}
	return v, ready, err
}

// Cancel implements pollster.Canceler.
func (r *receiving[T]) Cancel() {
	c := r.c
	c.mu.Lock()
	var next *pollster.Waker
	if c.receivers.leave(&r.w) == told && c.n > 0 {
		next = c.receivers.tell()
	}
	c.mu.Unlock()
	next.Wake()
}
