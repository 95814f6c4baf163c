package pollster_test

import (
	"errors"
	"testing"

	"github.com/causeway-go/causeway/internal/interleave"
)

// The models below are BlockOn step by step, one step for each atomic operation,
// run through all interleavings. Each comes with the defect that its design
// prevents: if the defect is put in, the hang must be found.

// The states of a permit word, as in internal/park.
const (
	wordEmpty = iota
	wordNotified
	wordParked
)

// nestedState is one goroutine with two calls of BlockOn, the inner one inside
// the first poll of the outer one, and two events on goroutines of their own.
type nestedState struct {
	word    [2]int8 // the permits, by call; only [0] if they share it
	signal  [2]bool // the parked goroutine is let go
	event   [2]bool // what each future waits for
	waker   [2]bool // the AtomicWaker of each future is occupied
	seen    int8    // what the owner has loaded
	inner   bool    // the owner is inside the inner call
	innerOK bool    // the inner call has returned
	loaded  [2]int8 // what each event side has loaded
}

// The owner's program. wait… is Notifier.Wait, on the permit of the call that
// the owner is in.
const (
	pollRegister = iota
	pollLook
	waitLoad
	waitSwap // follows waitLoad
	waitPublish
	waitParked
	wokenLoad
	wokenSwap // follows wokenLoad
)

var ownerSteps = []string{"register", "look", "load", "swap", "publish", "parked", "load again", "swap again"}

// A nestedDesign is how BlockOn is built: with one permit for each call, or one
// for both; with futures that register before they look, or afterwards.
type nestedDesign struct{ shared, lookFirst bool }

func (d nestedDesign) permit(call int) int {
	if d.shared {
		return 0
	}
	return call
}

func (d nestedDesign) model() interleave.Model[nestedState] {
	return interleave.Model[nestedState]{Threads: []interleave.Thread[nestedState]{
		{Name: "owner", Step: d.owner, Steps: ownerSteps},
		eventSide("outer event", 0, d.permit(0)),
		eventSide("inner event", 1, d.permit(1)),
	}}
}

// owner is the goroutine that calls BlockOn twice.
func (d nestedDesign) owner(s *nestedState, pc int) int {
	call := int(bit(s.inner))
	word, signal := &s.word[d.permit(call)], &s.signal[d.permit(call)]
	switch pc {
	case pollRegister:
		if d.lookFirst {
			s.seen = bit(s.event[call])
		} else {
			s.waker[call] = true
		}
		return pollLook
	case pollLook:
		ready := s.event[call]
		if d.lookFirst {
			ready = s.seen == 1
			s.seen = 0
			s.waker[call] = true
		}
		return s.polled(ready)
	case waitLoad, wokenLoad:
		if *word == wordNotified {
			return pc + 1
		}
		if pc == wokenLoad {
			return pollRegister
		}
		return waitPublish
	case waitSwap, wokenSwap:
		*word = wordEmpty
		return pollRegister
	case waitPublish:
		if *word != wordEmpty {
			return wokenLoad // the permit has come first
		}
		*word = wordParked
		return waitParked
	default: // waitParked
		if !*signal {
			return interleave.Blocked
		}
		*signal = false
		return wokenLoad
	}
}

// polled goes on after a poll of the call that the owner is in.
func (s *nestedState) polled(ready bool) int {
	switch {
	case s.inner && ready:
		// Back into the outer poll, which says not ready.
		s.inner, s.innerOK = false, true
		return waitLoad
	case ready:
		return interleave.Done
	case !s.inner && !s.innerOK:
		s.inner = true // the outer poll calls BlockOn
		return pollRegister
	}
	return waitLoad
}

func bit(b bool) int8 {
	if b {
		return 1
	}
	return 0
}

// eventSide makes the condition of one call true and wakes.
func eventSide(name string, call, permit int) interleave.Thread[nestedState] {
	const (
		raise = iota
		take
		load
		cas
		signal
	)
	return interleave.Thread[nestedState]{
		Name:  name,
		Steps: []string{"raise", "take waker", "load", "cas", "signal"},
		Step: func(s *nestedState, pc int) int {
			switch pc {
			case raise:
				s.event[call] = true
				return take
			case take:
				if !s.waker[call] {
					return interleave.Done // the poll will see the event
				}
				s.waker[call] = false
				return load
			case load:
				s.loaded[call] = s.word[permit]
				return cas
			case cas:
				if s.word[permit] != s.loaded[call] {
					return load
				}
				s.word[permit] = wordNotified
				was := s.loaded[call]
				s.loaded[call] = 0
				if was == wordParked {
					return signal
				}
				return interleave.Done
			default:
				s.signal[permit] = true
				return interleave.Done
			}
		},
	}
}

func TestModelNestedBlockOnWithItsOwnPermitNeverHangs(t *testing.T) {
	r := interleave.Check(t, nestedDesign{}.model())
	if r.Ends == 0 {
		t.Error("no end")
	}
	t.Logf("%d states, %d steps", r.States, r.Steps)
}

func TestModelNestedBlockOnWithASharedPermitHangs(t *testing.T) {
	r := nestedDesign{shared: true}.model().Explore()
	if err := r.Err(); !errors.Is(err, interleave.ErrHang) || r.Hangs == 0 {
		t.Errorf("the defect was not found: %d states, %v", r.States, err)
	}
}

func TestModelLookingBeforeRegisteringHangs(t *testing.T) {
	r := nestedDesign{lookFirst: true}.model().Explore()
	if err := r.Err(); !errors.Is(err, interleave.ErrHang) {
		t.Errorf("the defect was not found: %d states, %v", r.States, err)
	}
}
