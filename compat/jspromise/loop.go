//go:build js

package jspromise

import (
	"errors"
	"sync/atomic"
	"time"

	"github.com/causeway-go/causeway/executor"
)

// LoopOptions are the settings of a [Loop]. The zero value is good.
type LoopOptions struct {
	// Queue is where a turn runs after a wake. The zero value, Microtask, is the
	// soonest. With Frame all tasks are polled once per painted frame.
	Queue Queue
	// Budget is after what time a turn ends, so that the page can go on. 0 means
	// 4 ms, a quarter of a frame.
	Budget time.Duration
	// Local are the settings of the executor.Local inside. OnWake must be nil and
	// Park false: a task that parks would stop the page. Turn must not have a
	// deadline: give it a timer.
	Local executor.LocalOptions
}

// A Loop is an executor.Local that the page's own loop runs. Nothing of it blocks
// or runs in between: a wake posts one turn, which polls the tasks that are ready
// until none is or the budget is over; then the rest is a turn among the events,
// so that tasks without end leave the page alive. Function tasks wait wherever they
// like; they are suspended, not the page.
//
// Give tasks to it as to any [executor.Spawner], on any goroutine.
type Loop struct {
	executor.Spawner // the Local inside

	local   *executor.Local
	o       LoopOptions
	asked   atomic.Bool // a turn is posted
	turning atomic.Bool
	closed  atomic.Bool
	turns   atomic.Uint64
}

const defaultBudget = 4 * time.Millisecond

// turnPolls is how many polls are made between two looks at the clock.
const turnPolls = 16

// NewLoop returns a Loop. It starts nothing until there is a task.
func NewLoop(o LoopOptions) (*Loop, error) {
	switch {
	case o.Budget < 0:
		return nil, errors.New("jspromise: negative Budget")
	case o.Queue > Frame:
		return nil, errors.New("jspromise: no such Queue")
	case o.Local.OnWake != nil:
		return nil, errors.New("jspromise: OnWake is for the Loop")
	case o.Local.Park:
		return nil, errors.New("jspromise: a Loop cannot park: it would stop the page")
	}
	if o.Budget == 0 {
		o.Budget = defaultBudget
	}
	l := &Loop{o: o}
	o.Local.OnWake = func() { l.ask(l.o.Queue) }
	local, err := executor.NewLocal(o.Local)
	if err != nil {
		return nil, err
	}
	l.Spawner, l.local = local, local
	return l, nil
}

// Turns returns how often the page has polled the tasks so far.
func (l *Loop) Turns() uint64 { return l.turns.Load() }

// Close ends all tasks as executor.Local.Close does; their deferred calls run in it,
// or, if it is called during a turn, at the end of that turn. It does not block,
// and may be called more than once and on any goroutine.
func (l *Loop) Close() {
	if !l.closed.Swap(true) && !l.turning.Load() {
		_ = l.local.Close()
	}
}

// ask posts a turn, unless one is.
func (l *Loop) ask(q Queue) {
	if !l.closed.Load() && !l.asked.Swap(true) {
		_ = q.Post(l.turn)
	}
}

func (l *Loop) turn() {
	l.asked.Store(false)
	if l.closed.Load() || l.turning.Swap(true) {
		return
	}
	l.turns.Add(1)
	more := true
	defer func() {
		l.turning.Store(false)
		switch {
		case l.closed.Load():
			_ = l.local.Close()
		case more && l.o.Queue == Frame:
			l.ask(Frame)
		case more:
			l.ask(Task)
		}
	}()
	for began := time.Now(); more && !l.closed.Load() && time.Since(began) < l.o.Budget; {
		more = l.local.Poll(turnPolls)
	}
}
