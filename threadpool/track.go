package threadpool

import (
	"sync"
	"time"

	"github.com/causeway-go/causeway/internal/goroutine"
	"github.com/causeway-go/causeway/internal/stacks"
)

// A JobInfo tells of a job that has started and not ended.
type JobInfo struct {
	Pool      string        // the name of the pool or class
	For       time.Duration // since it started, or 0 if that was by the clock of another synctest bubble
	Waiting   bool          // it has given its slot up and waits for something
	Abandoned bool          // nobody waits for it any more
	Goroutine uint64        // its number, as it stands in stack traces
	Stack     []byte        // where it is
}

// A tracker remembers the jobs of a pool that have started, if Options.Track or
// Options.OnStall ask for that, and reports those that do not end.
type tracker struct {
	mu    sync.Mutex
	jobs  tracked // the ring of them
	armed bool    // a timer is set that looks for stalled jobs
}

// A tracked is the entry of a job.
type tracked struct {
	next, prev *tracked      // nil if it is in no ring
	job        *Job          // or nil
	since      time.Duration // when it started
	ran        time.Duration // when it got its slot last
	goroutine  uint64
	foreign    bool // its clock is not that of the pool
	waiting    bool
	reported   bool
}

func newTracker() *tracker {
	t := new(tracker)
	t.jobs.next, t.jobs.prev = &t.jobs, &t.jobs
	return t
}

// begin remembers a job that starts on the calling goroutine.
func (t *tracker) begin(p *Pool, e *tracked, j *Job) {
	foreign := p.foreign()
	now := clock()
	*e = tracked{job: j, goroutine: stacks.ID(), since: now, ran: now, foreign: foreign}
	t.mu.Lock()
	e.next, e.prev = &t.jobs, t.jobs.prev
	e.prev.next, t.jobs.prev = e, e
	// A timer that is made in a bubble would be of its clock.
	arm := p.opts.OnStall != nil && !t.armed && !foreign
	t.armed = t.armed || arm
	t.mu.Unlock()
	if arm {
		time.AfterFunc(p.opts.StallAfter, func() { t.look(p) })
	}
}

// end forgets a job. It is called before the job may be used again.
func (t *tracker) end(e *tracked) {
	t.mu.Lock()
	if e.next != nil {
		e.next.prev, e.prev.next = e.prev, e.next
		e.next, e.prev, e.job = nil, nil, nil
	}
	t.mu.Unlock()
}

func (t *tracker) wait(e *tracked, waiting bool) {
	if t == nil {
		return
	}
	now := clock()
	t.mu.Lock()
	e.waiting, e.ran = waiting, now
	t.mu.Unlock()
}

// look reports the jobs that have been running for too long. A job that waits in
// this module's ways holds no slot, and is not stalled.
func (t *tracker) look(p *Pool) {
	var stalled []JobInfo
	now, next := clock(), time.Duration(-1)
	t.mu.Lock()
	for e := t.jobs.next; e != &t.jobs; e = e.next {
		if e.reported || e.foreign {
			continue
		}
		left := e.ran + p.opts.StallAfter - now
		if left <= 0 && !e.waiting {
			e.reported = true
			stalled = append(stalled, e.info(p, now))
			continue
		}
		left = max(left, p.opts.StallAfter/4, time.Millisecond) // a waiting one is looked at again
		if next < 0 || left < next {
			next = left
		}
	}
	t.armed = next >= 0
	t.mu.Unlock()
	if next >= 0 {
		time.AfterFunc(next, func() { t.look(p) })
	}
	if len(stalled) == 0 {
		return
	}
	addStacks(stalled)
	p.report(stalled)
}

// report tells OnStall. If that ends its goroutine, the rest is reported
// nevertheless.
func (p *Pool) report(stalled []JobInfo) {
	told := 0
	defer func() {
		if told < len(stalled) {
			p.report(stalled[told:])
		}
	}()
	for _, s := range stalled {
		told++
		p.opts.OnStall(s)
	}
}

func (e *tracked) info(p *Pool, now time.Duration) JobInfo {
	took := max(now-e.since, 0) // it may have begun after now has been read
	if e.foreign != (goroutine.InBubble() != p.bubble) {
		took = 0
	}
	return JobInfo{
		Pool: p.opts.Name, For: took, Waiting: e.waiting, Goroutine: e.goroutine,
		Abandoned: e.job != nil && e.job.state.Load() == jobLeft,
	}
}

func addStacks(jobs []JobInfo) {
	all := stacks.All()
	for i := range jobs {
		jobs[i].Stack = all[jobs[i].Goroutine]
	}
}

// Jobs returns the jobs of the pool and its classes that have started and not
// ended, with their stacks, if Options.Track or OnStall is set. It stops the world
// for as long as it takes to write down all stacks of the program: a millisecond
// or more with many goroutines.
func (p *Pool) Jobs() []JobInfo {
	if p.track == nil {
		return nil
	}
	p.mu.Lock()
	scope := p.scopeLocked()
	p.mu.Unlock()
	var jobs []JobInfo
	now := clock()
	for _, m := range scope {
		t := m.track
		t.mu.Lock()
		for e := t.jobs.next; e != &t.jobs; e = e.next {
			jobs = append(jobs, e.info(m, now))
		}
		t.mu.Unlock()
	}
	addStacks(jobs)
	return jobs
}
