package reactor

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/causeway-go/causeway/internal/ended"
	"github.com/causeway-go/causeway/internal/poller"
	"github.com/causeway-go/causeway/pollster"
)

// A Waiter is the place of one task in the list of those who wait for a Source.
// Embed one in a future that is written by hand, and pass it to
// [Source.PollReady], [Source.PollRead] or [Source.PollWrite]; the zero Waiter
// is ready for use. It is used by one goroutine at a time, must not be copied,
// and must be cancelled if it is not polled to the end.
type Waiter struct {
	s          *Source // non-nil once used
	next, prev *Waiter // guarded by s.mu, as is what follows
	w          *pollster.Waker
	relay      *relay
	in         Events // 0: not in the list
	empty      bool   // the last read was short; the owner's, as is readAt
	readAt     uint32 // the tick before the last read that succeeded
	ticks      uint32 // the sum of those of in, when it got there

	// Whether it is in the list. Set by the one who waits and cleared by whoever
	// takes it out, both with the lock; so the one who waits, finding it not set,
	// knows without the lock that the Waiter is his alone.
	listed atomic.Bool
}

// sum adds up the ticks of the directions in. Each only goes up, so it changes
// when one of them does.
func (s *Source) sum(in Events) uint32 {
	var t uint32
	for d := range s.ticks {
		if in>>d&1 != 0 {
			t += s.ticks[d].Load()
		}
	}
	return t
}

// takeLocked removes w from the list and returns the waker to wake.
func (s *Source) takeLocked(w *Waiter) *pollster.Waker {
	if w.prev != nil {
		w.prev.next = w.next
	} else {
		s.first = w.next
	}
	if w.next != nil {
		w.next.prev = w.prev
	}
	waker := w.w
	if w.relay != nil {
		waker = &w.relay.Waker
	}
	w.next, w.prev, w.w, w.relay, w.in = nil, nil, nil, nil, 0
	w.listed.Store(false) // w may be gone from here on
	if s.r.waiting.Add(-1) == 0 && s.r.bubble {
		s.r.p.Notify() // the driver, to rest
	}
	return waker
}

// pending reports whether w is in the list for in and nothing has happened
// since, and makes waker the one to be woken in that case.
func (s *Source) pending(w *Waiter, waker *pollster.Waker, in Events) bool {
	if w.s != s || !w.listed.Load() {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if w.in != in || w.ticks != s.sum(in) {
		return false
	}
	w.w = waker
	if w.relay != nil {
		w.relay.target.Store(waker)
	}
	return true
}

// enlist is step 3 of the protocol. It returns false if something has happened
// since the ticks were read.
func (s *Source) enlist(w *Waiter, waker *pollster.Waker, in Events, ticks uint32) (bool, error) {
	foreign := s.r.foreign()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return false, s.err
	}
	if s.sum(in) != ticks {
		return false, nil
	}
	if more := in &^ s.armed; more != 0 {
		// With the lock, so that it does not cross a change by the driver.
		// The event that it brings about waits for the lock.
		if err := s.armLocked(s.armed | in); err != nil {
			return false, translate("wait", err)
		}
	}
	if w.in == 0 {
		w.s = s
		w.next = s.first
		if w.next != nil {
			w.next.prev = w
		}
		s.first = w
		w.listed.Store(true)
		if s.r.waiting.Add(1) == 1 && s.r.bubble {
			s.r.idle.kick()
		}
	}
	w.w, w.in, w.ticks = waker, in, ticks
	if foreign && waker != nil {
		if w.relay == nil {
			w.relay = relayTo(waker)
		}
		w.relay.target.Store(waker)
	}
	return true, nil
}

// Cancel takes w out of the list. It does not block, and does nothing if w is
// not in it.
func (w *Waiter) Cancel() {
	if !w.listed.Load() {
		return
	}
	s := w.s
	s.mu.Lock()
	var l *relay
	if w.in != 0 {
		l = w.relay
		s.takeLocked(w)
	}
	s.mu.Unlock()
	if l != nil {
		l.OnWake() // so that its goroutine ends
	}
}

// use makes sure that w is not in the list of another Source.
func (w *Waiter) use(s *Source) {
	if w.s != s {
		w.Cancel()
		w.s, w.empty = s, false
	}
}

// poll is the protocol around one try.
func (s *Source) poll(w *Waiter, waker *pollster.Waker, in Events, try func(fd int) (int, error)) (n int, ready bool, err error) {
	if in == 0 || in&^waitable != 0 {
		panic("reactor: these events cannot be waited for: " + in.String())
	}
	if s.pending(w, waker, in) {
		return 0, false, nil
	}
	for {
		w.use(s)
		ticks := s.sum(in)
		if in != Readable || !w.drained(ticks) {
			n, err = s.try(in, try)
			if err != errAgain {
				w.Cancel()
				if in == Readable {
					w.readAt = ticks
				}
				return n, err == nil, err
			}
		}
		waits, err := s.enlist(w, waker, in, ticks)
		if err != nil {
			w.Cancel()
			return 0, false, err
		}
		if waits {
			return 0, false, nil
		}
	}
}

// try calls f, again if it was interrupted, while the descriptor cannot be
// closed. Without an f it asks for the events in.
func (s *Source) try(in Events, f func(fd int) (int, error)) (n int, err error) {
	if !s.gate.Enter() {
		return 0, s.reason()
	}
	returned := false
	defer func() {
		closeErr := s.leave()
		if returned && err == nil && closeErr != nil {
			err = closeErr
		}
	}()
	for {
		if f == nil {
			n, err = s.look(in)
		} else {
			n, err = f(s.fd)
		}
		if err != errInterrupted {
			break
		}
	}
	if err == errBadDescriptor {
		err = fmt.Errorf("%w: %w", ErrDescriptor, err)
	}
	returned = true
	return n, err
}

