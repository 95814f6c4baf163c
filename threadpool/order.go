package threadpool

import (
	"container/heap"
	"context"
	"math"
	"time"
)

// An Order says which of the jobs that wait for a slot of a pool is next.
type Order uint8

const (
	// FirstCome is the order in which they came.
	FirstCome Order = iota
	// EarliestDeadline is that of the deadlines of their contexts (Liu and
	// Layland, 1973). A job without one stands as if it had one a second after
	// it came, so it does not starve.
	EarliestDeadline
)

// defaultDeadline is what a job without a deadline is given in that order.
const defaultDeadline = time.Second

// farthest is how far away a deadline is at most: the sum with now must not overflow.
const farthest = math.MaxInt64 / 4

// deadline returns when ctx ends, by clock, or how it stands in the queue without.
func deadline(ctx context.Context, now time.Duration) time.Duration {
	if at, ok := ctx.Deadline(); ok {
		return now + min(time.Until(at), farthest)
	}
	return now + defaultDeadline
}

// A deadlines is a heap of entries by deadline, and among equal ones by age.
type deadlines []*entry

func (h deadlines) Len() int { return len(h) }

func (h deadlines) Less(i, k int) bool {
	if h[i].deadline != h[k].deadline {
		return h[i].deadline < h[k].deadline
	}
	return h[i].turn < h[k].turn
}

func (h deadlines) Swap(i, k int) {
	h[i], h[k] = h[k], h[i]
	h[i].index, h[k].index = i, k
}

// Push implements heap.Interface.
func (h *deadlines) Push(x any) {
	e := x.(*entry)
	e.index = len(*h)
	*h = append(*h, e)
}

// Pop implements heap.Interface.
func (h *deadlines) Pop() any {
	old := *h
	e := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	return e
}

var _ heap.Interface = (*deadlines)(nil)

// An estimate is what the pool expects of its jobs.
type estimate struct {
	at       time.Duration
	measured uint64
	sum      time.Duration
	service  time.Duration // of one job, of those that ended last
	age      time.Duration // of one that runs
	quiet    time.Duration // since when no job has begun or ended
}

// estimateFor is for how long an estimate is not made anew.
const estimateFor = 20 * time.Millisecond

func (e *estimate) renew(m *meter, now time.Duration) {
	s := m.sums()
	if n := s.measured - e.measured; n > 0 {
		e.service = (s.service - e.sum) / time.Duration(n)
	}
	e.age = 0
	if s.running > 0 {
		e.age = (time.Duration(s.running)*now - s.startSum) / time.Duration(s.running)
	}
	e.quiet = max(now-s.moved, 0)
	e.at, e.measured, e.sum = now, s.measured, s.service
}

// refuseLocked reports whether a job that comes now is refused as too late, and
// counts it.
func (p *Pool) refuseLocked(ctx context.Context, now time.Duration) bool {
	late := p.tooLateLocked(ctx, now)
	if late {
		p.refused++
	}
	return late
}

// tooLateLocked reports whether a job that comes now would not get a slot before
// ctx ends, if it has to wait until those before it have ended: by Little's law,
// their number times the mean service time over the number of slots. The service
// time is that of the jobs that ended of late, or the mean age of those that run,
// if that is longer: so it does not take an end to see that jobs hang. But a few that
// hang do not count while others come through: from one end to the next it is not
// thought to take longer than nothing has moved.
func (p *Pool) tooLateLocked(ctx context.Context, now time.Duration) bool {
	if !p.opts.RefuseLate {
		return false
	}
	slots, free := p.reachLocked()
	if free {
		return false
	}
	at, ok := ctx.Deadline()
	if !ok {
		return false
	}
	e := &p.expected
	if e.at == 0 || now-e.at >= estimateFor {
		e.renew(&p.meter, now)
	}
	each := max(float64(e.service)/slots, min(float64(e.age)/slots, float64(e.quiet)))
	before := float64(p.standing() + 1)
	return before*each > float64(time.Until(at))
}

// reachLocked returns how many slots p can have at present, at least one, and
// whether one of them is free. In a family others may have those that are shared.
func (p *Pool) reachLocked() (slots float64, free bool) {
	w := p.state.load()
	n := w.limit()
	if w.family() && w.running() >= p.reserve && p.family.shared.load().free() <= 0 {
		n = min(n, w.running())
	}
	return float64(max(n, 1)), w.running() < n
}

// expire drops a queued job whose context has ended, and reports whether it did.
// The job is told by wake.
func (j *Job) expire(wake *wakeList) bool {
	if j.ctx == nil || j.ctx.Err() == nil || !j.state.CompareAndSwap(jobQueued, jobDropped) {
		return false
	}
	wake.expired = append(wake.expired, j)
	return true
}
