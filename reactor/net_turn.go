package reactor

import (
	"sync"

	"github.com/causeway-go/causeway/internal/waitlist"
	"github.com/causeway-go/causeway/pollster"
)

// A turnstile lets one through at a time, first come first served, and those who wait
// for it wait as futures: a task that waits holds no goroutine. It keeps the bytes
// of one Write together.
//
// While somebody is in line, it is never open: whoever leaves hands it to
// the first in line. So a late comer does not overtake.
type turnstile struct {
	mu   sync.Mutex
	held bool
	line waitlist.List[turn, *turn]
}

// A turn is one place in the line. The zero value is not in line.
type turn struct {
	waker pollster.AtomicWaker
	state turnState
	waitlist.Links[turn]
}

// The state of a turn, guarded by the turnstile's mutex.
type turnState uint8

const (
	turnNone   turnState = iota // not in line and not through
	turnInLine                  // in the turnstile's line
	turnHolds                   // through; must leave
)

// enter tries to go through, and gets in line if that is not possible. It returns
// whether t is through. It is called again after a wake-up, or at any time.
func (g *turnstile) enter(t *turn, w *pollster.Waker) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case t.state == turnHolds:
		return true
	case !g.held && t.state == turnNone:
		g.held, t.state = true, turnHolds
		return true
	}
	// Under the mutex, which leave holds as well when it chooses the next.
	t.waker.Register(w)
	if t.state == turnNone {
		t.state = turnInLine
		g.line.Push(t)
	}
	return false
}

// tryEnter is enter for those who do not get in line; they call exit.
func (g *turnstile) tryEnter() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.held {
		return false
	}
	g.held = true
	return true
}

// exit is leave after tryEnter.
func (g *turnstile) exit() {
	g.mu.Lock()
	next := g.nextLocked()
	g.mu.Unlock()
	if next != nil {
		next.waker.Wake()
	}
}

// nextLocked lets the next one through, or opens.
func (g *turnstile) nextLocked() *turn {
	next := g.line.Pop()
	if next == nil {
		g.held = false
		return nil
	}
	next.state = turnHolds
	return next
}

// leave gives up what t has: the turnstile, its place in line, or nothing.
func (g *turnstile) leave(t *turn) {
	var next *turn
	g.mu.Lock()
	switch t.state {
	case turnHolds:
		next = g.nextLocked()
	case turnInLine:
		g.line.Remove(t)
	}
	t.state = turnNone
	g.mu.Unlock()
	if next != nil {
		next.waker.Wake()
	}
}
