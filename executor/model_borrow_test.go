package executor

import (
	"errors"
	"fmt"
	"testing"

	"github.com/causeway-go/causeway/internal/interleave"
)

// The steps of a guest, for those who leave some out.
const (
	guestPolls  = 4
	guestReturn = 5
	guestHears  = 6
	guestLooks  = 8
)

// idleGuest is Do: idleHere, a poll, giveBack; or a push.
func idleGuest(me int) func(*idleState, int) int {
	return func(s *idleState, pc int) int {
		switch pc {
		case 0:
			return either(s.parked == 0, 20, 1)
		case 1:
			return either(s.waking, 20, 2)
		case 2:
			return either(s.queue > 0, 20, 3)
		case 3:
			for w := range s.seat {
				if s.seat[w] == seatIdle && !s.signal[w] {
					s.seat[w] = seatLent
					s.parked--
					s.chosen[me] = int8(w)
					return guestPolls
				}
			}
			return 20
		case 20:
			return idlePush(me)(s, 0)
		}
		if pc >= 10 {
			return idleNotify(s, me, pc, interleave.Done)
		}
		return idleGiveBack(s, me, pc, int(s.chosen[me]))
	}
}

func idleGiveBack(s *idleState, me, pc, w int) int {
	switch pc {
	case guestPolls:
		if s.seat[w] != seatLent {
			panic("a guest of a worker that is not lent")
		}
		return guestReturn
	case guestReturn:
		s.seat[w] = seatIdle
		s.parked++
		return guestHears
	case guestHears:
		return either(s.signal[w], guestHears+1, guestLooks)
	case guestHears + 1:
		s.permit[w] = true
		return guestLooks
	case guestLooks:
		s.chosen[me] = 0
		return either(s.queue > 0, 10, interleave.Done)
	}
	panic("no such step")
}

func either(yes bool, a, b int) int {
	if yes {
		return a
	}
	return b
}

// idleSignal is tell, to the first worker, but without its wake-up: the monitor's
// signalStuck, which comes with one only if the worker sleeps.
func idleSignal(s *idleState, pc int) int {
	switch pc {
	case 0:
		s.signal[0] = true
		return 1
	default:
		if s.seat[0] == seatIdle {
			s.permit[0] = true
		}
		return interleave.Done
	}
}

type idleThread = interleave.Thread[idleState]

// borrowModels are a guest between two workers and everybody else, and two guests
// of one worker.
func borrowModels(guest, worker func(int) func(*idleState, int) int) map[string]interleave.Model[idleState] {
	pusher := idleThread{Name: "pusher", Step: idlePush(0)}
	first := idleThread{Name: "guest", Step: guest(1)}
	own := idleThread{Name: "worker", Step: worker(0), Daemon: true}
	signal := idleThread{Name: "signal", Step: idleSignal, Optional: true}
	return map[string]interleave.Model[idleState]{
		"two workers": borrowModel(2, pusher, first, own, idleThread{Name: "other", Step: worker(1), Daemon: true}, signal),
		"two guests":  borrowModel(1, pusher, first, own, idleThread{Name: "second", Step: guest(4)}, signal),
	}
}

func borrowModel(workers int8, threads ...idleThread) interleave.Model[idleState] {
	return interleave.Model[idleState]{
		Threads: threads,
		Final: func(s idleState) error {
			if s.queue != 0 {
				return fmt.Errorf("a task is left behind: %+v", s)
			}
			if s.signal[0] {
				return fmt.Errorf("a signal is not heard: %+v", s)
			}
			if s.parked != workers || s.waking || s.seat[0] != seatIdle {
				return fmt.Errorf("not all are idle: %+v", s)
			}
			return nil
		},
	}
}

func TestModelNoTaskIsLeftByGuests(t *testing.T) {
	for name, m := range borrowModels(idleGuest, idleWorker) {
		r := interleave.Check(t, m)
		t.Logf("%s: %d states, %d ends", name, r.States, r.Ends)
	}
}

// Each rule of borrow.go is needed.
func TestModelFindsWhatGuestsDoWrong(t *testing.T) {
	guest := func(at int, instead func(s *idleState, me int) int) func(int) func(*idleState, int) int {
		return func(me int) func(*idleState, int) int {
			return func(s *idleState, pc int) int {
				switch pc {
				case at:
					return instead(s, me)
				case 30: // gives back and looks at nothing
					s.seat[s.chosen[me]] = seatIdle
					s.parked++
					return interleave.Done
				}
				return idleGuest(me)(s, pc)
			}
		}
	}
	type steps = func(int) func(*idleState, int) int
	for name, wrong := range map[string]struct{ guest, worker steps }{
		"does not look at the queue": {guest(guestLooks, func(*idleState, int) int { return interleave.Done }), idleWorker},
		"does not look for signals":  {guest(guestHears, func(*idleState, int) int { return guestLooks }), idleWorker},
		"looks before it gives back": {guest(guestPolls, func(s *idleState, me int) int {
			return either(s.queue > 0 || s.signal[s.chosen[me]], guestReturn, 30)
		}), idleWorker},
		"is not waited for": {idleGuest, func(w int) func(*idleState, int) int {
			return func(s *idleState, pc int) int {
				if pc == 5 && s.seat[w] == seatLent {
					return 0
				}
				return idleWorker(w)(s, pc)
			}
		}},
	} {
		found := false
		for _, m := range borrowModels(wrong.guest, wrong.worker) {
			err := m.Explore().Err()
			if found = errors.Is(err, interleave.ErrViolation) || errors.Is(err, interleave.ErrHang); found {
				break
			}
		}
		if !found {
			t.Errorf("%s: nothing found", name)
		}
	}
}
