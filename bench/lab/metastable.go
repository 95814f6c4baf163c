package lab

import (
	"context"
	"sync/atomic"
	"time"
)

// A Rush is what is offered to a lock: a steady stream, and at once a burst.
type Rush struct {
	Every time.Duration // between two jobs of the stream
	Burst int
	Hold  time.Duration // of the lock, if nobody crowds it
	Warm  time.Duration // before the burst
	Limit time.Duration // after which it has not recovered
	Lost  time.Duration // after which it has not if the backlog is not even less than the burst
}

// Metastable is 600 jobs a second for a lock that can do some 800, if few crowd
// it, and then 1,000 at once.
var Metastable = Rush{
	Every: time.Second / 600,
	Burst: 1000,
	Hold:  time.Millisecond,
	Warm:  time.Second,
	Limit: 9 * time.Second,
	Lost:  4 * time.Second,
}

// rushOver is how many jobs are on the way when it is over.
const rushOver = 30

// Run offers it to p and returns how long it took until the backlog was gone, and
// whether it went at all.
func (o Rush) Run(p Pool) (took time.Duration, recovered bool) {
	ReapThreads()
	c := Convoy{Hold: o.Hold, Crowd: 0.02, Retry: 200 * time.Microsecond}
	ctx, cancel := context.WithCancel(context.Background())
	var stop atomic.Bool
	var s Stream
	job := func(time.Time) { p.Do(ctx, func() { c.Use(&stop) }) }
	offered := make(chan struct{})
	go func() {
		defer close(offered)
		s.Offer(ctx, o.Every, o.Warm+o.Limit, func(_ int, came time.Time) { job(came) })
	}()
	time.Sleep(o.Warm)
	begun := time.Now()
	for range o.Burst {
		s.Add(job)
	}
	for {
		time.Sleep(10 * time.Millisecond)
		took = time.Since(begun)
		open := s.Open()
		if recovered = open <= rushOver; recovered || took > o.Limit || took > o.Lost && open >= o.Burst {
			break
		}
	}
	stop.Store(true)
	cancel()
	<-offered
	s.Wait()
	return took, recovered
}
