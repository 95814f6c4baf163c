package pollster_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/causeway-go/causeway/internal/interleave"
)

// groupState is a group of two members, one poller, and for each member an
// event side that wakes it. The first member is woken twice, by two of them.
type groupState struct {
	parent bool    // the parent's waker is registered
	permit bool    // the parent's poller has been woken
	queued [2]bool // by member
	stack  [2]int8 // the woken list: member+1, top at the end
	height int8
	todo   [2]int8 // taken: member+1, the next at the start
	left   int8
	events [3]bool // what the event sides have made true
	seen   [3]bool // what the polls have seen
}

// member returns the member that an event side wakes.
func member(event int) int { return event % 2 }

// A groupDefect is one thing done in the wrong place.
type groupDefect int

const (
	noDefect groupDefect = iota
	clearsQueuedAfterPoll
	registersAfterTake
	wakesBeforePush
)

func groupModel(defect groupDefect) interleave.Model[groupState] {
	threads := []interleave.Thread[groupState]{{
		Name:  "poller",
		Step:  func(s *groupState, pc int) int { return groupPoll(s, pc, defect) },
		Steps: []string{"register", "take", "unqueue", "poll", "wait"},
	}}
	for e := range 3 {
		threads = append(threads, interleave.Thread[groupState]{
			Name:  fmt.Sprintf("event %d of member %d", e, member(e)),
			Step:  func(s *groupState, pc int) int { return groupWake(s, pc, e, defect) },
			Steps: []string{"raise", "queue", "push", "wake"},
		})
	}
	// At first both members are queued, to be polled in any case.
	init := groupState{queued: [2]bool{true, true}, stack: [2]int8{1, 2}, height: 2}
	return interleave.Model[groupState]{Init: init, Threads: threads}
}

// groupPoll is join.Poll in a loop of BlockOn: it ends when all events have
// been seen.
func groupPoll(s *groupState, pc int, defect groupDefect) int {
	const (
		register = iota
		take
		unqueue
		poll
		wait
	)
	switch pc {
	case register, take:
		if (pc == register) != (defect == registersAfterTake) {
			s.parent = true
		} else {
			// The whole stack, and the bottom of it first.
			copy(s.todo[:], s.stack[:])
			s.left = s.height
			s.stack, s.height = [2]int8{}, 0
		}
		if pc == register {
			return take
		}
		return next(s, unqueue, wait)
	case unqueue:
		if defect != clearsQueuedAfterPoll {
			s.queued[s.todo[0]-1] = false
		}
		return poll
	case poll:
		m := s.todo[0] - 1
		for e := range s.events {
			if member(e) == int(m) && s.events[e] {
				s.seen[e] = true
			}
		}
		if defect == clearsQueuedAfterPoll {
			// A step of its own in spirit: what comes between is lost.
			return 5
		}
		s.todo[0], s.todo[1] = s.todo[1], 0
		s.left--
		return next(s, unqueue, wait)
	case 5:
		s.queued[s.todo[0]-1] = false
		s.todo[0], s.todo[1] = s.todo[1], 0
		s.left--
		return next(s, unqueue, wait)
	default: // wait
		if !s.permit {
			return interleave.Blocked
		}
		s.permit = false
		return register
	}
}

// next goes on with what is to be polled, ends when everything has been seen,
// or waits.
func next(s *groupState, unqueue, wait int) int {
	if s.left > 0 {
		return unqueue
	}
	if s.seen == [3]bool{true, true, true} {
		return interleave.Done
	}
	return wait
}

// groupWake is an event and then member.OnWake.
func groupWake(s *groupState, pc, e int, defect groupDefect) int {
	const (
		raise = iota
		queue
		push
		wake
	)
	if defect == wakesBeforePush && pc >= push {
		pc = push + wake - pc // the other way round
		switch pc {
		case wake:
			s.permit = s.permit || s.parent
			s.parent = false
			return wake
		default:
			s.stack[s.height] = int8(member(e) + 1)
			s.height++
			return interleave.Done
		}
	}
	switch pc {
	case raise:
		s.events[e] = true
		return queue
	case queue:
		if s.queued[member(e)] {
			return interleave.Done
		}
		s.queued[member(e)] = true
		return push
	case push:
		s.stack[s.height] = int8(member(e) + 1)
		s.height++
		return wake
	default:
		s.permit = s.permit || s.parent
		s.parent = false
		return interleave.Done
	}
}

func TestModelGroupLosesNoWake(t *testing.T) {
	r := interleave.Check(t, groupModel(noDefect))
	if r.Ends == 0 {
		t.Error("no end")
	}
	t.Logf("%d states, %d steps", r.States, r.Steps)
}

func TestModelGroupDefectsAreFound(t *testing.T) {
	for name, defect := range map[string]groupDefect{
		"queued is cleared after the poll":    clearsQueuedAfterPoll,
		"the parent registers after taking":   registersAfterTake,
		"the parent is woken before the push": wakesBeforePush,
	} {
		r := groupModel(defect).Explore()
		if err := r.Err(); !errors.Is(err, interleave.ErrHang) {
			t.Errorf("%s: not found: %d states, %v", name, r.States, err)
		}
	}
}
