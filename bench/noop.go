package main

import (
	"context"
	"sync"
	"time"

	"github.com/alitto/pond/v2"
	"github.com/causeway-go/causeway/bench/kit"
	"github.com/causeway-go/causeway/threadpool"
	"github.com/gammazero/workerpool"
	"github.com/panjf2000/ants/v2"
	"github.com/sourcegraph/conc/pool"
	"golang.org/x/sync/errgroup"
)

const (
	noopJobs = 100_000
	limit    = threadpool.DefaultLimit // of every pool that is compared
)

// noop100k has a process for each measurement, because it counts threads.
var noop100k = kit.Scenario{
	Name:   "unblock/noop-100k",
	Doc:    "100,000 jobs that do nothing, submitted by one goroutine to a pool limited to 500, until all are done.",
	Child:  true,
	Rounds: 3,
	Impls: []kit.Impl{
		{Name: kit.Ours, Measure: noop(causewayPool)},
		{Name: "ants", Measure: noop(antsPool)},
		{Name: "pond", Measure: noop(pondPool)},
		{Name: "workerpool", Measure: noop(workerPool)},
		{Name: "conc", Measure: noop(concPool)},
		{Name: "errgroup", Measure: noop(errGroup)},
	},
}

// An opened pool takes jobs by submit. Wait returns when all jobs have been
// run, close when the pool holds nothing any more.
type opened struct {
	submit func(job func()) error
	wait   func() error
	close  func() error
}

// noop measures batches of 100,000 jobs, each in a new pool, that is opened and
// closed off the clock. The first batch warms up and is dropped.
func noop(open func() (opened, error)) func(*kit.Rep) (kit.Figures, error) {
	return func(*kit.Rep) (f kit.Figures, err error) {
		const batches = 5
		if _, err := noopBatch(open); err != nil {
			return nil, err
		}
		var each [batches]kit.Figures
		for i := range each {
			if each[i], err = noopBatch(open); err != nil {
				return nil, err
			}
		}
		return kit.Merge(each[:]), nil
	}
}

func noopBatch(open func() (opened, error)) (f kit.Figures, err error) {
	p, err := open()
	if err != nil {
		return nil, err
	}
	var done sync.WaitGroup
	done.Add(noopJobs)
	job := done.Done
	f = kit.Once(noopJobs, func() {
		for range noopJobs {
			if e := p.submit(job); e != nil {
				err = e
				return
			}
		}
		done.Wait()
		err = p.wait()
	})
	if err != nil {
		return nil, err
	}
	return f, p.close()
}

func nothing() error { return nil }

func causewayPool() (opened, error) {
	p, err := threadpool.New(threadpool.Options{Limit: limit})
	if err != nil {
		return opened{}, err
	}
	ctx := context.Background()
	return opened{
		submit: func(job func()) error { return p.Submit(ctx, job) },
		wait:   nothing,
		close:  func() error { return p.Shutdown(ctx) },
	}, nil
}

func antsPool() (opened, error) {
	p, err := ants.NewPool(limit)
	if err != nil {
		return opened{}, err
	}
	return opened{
		submit: p.Submit,
		wait:   nothing,
		close:  func() error { return p.ReleaseTimeout(time.Minute) },
	}, nil
}

func pondPool() (opened, error) {
	p := pond.NewPool(limit)
	return opened{
		submit: p.Go,
		wait:   nothing,
		close:  func() error { p.StopAndWait(); return nil },
	}, nil
}

func workerPool() (opened, error) {
	p := workerpool.New(limit)
	return opened{
		submit: func(job func()) error { p.Submit(job); return nil },
		wait:   nothing,
		close:  func() error { p.StopWait(); return nil },
	}, nil
}

func concPool() (opened, error) {
	p := pool.New().WithMaxGoroutines(limit)
	return opened{
		submit: func(job func()) error { p.Go(job); return nil },
		wait:   func() error { p.Wait(); return nil },
		close:  nothing,
	}, nil
}

func errGroup() (opened, error) {
	var g errgroup.Group
	g.SetLimit(limit)
	return opened{
		submit: func(job func()) error {
			g.Go(func() error { job(); return nil })
			return nil
		},
		wait:  g.Wait,
		close: nothing,
	}, nil
}
