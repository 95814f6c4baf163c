package executor

import (
	"sync/atomic"
	"time"
)

// How long to look for something before waiting for it: about what it costs to
// put an OS thread to sleep and to wake it. After spinsLost spins in vain in a
// row there is a rest, twice as long each time.
const (
	spinTime    = 20 * time.Microsecond
	spinsLost   = 4
	spinRest    = 16
	spinRestMax = 1024
)

// A spinner decides whether to spin before a wait. A thread and its caller
// answer each other within a microsecond while both are awake; putting one of
// them to sleep and waking it takes five to forty. Both ends spin, each by a
// spinner of its own, so that a series of calls stays awake once it is, and a
// lonely call costs one spin in vain at most.
//
// It may be shared, its figures are rough then.
type spinner struct {
	lost, rest, last atomic.Int32
}

// until spins until done, unless that has not paid lately, and reports whether
// it is done.
func (s *spinner) until(done func() bool) bool {
	if s.rest.Load() > 0 {
		s.rest.Add(-1)
		return false
	}
	for end := time.Now().Add(spinTime); ; {
		for range 64 {
			if done() {
				s.lost.Store(0)
				s.last.Store(0)
				return true
			}
		}
		if time.Now().After(end) {
			break
		}
	}
	if s.lost.Add(1) >= spinsLost {
		s.lost.Store(spinsLost - 1) // after the rest, one more try
		s.last.Store(min(max(2*s.last.Load(), spinRest), spinRestMax))
		s.rest.Store(s.last.Load())
	}
	return false
}
