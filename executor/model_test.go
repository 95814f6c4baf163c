package executor

import (
	"errors"
	"fmt"
	"testing"

	"github.com/causeway-go/causeway/internal/interleave"
)

// The model of one task of an Executor. Every step is one atomic operation of
// the code, made with the very functions of state.go; the steps are named after
// where they stand in the code. What the hostile reviewer tried, and what is
// therefore explored in all orders:
//
//   - a wake between the poll's look at the condition and suspend;
//   - a wake between suspend's requeue and the push into the queue;
//   - a cancel at each of these places, and before begin;
//   - Close between a wake's CAS and its push, between enter and suspend,
//     while the task is queued, polled, dropped, parked, or ending;
//   - two ends: Close and a cancellation that a worker carries out;
//   - a Wait that begins between finish and the waking of the waiters;
//   - a detach before, during and after all that.
type modelState struct {
	word   uint32
	queue  int8 // entries of the task in queues, stale ones included
	ready  bool // what the future waits for
	listed bool // in the active list
	shut   bool // the list
	closed bool // the executor

	holders int8 // who believe they hold running
	polls   int8
	drops   int8
	ends    int8
	saw     bool // what the poll saw
	value   bool // there is a value and no error

	took     bool // the closer has found the task in the list
	entered  bool // the waiter, in the table
	waked    bool
	detacher int8 // 1: in time, 2: late
}

// Places that several threads come to.
const (
	atPush = iota + 50
	atClosed
	atSweep
	atDrop
	atFinish
	atWaiters
)

// common is the steps that every thread may come to; back is where it goes on.
func common(s *modelState, pc, back int) int {
	switch pc {
	case atPush:
		s.queue++
		return atClosed
	case atClosed:
		if s.closed {
			return atSweep
		}
		return back
	case atSweep:
		if s.queue == 0 {
			return back
		}
		s.queue--
		to, taken := shutState(s.word)
		s.word = to
		if taken {
			s.holders++
			return atDrop
		}
		return atSweep
	case atDrop:
		s.word = tellState(s.word)
		s.drops++
		return atFinish
	case atFinish:
		s.word = finishState(s.word)
		s.ends++
		s.holders--
		return atWaiters
	case atWaiters:
		if s.word&awaited != 0 && s.entered {
			s.waked = true
		}
		return atSweep
	}
	panic("no such step")
}

func modelWorker(s *modelState, pc int) int {
	switch pc {
	case 0: // next
		if s.queue == 0 || s.closed {
			return interleave.Blocked
		}
		s.queue--
		return 1
	case 1: // begin
		to, ok := beginState(s.word)
		s.word = to
		if !ok {
			return 0
		}
		s.holders++
		return 2
	case 2: // canceled?
		if s.word&(canceled|told) == canceled {
			return 3
		}
		return 4
	case 3: // drop
		s.word = tellState(s.word)
		s.drops++
		return 9
	case 4: // the poll looks
		s.polls++
		s.saw = s.ready
		return 5
	case 5:
		if s.saw {
			s.value = true
			return 9
		}
		if s.word&scheduled != 0 || s.listed {
			return 7
		}
		return 6
	case 6: // enter
		if s.shut {
			s.word |= canceled | shutting
			return 2
		}
		s.listed = true
		return 7
	case 7: // suspend
		to, v := suspendState(s.word)
		s.word = to
		switch v {
		case parked:
			s.holders--
			return 0
		case requeue:
			s.holders--
			return atPush
		}
		s.drops++
		return 9
	}
	return modelFinish(s, pc)
}

// modelFinish is worker.finish.
func modelFinish(s *modelState, pc int) int {
	switch pc {
	case 9: // leave the list
		s.listed = s.listed && s.shut
		return 10
	case 10:
		s.word = finishState(s.word)
		s.ends++
		s.holders--
		return 11
	case 11:
		if s.word&awaited != 0 && s.entered {
			s.waked = true
		}
		return 0
	}
	return common(s, pc, 0)
}

// modelEager is a worker with nothing else to do: it polls a task that has been
// woken again at once.
func modelEager(s *modelState, pc int) int {
	if pc == 5 && !s.saw {
		if to, ok := againState(s.word); ok {
			s.word = to
			return 2
		}
	}
	return modelWorker(s, pc)
}

func modelWaker(s *modelState, pc int) int {
	switch pc {
	case 0:
		s.ready = true
		return 1
	case 1:
		to, push := wakeState(s.word)
		s.word = to
		if push {
			return atPush
		}
		return interleave.Done
	}
	return common(s, pc, interleave.Done)
}

// modelNoise is a wake that nothing has happened for.
func modelNoise(s *modelState, pc int) int {
	if pc == 0 {
		return modelWaker(s, 1)
	}
	return common(s, pc, interleave.Done)
}

func modelCanceler(s *modelState, pc int) int {
	if pc != 0 {
		return common(s, pc, interleave.Done)
	}
	to, push := cancelState(s.word)
	s.word = to
	if push {
		return atPush
	}
	return interleave.Done
}

func modelCloser(s *modelState, pc int) int {
	switch pc {
	case 0:
		s.closed = true
		return 1
	case 1:
		s.shut, s.took = true, s.listed
		return 2
	case 2:
		if !s.took {
			return atSweep
		}
		to, taken := shutState(s.word)
		s.word = to
		if taken {
			s.holders++
			return atDrop
		}
		return atSweep
	}
	return common(s, pc, interleave.Done)
}

