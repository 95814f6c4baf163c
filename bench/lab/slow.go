package lab

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/causeway-go/causeway/threadpool"
)

// The times of [SlowDependency].
const (
	slowWarm   = 1 * time.Second // not counted
	slowBefore = 1 * time.Second
	slowHang   = 2500 * time.Millisecond

	healthyEvery = time.Second / 1500
	slowEvery    = time.Second / 300
	slowJob      = 10 * time.Millisecond
)

// An Outage is what a hanging dependency has done to the jobs that have nothing
// to do with it.
type Outage struct {
	Kept     float64 // their throughput meanwhile, by that of before
	P99Ratio float64 // the 99th percentile of the time from coming to ending, likewise
	Threads  int
}

// Two pools for jobs of two kinds, which may be the same.
type Two struct {
	Healthy, Slow Pool
	Close         func()
}

// Classes returns two classes of one adaptive pool.
func Classes() (*Two, error) {
	p, err := threadpool.New(threadpool.Options{})
	if err != nil {
		return nil, err
	}
	two := &Two{Close: func() { _ = p.Close() }}
	for class, name := range map[*Pool]string{&two.Healthy: "healthy", &two.Slow: "slow"} {
		c, err := p.Class(threadpool.ClassOptions{Name: name})
		if err != nil {
			return nil, err
		}
		*class = causeway{c}
	}
	return two, nil
}

// Shared returns one pool for both kinds.
func Shared(open func() (Pool, error)) (*Two, error) {
	p, err := open()
	if err != nil {
		return nil, err
	}
	return &Two{p, p, p.Close}, nil
}

// SlowDependency offers 1,500 healthy jobs a second and 300 of another kind, all of which
// sleep for 10 ms, until those of the other kind, the new ones too, hang for 2.5 s.
func SlowDependency(two *Two) Outage {
	ReapThreads()
	ctx := context.Background()
	var o outage
	var healthy, slow Stream
	var offering sync.WaitGroup
	const all = slowWarm + slowBefore + slowHang
	o.begun = time.Now()
	offering.Go(func() {
		healthy.Offer(ctx, healthyEvery, all, func(_ int, came time.Time) {
			two.Healthy.Do(ctx, func() { _ = Sleep(slowJob) })
			o.ended(came)
		})
	})
	offering.Go(func() {
		slow.Offer(ctx, slowEvery, all, func(int, time.Time) {
			two.Slow.Do(ctx, o.slowJob)
		})
	})
	threads := PeakThreads(func() {
		time.Sleep(slowWarm + slowBefore)
		o.hangs.Store(true)
		time.Sleep(slowHang)
	})
	offering.Wait()
	o.hangs.Store(false)
	healthy.Wait()
	slow.Wait()
	return Outage{
		Kept:     over(o.done[1].rate(slowHang), o.done[0].rate(slowBefore)),
		P99Ratio: over(P99(o.done[1].times.Take()), P99(o.done[0].times.Take())),
		Threads:  threads,
	}
}

// An outage is one run of SlowDependency.
type outage struct {
	begun time.Time
	hangs atomic.Bool
	done  [2]window // before, and while it hangs
}

// A window has the jobs of a stretch of time.
type window struct {
	ended atomic.Int64 // those that ended in it
	times Delays       // of those that came in it
}

func (w *window) rate(d time.Duration) float64 { return float64(w.ended.Load()) / d.Seconds() }

// slowJob does a job of the other kind.
func (o *outage) slowJob() {
	_ = Sleep(slowJob)
	for o.hangs.Load() {
		_ = Sleep(slowJob)
	}
}

// ended counts a healthy job.
func (o *outage) ended(came time.Time) {
	now := time.Now()
	if w := o.window(now); w != nil {
		w.ended.Add(1)
	}
	if w := o.window(came); w != nil {
		w.times.Add(now.Sub(came))
	}
}

// window returns that in which t is, or nil.
func (o *outage) window(t time.Time) *window {
	switch d := t.Sub(o.begun); {
	case d < slowWarm:
		return nil
	case d < slowWarm+slowBefore:
		return &o.done[0]
	case d < slowWarm+slowBefore+slowHang:
		return &o.done[1]
	}
	return nil
}
