package reactor_test

import (
	"errors"
	"testing"

	"github.com/causeway-go/causeway/internal/interleave"
)

// The model of a read that is left out after a short one: a reader with one Waiter,
// a peer that sends twice and then may end the stream, and the driver. The end shows only
// to a read that has nothing else to bring, and in its event.

type shortWorld struct {
	buffered int  // pieces in the socket
	ended    bool // by the peer
	edge     bool // the system has an event for the driver
	held     bool // and the driver has collected one with a hang-up
	locked   bool // the driver holds the lock of the Source
	tick     int
	wary     bool
	seen     int  // the tick that the reader has read
	empty    bool // its last read was short
	waits    bool
	woken    bool
	got      int
}

const (
	shortTick = iota
	shortLook
	shortRead
	shortEnlist
	shortParked
)

func shortReader(mistake string, ends bool) interleave.Thread[shortWorld] {
	return interleave.Thread[shortWorld]{
		Name:  "reader",
		Steps: []string{"read the tick", "look whether wary", "read", "enlist", "parked"},
		Step: func(s *shortWorld, pc int) int {
			switch pc {
			case shortTick:
				if s.empty {
					s.empty = false
					if s.seen == s.tick || mistake == "tick read anew" {
						s.seen = s.tick
						return shortLook
					}
				}
				s.seen = s.tick
				return shortRead
			case shortLook:
				if s.wary && mistake != "never wary" {
					return shortRead
				}
				return shortEnlist
			case shortRead:
				switch {
				case s.buffered > 0:
					s.got += s.buffered
					s.buffered, s.empty = 0, true
					if s.got == 2 && !ends {
						return interleave.Done
					}
					return shortTick
				case s.ended:
					return interleave.Done
				}
				return shortEnlist
			case shortEnlist:
				if s.locked {
					return interleave.Blocked
				}
				if s.seen != s.tick {
					return shortTick
				}
				s.waits = true
				return shortParked
			default:
				if !s.woken {
					return interleave.Blocked
				}
				s.woken = false
				return shortTick
			}
		},
	}
}

func shortDriver(mistake string) interleave.Thread[shortWorld] {
	return interleave.Thread[shortWorld]{
		Name:   "driver",
		Daemon: true,
		Steps:  []string{"collect", "lock", "first store", "second store", "wake"},
		Step: func(s *shortWorld, pc int) int {
			beWary := func() { s.wary = s.wary || s.held }
			switch pc {
			case 0:
				if !s.edge {
					return interleave.Blocked
				}
				s.edge, s.held = false, s.ended
			case 1:
				s.locked = true
			case 2:
				if mistake == "tick before wary" {
					s.tick++
				} else {
					beWary()
				}
			case 3:
				if mistake == "tick before wary" {
					beWary()
				} else {
					s.tick++
				}
				s.woken, s.waits = s.woken || s.waits, false
				s.locked = false
				return 0
			}
			return pc + 1
		},
	}
}

func shortModel(mistake string, ends bool) interleave.Model[shortWorld] {
	return interleave.Model[shortWorld]{
		Threads: []interleave.Thread[shortWorld]{
			shortReader(mistake, ends),
			shortDriver(mistake),
			{Name: "peer", Step: func(s *shortWorld, pc int) int {
				s.edge = true
				if pc == 2 {
					s.ended = true
					return interleave.Done
				}
				s.buffered++
				if pc == 1 && !ends {
					return interleave.Done
				}
				return pc + 1
			}},
		},
		Final: func(s shortWorld) error {
			if s.got != 2 {
				return errors.New("the reader has not got all")
			}
			return nil
		},
	}
}

func TestModelAReadThatIsLeftOutWouldHaveFoundNothing(t *testing.T) {
	for _, ends := range []bool{false, true} {
		r := interleave.Check(t, shortModel("", ends))
		t.Logf("%d states", r.States)
	}
}

func TestModelFindsMistakesAboutShortReads(t *testing.T) {
	for mistake, ends := range map[string]bool{"tick read anew": false, "never wary": true, "tick before wary": true} {
		r := shortModel(mistake, ends).Explore()
		if err := r.Err(); !errors.Is(err, interleave.ErrHang) {
			t.Errorf("%s: %d states, %v", mistake, r.States, err)
		}
	}
}
