package park

import (
	"sync/atomic"
	"time"
)

// A crowd is what is known about the queue for processors. There is one for
// the process, because there is one queue: it is where a yielding goroutine goes
// and where a thread goes that comes out of a system call, behind goroutines
// that compute for ten milliseconds each, while a parked goroutine is made the
// next to run on its waker's processor. Whoever has tried something that puts
// it into the queue and has lost more than slice there says so, and for
// crowdShare times as long nobody tries. So this costs the process, and not each
// object in it, about 1/crowdShare of the time, and a new object need not pay
// for what another one knows.
type crowd struct {
	until atomic.Int64 // 0 when someone has tried since and not lost
}

const (
	slice      = time.Millisecond
	crowdShare = 100
	crowdMost  = 10 * time.Second
)

// queue is the crowd of this process.
var queue crowd

// known reports whether there may be a crowd, for those who have not looked at
// the clock.
func (c *crowd) known() bool { return c.until.Load() != 0 }

// keepOut reports whether to keep out of the queue at the time now.
func (c *crowd) keepOut(now time.Duration) bool {
	u := c.until.Load()
	return u != 0 && now < time.Duration(u)
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
