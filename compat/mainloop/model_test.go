package mainloop

import (
	"errors"
	"slices"
	"testing"

	"github.com/causeway-go/causeway/internal/interleave"
)

// The model is a Loop with the real transitions of state.go, two who wake its
// tasks, its host, and, if wanted, somebody who ends it. Each step is one atomic
// operation of the code. Of the Local inside there is what matters here: a count
// of ready tasks and whether it sleeps.

const (
	localAsleep = iota
	localCalled
	localAwake
)

const modelQueue = 1 // how many events the host's queue takes

type loopState struct {
	word  state
	local int8 // sleep of the Local
	ready int8
	done  int8

	bell    bool // a blocked host is to wake up
	queue   int8 // ours in the host's queue
	foreign int8 // of others in the host's queue
	timer   bool // a retry is due
	telling int8 // who tells the host; 0 nobody
	more    bool // of the turn
	closed  int8
	down    bool // End has returned
	late    bool // the host was told after that
	twice   bool // more than one of ours in the queue
}

// A flaw is a defect put into the model, to see that it would be found.
type flaw int

const (
	sound       flaw = iota
	clearLate        // begin leaves wanted set, finish clears it
	noRetry          // a refused turn is forgotten
	finishDeaf       // finish does not look at wanted
	doubleQueue      // request does not look at queued
	endBlind         // End closes while a turn is under way
	noFence          // End does not wait for who is telling
	tellFirst        // End elsewhere wakes the loop, then says why
)

type loopModel struct {
	design
	flaw
	ends bool
	runs bool // and the host is in Run meanwhile
}

// change makes a transition of the real code, with the flaw.
func (m loopModel) change(s *loopState, f func(state) (state, action)) action {
	w, a := f(s.word)
	s.word = w
	return a
}

func (m loopModel) request(s *loopState) action {
	if m.flaw == doubleQueue && s.word&(ended|turning) == 0 {
		s.word |= wanted | queued
		return tell
	}
	return m.change(s, m.design.request)
}

const (
	wakePush = iota
	wakeSleep
	wakeRequest
	tellLock
	tellLook
	tellHost
	tellRefused
	tellUnlock
)

var wakerSteps = []string{"push", "sleep word", "request", "lock", "ended?", "tell", "refused", "unlock"}

// tells is what Loop.tell does, from tellLock on, for thread me; back is where it
// goes on afterwards, base where its steps begin.
func (m loopModel) tells(s *loopState, me int8, pc, base, back int) int {
	switch pc - base + tellLock {
	case tellLock:
		if s.telling != 0 {
			return interleave.Blocked
		}
		s.telling = me
		return base + tellLook - tellLock
	case tellLook:
		if s.word.silent() {
			return base + tellUnlock - tellLock
		}
		return base + tellHost - tellLock
	case tellHost:
		s.late = s.late || s.down
		if m.direct {
			s.bell = true
			return base + tellUnlock - tellLock
		}
		if s.queue+s.foreign >= modelQueue {
			if s.queue > 0 {
				s.twice = true // only ours can be in the way of ours
			}
			return base + tellRefused - tellLock
		}
		s.queue++
		return base + tellUnlock - tellLock
	case tellRefused:
		a := m.change(s, m.design.refuse)
		if m.flaw != noRetry && a == later {
			s.timer = true
		}
		return base + tellUnlock - tellLock
	default:
		s.telling = 0
		return back
	}
}

func (m loopModel) waker(me int8) func(*loopState, int) int {
	return func(s *loopState, pc int) int {
		switch pc {
		case wakePush:
			s.ready++
			return wakeSleep
		case wakeSleep:
			if s.local != localAsleep {
				return interleave.Done
			}
			s.local = localCalled
			return wakeRequest
		case wakeRequest:
			if m.request(s) == tell {
				return tellLock
			}
			return interleave.Done
		}
		return m.tells(s, me, pc, tellLock, interleave.Done)
	}
}

const (
	turnStart = iota
	turnBegin
	turnAwake
	turnTake
	turnAsleep
	turnLook
	turnFinish
	turnTell
	turnSleep = turnTell + 5
	turnClose = turnSleep + 1
	turnShut  = turnClose + 1
)

var hostSteps = []string{"start", "begin", "awake", "take", "asleep", "look", "finish",
	"tell: lock", "tell: ended?", "tell: tell", "tell: refused", "tell: unlock", "sleep", "close: fence", "close"}

