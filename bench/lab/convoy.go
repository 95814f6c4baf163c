package lab

import (
	"sync"
	"sync/atomic"
	"time"
)

// A Convoy is a library that does everything behind one lock, in a system call,
// and the more slowly the more threads are at it: what takes Hold alone takes
// Hold x (1 + Crowd x others). The threads that wait for the lock wait in system
// calls too, as those of a library in C would: each looks again every Retry.
type Convoy struct {
	Hold  time.Duration
	Crowd float64
	Retry time.Duration

	inside atomic.Int64
	lock   sync.Mutex
}

// Use uses the library once. It ends early if stop becomes true.
func (c *Convoy) Use(stop *atomic.Bool) {
	defer c.inside.Add(-1)
	c.inside.Add(1)
	for !c.lock.TryLock() {
		if stop.Load() {
			return
		}
		_ = Sleep(c.Retry)
	}
	defer c.lock.Unlock()
	if !stop.Load() {
		others := float64(c.inside.Load() - 1)
		_ = Sleep(c.Hold + time.Duration(float64(c.Hold)*c.Crowd*others))
	}
}
