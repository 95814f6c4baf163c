package main

import (
	"context"
	"sync"
	"time"

	"github.com/causeway-go/causeway/bench/kit"
	"github.com/causeway-go/causeway/bench/lab"
	"github.com/causeway-go/causeway/threadpool"
)

// threadsBack has a process for each measurement, because threads stay.
var threadsBack = kit.Scenario{
	Name:  "pool/threads-back",
	Doc:   "A burst of 500 system calls of 100 ms at once; threads 1 s after it, above those before it.",
	Child: true,
	Impls: []kit.Impl{
		{Name: kit.Ours, Measure: threadsLeft(func() (lab.Pool, error) { return lab.Fixed(500) })},
		{Name: "ants", Measure: threadsLeft(lab.Ants)},
		{Name: "go", Measure: threadsLeft(lab.Unbounded)},
	},
}

func threadsLeft(open func() (lab.Pool, error)) func(*kit.Rep) (kit.Figures, error) {
	return func(*kit.Rep) (kit.Figures, error) {
		if err := lab.Sleep(time.Microsecond); err != nil {
			return nil, err
		}
		p, err := open()
		if err != nil {
			return nil, err
		}
		before := kit.Threads()
		var all sync.WaitGroup
		for range 500 {
			all.Go(func() {
				p.Do(context.Background(), func() { _ = lab.Sleep(100 * time.Millisecond) })
			})
		}
		all.Wait()
		left := kit.ThreadsAfter(time.Second) - before
		return kit.Figures{{Metric: kit.ThreadsLeft, Value: float64(max(0, left))}}, nil
	}
}

// noopGrowth has a process for each measurement, because it counts threads.
var noopGrowth = kit.Scenario{
	Name:  "pool/noop-growth",
	Doc:   "100,000 jobs that do nothing, submitted by one goroutine: most that ran at once, and most threads.",
	Child: true,
	Impls: []kit.Impl{
		{Name: kit.Ours, Measure: growth(func() (*threadpool.Pool, error) { return threadpool.New(threadpool.Options{}) })},
		{Name: "fixed-500", Measure: growth(func() (*threadpool.Pool, error) {
			return threadpool.New(threadpool.Options{Limit: 500, Hint: threadpool.WillBlock})
		})},
		{Name: "ants", Measure: rivalGrowth(antsPool)},
		{Name: "pond", Measure: rivalGrowth(pondPool)},
	},
}

func growth(open func() (*threadpool.Pool, error)) func(*kit.Rep) (kit.Figures, error) {
	return func(*kit.Rep) (kit.Figures, error) {
		p, err := open()
		if err != nil {
			return nil, err
		}
		var done sync.WaitGroup
		done.Add(noopJobs)
		limit := 0
		for i := range noopJobs {
			if err := p.Submit(context.Background(), done.Done); err != nil {
				return nil, err
			}
			if i%1000 == 0 {
				limit = max(limit, p.Stats().Limit)
			}
		}
		done.Wait()
		s := p.Stats()
		return kit.Figures{
			{Metric: kit.AtOnce, Value: float64(s.Peak)},
			{Metric: kit.Limit, Value: float64(max(limit, s.Limit))},
		}, nil
	}
}

// rivalGrowth counts nothing itself: the parent counts the threads.
func rivalGrowth(open func() (opened, error)) func(*kit.Rep) (kit.Figures, error) {
	return func(*kit.Rep) (kit.Figures, error) {
		var most, now atomicMost
		p, err := open()
		if err != nil {
			return nil, err
		}
		var done sync.WaitGroup
		done.Add(noopJobs)
		for range noopJobs {
			if err := p.submit(func() { most.raise(now.add(1)); now.add(-1); done.Done() }); err != nil {
				return nil, err
			}
		}
		done.Wait()
		return kit.Figures{{Metric: kit.AtOnce, Value: float64(most.n.Load())}}, p.close()
	}
}
