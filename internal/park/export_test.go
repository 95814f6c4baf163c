package park

import (
	"sync/atomic"
	"time"
)

// What the tests see of the inside.
const (
	SpinFor  = spinFor
	HasFutex = hasFutex
	Patience = patience
	RestMin  = restMin
	RestMax  = restMax

	ByFutex     = byFutex
	ByScheduler = byScheduler
	TryParks    = tryParks
	TryEvery    = tryEvery
	TryShare    = tryShare
	TryMost     = tryMost
	WaitMost    = waitMost
	WakeSlow    = wakeSlow

	Slow       = slow
	SlowShare  = slowShare
	Slice      = slice
	CrowdShare = crowdShare
	CrowdMost  = crowdMost
)

type (
	Bet     = bet
	Chooser = chooser
	Yielder = yielder
	Crowd   = crowd
	Way     = way
)

var Queue = &queue

func (b *bet) Take() bool { return b.take() }
func (b *bet) Won()       { b.won() }
func (b *bet) Lose()      { b.lose() }

func (c *chooser) Begin(w way)                                { verdict.Store(uint32(w)); c.begin() }
func (c *chooser) Choose(now time.Duration) way               { return c.choose(now) }
func (c *chooser) Learn(w way, wait, wake, now time.Duration) { c.learn(w, wait, wake, now) }
func (c *chooser) Current() way                               { return c.current }

func (y *yielder) Careful() bool               { return y.careful() }
func (y *yielder) Dare(now time.Duration) bool { return y.dare(now) }

// Taken is what yielded does after a turn from begin to end.
func (y *yielder) Taken(begin, end time.Duration, won bool) {
	if y.settle(won); y.curious(begin) {
		y.judge(begin, end)
	}
}

func (c *crowd) Lost(d, now time.Duration)    { c.lost(d, now) }
func (c *crowd) Lossy(now time.Duration) bool { return c.lossy(now) }
func (c *crowd) Full(now time.Duration) bool  { return c.full(now) }
func (c *crowd) Look(now time.Duration) bool  { return c.look(now) }
func (c *crowd) Known() bool                  { return c.known() }

// Clock is the clock of the package.
func Clock() time.Duration { return clock() }

// Kind returns the kind in the state word of n.
func (n *Notifier) Kind() string {
	return [...]string{"empty", "notified", "parkedChan", "parkedVia", "parkedThread", "parkedLocked"}[n.state.Load()&stateMask]
}

// Asleep reports whether the owner is parked or about to.
func (n *Notifier) Asleep() bool { return n.state.Load()&stateMask > notified }

// Tokens returns how many tokens are in the channel of n.
func (n *Notifier) Tokens() int { return len(n.ch) }

// Prefer makes ParkThread sleep in way w, without spinning or trials.
func (n *Notifier) Prefer(w way) {
	n.thread.spins.rest = restMax
	n.thread.choice = chooser{current: w, left: 255, next: 1 << 62}
}

// Calm makes the next yield and spin happen if their bets allow.
func (n *Notifier) Calm() { n.thread.spins, n.yield = bet{}, yielder{} }

// FutexWake wakes the thread of n although there is no permit.
func (n *Notifier) FutexWake() { futexWake(&n.state) }

// RefuseFutex makes the system refuse to let threads sleep until undo.
func RefuseFutex() (undo func()) {
	futexSleep = func(*atomic.Uint64, uint32) bool { return false }
	return func() { futexSleep = futexWait }
}

// Clear makes a crowd forget everything.
func (c *crowd) Clear() { c.until.Store(0); c.long.Store(0) }

// Count makes c count the queue by f until undo.
func (c *crowd) Count(f func() uint64) (undo func()) {
	c.Clear()
	old := c.count
	c.count = f
	return func() { c.count = old; c.Clear() }
}

const LookAgain = lookAgain

// Runnable is how the package counts the queue.
func Runnable() uint64 { return runnable() }