// host is the main loop: turns and sleeps. It ends when the Loop has, and
// otherwise when all is done.
func (m loopModel) host(called bool) func(*loopState, int) int {
	const me = 7
	return func(s *loopState, pc int) int {
		switch pc {
		case turnStart:
			if called {
				return turnSleep
			}
			return turnBegin // before it first sleeps
		case turnBegin:
			a := m.change(s, func(w state) (state, action) { return m.begin(w, called) })
			if m.flaw == clearLate && a == enter {
				s.word |= wanted
			}
			switch a {
			case enter:
				return turnAwake
			case finally:
				return turnClose
			}
			return turnSleep
		case turnFinish:
			return m.hostFinish(s)
		case turnSleep:
			return m.hostSleep(s)
		case turnClose:
			if s.telling != 0 {
				return interleave.Blocked
			}
			return turnShut
		case turnShut:
			s.closed++
			return interleave.Done
		}
		if pc < turnFinish {
			return hostPoll(s, pc)
		}
		return m.tells(s, me, pc, turnTell, turnSleep)
	}
}

// hostPoll is executor.Local.Poll.
func hostPoll(s *loopState, pc int) int {
	switch pc {
	case turnAwake:
		s.local = localAwake
		return turnTake
	case turnTake: // one task, to leave something now and then
		if s.closed > 0 {
			s.twice = true
		}
		if s.ready > 0 {
			s.ready--
			s.done++
		}
		s.more = s.ready > 0
		if s.more {
			return turnFinish // the budget is over; the Local stays awake
		}
		return turnAsleep
	case turnAsleep:
		s.local = localAsleep
		return turnLook
	default: // turnLook
		if s.ready > 0 {
			s.local, s.more = localAwake, true
		}
		return turnFinish
	}
}

func (m loopModel) hostFinish(s *loopState) int {
	if m.flaw == clearLate {
		s.word &^= wanted
	}
	if m.flaw == finishDeaf && s.word&ended == 0 && !s.more {
		s.word &^= turning
		return turnSleep
	}
	a := m.change(s, func(w state) (state, action) { return m.finish(w, s.more, false) })
	more := s.word&wanted != 0
	s.more = false
	switch {
	case a == tell:
		return turnTell
	case a == finally:
		return turnClose
	case m.direct && more:
		return turnBegin // wait is 0
	}
	return turnSleep
}

func (m loopModel) hostSleep(s *loopState) int {
	switch {
	case s.word&ended != 0 && (s.closed > 0 || s.word&closing != 0):
		return interleave.Done
	case m.direct && s.bell:
		s.bell = false
		return turnBegin
	case !m.direct && s.foreign > 0:
		s.foreign--
		return turnSleep
	case !m.direct && s.queue > 0:
		s.queue--
		return turnBegin
	case !m.ends && s.done == 2:
		return interleave.Done
	}
	return interleave.Blocked
}

const (
	retryFires = iota
	retryTell
)

// retrier is the timer.
func (m loopModel) retrier(s *loopState, pc int) int {
	if pc == retryFires {
		if !s.timer {
			return interleave.Blocked
		}
		s.timer = false
		if m.change(s, m.design.retry) == tell {
			return retryTell
		}
		return retryFires
	}
	return m.tells(s, 6, pc, retryTell, retryFires)
}

// ender is End on another goroutine, without Run.
func (m loopModel) ender(s *loopState, pc int) int {
	switch pc {
	case 0:
		if m.flaw == endBlind {
			s.word |= ended | closing
			return 1
		}
		if m.change(s, m.design.end) == finally {
			return 1
		}
		return interleave.Done
	case 1:
		if m.flaw != noFence && s.telling != 0 {
			return interleave.Blocked
		}
		return 2
	case 2:
		s.closed++
		if s.word&turning != 0 {
			s.twice = true
		}
		return 3
	default:
		s.down = true
		return interleave.Done
	}
}

// quitter is End on another goroutine, while the host is in Run.
func (m loopModel) quitter(s *loopState, pc int) int {
	const tells, expires = 1, 6
	switch {
	case pc == 0 && m.flaw == tellFirst:
		if m.change(s, m.design.request) == tell {
			return tells
		}
		return expires
	case pc == 0:
		if m.change(s, m.design.quit) == tell {
			return tells
		}
		return interleave.Done
	case pc == expires:
		m.change(s, m.design.expire)
		return interleave.Done
	case m.flaw == tellFirst:
		return m.tells(s, 5, pc, tells, expires)
	}
	return m.tells(s, 5, pc, tells, interleave.Done)
}

func (m loopModel) model() interleave.Model[loopState] {
	s := loopState{foreign: 1}
	if m.direct {
		s.word, s.foreign = wanted, 0
	}
	threads := []interleave.Thread[loopState]{
		{Name: "waker", Step: m.waker(1), Steps: wakerSteps},
		{Name: "other waker", Step: m.waker(2), Steps: wakerSteps},
		{Name: "host", Steps: hostSteps, Step: m.host(!m.direct)},
	}
	if !m.direct {
		threads = append(threads, interleave.Thread[loopState]{Name: "retry", Daemon: true, Step: m.retrier})
	}
	switch {
	case m.runs:
		threads = append(threads, interleave.Thread[loopState]{Name: "end", Step: m.quitter})
	case m.ends:
		threads = append(threads, interleave.Thread[loopState]{Name: "end", Step: m.ender})
	}
	return interleave.Model[loopState]{
		Init:    s,
		Threads: threads,
		Invariant: func(s loopState) error {
			switch {
			case s.late:
				return errors.New("the host was told after End")
			case s.twice:
				return errors.New("two turns in the queue, or a Local closed under a turn")
			case s.closed > 1:
				return errors.New("closed twice")
			}
			return nil
		},
		Final: func(s loopState) error {
			if m.ends && s.closed != 1 {
				return errors.New("not closed")
			}
			if !m.ends && s.done != 2 {
				return errors.New("a task was left")
			}
			return nil
		},
	}
}

