package reactor

import (
	"math"
	"sync"
	"time"

	"github.com/causeway-go/causeway/pollster"
)

// timers are the timers of a reactor and whoever waits for the earliest.
//
// That is one timer of Go's (alarm), which costs no thread, is on the clock of
// the synctest bubble it is made in, and needs nothing from the poller. Only a
// reactor with a thread of its own, and one that is driven by hand, wait for
// descriptors and time in one.
//
// wakeAt is when somebody will look next. It is moved to an earlier time when
// a timer is armed that is due before it, and not moved to a later one when that
// timer is cancelled: a timer that is armed and cancelled again and again, as
// time-outs are, then costs a look for nothing once in its time, and not
// two changes of wakeAt each time.
type timers struct {
	r      *Reactor
	byHand bool // Thread or Manual: the driver waits for the time

	mu     sync.Mutex
	wheel  wheel
	wakeAt int64
	alarm  *time.Timer
	err    error // once closed
}

// How many timers come due in one go, with the lock held.
const dueAtOnce = 256

func (ts *timers) init(r *Reactor) {
	ts.r = r
	ts.byHand = r.opts.Thread || r.opts.Manual
	ts.wakeAt = never
	if r.opts.Manual {
		ts.unattended()
	}
}

// arm adds t, whose when is set, to be told to w.
func (ts *timers) arm(t *Timer, w *pollster.Waker) error {
	if t.end.Load() != timerPending {
		t.end.Store(timerPending)
	}
	ts.mu.Lock()
	if ts.err != nil {
		t.end.Store(timerClosed)
		ts.mu.Unlock()
		return ErrClosed
	}
	t.w = w
	ts.wheel.add(t)
	sooner := t.when < ts.wakeAt
	if sooner {
		ts.wakeAt = t.when
		if !ts.byHand {
			ts.setLocked()
		}
	}
	ts.mu.Unlock()
	if sooner && ts.byHand {
		ts.r.attend()
	}
	return nil
}

// setLocked sets the alarm to wakeAt.
func (ts *timers) setLocked() {
	d := time.Duration(max(0, ts.wakeAt-ts.r.now()))
	if ts.alarm == nil {
		ts.alarm = time.AfterFunc(d, ts.ring)
	} else {
		ts.alarm.Reset(d)
	}
}

func (ts *timers) ring() {
	ts.r.counts.alarms.Add(1)
	ts.fire()
}

// watch makes w the one to be told of t, and returns false if t has ended.
func (ts *timers) watch(t *Timer, w *pollster.Waker) bool {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	if t.end.Load() != timerPending {
		return false
	}
	t.w = w
	return true
}

// disarm takes t out, and returns false if t has ended.
func (ts *timers) disarm(t *Timer) bool {
	ts.mu.Lock()
	pending := t.end.Load() == timerPending
	if pending {
		ts.wheel.remove(t)
		t.w = nil
	}
	ts.mu.Unlock()
	return pending
}

// finish gives a timer that was taken out its end, and returns its waker.
func (t *Timer) finish(end uint32) *pollster.Waker {
	t.end.Store(end)
	w := t.w
	t.w = nil
	return w
}

var batches = sync.Pool{New: func() any {
	ws := make([]*pollster.Waker, 0, dueAtOnce)
	return &ws
}}

// fire wakes those whose timers are due and returns how many there were. If the
// reactor is not driven by hand it sets the alarm for those that are not.
func (ts *timers) fire() int {
	batch := batches.Get().(*[]*pollster.Waker)
	ws, n := *batch, 0
	for {
		var done bool
		ws, done = ts.collect(ws[:0])
		n += len(ws)
		if len(ws) > 0 {
			ts.r.counts.fired.Add(uint64(len(ws)))
			ts.r.wake(ws)
		}
		clear(ws)
		if done {
			break
		}
	}
	*batch = ws[:0]
	batches.Put(batch)
	return n
}

// collect takes out timers that are due and appends their wakers to ws. It
// reports whether that is all of them.
func (ts *timers) collect(ws []*pollster.Waker) (_ []*pollster.Waker, done bool) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	if ts.err != nil {
		return ws, true
	}
	done = ts.wheel.advance(ts.r.now(), func(t *Timer) bool {
		ws = append(ws, t.finish(timerFired))
		return len(ws) < dueAtOnce
	})
	if ts.byHand {
		return ws, done
	}
	// Even if there is more to do: the wakers that are run in between may
	// end this goroutine, and the alarm then goes on with the rest.
	ts.wakeAt = ts.wheel.next()
	if ts.wakeAt != never {
		ts.setLocked()
	}
	return ws, done
}

// timeout returns how long whoever drives by hand may wait: until the next
// timer is due, and no longer than limit. A timer that is armed from now on
// interrupts the wait if it is due before that.
func (ts *timers) timeout(limit time.Duration) time.Duration {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	next := ts.wheel.next()
	if next != never {
		left := time.Duration(max(0, next-ts.r.now()))
		if limit < 0 || left < limit {
			limit = left
		}
	}
	ts.wakeAt = next
	return limit
}

// unattended says that nobody waits, and that whoever comes next will look: a
// timer that is armed meanwhile need not tell anybody.
//
// A foreign loop that watches the Descriptor is somebody who waits, though; see
// Reactor.Descriptor.
func (ts *timers) unattended() {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	if !ts.r.exported.Load() {
		ts.wakeAt = math.MinInt64
	}
}

// next returns when the earliest timer is due, or never, and makes sure that a
// foreign loop that waits for that long is told about earlier ones.
func (ts *timers) next() int64 {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	next := ts.wheel.next()
	if ts.r.opts.Manual && ts.r.exported.Load() {
		ts.wakeAt = next
	}
	return next
}

func (ts *timers) pending() int {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	return ts.wheel.count
}

// close ends all timers and appends their wakers to ws.
func (ts *timers) close(ws []*pollster.Waker) []*pollster.Waker {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	ts.err = ts.r.err
	ts.wheel.drain(func(t *Timer) {
		ws = append(ws, t.finish(timerClosed))
	})
	if ts.alarm != nil {
		ts.alarm.Stop()
	}
	return ws
}

// attend tells whoever drives by hand that a timer is due earlier than he
// knows, and starts the thread if it is not there.
func (r *Reactor) attend() {
	r.mu.Lock()
	p, err := r.openLocked()
	if err == nil {
		r.startLocked()
	}
	r.mu.Unlock()
	if err == nil {
		p.Notify()
		r.idle.kick()
	}
}
