package threadpool

import (
	"errors"
	"fmt"
	"testing"

	"github.com/causeway-go/causeway/internal/interleave"
)

// The model of admission: three goroutines enter a pool of one slot; the
// context of the third may end; the limit may be raised to 2 and lowered again.
// Every operation on the word is a step, and so is every section under the
// mutex between two of them. The word is the real one.

const enterers = 3

type admission struct {
	w       word
	mu      int            // who holds it, plus 1
	queue   [enterers]int8 // who stands in the queue, plus 1
	granted [enterers]bool
	asleep  [enterers]bool // has left the mutex and waits
	has     [enterers]bool // may run
	left    [enterers]bool // has ended without a slot
	ended   bool           // the context of the last
	then    [enterers + 1]int8
}

func (a *admission) len() (n int) {
	for n < enterers && a.queue[n] != 0 {
		n++
	}
	return n
}

func (a *admission) remove(i int) {
	k := 0
	for _, q := range a.queue {
		if q != 0 && q != int8(i+1) {
			a.queue[k] = q
			k++
		}
	}
	for ; k < enterers; k++ {
		a.queue[k] = 0
	}
}

func (a *admission) grantHead() {
	if a.w.free() < 0 {
		panic("a slot is passed on that there is no more")
	}
	i := int(a.queue[0] - 1)
	a.remove(i)
	a.granted[i], a.asleep[i] = true, false
}

func (a *admission) takes() {
	a.w++
	for i := range a.asleep {
		if a.asleep[i] {
			panic("overtaken")
		}
	}
}

// steps of an enterer
const (
	admTake = iota
	admLock
	admLook
	admTakeLocked
	admSync
	admDispatch
	admSyncAgain
	admUnlock
	admWait
	admLeave
	admRun
	admGive
	admLockToGive
	admPass
	admEnd
)

var admSteps = []string{"take", "lock", "look", "take locked", "sync", "dispatch", "sync again", "unlock",
	"wait", "leave", "run", "give", "lock to give", "pass", "end"}

func enterer(i int, mistake string) interleave.Thread[admission] {
	return interleave.Thread[admission]{
		Name:  fmt.Sprint("enterer ", i),
		Steps: admSteps,
		Step: func(a *admission, pc int) int {
			if pc <= admTakeLocked {
				return a.enter(i, pc)
			}
			if pc <= admUnlock {
				return a.dispatch(i, pc, mistake)
			}
			return a.stay(i, pc, mistake)
		},
	}
}

func (a *admission) lock(i, next int) int {
	if a.mu != 0 {
		return interleave.Blocked
	}
	a.mu = i + 1
	return next
}

func (a *admission) enter(i, pc int) int {
	switch pc {
	case admTake:
		if !a.w.open() {
			return admLock
		}
		a.takes()
		a.has[i] = true
		return admRun
	case admLock:
		return a.lock(i, admLook)
	case admLook:
		if a.w.free() > a.len() {
			return admTakeLocked
		}
	default:
		if a.w.free() > 0 {
			a.takes()
			a.has[i], a.mu = true, 0
			return admRun
		}
	}
	a.queue[a.len()] = int8(i + 1)
	a.then[i] = admWait
	return admSync
}

// dispatch is dispatchLocked and the unlocking after it. i may be the resizer.
func (a *admission) dispatch(i, pc int, mistake string) int {
	switch pc {
	case admSync:
		if mistake != "dispatch before the bit is set" {
			a.w = a.w.withQueued(a.len() > 0)
		}
		return admDispatch
	case admDispatch:
		if a.len() > 0 && a.w.free() > 0 {
			a.w++
			a.grantHead()
			return admDispatch
		}
		return admSyncAgain
	case admSyncAgain:
		a.w = a.w.withQueued(a.len() > 0)
		return admUnlock
	}
	a.mu = 0
	next := int(a.then[i])
	a.then[i] = 0
	if next == admWait {
		a.asleep[i] = !a.granted[i]
	}
	return next
}

