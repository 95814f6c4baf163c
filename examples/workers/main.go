// Command workers runs an executor on as many goroutines as it is told to, gives
// it work until it is interrupted or has done enough, and shuts down: workers
// finish the poll they are in, what is left is cancelled, nothing remains.
//
//	go run ./examples/workers -workers 4 -jobs 0
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/causeway-go/causeway/executor"
	"github.com/causeway-go/causeway/executor/meet"
)

func main() {
	workers := flag.Int("workers", runtime.GOMAXPROCS(0), "run `n` workers")
	jobs := flag.Int("jobs", 10_000, "stop after `n` jobs; 0 means at an interrupt only")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *workers, *jobs, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run works until ctx ends or the jobs are done.
func run(ctx context.Context, workers, jobs int, out io.Writer) error {
	ex, err := executor.New(executor.Options{Name: "workers"})
	if err != nil {
		return err
	}
	// The shutdown signal is a context: whoever calls shutdown ends every Run.
	ctx, shutdown := context.WithCancel(ctx)
	defer shutdown()
	var running sync.WaitGroup
	for range workers {
		running.Go(func() { _ = ex.Run(ctx) }) // the error says why ctx has ended
	}

	// Jobs come through a channel that holds back whoever is too fast.
	queue := meet.NewChan[int](64)
	var done, sum atomic.Int64
	for range 4 * workers {
		executor.Go(ex, func(ctx context.Context) (int, error) {
			for {
				job, err := queue.Recv(ctx)
				if err != nil {
					return 0, err
				}
				sum.Add(int64(job))
				if done.Add(1) == int64(jobs) {
					shutdown()
				}
			}
		}).Detach()
	}
	for job := 0; jobs == 0 || job < jobs; job++ {
		if queue.Send(ctx, job) != nil {
			break
		}
	}
	<-ctx.Done()
	running.Wait()

	left := ex.Stats().Tasks
	if err := ex.Close(); err != nil { // ends the receivers, in the middle of their waits
		return err
	}
	fmt.Fprintf(out, "%d workers did %d jobs, sum %d\n", workers, done.Load(), sum.Load())
	fmt.Fprintf(out, "%d tasks were left at the signal, none now: %v\n", left, ex.IsEmpty())
	return nil
}
