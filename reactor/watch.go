package reactor

import (
	"sync"
	"sync/atomic"
	"time"
)

// A watch is the agreement between the driver and those who glance: workers who,
// having run out of work, look for events themselves before they sleep.
//
// While they find some, the driver rests. Otherwise each event would wake it, on
// another thread as a rule, to find that the event has been taken, or to take it
// away from a worker who is about to look and would then sleep and be woken.
//
// That the driver rests is safe because a worker who has found something looks again
// when it has done the work that came of it, and when it finds nothing, calls the
// driver back before it sleeps:
//
//	glance                            driver
//	1. look: nothing                  1. found? then
//	2. found = false                  2. resting = true
//	3. if resting, alert              3. found still? then rest, else look
//
// One of them sees what the other has written first. An event that comes after 1
// of the glance is reported again by alert, or seen by the driver's look.
//
// A worker that is held up by its work does not look, though. So there is a timer
// while the driver rests: if nobody has glanced for patience the driver comes back,
// and does not rest for the next distrust. It costs less than a hundredth of the
// time, and an event that a worker's long poll has kept waiting is late by no more
// than patience, once.
type watch struct {
	found   atomic.Bool // the last glance has found something
	resting atomic.Bool
	finds   atomic.Uint64 // glances that have found something

	mu    sync.Mutex
	seen  uint64    // finds, when the timer was set
	trust time.Time // not before
	timer *time.Timer
}

const (
	patience = time.Millisecond
	distrust = 100 * time.Millisecond
)

// rest is asked by the driver before it looks for events.
func (r *Reactor) rest() bool {
	w := &r.watch
	if !w.found.Load() {
		return false
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if time.Now().Before(w.trust) {
		return false
	}
	w.resting.Store(true)
	if !w.found.Load() {
		w.resting.Store(false)
		return false
	}
	r.counts.rests.Add(1)
	w.seen = w.finds.Load()
	if w.timer == nil {
		w.timer = time.AfterFunc(patience, r.check)
	} else {
		w.timer.Reset(patience)
	}
	return true
}

// check calls the driver back if nobody glances any more.
func (r *Reactor) check() {
	w := &r.watch
	w.mu.Lock()
	n := w.finds.Load()
	held := w.resting.Load() && n == w.seen
	if held {
		w.trust = time.Now().Add(distrust)
	} else if w.resting.Load() {
		w.seen = n
		w.timer.Reset(patience)
	}
	w.mu.Unlock()
	if held {
		// Not under the lock: the poller asks rest, which takes it, under one of
		// its own that Alert takes.
		w.found.Store(false)
		r.recall()
	}
}

// recall has the driver look again, if it rests.
func (r *Reactor) recall() {
	if r.watch.resting.Load() && r.watch.resting.CompareAndSwap(true, false) {
		r.p.Alert()
	}
}

var rounds = sync.Pool{New: func() any { return newRound(nil) }}

// Glance hands on events that are there. It is for workers that have run out of
// work (package glance) and of no use to anybody else.
func (l *looker) Glance() bool {
	r := l.r
	w := &r.watch
	if r.waiting.Load() > 0 {
		d := rounds.Get().(*round)
		d.r = r
		n, err := r.p.Glance(d.buf)
		if err == nil && n > 0 {
			if !w.found.Load() {
				w.found.Store(true)
			}
			w.finds.Add(1)
			d.dispatch(n)
		}
		d.r = nil
		rounds.Put(d)
		if n > 0 {
			return true
		}
	}
	if w.found.Load() {
		w.found.Store(false)
	}
	r.recall()
	return false
}

// A looker is a Reactor to package glance.
type looker struct{ r *Reactor }
