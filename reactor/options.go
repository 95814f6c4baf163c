package reactor

import (
	"fmt"

	"github.com/causeway-go/causeway/internal/poller"
)

// A Backend is the mechanism by which a Reactor asks the system.
type Backend uint8

// The backends.
const (
	// BackendAuto is the best that the system has.
	BackendAuto Backend = iota
	// BackendEpoll is epoll, on Linux.
	BackendEpoll
	// BackendPoll is poll(2), on every Unix. Its cost grows with the number
	// of Sources, and it holds a thread while it waits.
	BackendPoll
	// BackendNone has timers only, and needs nothing from the system.
	BackendNone
)

// String returns the name of b.
func (b Backend) String() string { return b.kind().String() }

func (b Backend) kind() poller.Kind { return poller.Kind(b) }

// Options describe a Reactor. The zero value is useful: on Linux the Reactor
// then sits in Go's network poller and holds no thread.
type Options struct {
	// Thread gives the Reactor an OS thread of its own that does nothing but
	// wait. A wake-up by it costs some ten times as much, but comes at once
	// also while every processor is busy with goroutines that do not let
	// go; Go's network poller is looked at every 10 ms then. It is ignored
	// inside a testing/synctest bubble.
	Thread bool

	// Manual makes a Reactor that does nothing but in Poll, for loops that
	// are not ours to write.
	Manual bool

	// Backend forces a mechanism. New fails with errors.ErrUnsupported if the
	// system does not have it.
	Backend Backend

	// OnPanic is called with what a waker panicked with and the stack, after
	// the others have been woken. Without it such panics are counted in
	// Stats, and otherwise ignored: the Reactor and those who wait for it do
	// not suffer for one of them.
	OnPanic func(v any, stack []byte)
}

func (o *Options) check() error {
	switch {
	case o.Thread && o.Manual:
		return fmt.Errorf("%w: Thread and Manual", ErrOptions)
	case o.Backend > BackendNone:
		return fmt.Errorf("%w: backend %d", ErrOptions, o.Backend)
	}
	return nil
}
