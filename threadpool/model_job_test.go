package threadpool

import (
	"errors"
	"fmt"
	"testing"

	"github.com/causeway-go/causeway/internal/interleave"
)

// The model of the life of one job that is in the queue: a worker fetches and
// runs it, somebody cancels it, somebody leaves it, and the pool is closed.

type life struct {
	state     int
	mu        int
	in        bool // in the queue
	fetched   bool // taken out by the worker
	popped    bool // taken out by the closer
	abandoned int
	ran       int
	dropped   int // told by DropJob
	cancelled int // Cancel has returned true
	leaver    int // what Leave returns: 1 true, 2 false
	completed int
}

func (l *life) lock(me, next int) int {
	if l.mu != 0 {
		return interleave.Blocked
	}
	l.mu = me
	return next
}

func (l *life) cas(from, to int) bool {
	if l.state != from {
		return false
	}
	l.state = to
	return true
}

func lifeWorker(mistake string) func(*life, int) int {
	return func(l *life, pc int) int {
		switch pc {
		case 0:
			return l.lock(1, 1)
		case 1: // pop
			if !l.in {
				l.mu = 0
				return interleave.Done
			}
			l.in, l.fetched = false, true
			return 2
		case 2: // begin
			ok := l.cas(jobQueued, jobRunning)
			if mistake == "begin without asking" {
				l.state, ok = jobRunning, true
			}
			l.mu = 0
			if !ok {
				return interleave.Done
			}
			return 3
		case 3:
			l.ran++
			return 4
		case 4: // finish
			was := l.state
			l.state = jobDone
			if was == jobLeft {
				return 5
			}
			return 6
		case 5:
			l.abandoned--
			return 6
		}
		l.completed++
		return interleave.Done
	}
}

func lifeCanceller(mistake string) func(*life, int) int {
	return func(l *life, pc int) int {
		switch pc {
		case 0:
			if mistake == "cancel what runs" && l.state == jobRunning {
				l.state = jobDropped
			} else if !l.cas(jobQueued, jobDropped) {
				return interleave.Done
			}
			return 1
		case 1:
			return l.lock(2, 2)
		default:
			if mistake == "remove twice" && !l.in {
				panic("removed from no list")
			}
			l.in, l.mu = false, 0
			l.cancelled++
			return interleave.Done
		}
	}
}

func lifeLeaver(mistake string) func(*life, int) int {
	return func(l *life, pc int) int {
		switch pc {
		case 0:
			if l.state != jobRunning {
				return interleave.Done
			}
			if mistake == "count after leaving" {
				return 3
			}
			return 1
		case 1:
			l.abandoned++
			return 2
		case 2:
			if l.cas(jobRunning, jobLeft) {
				l.leaver = 1
				return interleave.Done
			}
			return 4
		case 3:
			if l.cas(jobRunning, jobLeft) {
				return 5
			}
			return interleave.Done
		case 4:
			l.abandoned--
			l.leaver = 2
			return interleave.Done
		}
		l.abandoned++
		l.leaver = 1
		return interleave.Done
	}
}

func lifeCloser(mistake string) func(*life, int) int {
	return func(l *life, pc int) int {
		switch pc {
		case 0:
			return l.lock(3, 1)
		case 1:
			if !l.in {
				l.mu = 0
				return interleave.Done
			}
			l.in, l.popped = false, true
			return 2
		case 2:
			ok := l.cas(jobQueued, jobDropped) || mistake == "drop without asking"
			l.mu = 0
			if !ok {
				return interleave.Done
			}
			return 3
		}
		l.dropped++
		return interleave.Done
	}
}

func lifeModel(mistake string) interleave.Model[life] {
	return interleave.Model[life]{
		Init: life{state: jobQueued, in: true},
		Threads: []interleave.Thread[life]{
			{Name: "worker", Step: lifeWorker(mistake), Steps: []string{"lock", "pop", "begin", "run", "finish", "uncount", "count"}},
			{Name: "canceller", Optional: true, Step: lifeCanceller(mistake), Steps: []string{"drop", "lock", "remove"}},
			{Name: "canceller too", Optional: true, Step: lifeCanceller(mistake), Steps: []string{"drop", "lock", "remove"}},
			{Name: "leaver", Optional: true, Step: lifeLeaver(mistake), Steps: []string{"look", "count", "leave", "leave", "uncount", "count"}},
			{Name: "closer", Optional: true, Step: lifeCloser(mistake), Steps: []string{"lock", "pop", "drop", "tell"}},
		},
		Invariant: func(l life) error {
			switch {
			case l.abandoned < 0:
				return errors.New("fewer than no job is abandoned")
			case l.ran+l.dropped+l.cancelled > 1:
				return fmt.Errorf("ran %d times, dropped %d, cancelled %d", l.ran, l.dropped, l.cancelled)
			}
			return nil
		},
		Final: func(l life) error {
			if l.ran+l.dropped+l.cancelled != 1 || l.abandoned != 0 || l.completed != l.ran || l.in {
				return fmt.Errorf("%+v", l)
			}
			return nil
		},
	}
}

