package park

import (
	"runtime/metrics"
	"sync"
	"sync/atomic"
	"time"
)

// A crowd is what is known about the queue for processors. There is one for
// the process, because there is one queue: it is where a yielding goroutine goes
// and where a thread goes that comes out of a system call, behind goroutines
// that compute for ten milliseconds each, while a parked goroutine is made the
// next to run on its waker's processor.
//
// It is known in two ways. Whoever has tried something that puts it into the
// queue and has lost more than slice there says so, and for crowdShare times as
// long nobody tries. So this costs the process, and not each object in it, about
// 1/crowdShare of the time, and a new object need not pay for what another one
// knows. And whoever is in doubt looks at how many goroutines stand in the
// queue, which costs less than 0.1 µs; that is worth so much that most losses
// do not happen, but too much to be done each time.
type crowd struct {
	until atomic.Int64 // after a loss; 0 when someone has tried since and not lost
	long  atomic.Int64 // after a look; 0 when the queue was short
	count func() uint64
}

const (
	slice      = time.Millisecond
	crowdShare = 100
	crowdMost  = 30 * time.Second
	lookAgain  = 20 * time.Millisecond
	longQueue  = 2 // one may be the goroutine that is to answer
)

// queue is the crowd of this process.
var queue = crowd{count: runnable}

// known reports whether there may be a crowd, for those who have not looked at
// the clock.
func (c *crowd) known() bool { return c.until.Load() != 0 || c.long.Load() != 0 }

// lossy reports whether at the time now a loss is too recent to try again.
func (c *crowd) lossy(now time.Duration) bool {
	return now < time.Duration(c.until.Load())
}

// full reports whether to keep out of the queue at the time now, as far as is
// known.
func (c *crowd) full(now time.Duration) bool {
	return c.lossy(now) || now < time.Duration(c.long.Load())
}

// look is full, but looks at the queue if it is not known to be full.
func (c *crowd) look(now time.Duration) bool {
	if c.full(now) {
		return true
	}
	if c.count() >= longQueue {
		c.long.Store(int64(now + lookAgain))
		return true
	}
	if c.long.Load() != 0 {
		c.long.Store(0)
	}
	return false
}

// lost notes that someone came out of the queue at the time now after having
// lost d there.
func (c *crowd) lost(d, now time.Duration) {
	if d > slice {
		c.until.Store(int64(now + min(crowdShare*d, crowdMost)))
	} else if u := c.until.Load(); u != 0 && now >= time.Duration(u) {
		c.until.CompareAndSwap(u, 0)
	}
}

var sample = struct {
	mu sync.Mutex
	of [1]metrics.Sample
}{of: [1]metrics.Sample{{Name: "/sched/goroutines/runnable:goroutines"}}}

// runnable returns how many goroutines wait for a processor. If someone else
// is counting, it returns longQueue: who asks is about to do something that can
// as well be left.
func runnable() uint64 {
	if !sample.mu.TryLock() {
		return longQueue
	}
	defer sample.mu.Unlock()
	metrics.Read(sample.of[:])
	if sample.of[0].Value.Kind() != metrics.KindUint64 {
		return 0
	}
	return sample.of[0].Value.Uint64()
}
