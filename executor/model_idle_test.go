package executor

import (
	"errors"
	"fmt"
	"testing"

	"github.com/causeway-go/causeway/internal/interleave"
)

// The model of how workers are woken: see Executor.notify. Two pushers with a
// task each, and two workers that go idle and come back. A wakeOne that clears
// waking only after unlocking leaves a task behind (TestModelFindsATaskLeft).
//
// Guests borrow idle workers in between, see borrow.go.
type idleState struct {
	queue  int8
	parked int8 // what pushers read; the list of the idle is seat
	waking bool
	seat   [2]seat
	signal [2]bool
	permit [2]bool
	chosen [6]int8 // whom each thread is about to notify, or has borrowed
	taken  [2]bool
}

func idlePush(me int) func(*idleState, int) int {
	return func(s *idleState, pc int) int {
		if pc == 0 {
			s.queue++
			return 10
		}
		return idleNotify(s, me, pc, interleave.Done)
	}
}

// idleNotify is notify and wakeOne, from 10 on.
func idleNotify(s *idleState, me, pc, back int) int {
	switch pc {
	case 10:
		if s.parked == 0 {
			return back
		}
		return 11
	case 11:
		if s.waking {
			return back
		}
		return 12
	case 12:
		if s.waking {
			return back
		}
		s.waking = true
		return 13
	case 13:
		for w := range s.seat {
			if s.seat[w] == seatIdle {
				s.seat[w] = seatOwn
				s.parked--
				s.chosen[me] = int8(w)
				return 14
			}
		}
		s.waking = false
		return back
	case 14:
		s.permit[s.chosen[me]] = true
		s.chosen[me] = 0
		return back
	}
	panic("no such step")
}

func idleWorker(w int) func(*idleState, int) int {
	return func(s *idleState, pc int) int {
		switch pc {
		case 0: // next
			if s.seat[w] != seatOwn {
				panic("a worker that is not its own")
			}
			s.signal[w] = false
			if s.queue == 0 {
				return 2
			}
			s.queue--
			return 1
		case 1: // more for others?
			if s.queue > 0 {
				return 10
			}
			return 0
		case 2:
			s.seat[w] = seatIdle
			s.parked++
			return 3
		case 3:
			if s.queue > 0 || s.signal[w] {
				return 5
			}
			return 4
		case 4:
			if !s.permit[w] {
				return interleave.Blocked
			}
			s.permit[w] = false
			return 5
		case 5:
			switch s.seat[w] {
			case seatLent:
				return 4
			case seatOwn:
				s.taken[w] = true
			case seatIdle:
				s.seat[w] = seatOwn
				s.parked--
			}
			return 6
		case 6:
			if s.taken[w] {
				s.waking = false
			}
			s.taken[w] = false
			return 0
		}
		return idleNotify(s, 2+w, pc, 0)
	}
}

func TestModelNoTaskIsLeft(t *testing.T) {
	r := interleave.Check(t, interleave.Model[idleState]{
		Threads: []interleave.Thread[idleState]{
			{Name: "first", Step: idlePush(0)},
			{Name: "second", Step: idlePush(1)},
			{Name: "worker", Step: idleWorker(0), Daemon: true},
			{Name: "other", Step: idleWorker(1), Daemon: true},
		},
		Final: func(s idleState) error {
			if s.queue != 0 {
				return fmt.Errorf("a task is left behind: %+v", s)
			}
			return nil
		},
	})
	t.Logf("%d states, %d ends", r.States, r.Ends)
}

func TestModelFindsATaskLeft(t *testing.T) {
	late := func(me int) func(*idleState, int) int {
		return func(s *idleState, pc int) int {
			switch {
			case pc == 13 && s.seat == [2]seat{}:
				return 20 // unlocked, and waking still set
			case pc == 20:
				s.waking = false
				return interleave.Done
			}
			return idlePush(me)(s, pc)
		}
	}
	m := interleave.Model[idleState]{
		Threads: []interleave.Thread[idleState]{
			{Name: "first", Step: late(0)},
			{Name: "second", Step: late(1)},
			{Name: "worker", Step: idleWorker(0), Daemon: true},
			{Name: "other", Step: idleWorker(1), Daemon: true},
		},
		Final: func(s idleState) error {
			if s.queue != 0 {
				return errors.New("a task is left behind")
			}
			return nil
		},
	}
	if err := m.Explore().Err(); !errors.Is(err, interleave.ErrViolation) {
		t.Errorf("found %v", err)
	}
}