func TestModelOfAJob(t *testing.T) {
	r := interleave.Check(t, lifeModel(""))
	t.Logf("%d states, %d steps", r.States, r.Steps)
}

func TestModelOfAJobFindsMistakes(t *testing.T) {
	for _, mistake := range []string{
		"begin without asking", "cancel what runs", "remove twice", "count after leaving", "drop without asking",
	} {
		found(t, mistake, lifeModel(mistake).Explore())
	}
}

// The model of the outcome of a job that Do waits for: it panics; its waiter
// may be woken for nothing; its context may end. What the waiter may read has
// been written, and the panic comes out in exactly one place.

type verdict struct {
	state     int // of the job, which is queued at first
	outcome   int
	written   bool // panicked
	permit    bool
	done      bool // the context
	raised    int  // by Do
	reported  int  // to OnPanic
	returned  bool
	abandoned bool
}

func waitedJob(mistake string) func(*verdict, int) int {
	return func(v *verdict, pc int) int {
		switch pc {
		case 0:
			if v.state != jobQueued {
				return interleave.Done
			}
			v.state = jobRunning
			return 1
		case 1:
			if mistake != "settle before writing" {
				v.written = true
			}
			return 2
		case 2:
			if v.outcome != outcomeOpen {
				return 4
			}
			v.outcome = outcomeKnown
			return 3
		case 3:
			v.written = true
			v.permit = true
			return interleave.Done
		}
		v.reported++
		return interleave.Done
	}
}

func doWaits(mistake string) func(*verdict, int) int {
	return func(v *verdict, pc int) int {
		switch pc {
		case 0: // Wait
			switch {
			case v.permit:
				v.permit = false
				if mistake == "trust the wake" {
					return 4
				}
				return 1
			case v.done:
				return 2
			}
			return interleave.Blocked
		case 1:
			if v.outcome == outcomeKnown {
				return 4
			}
			return 0
		case 2: // known, or Cancel
			if v.outcome == outcomeKnown {
				return 4
			}
			if v.state == jobQueued {
				v.state, v.returned = jobDropped, true
				return interleave.Done
			}
			return 3
		case 3: // leave
			if v.outcome == outcomeOpen || mistake == "leave without asking" {
				v.outcome, v.returned, v.abandoned = outcomeLeft, true, true
				return interleave.Done
			}
			return 4
		}
		if !v.written || v.outcome != outcomeKnown {
			panic("reads what has not been written")
		}
		v.returned = true
		v.raised++
		return interleave.Done
	}
}

func verdictModel(mistake string) interleave.Model[verdict] {
	spurious := func(v *verdict, _ int) int { v.permit = true; return interleave.Done }
	return interleave.Model[verdict]{
		Init: verdict{state: jobQueued},
		Threads: []interleave.Thread[verdict]{
			{Name: "job", Step: waitedJob(mistake), Steps: []string{"begin", "write", "settle", "notify", "report"}},
			{Name: "Do", Step: doWaits(mistake), Steps: []string{"wait", "look", "cancel", "leave", "read"}},
			{Name: "spurious wake", Optional: true, Step: spurious},
			{Name: "end of context", Optional: true, Step: func(v *verdict, _ int) int { v.done = true; return interleave.Done }},
		},
		Final: func(v verdict) error {
			if !v.returned || v.state == jobRunning && v.raised+v.reported != 1 || v.state == jobDropped && v.raised+v.reported != 0 {
				return fmt.Errorf("%+v", v)
			}
			return nil
		},
	}
}

func TestModelOfAnOutcome(t *testing.T) {
	r := interleave.Check(t, verdictModel(""))
	t.Logf("%d states, %d steps", r.States, r.Steps)
}

func TestModelOfAnOutcomeFindsMistakes(t *testing.T) {
	for _, mistake := range []string{"trust the wake", "leave without asking", "settle before writing"} {
		found(t, mistake, verdictModel(mistake).Explore())
	}
}
