package lab

import (
	"context"
	"math/rand/v2"
	"runtime"
	"sync/atomic"
	"time"
)

// Lateness has 10 x GOMAXPROCS jobs at a time compute for 5 to 20 ms each in
// p, and returns by how much the timers of a goroutine beside them, one every 3 ms,
// were late, and the turn of the jobs.
func Lateness(p Pool, d time.Duration) ([]time.Duration, Tally) {
	var delays Delays
	quit, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			const every = 3 * time.Millisecond
			t := time.NewTimer(every)
			due := time.Now().Add(every)
			select {
			case <-t.C:
				delays.Add(time.Since(due))
			case <-quit:
				return
			}
		}
	}()
	t := TurnOf(p, 10*runtime.GOMAXPROCS(0), func(r *rand.Rand, stop *atomic.Bool) {
		Compute(Uniform(r, 5*time.Millisecond, 20*time.Millisecond), stop)
	}, d)
	close(quit)
	<-ended
	return delays.Take(), t
}

// Unbounded runs every job at once.
func Unbounded() (Pool, error) { return unbounded{}, nil }

type unbounded struct{}

func (unbounded) Do(_ context.Context, job func()) { job() }
func (unbounded) Close()                           {}
func (unbounded) Limit() int                       { return 0 }
