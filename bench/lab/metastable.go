package lab

import (
	"context"
	"sync/atomic"
	"time"
)

// What is offered to the lock in [Metastable].
const (
	metaEvery = time.Second / 600
	metaBurst = 1000
	metaWarm  = time.Second
	metaOpen  = 30 // jobs on the way at which it is over
	metaLimit = 9 * time.Second
	metaLost  = 4 * time.Second // when it is given up if it has not even begun to fall
)

// Metastable offers p 600 jobs a second for a lock that can do some 800, if
// few crowd it, and then 1,000 at once. It returns how long it took until the
// backlog was gone, and whether it went at all.
func Metastable(p Pool) (took time.Duration, recovered bool) {
	ReapThreads()
	c := Convoy{Hold: time.Millisecond, Crowd: 0.02, Retry: 200 * time.Microsecond}
	ctx, cancel := context.WithCancel(context.Background())
	var stop atomic.Bool
	var s Stream
	job := func(time.Time) { p.Do(ctx, func() { c.Use(&stop) }) }
	offered := make(chan struct{})
	go func() {
		defer close(offered)
		s.Offer(ctx, metaEvery, metaWarm+metaLimit, func(_ int, came time.Time) { job(came) })
	}()
	time.Sleep(metaWarm)
	begun := time.Now()
	for range metaBurst {
		s.Add(job)
	}
	for {
		time.Sleep(10 * time.Millisecond)
		took = time.Since(begun)
		open := s.Open()
		if recovered = open <= metaOpen; recovered || took > metaLimit || took > metaLost && open >= metaBurst {
			break
		}
	}
	stop.Store(true)
	cancel()
	<-offered
	s.Wait()
	return took, recovered
}