func modelWaiter(s *modelState, pc int) int {
	switch pc {
	case 0:
		to, ok := awaitState(s.word)
		s.word = to
		if !ok {
			return interleave.Done
		}
		return 1
	case 1: // enter the table
		if s.word&done != 0 {
			return interleave.Done
		}
		s.entered = true
		return 2
	case 2: // poll, once before it parks
		if s.word&done != 0 {
			return interleave.Done
		}
		return 3
	default:
		if !s.waked {
			return interleave.Blocked
		}
		return interleave.Done
	}
}

func modelDetacher(s *modelState, pc int) int {
	to, late := detachState(s.word)
	s.word = to
	s.detacher = 1
	if late {
		s.detacher = 2
	}
	return interleave.Done
}

func modelInvariant(s modelState) error {
	switch {
	case s.holders > 1:
		return fmt.Errorf("%d holders of the future", s.holders)
	case s.holders == 0 && s.word&running != 0:
		return errors.New("running, and nobody holds it")
	case s.ends > 1 || s.drops > 1:
		return fmt.Errorf("%d ends, %d drops", s.ends, s.drops)
	case s.drops > 0 && s.value:
		return errors.New("dropped after its end")
	case s.ends == 1 && s.word&(done|running|scheduled) != done:
		return fmt.Errorf("ended, but the word is %b", s.word)
	case s.word&done == 0 && s.ends > 0:
		return errors.New("ended, and not done any more")
	}
	return nil
}

func modelThreads(names ...string) []interleave.Thread[modelState] {
	all := map[string]interleave.Thread[modelState]{
		"worker":   {Step: modelWorker, Daemon: true},
		"eager":    {Step: modelEager, Daemon: true},
		"second":   {Step: modelWorker, Daemon: true},
		"waker":    {Step: modelWaker},
		"noise":    {Step: modelNoise},
		"canceler": {Step: modelCanceler},
		"closer":   {Step: modelCloser},
		"waiter":   {Step: modelWaiter},
		"detacher": {Step: modelDetacher},
	}
	var threads []interleave.Thread[modelState]
	for _, name := range names {
		t := all[name]
		t.Name = name
		threads = append(threads, t)
	}
	return threads
}

// check explores a task that has just been spawned.
func check(t *testing.T, final func(modelState) error, names ...string) {
	t.Helper()
	r := interleave.Check(t, interleave.Model[modelState]{
		Init:      modelState{word: scheduled, queue: 1},
		Threads:   modelThreads(names...),
		Invariant: modelInvariant,
		Final:     final,
	})
	t.Logf("%v: %d states, %d steps, %d ends", names, r.States, r.Steps, r.Ends)
}

func mustEnd(s modelState) error {
	if s.ends != 1 {
		return fmt.Errorf("not ended: %+v", s)
	}
	return nil
}

func TestModelAWakenTaskEnds(t *testing.T) {
	withValue := func(s modelState) error {
		if s.ends != 1 || !s.value {
			return fmt.Errorf("%+v", s)
		}
		return nil
	}
	check(t, withValue, "worker", "waker", "noise", "waiter", "detacher")
	check(t, withValue, "eager", "waker", "noise", "waiter")
	check(t, withValue, "worker", "second", "waker", "noise", "waiter")
}

func TestModelACanceledTaskEndsWithOrWithoutAValue(t *testing.T) {
	check(t, mustEnd, "worker", "waker", "noise", "canceler", "waiter", "detacher")
	check(t, mustEnd, "worker", "second", "canceler", "noise", "waiter")
	check(t, mustEnd, "worker", "canceler", "waiter")
	check(t, mustEnd, "eager", "second", "waker", "canceler", "waiter")
}

func TestModelAClosedExecutorEndsEverything(t *testing.T) {
	check(t, mustEnd, "closer", "waiter", "detacher")
	check(t, mustEnd, "closer", "waker", "waiter", "canceler")
	check(t, mustEnd, "worker", "closer", "waiter", "noise")
	check(t, mustEnd, "worker", "closer", "waker", "canceler", "waiter")
	check(t, mustEnd, "worker", "second", "closer", "waker", "waiter")
	check(t, mustEnd, "eager", "closer", "waker", "canceler")
}

func TestModelWithoutAWakeTheTaskStaysParked(t *testing.T) {
	check(t, func(s modelState) error {
		if s.ends != 0 || s.polls < 1 || s.holders != 0 {
			return fmt.Errorf("%+v", s)
		}
		return nil
	}, "worker", "noise", "detacher")
}

// The checker must be able to see what it is there for: break one transition,
// and it has to find out.
func TestModelFindsALostWake(t *testing.T) {
	m := interleave.Model[modelState]{
		Init:    modelState{word: scheduled, queue: 1},
		Threads: modelThreads("worker", "waker", "waiter"),
	}
	broken := m.Threads[0].Step
	m.Threads[0].Step = func(s *modelState, pc int) int {
		if pc == 7 { // suspend forgets a wake that came during the poll
			s.word &^= scheduled | running
			s.holders--
			return 0
		}
		return broken(s, pc)
	}
	if err := m.Explore().Err(); !errors.Is(err, interleave.ErrHang) {
		t.Errorf("found %v", err)
	}
}
