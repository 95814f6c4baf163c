package poller

import (
	"errors"
	"time"
)

// Events is a set of what a descriptor can be ready for. Read, Write and
// Priority can be asked for; the others come unasked.
type Events uint8

// The events.
const (
	Read     Events = 1 << iota // there is something to read, or the end
	Write                       // there is room to write, or nobody reads
	Priority                    // something exceptional: out-of-band data, a changed file in /proc or sysfs
	HangUp                      // the other side has gone, or has gone in one direction
	Failed                      // the descriptor is in an error state, which the next call on it tells

	Asked = Read | Write | Priority // what may be asked for
)

// Mode is how often an event is reported.
type Mode uint8

// The modes.
const (
	// Level reports an event in each Wait while it lasts.
	Level Mode = iota
	// Edge reports an event once each time that it newly comes about, and
	// when the descriptor is added or modified and has it already. An event
	// may be reported again without having gone away in between, such as
	// when more data come.
	Edge
	// OneShot reports the events of one Wait and then nothing, hang-up
	// neither, until the descriptor is modified.
	OneShot
	// EdgeOneShot is OneShot for systems where it is cheaper on top of Edge.
	EdgeOneShot
)

// An Event is what Wait reports of one descriptor.
type Event struct {
	Key   uint64 // as given to the last Add or Modify
	Ready Events
}

// Errors that callers compare. What a system call says is wrapped in addition.
var (
	// ErrExists is returned by Add, and only there, for a descriptor that
	// has been added.
	ErrExists = errors.New("poller: descriptor is registered already")
	// ErrNotFound is returned by Modify and Delete if and only if the
	// descriptor is open and has not been added.
	ErrNotFound = errors.New("poller: descriptor is not registered")
	// ErrDescriptor is returned for a descriptor that is not open.
	ErrDescriptor = errors.New("poller: bad descriptor")
	// ErrKind is returned by Add for a descriptor that is always ready, such
	// as that of a regular file, or that cannot be polled.
	ErrKind = errors.New("poller: descriptor cannot be polled")
	// ErrLimit is returned when the system is out of memory, watches or
	// descriptors.
	ErrLimit = errors.New("poller: out of a system resource")
	// ErrMode is returned by Add and Modify for a mode that is not
	// supported, and for events that cannot be asked for.
	ErrMode = errors.New("poller: mode or events not supported")
	// ErrClosed is returned by everything after Close, and by a Wait that
	// Close has ended.
	ErrClosed = errors.New("poller: closed")
	// ErrBusy is returned by Wait and Park while another one is under way.
	ErrBusy = errors.New("poller: somebody waits already")
)

// NotifyKey is a key that callers must not use.
const NotifyKey = ^uint64(0)

// A Poller watches descriptors. It does not own them.
//
// Wait and Park may be called by one goroutine at a time, everything else by
// any number of goroutines at any time, also while one is in Wait: what they
// change takes effect in that Wait. A system call that was interrupted is made
// again; EINTR comes out of nothing here.
type Poller interface {
	// Add begins to watch fd. An event that fd has already is reported. It
	// fails with ErrExists, ErrDescriptor, ErrKind, ErrLimit, ErrMode or
	// ErrClosed, and then has changed nothing.
	//
	// Closing a descriptor takes it out, at once or by the next Wait, without
	// notice to anybody; if other descriptors share its open file, as after
	// dup, epoll goes on reporting it with its old key. Delete first.
	Add(fd int, key uint64, in Events, mode Mode) error

	// Modify replaces everything that Add said about fd. An event that fd
	// has already is reported (again). With no events asked for, only
	// hang-up and failure are reported. It fails like Add, with ErrNotFound in
	// place of ErrExists.
	Modify(fd int, key uint64, in Events, mode Mode) error

	// Delete stops watching fd. Events of it that a Wait under way has
	// collected may still come out of that Wait, none of a later one. It
	// fails with ErrNotFound, ErrDescriptor or ErrClosed.
	Delete(fd int) error

	// Wait waits until there are events or a notification, but no longer
	// than timeout, and stores the events in buf, which must have room for
	// one. A negative timeout never ends, zero only looks. It does not
	// return 0 early but for a notification. It holds an OS thread
	// meanwhile. HangUp and Failed are reported whatever was asked for.
	// Failed comes together with Read and Write, so does HangUp if nothing
	// goes in either direction any more; otherwise HangUp comes with Read, if
	// that was asked for. It fails with ErrClosed or ErrBusy,
	// or with what the system says about the set itself, and then it will
	// fail again.
	Wait(buf []Event, timeout time.Duration) (n int, err error)

	// Park is Wait without an end, that suspends the goroutine and holds no
	// thread. It fails with errors.ErrUnsupported where that cannot be.
	//
	// If rest is not nil it is called before each look for events. When it
	// returns true there is no look, and events do not end the Park, until
	// somebody calls Alert: others see to them by Glance meanwhile.
	Park(buf []Event, rest func() bool) (n int, err error)

	// Glance is Wait without waiting, beside a Wait or Park under way. Each
	// event comes out of one of them. Any number of goroutines may call it at
	// the same time. It fails with errors.ErrUnsupported where that cannot be,
	// which is where rest is never called, and with ErrClosed.
	Glance(buf []Event) (n int, err error)

	// Alert ends what rest has begun, if it has: a Park under way looks again,
	// after rest, and events end it.
	Alert()

	// Notify ends the Wait or Park that is under way, or else the next one.
	// Several notifications before it returns count as one. It does not
	// block. It fails with ErrClosed.
	Notify() error

	// Look returns which of the events in, and of HangUp and Failed, the
	// descriptor has at this moment, as Wait would report them. fd need not
	// have been added. It fails with ErrDescriptor, ErrLimit or
	// errors.ErrUnsupported.
	Look(fd int, in Events) (Events, error)

	// Supports reports whether a mode may be given to Add.
	Supports(mode Mode) bool

	// Descriptor returns a descriptor that is readable while there is
	// something to Wait for, if the system has such a thing.
	Descriptor() (fd uintptr, ok bool)

	// Close ends the Wait that is under way with ErrClosed, and gives back
	// what the Poller holds, at once or when that Wait has ended. The second
	// Close returns ErrClosed.
	Close() error
}

// Kind names an implementation.
type Kind uint8

// The kinds that Open knows.
const (
	Auto Kind = iota // the best that the system has
	Epoll
	Poll
	None // Idle
)

// String returns the name.
func (k Kind) String() string {
	switch k {
	case Auto:
		return "auto"
	case Epoll:
		return "epoll"
	case Poll:
		return "poll"
	case None:
		return "idle"
	}
	return "unknown"
}

// Open makes a Poller and says which kind it is. It fails with
// errors.ErrUnsupported if the system does not have this kind, and with
// ErrLimit. Auto never fails for the former: where there is nothing for
// descriptors it returns an [Idle].
func Open(kind Kind) (Poller, Kind, error) { return open(kind) }

// admissible checks what Add and Modify are given.
func admissible(p Poller, in Events, mode Mode) error {
	if in&^Asked != 0 || !p.Supports(mode) {
		return ErrMode
	}
	return nil
}

// widen adds to e what comes together with hang-up and failure.
func widen(e Events) Events {
	if e&(HangUp|Failed) != 0 {
		e |= Read | Write
	}
	return e
}

// openRest opens what every system has.
func openRest(kind Kind) (Poller, Kind, error) {
	if kind == None || kind == Auto {
		return NewIdle(), None, nil
	}
	return nil, kind, errors.ErrUnsupported
}
