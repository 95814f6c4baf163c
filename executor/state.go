package executor

// The state word of a task. Everything that can happen to a task is one of the
// pure functions below, applied by the one loop in core.update; model_test.go
// runs these same functions through every interleaving.
//
//	scheduled  the task is in a queue, or its waker is about to put it there.
//	           Set by spawn, wake and cancel. Cannot be set by them while it
//	           is set (wakes coalesce) or after done. While running is also
//	           set, the task is in no queue: whoever polls it puts it there
//	           afterwards. Cleared by begin, that is before the poll, so that
//	           a wake from then on is answered by another poll.
//	running    somebody polls the task's future, or drops it. Set by begin
//	           from scheduled, or by shut from scheduled or idle. Cannot be
//	           set while it is set: it is the lock on the future, the result
//	           and every plain field of the task.
//	done       the task has ended: its future is gone, its result is in
//	           place. Set by finish, by the holder of running only. Cannot be
//	           cleared; nothing below changes scheduled or running any more.
//	canceled   somebody wants the task to end. Set by cancel, by shut, never
//	           after done: a result that is there stays.
//	shutting   the executor has ended, so nobody will poll the task again.
//	           Set by shut, with canceled.
//	told       the holder of running has passed the cancellation on to the
//	           future. Set by the holder of running; cleared by shut, which
//	           is a second, harder cancellation.
//	detached   nobody will ask for the result.
//	awaited    at least one Wait has been entered in the table of waiters.
//	           Cannot be set after done, so the finisher, who sees the bit or
//	           does not, knows whether the table has to be looked at.
//	inbox      the task is in the inbox of its Local (tasks of a Local only,
//	           who do not use scheduled and running; see local.go).
//	unpolled   the task has no handle and has not been polled yet: nobody has it
//	           but the queue that it is in (detached.go). Set when it is spawned,
//	           cleared by its first poll. It is in this word since the worker
//	           looks at it before it has running, while Close may have the task.
const (
	scheduled uint32 = 1 << iota
	running
	done
	canceled
	shutting
	told
	detached
	awaited
	inbox
	unpolled
)

// wake: push says that the caller must now put the task into a queue. A wake
// that changes nothing is still written (see core.update).
func wakeState(s uint32) (to uint32, push bool) {
	switch {
	case s&done != 0, s&scheduled != 0:
		return s, false
	case s&running != 0:
		return s | scheduled, false
	}
	return s | scheduled, true
}

// begin: a worker has taken the task out of a queue. If ok is false it is not
// to be polled: the executor's end has overtaken it.
func beginState(s uint32) (to uint32, ok bool) {
	if s&(done|running) != 0 || s&scheduled == 0 {
		return s, false
	}
	return s&^scheduled | running, true
}

// What suspend decides.
type verdict uint8

const (
	parked  verdict = iota // running is given up; a wake will bring it back
	requeue                // running is given up; the caller must queue it
	retell                 // running is kept: the cancellation must be passed on
)

// suspend: the poll is over and the future has not ended.
func suspendState(s uint32) (to uint32, v verdict) {
	switch {
	case s&canceled != 0 && s&told == 0:
		return s | told, retell
	case s&scheduled != 0:
		return s &^ running, requeue
	}
	return s &^ running, parked
}

// again: the poll is over, the future has not ended, and the worker has
// nothing else to do: a task that has been woken meanwhile stays running and
// is polled again at once.
func againState(s uint32) (to uint32, ok bool) {
	if s&scheduled == 0 || s&canceled != 0 {
		return s, false
	}
	return s &^ scheduled, true
}

// finish: the holder of running has put the result in place.
func finishState(s uint32) uint32 { return s&^(running|scheduled) | done }

// cancel: push says that the caller must now put the task into a queue, so that
// a worker drops its future.
func cancelState(s uint32) (to uint32, push bool) {
	switch {
	case s&(done|canceled) != 0:
		return s, false
	case s&(running|scheduled) != 0:
		return s | canceled, false
	}
	return s | canceled | scheduled, true
}

// shut: the executor ends. If taken is true the caller now holds running and
// must drop the future itself; else whoever holds it will.
func shutState(s uint32) (to uint32, taken bool) {
	switch {
	case s&done != 0, s&shutting != 0 && s&running != 0:
		return s, false
	case s&running != 0:
		return s&^told | canceled | shutting, false
	}
	return s&^(scheduled|told) | canceled | shutting | running, true
}

// tell: the holder of running is about to pass a cancellation on.
func tellState(s uint32) uint32 { return s | told }

// detach: late says that the task has ended already.
func detachState(s uint32) (to uint32, late bool) { return s | detached, s&done != 0 }

// await: ok is false if there is nothing to wait for.
func awaitState(s uint32) (to uint32, ok bool) {
	if s&done != 0 {
		return s, false
	}
	return s | awaited, true
}

// update applies a transition. It writes even when nothing changes: a waker
// that finds the task scheduled must still publish what it did before to the
// poll that follows, and begin, which reads this write, is what orders the two.
func update[R any](c *core, f func(uint32) (uint32, R)) R {
	for {
		s := c.state.Load()
		to, r := f(s)
		if c.state.CompareAndSwap(s, to) {
			return r
		}
	}
}

// set is update for a transition without a verdict; it returns the old state.
func set(c *core, f func(uint32) uint32) (old uint32) {
	for {
		s := c.state.Load()
		if c.state.CompareAndSwap(s, f(s)) {
			return s
		}
	}
}
