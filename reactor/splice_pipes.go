package reactor

import (
	"sync"
	"time"

	"github.com/causeway-go/causeway/internal/goroutine"
)

const (
	// pipeSize is how much a pipe is asked to hold: what the system allows
	// everybody, unless told otherwise.
	pipeSize = 1 << 20
	// pipesMost is how many a Reactor has at the same time. Those who find none
	// copy. So a thousand slow readers hold 64 MiB in the kernel and not a thousand,
	// which is also what it allows a user before it makes pipes small.
	pipesMost = 64
	// pipesIdle is how many of them are kept while nobody uses them, until
	// nobody has taken any for pipesRest.
	pipesIdle = 16
	pipesRest = 2 * time.Second
)

// A splicePipe is a pipe to splice through. Between uses it is empty.
type splicePipe struct{ r, w, size int }

func (p *splicePipe) close() {
	_ = sysClose(p.r)
	_ = sysClose(p.w)
}

// pipes are those of a Reactor. The zero value is ready.
type pipes struct {
	mu     sync.Mutex
	idle   []*splicePipe
	live   int    // idle or taken
	taken  uint64 // so far
	closed bool
	timed  bool // a timer to end rest has been set
}

// take returns an empty pipe, or nil if there is none to be had.
func (s *pipes) take() *splicePipe {
	s.mu.Lock()
	if n := len(s.idle); n > 0 {
		p := s.idle[n-1]
		s.idle = s.idle[:n-1]
		s.taken++
		s.mu.Unlock()
		return p
	}
	if s.closed || s.live >= pipesMost {
		s.mu.Unlock()
		return nil
	}
	s.live++
	s.taken++
	s.mu.Unlock()
	p, err := sysPipe()
	if err != nil {
		s.mu.Lock()
		s.live--
		s.taken--
		s.mu.Unlock()
		return nil
	}
	return p
}

// put takes p back. One that is not empty must not be used again.
//
// None is kept in a synctest bubble: the timer would be one of the bubble, which
// may end before its time comes.
func (s *pipes) put(p *splicePipe, empty bool) {
	keep := empty && !goroutine.InBubble()
	s.mu.Lock()
	if keep = keep && !s.closed && len(s.idle) < pipesIdle; keep {
		s.idle = append(s.idle, p)
		if !s.timed {
			s.timed = true
			s.restLocked()
		}
	} else {
		s.live--
	}
	s.mu.Unlock()
	if !keep {
		p.close()
	}
}

// restLocked has the idle ones closed once none has been taken for a while.
func (s *pipes) restLocked() {
	before := s.taken
	time.AfterFunc(pipesRest, func() { s.rested(before) })
}

func (s *pipes) rested(before uint64) {
	s.mu.Lock()
	if s.taken != before && len(s.idle) > 0 {
		s.restLocked()
		s.mu.Unlock()
		return
	}
	s.timed = false
	s.closeIdle()
}

// close closes those that are idle. Those that are taken are closed when they
// come back.
func (s *pipes) close() {
	s.mu.Lock()
	s.closed = true
	s.closeIdle()
}

// closeIdle is called with the lock and releases it.
func (s *pipes) closeIdle() {
	idle := s.idle
	s.idle = nil
	s.live -= len(idle)
	s.mu.Unlock()
	for _, p := range idle {
		p.close()
	}
}
