package main

import (
	"context"
	"sync"
	"time"

	"github.com/causeway-go/causeway/bench/kit"
	"github.com/causeway-go/causeway/threadpool"
	"golang.org/x/sync/errgroup"
)

const (
	sleepJobs = 20_000
	sleepTime = 20 * time.Millisecond

	// idealSleep is how long all of them take, limit at a time, if nothing
	// else takes any time.
	idealSleep = sleepJobs / limit * sleepTime

	// idleTime is how long after the work the threads left are counted.
	idleTime = time.Second
)

var sleep20k = kit.Scenario{
	Name:  "unblock/sleep-20k",
	Doc:   "20,000 system calls of 20 ms that hold their thread, 500 at a time; time by the ideal 800 ms, threads at most and 1 s later.",
	Child: true,
	Impls: []kit.Impl{
		{Name: kit.Ours, Measure: sleepers(func() error { return submitSleepers(told) })},
		{Name: "causeway-do", Measure: sleepers(func() error { return doSleepers(told) })},
		{Name: "causeway-untold", Measure: sleepers(func() error { return submitSleepers(untold) })},
		{Name: "semaphore", Measure: sleepers(semaphoreSleepers)},
		{Name: "errgroup", Measure: sleepers(errgroupSleepers)},
	},
}

// sleepers measures run, which has 20,000 sleeps done.
func sleepers(run func() error) func(*kit.Rep) (kit.Figures, error) {
	return func(*kit.Rep) (kit.Figures, error) {
		if err := blockingSleep(time.Microsecond); err != nil {
			return nil, err // the system cannot do it
		}
		start := time.Now()
		if err := run(); err != nil {
			return nil, err
		}
		took := time.Since(start)
		return kit.Figures{
			{Metric: kit.IdealRatio, Value: float64(took) / float64(idealSleep)},
			{Metric: kit.ThreadsLeft, Value: float64(kit.ThreadsAfter(idleTime))},
		}, nil
	}
}

// sleepOnce is the job. That blockingSleep works has been seen before.
func sleepOnce() { _ = blockingSleep(sleepTime) }

// The pool is told that its jobs block, as the rivals are by their limits; or it has
// to find that out.
var (
	told   = threadpool.Options{Limit: limit, Hint: threadpool.WillBlock}
	untold = threadpool.Options{Limit: limit}
)

// submitSleepers queues the jobs one after the other.
func submitSleepers(o threadpool.Options) error {
	p, err := threadpool.New(o)
	if err != nil {
		return err
	}
	var done sync.WaitGroup
	done.Add(sleepJobs)
	for range sleepJobs {
		if err := p.Submit(context.Background(), func() { sleepOnce(); done.Done() }); err != nil {
			return err
		}
	}
	done.Wait()
	return nil
}

// doSleepers has a goroutine for each job, which runs it itself.
func doSleepers(o threadpool.Options) error {
	p, err := threadpool.New(o)
	if err != nil {
		return err
	}
	var g errgroup.Group
	for range sleepJobs {
		g.Go(func() error { return p.Do(context.Background(), sleepOnce) })
	}
	return g.Wait()
}

// semaphoreSleepers has a goroutine for each job behind a channel used as a
// semaphore.
func semaphoreSleepers() error {
	slots := make(chan struct{}, limit)
	var done sync.WaitGroup
	for range sleepJobs {
		done.Go(func() {
			slots <- struct{}{}
			sleepOnce()
			<-slots
		})
	}
	done.Wait()
	return nil
}

// errgroupSleepers has a goroutine for each job, started when there is room.
func errgroupSleepers() error {
	var g errgroup.Group
	g.SetLimit(limit)
	for range sleepJobs {
		g.Go(func() error { sleepOnce(); return nil })
	}
	return g.Wait()
}
