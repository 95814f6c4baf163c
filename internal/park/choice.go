package park

import (
	"sync/atomic"
	"time"
)

// A way is one of the two ways in which a locked thread can sleep.
type way uint8

const (
	byFutex way = iota
	byScheduler
)

// A chooser decides in which way a locked thread sleeps. Neither is always the
// better one:
//
//   - On a futex the thread keeps its processor (P) until the scheduler's
//     monitor takes it, after 20 µs to 10 ms; if there is no other processor,
//     whoever is to answer waits for that. When the thread wakes it needs one
//     to go on: at once if one is free or if the one it had is in a system
//     call, and else it goes to the end of the queue, some ten milliseconds.
//   - In the scheduler it gives its processor away, and is made the next to run
//     on that of its waker; but each of the two takes a change of thread.
//
// So the chooser goes by what a park has cost: the time until the permit was
// given, up to waitMost, because the answer depends on the processor we keep,
// and the time from then until the owner ran. It keeps to one way, the current
// one, and tries the other for a few parks now and then. If these were cheaper
// on average, the other one becomes the current one. If they were dearer, the
// next trial has to wait for tryShare times what was lost, which bounds the
// price of finding out at 1/tryShare of the time. A trial ends as soon as it
// has cost more than all of its parks would have in the current way. What counts
// is the average over many trials, because a way may be cheap most of the time
// and very dear every few hundred parks.
//
// It belongs to one owner and is not safe for concurrent use.
type chooser struct {
	current way
	left    uint8         // parks until the next trial, at least
	tries   uint8         // parks of the present trial so far; none if 0
	spent   time.Duration // what these have cost
	next    time.Duration // no trial before
	cost    [2]average    // of a park, by way
}

const (
	tryParks = 8   // parks of one trial
	tryEvery = 128 // parks between two trials
	tryShare = 64  // at most 1/tryShare of the time is lost by trials
	tryMost  = crowdMost

	waitMost = 20 * time.Millisecond
	wakeSlow = time.Millisecond
)

// verdict is the way that the last chooser to change its way has changed to,
// where new ones begin: that processors are busy holds for the whole process.
// What is learned about who answers whom, and how fast, stays with the one
// Notifier.
var verdict atomic.Uint32

// begin sets up a new chooser.
func (c *chooser) begin() { c.current, c.left = way(verdict.Load()), tryParks }

func (c *chooser) choose(now time.Duration) way {
	if !hasFutex {
		return byScheduler
	}
	if c.tries > 0 || c.left == 0 && now >= c.next &&
		(c.current == byFutex || !queue.lossy(now)) {
		return c.current ^ 1
	}
	return c.current
}

// learn notes what a park in way w has cost: wait until the permit was given,
// and wake until the owner ran.
func (c *chooser) learn(w way, wait, wake, now time.Duration) {
	if wait < 0 || wake < 0 || wake > time.Minute {
		return // not times: noted by a notifier that is late, or in a bubble
	}
	d := min(wait, waitMost) + wake
	c.cost[w].add(d)
	if w != c.current {
		c.try(w, d, now)
		return
	}
	if c.left > 0 {
		c.left--
	}
	if wake > wakeSlow && w == byFutex {
		c.left = 0 // it cannot be much worse the other way
	}
}

// try adds a park that has cost d to the trial of way w.
func (c *chooser) try(w way, d, now time.Duration) {
	c.tries++
	c.spent += d
	ours := c.cost[c.current].mean()
	if c.tries < tryParks && c.spent <= tryParks*ours {
		return
	}
	lost := c.spent - time.Duration(c.tries)*ours
	c.left, c.tries, c.spent = tryEvery, 0, 0
	c.next = now + min(max(lost, 0)*tryShare, tryMost)
	if w == byFutex {
		queue.lost(lost, now)
	}
	if c.cost[w].mean() < ours-ours/8 {
		c.current = w
		verdict.Store(uint32(w))
	}
}

// An average is a mean in which the last averageOver values count most.
type average struct {
	sum time.Duration
	n   int32
}

const averageOver = 128

func (a *average) add(d time.Duration) {
	a.sum += d
	a.n++
	if a.n == 2*averageOver {
		a.sum /= 2
		a.n /= 2
	}
}

func (a *average) mean() time.Duration { return a.sum / time.Duration(max(a.n, 1)) }