func (a *admission) stay(i, pc int, mistake string) int {
	switch pc {
	case admWait:
		if !a.granted[i] && !(i == enterers-1 && a.ended) {
			return interleave.Blocked
		}
		return a.lock(i, admLeave)
	case admLeave:
		if a.granted[i] && (mistake != "leave without looking" || !a.ended || i != enterers-1) {
			a.has[i], a.granted[i], a.mu = true, false, 0
			return admRun
		}
		a.remove(i)
		a.asleep[i], a.granted[i], a.left[i] = false, false, true
		a.then[i] = admEnd
		return admSync
	case admRun:
		return admGive
	case admGive:
		if a.w.queued() && mistake != "give although somebody waits" {
			return admLockToGive
		}
		a.w--
		a.has[i], a.left[i] = false, true
		return interleave.Done
	case admLockToGive:
		return a.lock(i, admPass)
	case admPass:
		a.has[i], a.left[i] = false, true
		a.then[i] = admEnd
		if (a.w.free() >= 0 || mistake == "pass a slot that is gone") && a.len() > 0 {
			a.grantHead()
		} else {
			a.w--
		}
		return admSync
	}
	return interleave.Done
}

// resizer raises the limit and lowers it again, each at any time or never.
func resizer(to int, mistake string) interleave.Thread[admission] {
	const me = enterers
	return interleave.Thread[admission]{
		Name: fmt.Sprint("resize to ", to), Optional: true, Steps: append(admSteps, "set"),
		Step: func(a *admission, pc int) int {
			switch pc {
			case 0:
				return a.lock(me, admEnd+1)
			case admEnd + 1:
				a.w = a.w.withLimit(to)
				a.then[me] = admEnd
				if mistake == "resize without looking" {
					return admUnlock
				}
				return admSync
			case admEnd:
				return interleave.Done
			}
			return a.dispatch(me, pc, mistake)
		},
	}
}

func admissionModel(limit int, mistake string) interleave.Model[admission] {
	threads := []interleave.Thread[admission]{
		enterer(0, mistake), enterer(1, mistake), enterer(2, mistake),
		resizer(3-limit, mistake),
		{Name: "end of context", Optional: true, Step: func(a *admission, _ int) int { a.ended = true; return interleave.Done }},
	}
	return interleave.Model[admission]{
		Init:    admission{w: word(0).withLimit(limit)},
		Threads: threads,
		Limit:   5_000_000,
		Invariant: func(a admission) error {
			runs, waits := 0, 0
			for i := range enterers {
				if a.has[i] || a.granted[i] {
					runs++
				}
				if a.asleep[i] {
					waits++
				}
			}
			switch {
			case runs > a.w.running() || a.w.running() > enterers:
				return fmt.Errorf("%d have slots, %d are taken", runs, a.w.running())
			case a.mu == 0 && waits > 0 && a.w.free() > 0:
				return errors.New("somebody sleeps while a slot is free")
			case a.mu == 0 && a.w.queued() != (a.len() > 0):
				return errors.New("the bit does not say what the queue says")
			case limit == 1 && a.w.limit() == 1 && runs > 1:
				return errors.New("more than the limit")
			}
			return nil
		},
		Final: func(a admission) error {
			if a.w.running() != 0 || a.w.queued() || a.len() != 0 {
				return fmt.Errorf("left: %d slots, queue %v", a.w.running(), a.queue)
			}
			return nil
		},
	}
}

func TestModelOfAdmission(t *testing.T) {
	for limit := 1; limit <= 2; limit++ {
		r := interleave.Check(t, admissionModel(limit, ""))
		t.Logf("limit %d: %d states, %d steps", limit, r.States, r.Steps)
	}
}

// found fails the test if the model with a mistake is found to be right.
func found(t *testing.T, mistake string, r interleave.Report) {
	t.Helper()
	err := r.Err()
	if err == nil || errors.Is(err, interleave.ErrLimit) {
		t.Errorf("%s: not found in %d states: %v", mistake, r.States, err)
		return
	}
	t.Logf("%s: found: %v, %s", mistake, r.Failures[0].Kind, r.Failures[0].Cause)
}

func TestModelOfAdmissionFindsMistakes(t *testing.T) {
	for mistake, limit := range map[string]int{
		"dispatch before the bit is set": 1,
		"give although somebody waits":   1,
		"leave without looking":          1,
		"resize without looking":         1,
		"pass a slot that is gone":       2,
	} {
		found(t, mistake, admissionModel(limit, mistake).Explore())
	}
}