// reason returns why s has ended.
func (s *Source) reason() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return s.err
	}
	return ErrClosed
}

// PollRead calls f, which makes one attempt to read from the descriptor, and
// returns what it does. If f returns syscall.EAGAIN, PollRead arranges for w to
// be woken when f is worth another call, in a further PollRead with the same
// Waiter, and returns not ready. If f returns syscall.EINTR it is called again
// at once. f must not block.
//
// It fails with the error of f, and with [ErrClosed] or [ErrDescriptor].
func (s *Source) PollRead(at *Waiter, w *pollster.Waker, f func(fd int) (int, error)) (n int, ready bool, err error) {
	return s.poll(at, w, Readable, f)
}

// PollWrite is [Source.PollRead] for writing.
func (s *Source) PollWrite(at *Waiter, w *pollster.Waker, f func(fd int) (int, error)) (n int, ready bool, err error) {
	return s.poll(at, w, Writable, f)
}

// PollReady asks the system whether the descriptor is ready for one of the
// events in, and returns those that it is ready for. If there is none,
// PollReady arranges for w to be woken when asking again is worth while, with
// the same Waiter, and returns none. It fails with [ErrClosed] or
// [ErrDescriptor].
//
// What it returns is true of the descriptor as such: somebody else may take
// what there is to be read before the caller does. PollRead and PollWrite
// save the extra system call where there is something to try.
func (s *Source) PollReady(at *Waiter, w *pollster.Waker, in Events) (Events, error) {
	n, _, err := s.poll(at, w, in, nil)
	return Events(n), err
}

// look asks for the events in, and returns them in the way of a try.
func (s *Source) look(in Events) (int, error) {
	e, err := s.r.p.Look(s.fd, poller.Events(in))
	switch {
	case err != nil:
		return 0, translate("look", err)
	case e == 0:
		return 0, errAgain
	}
	return int(e), nil
}

// Readable returns a future that ends when the descriptor is readable, with
// what it is ready for. It is fit for an event loop that then reads by its own
// means; for one operation, [Source.ReadWith] costs less.
func (s *Source) Readable() *Readiness { return &Readiness{s: s, in: Readable} }

// Writable is [Source.Readable] for writing.
func (s *Source) Writable() *Readiness { return &Readiness{s: s, in: Writable} }

// Priority is [Source.Readable] for exceptional conditions.
func (s *Source) Priority() *Readiness { return &Readiness{s: s, in: Priority} }

// Ready is [Source.Readable] for any of the events in, which must be some of
// Readable, Writable and Priority. With a hang-up or an error it always ends.
func (s *Source) Ready(in Events) *Readiness { return &Readiness{s: s, in: in} }

// A Readiness is a future for readiness, made by Readable and its like. When it
// has ended it may be polled again, to wait anew.
type Readiness struct {
	s  *Source
	in Events
	at Waiter
}

// Poll implements pollster.Future.
func (f *Readiness) Poll(w *pollster.Waker) (Events, bool, error) {
	e, err := f.s.PollReady(&f.at, w, f.in)
	return e, e != 0 && err == nil, err
}

// Cancel implements pollster.Canceler.
func (f *Readiness) Cancel() { f.at.Cancel() }

// ReadWith reads by way of f, which makes one attempt to read from the
// descriptor without blocking, and waits in between while f returns
// syscall.EAGAIN. It returns what the first other call of f does. On a goroutine
// it blocks that goroutine, in a task it suspends the task. If ctx ends first
// it returns an error as [pollster.BlockOn] does.
func (s *Source) ReadWith(ctx context.Context, f func(fd int) (int, error)) (int, error) {
	return s.with(ctx, Readable, f)
}

// WriteWith is [Source.ReadWith] for writing.
func (s *Source) WriteWith(ctx context.Context, f func(fd int) (int, error)) (int, error) {
	return s.with(ctx, Writable, f)
}

func (s *Source) with(ctx context.Context, in Events, f func(fd int) (int, error)) (int, error) {
	if ctx.Done() != nil && ctx.Err() != nil {
		return 0, ended.Error(ctx)
	}
	// A try that succeeds needs no future.
	ticks := s.sum(in)
	if n, err := s.try(in, f); err != errAgain {
		return n, err
	}
	op := operations.Get().(*operation)
	op.s, op.in, op.f, op.tried, op.ticks = s, in, f, true, ticks
	n, err := pollster.BlockOn(ctx, op)
	// It is not in the list any more, and nobody else knows it: a driver that
	// is about to wake its waker has the waker only.
	*op = operation{}
	operations.Put(op)
	return n, err
}

// An operation is the future of ReadWith and WriteWith. If a panic passes
// through BlockOn, it is not used again.
type operation struct {
	s  *Source
	in Events
	f  func(fd int) (int, error)
	at Waiter

	tried bool   // once, before the first Poll
	ticks uint32 // and before that try
}

var operations = sync.Pool{New: func() any { return new(operation) }}

func (o *operation) Poll(w *pollster.Waker) (int, bool, error) {
	if o.tried {
		o.tried = false
		waits, err := o.s.enlist(&o.at, w, o.in, o.ticks)
		if waits || err != nil {
			return 0, false, err
		}
	}
	return o.s.poll(&o.at, w, o.in, o.f)
}

func (o *operation) Cancel() { o.at.Cancel() }
