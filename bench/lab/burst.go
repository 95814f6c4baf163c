package lab

import (
	"context"
	"sync"
	"time"
)

// A Burst is the outcome of one burst.
type Burst struct {
	P99  float64       // of the delay from the burst to the start of a job, in ms
	Took time.Duration // until the last job had ended
}

// RunBurst has n jobs come at once, each of which sleeps for 1 to 19 ms.
func RunBurst(p Pool, n int) Burst {
	var delays Delays
	var all sync.WaitGroup
	begin := make(chan struct{})
	var begun time.Time
	for i := range n {
		d := Uniform(Random(i), time.Millisecond, 19*time.Millisecond)
		all.Go(func() {
			<-begin
			p.Do(context.Background(), func() {
				delays.Add(time.Since(begun))
				_ = Sleep(d)
			})
		})
	}
	begun = time.Now()
	close(begin)
	all.Wait()
	return Burst{P99(delays.Take()), time.Since(begun)}
}
