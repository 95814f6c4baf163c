package lab

import (
	"context"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/causeway-go/causeway/pollster"
	"github.com/causeway-go/causeway/unblock"
)

// Outers is how many jobs at once wait for another one.
const Outers = 200

// Waits gives p a turn of jobs that sleep for 1 to 5 ms and then have another
// job, of 1 to 10 ms, run by the same pool and wait for it on a channel. The pool
// cannot see that they wait.
func Waits(p Pool, d time.Duration) Tally {
	ctx, cancel := context.WithCancel(context.Background())
	time.AfterFunc(d, cancel) // lets those go that wait for ever
	return TurnOf(p, Outers, func(r *rand.Rand, stop *atomic.Bool) {
		_ = Sleep(Uniform(r, time.Millisecond, 5*time.Millisecond))
		inner := Uniform(r, time.Millisecond, 10*time.Millisecond)
		done := make(chan struct{})
		go p.Do(ctx, func() {
			defer close(done)
			if !stop.Load() {
				_ = Sleep(inner)
			}
		})
		select {
		case <-done:
		case <-ctx.Done():
		}
	}, d)
}

// WaitsSeen is [Waits] for jobs that wait through this module: the pool of ours sees
// it and has the slot used meanwhile.
func WaitsSeen(p Pool, d time.Duration) Tally {
	own := p.(causeway).p
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	return TurnOf(p, Outers, func(r *rand.Rand, stop *atomic.Bool) {
		_ = Sleep(Uniform(r, time.Millisecond, 5*time.Millisecond))
		inner := Uniform(r, time.Millisecond, 10*time.Millisecond)
		job := unblock.GoOn(own, func() (struct{}, error) {
			if !stop.Load() {
				_ = Sleep(inner)
			}
			return struct{}{}, nil
		})
		_, _ = pollster.BlockOn(ctx, job) // it cannot fail
	}, d)
}
