package lab

import (
	"context"
	"fmt"
	"testing"
	"time"
)

// needSleep skips where nothing can hold a thread.
func needSleep(t *testing.T) {
	t.Helper()
	if err := Sleep(time.Microsecond); err != nil {
		t.Skipf("a sleep in a system call: %v", err)
	}
}

// open opens a pool for the test.
func open(t *testing.T, f func() (Pool, error)) Pool {
	t.Helper()
	p, err := f()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

func size(n int) func() (Pool, error) { return func() (Pool, error) { return Fixed(n) } }

func TestABurstWaitsInAPoolThatIsTooSmall(t *testing.T) {
	needSleep(t)
	sometime(t, func() string {
		small, large := RunBurst(open(t, size(4)), 300), RunBurst(open(t, size(300)), 300)
		if small.P99 < 2*large.P99 || small.Took < 2*large.Took {
			return fmt.Sprintf("size 4: %v ms, %v; size 300: %v ms, %v", small.P99, small.Took, large.P99, large.Took)
		}
		return ""
	})
}

func TestWaitingJobsDeadlockInAPoolThatIsTooSmall(t *testing.T) {
	needSleep(t)
	sometime(t, func() string {
		small, large := Waits(open(t, size(8)), short), Waits(open(t, size(2*Outers)), short)
		if small.Jobs > large.Jobs/4 || large.Jobs == 0 {
			return fmt.Sprintf("size 8: %d jobs, size %d: %d", small.Jobs, 2*Outers, large.Jobs)
		}
		if seen := WaitsSeen(open(t, size(8)), short); seen.Jobs == 0 {
			return "no job has ended although the pool sees that they wait"
		}
		return ""
	})
}

func TestAShiftCountsEverySegment(t *testing.T) {
	needSleep(t)
	sometime(t, func() string {
		small, large := RunShift(open(t, size(1)), 3*bucket), RunShift(open(t, size(200)), 3*bucket)
		for i, s := range large.Segments {
			if len(s) != 3 {
				t.Errorf("segment %d has %d buckets", i, len(s))
			}
		}
		if a, b := mean(small.Segments[1]), mean(large.Segments[1]); a > b/4 {
			return fmt.Sprintf("asleep, size 1 does %v jobs/s and size 200 %v", a, b)
		}
		if got := small.Recovery(&large); got < float64(bucket/time.Millisecond) {
			return fmt.Sprintf("size 1 is as good as size 200 after %v ms", got)
		}
		return ""
	})
}

func mean(v []float64) (m float64) {
	for _, x := range v {
		m += x / float64(len(v))
	}
	return m
}

func TestARushIsOverInAPoolThatDoesNotCrowdTheLock(t *testing.T) {
	needSleep(t)
	rush := Rush{
		Every: 20 * time.Millisecond,
		Burst: 200,
		Hold:  time.Millisecond,
		Warm:  short,
		Limit: 20 * time.Second,
		Lost:  20 * time.Second,
	}
	sometime(t, func() string {
		few, ok := rush.Run(open(t, size(3)))
		if !ok {
			return "a pool of 3 has not recovered"
		}
		if many, ok := rush.Run(open(t, size(250))); ok && many < few {
			return fmt.Sprintf("a pool of 250 took %v, one of 3 %v", many, few)
		}
		return ""
	})
	rush.Limit, rush.Lost = 0, 0
	if _, ok := rush.Run(open(t, size(1))); ok {
		t.Error("it has recovered in no time")
	}
}

func TestAnOutageTakesAPoolForBothAndNotTwo(t *testing.T) {
	needSleep(t)
	plan := Plan{Warm: short, Before: 3 * short, Hang: 5 * short}
	sometime(t, func() string {
		shared, err := Shared(size(40))
		if err != nil {
			t.Fatal(err)
		}
		defer shared.Close()
		apart := &Two{Healthy: open(t, size(200)), Slow: open(t, size(200))}
		bad, good := plan.Run(shared), plan.Run(apart)
		if bad.Kept > 0.8*good.Kept || bad.P99Ratio < 2*good.P99Ratio {
			return fmt.Sprintf("one pool of 40: %+v; two: %+v", bad, good)
		}
		return ""
	})
}

func TestClassesAreTwoPools(t *testing.T) {
	two, err := Classes()
	if err != nil {
		t.Fatal(err)
	}
	defer two.Close()
	if two.Healthy == nil || two.Slow == nil || two.Healthy == two.Slow {
		t.Errorf("%+v", two)
	}
}

func TestTimersAreMeasuredBesideJobs(t *testing.T) {
	sometime(t, func() string {
		late, tally := Lateness(open(t, size(1)), short)
		for _, d := range late {
			if d < 0 {
				t.Errorf("a timer was early by %v", -d)
			}
		}
		if len(late) == 0 || tally.Jobs == 0 {
			return fmt.Sprintf("%d timers, %d jobs", len(late), tally.Jobs)
		}
		return ""
	})
}

func TestAStreamOffersWhatItSays(t *testing.T) {
	var s Stream
	s.Offer(context.Background(), time.Millisecond, 50*time.Millisecond, func(int, time.Time) {})
	s.Wait()
	if s.Began.Load() != 50 || s.Ended.Load() != 50 || s.Open() != 0 {
		t.Errorf("began %d, ended %d", s.Began.Load(), s.Ended.Load())
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	s.Offer(ctx, time.Millisecond, time.Hour, func(int, time.Time) { t.Error("offered after the end") })
}
