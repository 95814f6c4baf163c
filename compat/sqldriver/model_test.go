package sqldriver

import (
	"errors"
	"testing"

	"github.com/causeway-go/causeway/internal/interleave"
)

// The model below is a call whose context ends, step by step, run through all
// interleavings of its two sides. If one of the defects that the code avoids is put
// in, it must be found.

// callModel is a call, its caller and the pool's goroutine.
type callModel struct {
	state  int
	hook   bool // the hook is running
	inWork bool // the driver is being called
	ran    bool
	over   bool // the work has returned
	lost   bool // what the caller knows
	took   bool // the caller has the result and the connection
	hooked int
	buried int
}

// callDefects are mistakes one could make.
type callDefects struct{ lateHook, lateLost, alwaysBury bool }

// caller is conn.do from the end of the context: refuse, interrupt, leave.
func (d callDefects) caller(s *callModel, pc int) int {
	switch pc {
	case 0:
		if s.state == callOpen {
			s.state = callRefused
			return interleave.Done
		}
	case 1: // is it running?
		if s.state != callRunning || d.lateHook {
			return 4
		}
	case 2: // the hook begins
		s.hook, s.hooked = true, s.hooked+1
	case 3: // and ends
		s.hook = false
		if d.lateHook {
			return interleave.Done
		}
	case 4:
		s.lost = !d.lateLost
	case 5:
		if s.state == callRunning {
			s.state = callLeft
			switch {
			case d.lateLost:
				return 7
			case d.lateHook:
				return 2
			}
			return interleave.Done
		}
	case 6:
		s.lost, s.took = false, true
		return interleave.Done
	default:
		s.lost = true
		return interleave.Done
	}
	return pc + 1
}

// worker is call.Work.
func (d callDefects) worker(s *callModel, pc int) int {
	switch pc {
	case 0:
		if s.state != callOpen {
			return interleave.Done
		}
		s.state = callRunning
	case 1:
		s.inWork, s.ran = true, true
	case 2:
		s.inWork, s.over = false, true
	case 3:
		if s.state == callRunning {
			s.state = callDone
			if !d.alwaysBury {
				return interleave.Done
			}
		}
	default:
		s.buried++
		return interleave.Done
	}
	return pc + 1
}

func (d callDefects) model() interleave.Model[callModel] {
	return interleave.Model[callModel]{
		Threads: []interleave.Thread[callModel]{
			{Name: "caller", Step: d.caller, Steps: []string{"refuse", "look", "hook", "hook over", "lose", "leave", "take", "lose late"}},
			{Name: "worker", Step: d.worker, Steps: []string{"begin", "call", "return", "end", "bury"}},
		},
		Invariant: func(s callModel) error {
			switch {
			case s.hook && (s.took || s.buried > 0):
				return errors.New("the hook hits another call, or a connection that is closed")
			case s.buried > 0 && !s.lost:
				return errors.New("the connection is closed and the caller does not know")
			case s.took && (s.buried > 0 || s.inWork):
				return errors.New("the connection belongs to both")
			}
			return nil
		},
		Final: func(s callModel) error {
			switch {
			case s.hooked > 1 || s.buried > 1:
				return errors.New("hooked or buried twice")
			case s.state == callRefused && (s.ran || s.lost || s.buried > 0):
				return errors.New("a refused call has been made")
			case s.state == callLeft && (s.buried != 1 || !s.lost || !s.over):
				return errors.New("a connection that was left is not closed")
			case s.state == callDone && (!s.took || s.buried > 0):
				return errors.New("a result that was there is gone")
			}
			return nil
		},
	}
}

func TestModelOfACall(t *testing.T) {
	r := interleave.Check(t, callDefects{}.model())
	t.Logf("%d states, %d ends", r.States, r.Ends)
}

func TestModelFindsDefects(t *testing.T) {
	for name, d := range map[string]callDefects{
		"hook after leaving":              {lateHook: true},
		"lost after the state says so":    {lateLost: true},
		"closing what the caller has too": {alwaysBury: true},
	} {
		if err := d.model().Explore().Err(); !errors.Is(err, interleave.ErrViolation) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
