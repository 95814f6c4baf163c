package threadpool

import (
	"errors"
	"fmt"
	"testing"

	"github.com/causeway-go/causeway/internal/interleave"
)

// The model of Shutdown: a pool of two slots with two jobs that run. The first
// waits once, giving its slot up, and ends. The second waits once too, then
// calls Shutdown itself, and ends. Meanwhile somebody outside calls Shutdown.

type drain struct {
	closed   bool
	mu       int
	running  int
	waiting  int
	draining int
	slept    [3]bool // has given its slot up
	stands   [3]bool // in drains
	granted  [3]bool
	own      [3]int
	busy     [3]int // what checkDrained has read
	then     [3]int8
	ended    [2]bool
	inside   bool // the second job is in Shutdown
}

const outsider = 2

const (
	drGiveUp = iota // waiting is raised
	drSleep         // running is lowered
	drBack
	drAwake
	drClose
	drPush
	drEnd
	drCheck
	drLock
	drRunning
	drWaiting
	drGrant
	drAwait
	drReturn
)

var drSteps = []string{"give up", "sleep", "back", "awake", "close", "push", "end", "check", "lock", "read running",
	"read waiting", "grant", "await", "return"}

func (d *drain) check(i, pc int, mistake string) int {
	switch pc {
	case drCheck:
		if !d.closed {
			return d.next(i)
		}
		return drLock
	case drLock:
		if d.mu != 0 {
			return interleave.Blocked
		}
		d.mu = i + 1
		return drRunning
	case drRunning:
		d.busy[i] = d.running
		if mistake == "waiting is read first" {
			d.busy[i] = d.waiting
		}
		return drWaiting
	case drWaiting:
		if d.busy[i] += d.waiting; mistake == "waiting is read first" {
			d.busy[i] += d.running - d.waiting
		}
		return drGrant
	}
	if d.busy[i] <= d.draining {
		for k := range d.stands {
			if d.stands[k] && (d.busy[i] == 0 || d.own[k] > 0 || mistake == "all are the same") {
				d.stands[k], d.granted[k] = false, true
			}
		}
	}
	d.busy[i], d.mu = 0, 0
	return d.next(i)
}

func (d *drain) next(i int) int {
	n := int(d.then[i])
	d.then[i] = 0
	return n
}

func (d *drain) after(i, next int) int {
	d.then[i] = int8(next)
	return drCheck
}

// pause is a wait of job i, which goes on at next.
func (d *drain) pause(i, pc, next int, mistake string) int {
	switch pc {
	case drGiveUp:
		d.waiting++
		return drSleep
	case drSleep:
		d.running--
		d.slept[i] = true
		return d.after(i, drBack)
	case drBack: // a slot of a closed pool is given out under mu
		if d.closed && d.mu != 0 && mistake != "a slot is taken without mu" {
			return interleave.Blocked
		}
		d.running++
		d.slept[i] = false
		return drAwake
	}
	d.waiting--
	return next
}

func drainJob(i int, mistake string) func(*drain, int) int {
	return func(d *drain, pc int) int {
		switch {
		case pc < drAwake:
			return d.pause(i, pc, 0, mistake)
		case pc == drAwake && i == 0:
			return d.pause(i, pc, drEnd, mistake)
		case pc == drAwake && !d.inside:
			return d.pause(i, pc, drClose, mistake)
		case pc == drAwake:
			d.waiting--
			return drReturn
		case pc == drEnd:
			d.running--
			d.ended[i] = true
			if mistake == "the end is not told" {
				return interleave.Done
			}
			return d.after(i, drReturn+1)
		case pc == drReturn+1:
			return interleave.Done
		}
		return d.shutdown(i, pc, mistake)
	}
}

// shutdown is Shutdown by job 1 or from outside.
func (d *drain) shutdown(i, pc int, mistake string) int {
	switch pc {
	case drClose:
		if d.mu != 0 {
			return interleave.Blocked
		}
		d.closed = true
		return drPush
	case drPush:
		if d.mu != 0 {
			return interleave.Blocked
		}
		if i != outsider {
			d.own[i], d.inside = 1, true
		}
		d.draining += d.own[i]
		d.stands[i] = true
		return d.after(i, drAwait)
	case drAwait:
		if d.granted[i] {
			return drReturn
		}
		if i == outsider {
			return interleave.Blocked
		}
		return drGiveUp // and comes back to drReturn, which waits
	case drReturn:
		if d.mu != 0 || !d.granted[i] {
			return interleave.Blocked
		}
		d.draining -= d.own[i]
		d.granted[i] = false
		if i != outsider {
			d.own[i], d.inside = 0, false
			if !d.ended[0] {
				panic("Shutdown inside a job has returned while another was running")
			}
			return drEnd
		}
		if !d.ended[0] || !d.ended[1] {
			panic("Shutdown has returned while a job was running")
		}
		return interleave.Done
	}
	return d.check(i, pc, mistake)
}

func drainModel(mistake string) interleave.Model[drain] {
	job := func(i int) func(*drain, int) int {
		step := drainJob(i, mistake)
		return func(d *drain, pc int) int {
			// In Shutdown the job has given its slot up until it is granted.
			if i == 1 && pc == drBack && d.inside && !d.granted[1] {
				return interleave.Blocked
			}
			return step(d, pc)
		}
	}
	out := func(d *drain, pc int) int {
		if pc == 0 {
			pc = drClose
		}
		return d.shutdown(outsider, pc, mistake)
	}
	return interleave.Model[drain]{
		Init: drain{running: 2},
		Threads: []interleave.Thread[drain]{
			{Name: "job", Step: job(0), Steps: drSteps},
			{Name: "job that shuts down", Step: job(1), Steps: drSteps},
			{Name: "shutdown", Step: out, Steps: append([]string{"close"}, drSteps[1:]...)},
		},
		Invariant: func(d drain) error {
			if d.running < 0 || d.waiting < 0 || d.draining < 0 {
				return errors.New("a negative count")
			}
			return nil
		},
		Final: func(d drain) error {
			if d.running+d.waiting+d.draining != 0 {
				return fmt.Errorf("%+v", d)
			}
			return nil
		},
	}
}

func TestModelOfShutdown(t *testing.T) {
	r := interleave.Check(t, drainModel(""))
	t.Logf("%d states, %d steps", r.States, r.Steps)
}

func TestModelOfShutdownFindsMistakes(t *testing.T) {
	for _, mistake := range []string{
		"waiting is read first", "all are the same", "a slot is taken without mu", "the end is not told",
	} {
		found(t, mistake, drainModel(mistake).Explore())
	}
}
