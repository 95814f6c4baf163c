package lab

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/causeway-go/causeway/threadpool"
)

// A Plan says for how long a dependency is well and for how long it hangs.
type Plan struct {
	Warm   time.Duration // not counted
	Before time.Duration // that it is well
	Hang   time.Duration
}

// Hang is an outage of ten seconds. The pools that cannot stand it are full after
// less than two.
var Hang = Plan{Warm: time.Second, Before: time.Second, Hang: 10 * time.Second}

// What comes meanwhile.
const (
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

// Run offers 1,500 healthy jobs a second and 300 of another kind, all of which
// sleep for 10 ms, until those of the other kind, the new ones too, hang.
func (p Plan) Run(two *Two) Outage {
	ReapThreads()
	ctx := context.Background()
	o := outage{plan: p}
	var healthy, slow Stream
	var offering sync.WaitGroup
	all := p.Warm + p.Before + p.Hang
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
		time.Sleep(p.Warm + p.Before)
		o.hangs.Store(true)
		time.Sleep(p.Hang)
	})
	offering.Wait()
	o.hangs.Store(false)
	healthy.Wait()
	slow.Wait()
	return Outage{
		Kept:     over(o.done[1].rate(p.Hang), o.done[0].rate(p.Before)),
		P99Ratio: over(P99(o.done[1].times.Take()), P99(o.done[0].times.Take())),
		Threads:  threads,
	}
}

// An outage is one run of a plan.
type outage struct {
	plan  Plan
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
	case d < o.plan.Warm:
		return nil
	case d < o.plan.Warm+o.plan.Before:
		return &o.done[0]
	case d < o.plan.Warm+o.plan.Before+o.plan.Hang:
		return &o.done[1]
	}
	return nil
}
