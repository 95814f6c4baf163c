package threadpool

import (
	"context"
	"errors"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/causeway-go/causeway/internal/leak"
)

// A counted is a job that counts how it ends. Some end their goroutine, in both ways.
type counted struct {
	Job
	f              func()
	ran, dropped   *atomic.Int64
	exits, refuses bool
}

// RunJob implements Runner.
func (c *counted) RunJob() {
	c.ran.Add(1)
	c.f()
	if c.exits {
		runtime.Goexit()
	}
}

// DropJob implements Runner.
func (c *counted) DropJob(error) {
	c.dropped.Add(1)
	if c.refuses {
		runtime.Goexit()
	}
}

// fire is what many goroutines do with a pool and classes, inside and outside of
// bubbles, for a number of rounds.
type fire struct {
	t                       *testing.T
	root                    *Pool
	pools                   []*Pool
	started, ran, dropped   atomic.Int64
	inside, most, cancelled atomic.Int64
}

func (f *fire) work(p *Pool, deep int, r *rand.Rand) func() {
	next, wait, in := f.pools[r.IntN(len(f.pools))], deep > 0 && r.IntN(4) == 0, r.Uint64()
	return func() {
		n := f.inside.Add(1)
		for m := f.most.Load(); n > m && !f.most.CompareAndSwap(m, n); m = f.most.Load() {
		}
		runtime.Gosched()
		f.inside.Add(-1)
		if wait { // for a job of any other
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			_ = next.Do(ctx, f.work(next, deep-1, rand.New(rand.NewPCG(in, 1))))
		}
	}
}

func (f *fire) once(r *rand.Rand) {
	p := f.pools[r.IntN(len(f.pools))]
	work := f.work(p, 3, r)
	ctx, cancel := context.WithTimeout(context.Background(), time.Duration(1+r.IntN(2000))*time.Microsecond)
	defer cancel()
	switch r.IntN(6) {
	case 0:
		if s, err := p.Enter(ctx); err == nil {
			work()
			s.Leave()
		}
	case 1:
		_ = p.Do(ctx, work)
	case 2:
		_ = p.Do(context.Background(), work)
	case 3:
		f.started.Add(1)
		if err := p.Submit(context.Background(), func() { f.ran.Add(1); work() }); err != nil {
			f.t.Error(err)
		}
	default:
		j := &counted{f: work, ran: &f.ran, dropped: &f.dropped, exits: r.IntN(9) == 0, refuses: r.IntN(2) == 0}
		switch err := p.StartContext(ctx, &j.Job, j); {
		case err == nil:
			f.started.Add(1)
		case !errors.Is(err, ErrLate):
			f.t.Error(err)
		}
		if r.IntN(8) == 0 && j.Cancel() {
			f.cancelled.Add(1)
		}
	}
}

// Everything at once: deadlines, refusals, expired jobs, classes that come and go,
// limits that move, bubbles. All are accounted for, never more run than there are
// slots, and nothing is left in any of the books.
func TestAllOfItUnderFire(t *testing.T) {
	leak.Check(t)
	const limit = 13
	rounds := 300
	if testing.Short() {
		rounds = 100
	}
	for _, order := range []Order{FirstCome, EarliestDeadline} {
		f := &fire{t: t, root: reviewPool(t, Options{Limit: limit, Order: order, RefuseLate: true,
			StallAfter: time.Millisecond, OnStall: func(JobInfo) {}})}
		f.pools = append(f.pools, f.root)
		for i, o := range []ClassOptions{{Limit: 9}, {Priority: 1, Reserve: 2, Weight: 3}, {Hint: WillBlock, Limit: 4, Priority: -1}} {
			c, err := f.root.Class(o)
			if err != nil {
				t.Fatal(i, err)
			}
			f.pools = append(f.pools, c)
		}
		var all sync.WaitGroup
		for g := range 8 {
			r := rand.New(rand.NewPCG(uint64(g), uint64(order)))
			all.Go(func() {
				for range rounds {
					f.once(r)
				}
			})
		}
		for g := range 2 {
			all.Go(func() {
				for i := range rounds / 20 {
					synctest.Test(t, func(*testing.T) {
						r := rand.New(rand.NewPCG(uint64(g), uint64(i)))
						for range 10 {
							f.once(r)
						}
						time.Sleep(time.Second)
					})
				}
			})
		}
		all.Go(func() { f.change(rounds) })
		all.Wait()
		f.finish(limit)
	}
}

// change moves limits, and adds and closes a class.
func (f *fire) change(rounds int) {
	r := rand.New(rand.NewPCG(3, 4))
	for range rounds {
		c, err := f.root.Class(ClassOptions{Limit: 2, Reserve: 1 + r.IntN(2)})
		if err != nil {
			f.t.Error(err)
			return
		}
		if err := c.Do(context.Background(), func() {}); err != nil {
			f.t.Error(err)
		}
		if err := f.pools[1+r.IntN(2)].Resize(2 + r.IntN(8)); err != nil {
			f.t.Error(err)
		}
		f.root.Events()
		f.root.Stats()
		if err := c.Shutdown(context.Background()); err != nil {
			f.t.Error(err)
		}
	}
}

// finish shuts all down and audits the books.
func (f *fire) finish(limit int) {
	t := f.t
	if err := f.root.Shutdown(context.Background()); err != nil {
		t.Error(err)
	}
	if a, b := f.started.Load(), f.ran.Load()+f.dropped.Load()+f.cancelled.Load(); a != b {
		t.Errorf("%d jobs have been started, %d have run or been dropped", a, b)
	}
	// Waits that are left go beyond the limit, and a class that is added while all
	// slots are taken has its reserve on top: one of each for each goroutine.
	if n := f.most.Load(); n > int64(limit)+8+2+20 {
		t.Errorf("%d at once of %d", n, limit)
	}
	if n := len(f.root.Classes()); n != 3 {
		t.Errorf("%d classes are left", n)
	}
	// A shared slot is given back after the word that says it is taken, so
	// Shutdown may be told before it; see take.
	for deadline := time.Now().Add(20 * time.Second); f.root.family.shared.load().running() != 0; runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatalf("%d shared slots are taken", f.root.family.shared.load().running())
		}
	}
	for _, p := range f.pools {
		s := p.meter.sums()
		w := p.state.load()
		if w.running() != 0 || w.queued() || p.waiting.Load() != 0 || p.abandoned.Load() != 0 || p.starting.Load() != 0 ||
			p.fetching != 0 || p.draining != 0 || s.running != 0 || s.startSum != 0 || p.track.jobs.next != &p.track.jobs {
			t.Errorf("%s: word %x, waiting %d, abandoned %d, starting %d, fetching %d, draining %d, sums %+v", p.opts.Name, uint64(w),
				p.waiting.Load(), p.abandoned.Load(), p.starting.Load(), p.fetching, p.draining, s)
		}
	}
}
