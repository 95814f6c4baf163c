package compat_test

import (
	"errors"
	"testing"

	"github.com/causeway-go/causeway/internal/interleave"
)

// The models below are Func and CondWait step by step, run through all
// interleavings. Each comes with the defects that the code avoids: if one is put
// in, the hang must be found.

// sharedState is a future, an event that makes it ready, and two callers of it.
type sharedState struct {
	event   bool // the future's condition
	watched bool // the future has the shared waker
	woken   bool
	end     bool
	locked  bool
	in      [2]bool // the callers in the list
	permit  [2]bool // the caller has been woken
	leave   bool    // caller 0 is to leave
}

// A sharedDesign is how Func is built: whom a wake-up goes to, and when woken is
// cleared.
type sharedDesign struct{ wakeOne, clearLate bool }

func (d sharedDesign) wakeAll(s *sharedState) {
	for i := range s.in {
		if s.in[i] {
			s.permit[i] = true
			if d.wakeOne {
				return
			}
		}
	}
}

func (d sharedDesign) model() interleave.Model[sharedState] {
	return interleave.Model[sharedState]{
		Init: sharedState{woken: true},
		Threads: []interleave.Thread[sharedState]{
			{Name: "leaving caller", Step: d.caller(0), Steps: callerSteps},
			{Name: "caller", Step: d.caller(1), Steps: callerSteps},
			{Name: "event", Step: d.happen, Steps: []string{"make ready", "take waker", "set woken", "wake all"}},
			{Name: "leave", Optional: true, Step: func(s *sharedState, _ int) int { s.leave = true; return interleave.Done }},
		},
	}
}

const (
	callEnter = iota
	callLook
	callLock
	callClear
	callRegister
	callReady
	callClearLate
	callEnd
	callSleep
	callUnlock
)

var callerSteps = []string{"enter", "look", "lock", "clear woken", "register", "ready?", "clear woken late", "end", "sleep", "unlock"}

func (d sharedDesign) caller(me int) func(*sharedState, int) int {
	return func(s *sharedState, pc int) int {
		switch pc {
		case callEnter:
			s.in[me] = true
			return callLook
		case callLook:
			if s.end {
				s.in[me] = false
				return interleave.Done
			}
			if s.woken {
				return callLock
			}
			return callSleep
		case callLock:
			if s.locked {
				return interleave.Blocked
			}
			s.locked = true
			return callClear
		case callClear:
			if s.end || !s.woken {
				return callUnlock
			}
			if !d.clearLate {
				s.woken = false
			}
			return callRegister
		case callRegister:
			s.watched = true
			return callReady
		case callReady:
			if s.event {
				return callEnd
			}
			if d.clearLate {
				return callClearLate
			}
			return callUnlock
		case callClearLate:
			s.woken = false
			return callUnlock
		case callEnd:
			s.end = true
			d.wakeAll(s)
			return callUnlock
		case callUnlock:
			s.locked = false
			if s.end {
				s.in[me] = false
				return interleave.Done
			}
			return callSleep
		default: // callSleep
			if me == 0 && s.leave {
				s.in[me], s.permit[me] = false, false
				return interleave.Done
			}
			if !s.permit[me] {
				return interleave.Blocked
			}
			s.permit[me] = false
			return callEnter
		}
	}
}

func (d sharedDesign) happen(s *sharedState, pc int) int {
	switch pc {
	case 0:
		s.event = true
		return 1
	case 1:
		if !s.watched {
			return interleave.Done
		}
		s.watched = false
		return 2
	case 2:
		s.woken = true
		return 3
	default:
		d.wakeAll(s)
		return interleave.Done
	}
}

func TestModelOfFuncNeverHangs(t *testing.T) {
	interleave.Check(t, sharedDesign{}.model())
}

func TestModelOfFuncFindsTheHangs(t *testing.T) {
	for name, d := range map[string]sharedDesign{
		"a wake-up for one caller":        {wakeOne: true},
		"woken is cleared after the poll": {clearLate: true},
	} {
		if err := d.model().Explore().Err(); !errors.Is(err, interleave.ErrHang) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// condState is a queue of one item, a taker that may leave and one that may not.
type condState struct {
	items          int8
	waiting, woken [2]bool
	order          [2]int8 // tickets, as sync.Cond gives them
	tickets        int8
	ended          bool // the context of taker 0
	armed, fired   bool // its AfterFunc
	stopped        bool
}

// signal wakes the one that has waited longest.
func (s *condState) signal() {
	first := -1
	for i := range s.waiting {
		if s.waiting[i] && (first < 0 || s.order[i] < s.order[first]) {
			first = i
		}
	}
	if first >= 0 {
		s.waiting[first], s.woken[first] = false, true
	}
}

func (s *condState) wait(i int) {
	s.tickets++
	s.waiting[i], s.order[i] = true, s.tickets
}

// leaver is the taker that calls CondWait with the context that ends. If it gets
// the item it puts it back, so that the other one has a claim to it in any case.
func leaver(passOn bool) func(*condState, int) int {
	return func(s *condState, pc int) int {
		switch pc {
		case 0: // with the lock: look, or wait
			if s.items > 0 {
				s.signal()
				return interleave.Done
			}
			if s.ended {
				return interleave.Done
			}
			s.armed, s.fired = true, false
			s.wait(0)
			return 1
		case 1: // c.Wait
			if !s.woken[0] {
				return interleave.Blocked
			}
			s.woken[0] = false
			return 2
		case 2: // stop
			s.armed, s.stopped = false, !s.fired
			return 3
		default: // ctx.Err
			if !s.ended {
				return 0
			}
			if s.stopped && passOn {
				s.signal()
			}
			return interleave.Done
		}
	}
}

func condModel(passOn bool) interleave.Model[condState] {
	return interleave.Model[condState]{Threads: []interleave.Thread[condState]{
		{Name: "leaver", Daemon: true, Step: leaver(passOn), Steps: []string{"look", "wait", "stop", "leave"}},
		{Name: "taker", Step: func(s *condState, pc int) int {
			if pc == 1 && !s.woken[1] {
				return interleave.Blocked
			}
			s.woken[1] = false
			if s.items > 0 {
				s.items--
				return interleave.Done
			}
			s.wait(1)
			return 1
		}},
		{Name: "giver", Step: func(s *condState, pc int) int {
			if pc == 0 {
				s.items++
				return 1
			}
			s.signal()
			return interleave.Done
		}},
		{Name: "end of context", Optional: true, Step: func(s *condState, _ int) int { s.ended = true; return interleave.Done }},
		{Name: "AfterFunc", Daemon: true, Step: func(s *condState, pc int) int {
			if pc == 0 {
				if !s.ended || !s.armed {
					return interleave.Blocked
				}
				s.armed, s.fired = false, true
				return 1
			}
			s.signal() // a Broadcast to two
			s.signal()
			return interleave.Done
		}},
	}}
}

func TestModelOfCondWaitLosesNoSignal(t *testing.T) {
	interleave.Check(t, condModel(true))
}

func TestModelOfCondWaitFindsTheLostSignal(t *testing.T) {
	if err := condModel(false).Explore().Err(); !errors.Is(err, interleave.ErrHang) {
		t.Fatal(err)
	}
}