func TestModelOfALoop(t *testing.T) {
	for _, direct := range []bool{true, false} {
		for _, ends := range []bool{false, true} {
			interleave.Check(t, loopModel{design: design{direct: direct}, ends: ends}.model())
		}
		interleave.Check(t, loopModel{design: design{direct: direct}, ends: true, runs: true}.model())
	}
}

func TestModelFindsTheFlaws(t *testing.T) {
	for name, m := range map[string]loopModel{
		"wanted is cleared at the end of a turn": {design{false}, clearLate, false, false},
		"the same, of a blocked loop":            {design{true}, clearLate, false, false},
		"a refused turn is forgotten":            {design{false}, noRetry, false, false},
		"the end of a turn does not look":        {design{false}, finishDeaf, false, false},
		"everybody tells the host":               {design{false}, doubleQueue, false, false},
		"End closes under a turn":                {design{true}, endBlind, true, false},
		"End does not wait for who is telling":   {design{true}, noFence, true, false},
		"End wakes the loop before it has ended": {design{true}, tellFirst, true, true},
		"the same, of a queued loop":             {design{false}, tellFirst, true, true},
	} {
		if m.model().Explore().Err() == nil {
			t.Errorf("%s: not found", name)
		}
	}
}

// TestTransitions goes through all words and all events, and checks what the
// comments in state.go say about the bits.
func TestTransitions(t *testing.T) {
	for _, d := range []design{{true}, {false}} {
		for s := range closing << 1 {
			if s&closing != 0 && s&ended == 0 {
				continue // cannot be
			}
			checkEvent(t, s, []action{nothing, tell}, func() (state, action) { return d.request(s) })
			checkEvent(t, s, []action{nothing, enter, finally}, func() (state, action) { return d.begin(s, true) })
			checkEvent(t, s, []action{nothing, enter, finally}, func() (state, action) { return d.begin(s, false) })
			checkEvent(t, s, []action{nothing, tell, finally}, func() (state, action) { return d.finish(s, true, true) })
			checkEvent(t, s, []action{nothing, tell, finally}, func() (state, action) { return d.finish(s, false, false) })
			checkEvent(t, s, []action{nothing, later}, func() (state, action) { return d.refuse(s) })
			checkEvent(t, s, []action{nothing, tell}, func() (state, action) { return d.retry(s) })
			checkEvent(t, s, []action{nothing, finally}, func() (state, action) { return d.end(s) })
			checkEvent(t, s, []action{nothing}, func() (state, action) { return d.expire(s) })
			checkEvent(t, s, []action{nothing, tell}, func() (state, action) { return d.quit(s) })
		}
	}
}

func checkEvent(t *testing.T, s state, allowed []action, event func() (state, action)) {
	t.Helper()
	next, a := event()
	switch {
	case !slices.Contains(allowed, a):
		t.Errorf("%05b: action %d", s, a)
	case s&ended != 0 && next&ended == 0, s&closing != 0 && next&closing == 0:
		t.Errorf("%05b to %05b: it has come back", s, next)
	case a == tell && (s&queued != 0 || next&queued == 0 || next&turning != 0 || next.silent()):
		t.Errorf("%05b to %05b: tells a host that knows, or is with us", s, next)
	case a == enter && (s&turning != 0 || next != s&^(wanted|queued)|turning|next&queued):
		t.Errorf("%05b to %05b: enters", s, next)
	case a == finally && (s&closing != 0 || next&turning != 0 || next&closing == 0 || next&ended == 0):
		t.Errorf("%05b to %05b: closes", s, next)
	case a == later && next&^ended != wanted:
		t.Errorf("%05b to %05b: retries", s, next)
	}
}

// Who has decided to tell the host may come too late.
func TestTheHostIsNotToldOnceTheLoopHasEnded(t *testing.T) {
	told := 0
	blocked, _ := NewBlocked(func() { told++ }, Options{})
	queued, _ := NewQueued(HostFunc(func(func()) error { told++; return nil }), Options{})
	for _, l := range []*Loop{blocked, queued} {
		l.End()
		l.tell()
		l.again()
		l.request()
	}
	if told != 0 {
		t.Errorf("told %d times", told)
	}
}
