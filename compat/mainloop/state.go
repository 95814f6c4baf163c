package mainloop

import "sync/atomic"

// A state is the word of a Loop: a set of bits. What the executor.Local inside
// knows about sleeping is its own; this word decides who tells the host, and
// who closes the Local.
//
// Invariants:
//
//   - Whoever sets queued tells the host, and nobody else does. So there is at
//     most one turn of ours in the queue of the host, and one wake per sleep.
//   - If there is a reason for a turn (wanted) and the Loop has not ended, then
//     somebody sees to it: queued is set, or a turn is under way and will look
//     again at its end, or the host has been told by what Turn returned, or a
//     retry is on its way.
//   - Whoever sets closing closes the Local, and no turn is under way then, nor
//     ever again.
//
// What happens before what: a waker makes its task ready, then sets wanted. A
// turn takes wanted away, then looks for tasks. So either the turn sees the task
// or its end sees wanted. The Local is handed from turn to turn, and to who
// closes it, by turning.
type state uint32

const (
	// wanted: there is a reason for a turn that no turn has looked at yet. Set by
	// request, and by a turn that leaves something. Cleared when one begins.
	wanted state = 1 << iota
	// queued: the host is being told, or has been and has not called us yet. Not
	// set while a turn is under way, except for what a host has in its queue
	// while it calls Turn by itself.
	queued
	// turning: a turn is under way. Set by that turn, cleared by it.
	turning
	// ended: no turn begins any more. Never cleared.
	ended
	// closing: somebody closes the Local, or has. Set once, with ended.
	closing
)

// An action is what follows a transition, for the one who made it.
type action uint8

const (
	nothing action = iota
	tell           // tell the host
	later          // try again to tell it, later
	enter          // the turn has begun
	finally        // close the Local, once
)

// A design is what distinguishes the kinds of loops.
type design struct {
	// direct: the host calls Turn by itself when it has been told. If false, it
	// calls what it has been given.
	direct bool
}

// request is a wake: only one that comes in full rest tells the host.
func (design) request(s state) (state, action) {
	switch {
	case s&ended != 0:
		return s, nothing
	case s == 0:
		return wanted | queued, tell
	}
	return s | wanted, nothing
}

// begin begins a turn; called says that the host has called what it was given.
func (d design) begin(s state, called bool) (state, action) {
	if called || d.direct {
		s &^= queued
	}
	switch {
	case s&ended != 0:
		return s.close()
	case s&turning != 0:
		return s | wanted, nothing // inside a task: the outer turn goes on
	}
	return s&^wanted | turning, enter
}

// finish ends a turn; more says that it has left something. recur says that the
// host does not get to see what Turn returns.
func (d design) finish(s state, more, recur bool) (state, action) {
	s &^= turning
	if more {
		s |= wanted
	}
	switch {
	case s&ended != 0:
		return s.close()
	case s == wanted && (recur || !d.direct):
		return s | queued, tell
	}
	return s, nothing
}

// refuse is what follows when the host could not be told.
func (design) refuse(s state) (state, action) {
	s &^= queued
	if s&^ended == wanted {
		return s, later
	}
	return s, nothing // a turn has begun by itself, or there will be none
}

// retry is what a retry begins with.
func (design) retry(s state) (state, action) {
	if s&^ended == wanted {
		return s | queued, tell
	}
	return s, nothing
}

// end ends the Loop; a turn that is under way closes it.
func (design) end(s state) (state, action) { return (s | ended).close() }

// quit is end for the turn that comes next: one that is wanted already, or one that
// the host is told of. To tell it first would be too early: the turn could be over
// before there is anything to see for it.
func (design) quit(s state) (state, action) {
	switch {
	case s&ended != 0:
		return s, nothing
	case s == 0:
		return ended | wanted | queued, tell
	}
	return s | ended, nothing
}

// silent reports that the host is not to be told any more: it may have gone, or a
// turn is under way that closes the Local.
func (s state) silent() bool { return s&closing != 0 || s&(ended|turning) == ended|turning }

// expire is end without closing: that is for the goroutine of the loop.
func (design) expire(s state) (state, action) { return s | ended, nothing }

func (s state) close() (state, action) {
	if s&(turning|closing) != 0 {
		return s, nothing
	}
	return s | closing, finally
}

// apply is the one place that changes the word.
func apply(word *atomic.Uint32, f func(state) (state, action)) (state, action) {
	for {
		old := word.Load()
		s, a := f(state(old))
		// Written even if nothing changes: what the caller did before is then
		// visible to whoever changes the word next. See request.
		if word.CompareAndSwap(old, uint32(s)) {
			return s, a
		}
	}
}
