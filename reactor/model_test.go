package reactor_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/causeway-go/causeway/internal/interleave"
)

// The model of one direction of a Source on an edge-triggered backend: two
// tasks that read, a peer that makes data, and the driver. Every system call
// and every section under a lock is a step, as is the read of the ticks.

const (
	readers = 2
	data    = 2 // pieces that the peer makes, one for each reader
)

type sourceWorld struct {
	buffered int           // what the descriptor has to give
	edge     bool          // the system has an event for the driver
	armed    bool          // the system is asked for this direction
	tick     int           // of the Source
	seen     [readers]int  // the tick that each reader has read
	waits    [readers]bool // in the list
	woken    [readers]bool // its waker was called, and it was not polled since
	taken    [readers]bool // by the driver, who is about to wake it
	got      [readers]bool
}

// change is what the system does when there is something new, or when somebody
// asks anew.
func (s *sourceWorld) change() {
	if s.armed && s.buffered > 0 {
		s.edge = true
	}
}

const (
	readTick = iota
	try
	enlist
	parked
)

// sourceReader polls until it has read one piece. The mistakes are deliberate.
func sourceReader(i int, mistake string) interleave.Thread[sourceWorld] {
	return interleave.Thread[sourceWorld]{
		Name:  fmt.Sprintf("reader %d", i),
		Steps: []string{"read the tick", "try", "enlist", "parked"},
		Step: func(s *sourceWorld, pc int) int {
			switch pc {
			case readTick:
				s.seen[i] = s.tick
				return try
			case try:
				if s.buffered > 0 {
					s.buffered--
					s.got[i], s.seen[i] = true, 0
					return interleave.Done
				}
				if mistake == "tick after the try" {
					s.seen[i] = -1
				}
				return enlist
			case enlist:
				if s.seen[i] == -1 { // the mistake: what happened since is not seen
					s.seen[i] = s.tick
				}
				if s.tick != s.seen[i] {
					return readTick
				}
				s.seen[i], s.waits[i] = 0, true
				if !s.armed && mistake != "never armed again" {
					s.armed = true
					s.change()
				}
				return parked
			default:
				if !s.woken[i] {
					return interleave.Blocked
				}
				s.woken[i] = false
				return readTick
			}
		},
	}
}

func sourcePeer() interleave.Thread[sourceWorld] {
	return interleave.Thread[sourceWorld]{
		Name: "peer",
		Step: func(s *sourceWorld, pc int) int {
			s.buffered++
			s.change()
			if pc+1 == data {
				return interleave.Done
			}
			return pc + 1
		},
	}
}

const (
	collect = iota
	mark
	wake
)

func sourceDriver(mistake string) interleave.Thread[sourceWorld] {
	return interleave.Thread[sourceWorld]{
		Name:   "driver",
		Daemon: true,
		Steps:  []string{"collect", "mark", "wake"},
		Step: func(s *sourceWorld, pc int) int {
			switch pc {
			case collect:
				if !s.edge {
					return interleave.Blocked
				}
				s.edge = false
				return mark
			case mark:
				if mistake != "no tick" {
					s.tick++
				}
				any := false
				for i := range s.waits {
					if s.waits[i] {
						any = true
						s.waits[i], s.taken[i] = false, true
						if mistake == "wakes one" {
							break
						}
					}
				}
				if !any && s.armed {
					// At the first event that nobody wants, which is harder
					// than at the second.
					s.armed = false
					if mistake != "an edge may be left over" {
						s.edge = false
					}
				}
				return wake
			default:
				for i := range s.taken {
					if s.taken[i] {
						s.taken[i], s.woken[i] = false, true
					}
				}
				return collect
			}
		},
	}
}

func sourceModel(mistake string) interleave.Model[sourceWorld] {
	m := interleave.Model[sourceWorld]{
		Init:    sourceWorld{armed: true},
		Threads: []interleave.Thread[sourceWorld]{sourcePeer(), sourceDriver(mistake)},
		Final: func(s sourceWorld) error {
			for i, got := range s.got {
				if !got {
					return fmt.Errorf("reader %d has got nothing", i)
				}
			}
			return nil
		},
	}
	for i := range readers {
		m.Threads = append(m.Threads, sourceReader(i, mistake))
	}
	return m
}

func TestModelNoWakeUpIsLostBetweenTryAndRegister(t *testing.T) {
	r := interleave.Check(t, sourceModel(""))
	t.Logf("%d states", r.States)
	interleave.Check(t, sourceModel("an edge may be left over")) // which is no mistake
}

func TestModelFindsDeliberateMistakes(t *testing.T) {
	for _, mistake := range []string{"tick after the try", "no tick", "wakes one", "never armed again"} {
		r := sourceModel(mistake).Explore()
		if err := r.Err(); !errors.Is(err, interleave.ErrHang) {
			t.Errorf("%s: %d states, %v", mistake, r.States, err)
		}
	}
}

// The model of events that are on their way when a descriptor changes hands: a
// Source is closed, its number goes to another file, and that is registered,
// all while the driver holds an event of the first.

type numberWorld struct {
	owner   int // 0 nobody, else the generation of the Source in the table
	inSet   int // which generation the system watches under this number
	pending int // the generation of an event in the hands of the driver
	told    [3]bool
	fired   bool
}

func numberModel(checkGeneration bool) interleave.Model[numberWorld] {
	return interleave.Model[numberWorld]{
		Init: numberWorld{owner: 1, inSet: 1},
		Threads: []interleave.Thread[numberWorld]{
			{Name: "owner", Steps: []string{"leave the table and the set", "register anew"}, Step: func(s *numberWorld, pc int) int {
				if pc == 0 {
					s.owner, s.inSet = 0, 0
					return 1
				}
				s.owner, s.inSet = 2, 2
				return interleave.Done
			}},
			{Name: "driver", Daemon: true, Steps: []string{"collect", "dispatch"}, Step: func(s *numberWorld, pc int) int {
				if pc == 0 {
					if s.inSet != 1 || s.fired {
						return interleave.Blocked // only the first has events here
					}
					s.fired, s.pending = true, 1
					return 1
				}
				if s.owner != 0 && (!checkGeneration || s.owner == s.pending) {
					s.told[s.owner] = true
				}
				s.pending = 0
				return 0
			}},
		},
		Invariant: func(s numberWorld) error {
			if s.told[2] {
				return errors.New("the second Source was told of an event of the first")
			}
			return nil
		},
	}
}

func TestModelStaleEventsNeverReachTheNextOwner(t *testing.T) {
	interleave.Check(t, numberModel(true))
	if err := numberModel(false).Explore().Err(); !errors.Is(err, interleave.ErrViolation) {
		t.Errorf("without the generation: %v", err)
	}
}
