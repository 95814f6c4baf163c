package executor

import (
	"errors"
	"fmt"
	"testing"

	"github.com/causeway-go/causeway/internal/interleave"
)

// The model of a task without a handle whose memory serves twice (detached.go).
// Two wakers are left over from its first life, the one that ends it and one
// that comes at any time afterwards, and one belongs to the second. The states
// that detached.go stores, instead of exchanging them, are stored here too.
type reuseState struct {
	word     uint32
	queued   int8
	life     int8
	unpolled bool
	given    [2]bool // the waker has been handed out, by life
	want     [2]bool
	loaded   [3]uint32 // by waker
	ends     int8
	twice    bool // it has been in a queue twice at a time
}

func (s *reuseState) push() {
	s.queued++
	s.twice = s.twice || s.queued > 1
}

// reuseWaker makes the future of that life ready and wakes it.
func reuseWaker(me, life int) func(*reuseState, int) int {
	return func(s *reuseState, pc int) int {
		switch pc {
		case 0:
			if !s.given[life] {
				return interleave.Blocked
			}
			s.want[life] = true
			return 1
		case 1:
			s.loaded[me] = s.word
			return 2
		}
		to, push := wakeState(s.loaded[me])
		if s.word != s.loaded[me] {
			return 1
		}
		s.word = to
		if push {
			s.push()
		}
		return interleave.Done
	}
}

// reuseWorker is the worker; with hasty set it stores what it must exchange.
func reuseWorker(hasty bool) func(*reuseState, int) int {
	return func(s *reuseState, pc int) int {
		switch pc {
		case 0: // spawnDetached
			s.word, s.unpolled = scheduled|detached, true
			s.push()
			return 1
		case 1: // take
			if s.queued == 0 {
				return interleave.Blocked
			}
			s.queued--
			if s.unpolled {
				return 2
			}
			return 3
		case 2: // runDetached
			s.word = running | detached
			return 4
		case 3: // run
			to, ok := beginState(s.word)
			s.word = to
			if !ok {
				return 1
			}
			return 4
		case 4: // the poll registers its waker, and then looks
			s.given[s.life] = true
			return 5
		case 5:
			first := s.unpolled
			s.unpolled = false
			switch {
			case !s.want[s.life]:
				return 8
			case first:
				return 6
			}
			return 7
		case 6:
			s.word = done | detached
			return 9
		case 7:
			s.word = finishState(s.word)
			return 9
		case 8:
			to, v := suspendState(s.word)
			if hasty {
				to, v = detached, parked
			}
			s.word = to
			if v == requeue {
				s.push()
			}
			return 1
		}
		s.ends++
		if s.life++; s.life == 2 {
			return interleave.Done
		}
		return 0
	}
}

func reuseModel(hasty bool) interleave.Model[reuseState] {
	return interleave.Model[reuseState]{
		Threads: []interleave.Thread[reuseState]{
			{Name: "worker", Step: reuseWorker(hasty)},
			{Name: "first", Step: reuseWaker(0, 0)},
			{Name: "left over", Step: reuseWaker(1, 0)},
			{Name: "second", Step: reuseWaker(2, 1)},
		},
		Final: func(s reuseState) error {
			if s.ends != 2 || s.twice {
				return fmt.Errorf("ended %d times, queued twice: %v", s.ends, s.twice)
			}
			return nil
		},
	}
}

func TestModelMemoryOfATaskServesTwice(t *testing.T) {
	r := interleave.Check(t, reuseModel(false))
	t.Logf("%d states, %d ends", r.States, r.Ends)
}

func TestModelFindsAStoreThatLosesAWake(t *testing.T) {
	if err := reuseModel(true).Explore().Err(); err == nil {
		t.Error("a wake that a store has overwritten was not missed")
	} else if !errors.Is(err, interleave.ErrHang) && !errors.Is(err, interleave.ErrViolation) {
		t.Error(err)
	}
}
