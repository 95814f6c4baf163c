package reactor

import "sync/atomic"

// Stats are the figures of a Reactor at one moment, or up to it.
type Stats struct {
	Backend string // the mechanism in use; empty before there is one
	Driver  string // "netpoll", "thread", "goroutine" (in a system call), "manual" or "none"

	Sources int // registered
	Waiting int // waiters for Sources, and goroutines inside a call on a connection
	Timers  int // armed

	Rounds  uint64 // times that the driver has come out of its wait
	Events  uint64 // events that the system has reported
	Stale   uint64 // events for a Source that had gone
	Wakes   uint64 // wake-ups for events
	Fired   uint64 // timers that have come due
	Alarms  uint64 // times that Go's timer has been used for that
	Changes uint64 // system calls that have changed what is watched
	Rests   uint64 // times that the driver has left the events to workers who look for them
	Panics  uint64 // panics and Goexits of wakers
}

type counts struct {
	rounds, events, stale, wakes, fired, alarms, changes, rests, panics atomic.Uint64
	blocking                                                            atomic.Bool // the driver cannot sit in the network poller
}

// Stats returns the figures. They are read one after another.
func (r *Reactor) Stats() Stats {
	s := Stats{
		Waiting: int(r.waiting.Load()),
		Timers:  r.timers.pending(),
		Rounds:  r.counts.rounds.Load(),
		Events:  r.counts.events.Load(),
		Stale:   r.counts.stale.Load(),
		Wakes:   r.counts.wakes.Load(),
		Fired:   r.counts.fired.Load(),
		Alarms:  r.counts.alarms.Load(),
		Changes: r.counts.changes.Load(),
		Rests:   r.counts.rests.Load(),
		Panics:  r.counts.panics.Load(),
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	s.Sources = r.registered
	for _, x := range r.table {
		if x != nil {
			s.Waiting += x.goroutines()
		}
	}
	if r.p != nil {
		s.Backend = r.kind.String()
	}
	switch {
	case r.opts.Manual:
		s.Driver = "manual"
	case !r.driving:
		s.Driver = "none"
	case r.opts.Thread:
		s.Driver = "thread"
	case r.counts.blocking.Load():
		s.Driver = "goroutine"
	default:
		s.Driver = "netpoll"
	}
	return s
}
