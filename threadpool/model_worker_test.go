package threadpool

import (
	"fmt"
	"testing"

	"github.com/causeway-go/causeway/internal/interleave"
)

// The model of Start and work: jobs are started, each by a goroutine of its own,
// in a pool of two slots that starts one worker at a time. A worker thread
// stands for any number of goroutines, one after the other: those that have
// been started and have not begun are in born. The first job does not end before
// another has run, which must therefore get the other slot.

const starters, slots = 3, 2

type workshop struct {
	w        word
	mu       int
	starting int
	fetching int
	queue    [starters]int8 // jobs, plus 1
	born     [slots]int8    // started workers: their first job plus 1, or fetch
	ran      [starters]int8
	first    [slots]int8 // what each worker has begun with
	spawn    [starters + slots]bool
	seen     [slots]bool
}

const fetch = starters + 1

func (s *workshop) len() (n int) {
	for n < starters && s.queue[n] != 0 {
		n++
	}
	return n
}

func (s *workshop) pop() int8 {
	j := s.queue[0]
	copy(s.queue[:], s.queue[1:])
	s.queue[starters-1] = 0
	return j
}

// bear starts a worker.
func (s *workshop) bear(first int8) {
	for i := range s.born {
		if s.born[i] == 0 {
			s.born[i] = first
			return
		}
	}
	panic("more workers than slots")
}

const (
	wsLook = iota
	wsTake
	wsCount
	wsLock
	wsSync
	wsDispatch
	wsSyncAgain
	wsSpawn
	wsBegin
	wsArrive
	wsQueued
	wsRun
	wsGive
	wsLockToFetch
	wsFetch
)

var wsSteps = []string{"look", "take", "count", "lock", "sync", "dispatch", "sync again", "spawn", "begin",
	"arrive", "queued?", "run", "give", "lock to fetch", "fetch"}

// dispatch is dispatchLocked, the unlocking and the starting after it.
func (s *workshop) dispatch(me, pc, next int, mistake string) int {
	switch pc {
	case wsSync:
		if mistake != "look at starting before the bit is set" {
			s.w = s.w.withQueued(s.len() > 0)
		}
		return wsDispatch
	case wsDispatch:
		if s.len() > 0 && s.starting < 1 && s.w.free() > 0 {
			s.w++
			s.starting++
			s.fetching++
			s.spawn[me] = true
		}
		return wsSyncAgain
	case wsSyncAgain:
		s.w = s.w.withQueued(s.len() > 0)
		s.mu = 0
		return wsSpawn
	}
	if s.spawn[me] {
		s.spawn[me] = false
		s.bear(fetch)
	}
	return next
}

func starter(i int, mistake string) interleave.Thread[workshop] {
	return interleave.Thread[workshop]{
		Name: fmt.Sprint("starter ", i), Steps: wsSteps,
		Step: func(s *workshop, pc int) int {
			switch pc {
			case wsLook:
				if s.starting < 1 {
					return wsTake
				}
				return wsLock
			case wsTake:
				if !s.w.open() {
					return wsLock
				}
				s.w++
				return wsCount
			case wsCount:
				s.starting++
				s.bear(int8(i + 1))
				return interleave.Done
			case wsLock:
				if s.mu != 0 {
					return interleave.Blocked
				}
				s.mu = i + 1
				s.queue[s.len()] = int8(i + 1)
				return wsSync
			}
			return s.dispatch(i, pc, interleave.Done, mistake)
		},
	}
}

// smith is a worker.
func smith(i int, mistake string) interleave.Thread[workshop] {
	me := starters + i
	return interleave.Thread[workshop]{
		Name: fmt.Sprint("worker ", i), Daemon: true, Steps: append([]string{"unborn"}, wsSteps[1:]...),
		Step: func(s *workshop, pc int) int {
			switch pc {
			case 0: // not born yet
				for k := range s.born {
					if s.born[k] != 0 {
						s.first[i], s.born[k] = s.born[k], 0
						return wsArrive
					}
				}
				return interleave.Blocked
			case wsArrive:
				if mistake == "look at the bit before starting is lowered" {
					s.seen[i] = s.w.queued()
				}
				return wsBegin
			case wsBegin:
				s.starting--
				if s.first[i] == fetch {
					return wsLockToFetch
				}
				return wsQueued
			case wsQueued:
				queued := s.w.queued()
				if mistake == "look at the bit before starting is lowered" {
					queued = s.seen[i]
				}
				if !queued || mistake == "do not look at the bit" {
					s.seen[i] = false
					return wsRun
				}
				if s.mu != 0 {
					return interleave.Blocked
				}
				s.mu, s.seen[i] = me+1, false
				return wsSync
			case wsRun:
				if s.first[i] == 1 && s.ran[1]+s.ran[2] == 0 {
					return interleave.Blocked // the first job waits for another
				}
				s.ran[s.first[i]-1]++
				s.first[i] = 0
				return wsGive
			case wsGive:
				if s.w.queued() {
					return wsLockToFetch
				}
				s.w--
				return 0
			case wsLockToFetch, wsFetch:
				return s.fetch(i, pc)
			}
			next := wsRun
			if s.first[i] == 0 {
				next = 0
			}
			return s.dispatch(me, pc, next, mistake)
		},
	}
}

func (s *workshop) fetch(i, pc int) int {
	if pc == wsLockToFetch {
		if s.mu != 0 {
			return interleave.Blocked
		}
		s.mu = starters + i + 1
		return wsFetch
	}
	if s.first[i] == fetch {
		s.fetching--
	}
	if s.first[i] = 0; s.len() > 0 {
		s.first[i] = s.pop()
	} else {
		s.w--
	}
	return wsSync
}

func workshopModel(mistake string) interleave.Model[workshop] {
	m := interleave.Model[workshop]{
		Init:  workshop{w: word(0).withLimit(slots)},
		Limit: 5_000_000,
		Invariant: func(s workshop) error {
			if s.w.running() > slots || s.starting < 0 || s.fetching < 0 {
				return fmt.Errorf("%d slots taken, %d starting, %d fetching", s.w.running(), s.starting, s.fetching)
			}
			return nil
		},
		Final: func(s workshop) error {
			for i, n := range s.ran {
				if n != 1 {
					return fmt.Errorf("job %d has run %d times", i, n)
				}
			}
			if s.w != word(0).withLimit(slots) || s.starting != 0 || s.fetching != 0 {
				return fmt.Errorf("left: %d slots, %d starting, %d fetching", s.w.running(), s.starting, s.fetching)
			}
			return nil
		},
	}
	for i := range starters {
		m.Threads = append(m.Threads, starter(i, mistake))
	}
	for i := range slots {
		m.Threads = append(m.Threads, smith(i, mistake))
	}
	return m
}

func TestModelOfWorkers(t *testing.T) {
	r := interleave.Check(t, workshopModel(""))
	t.Logf("%d states, %d steps", r.States, r.Steps)
}

func TestModelOfWorkersFindsMistakes(t *testing.T) {
	for _, mistake := range []string{
		"look at the bit before starting is lowered",
		"do not look at the bit",
		"look at starting before the bit is set",
	} {
		found(t, mistake, workshopModel(mistake).Explore())
	}
}
