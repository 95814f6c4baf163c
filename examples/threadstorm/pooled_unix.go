//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"runtime/metrics"
	"slices"
	"time"

	"github.com/causeway-go/causeway/pollster"
	"github.com/causeway-go/causeway/threadpool"
	"github.com/causeway-go/causeway/unblock"
)

var errCap = errors.New("more threads than the cap allows")

// pooled makes the reads on a pool: a future each, and one BlockOn for all.
func pooled(o options, stdout io.Writer) (err error) {
	pool, err := threadpool.New(threadpool.Options{Name: "threadstorm", Limit: o.limit})
	if err != nil {
		return err
	}
	defer func() { _ = pool.Close() }()
	s, err := newStorm(o.reads, o.limit)
	if err != nil {
		return err
	}
	before := threads()
	seen := newWatch(threads)
	begun := time.Now()

	reads := make([]pollster.Future[struct{}], o.reads)
	for i := range reads {
		reads[i] = unblock.GoOn(pool, func() (struct{}, error) { return struct{}{}, s.read(i) })
	}
	writer := unblock.Go(func() (struct{}, error) { return struct{}{}, s.feed() })
	_, err = pollster.BlockOn(context.Background(), pollster.Join2(writer, pollster.Join(reads...)))

	took, peak := time.Since(begun), seen.end()
	if err != nil {
		return err // and leaves the pipes open, which some reads may still be in
	}
	s.close()
	// Time is what is measured here: how many threads a second has left.
	time.Sleep(time.Second)
	limit := int64(o.limit + ownThreads())
	slices.Sort(s.blocked)
	for _, row := range []struct{ label, value string }{
		{"reads", fmt.Sprintf("%d, all done, on a pool of %d", o.reads, o.limit)},
		{"seconds", fmt.Sprintf("%.3f", took.Seconds())},
		{"blocked", fmt.Sprintf("%v in the median read", s.blocked[o.reads/2].Round(time.Microsecond))},
		{"threads before", fmt.Sprint(before)},
		{"threads at peak", fmt.Sprintf("%d, cap %d (%d and Go's own)", peak, limit, o.limit)},
		{"threads 1 s after", fmt.Sprint(threads())},
		{"pool peak", fmt.Sprint(pool.Stats().Peak)},
	} {
		if _, err := fmt.Fprintf(stdout, "%-18s %s\n", row.label, row.value); err != nil {
			return err
		}
	}
	if peak > limit {
		return errCap
	}
	return nil
}

// ownThreads is how many threads Go has for itself, at most, beside those that
// are blocked: one for each processor it uses, the system monitor, and some that
// wait for work.
func ownThreads() int { return runtime.GOMAXPROCS(0) + 8 }

// threads returns how many OS threads the process has.
func threads() int64 {
	s := []metrics.Sample{{Name: "/sched/threads/total:threads"}}
	metrics.Read(s)
	return int64(s[0].Value.Uint64())
}
