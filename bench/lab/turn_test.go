package lab

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/causeway-go/causeway/bench/lab/clib"
	"github.com/causeway-go/causeway/internal/leak"
)

// short is how long the turns of the tests take.
const short = 100 * time.Millisecond

// load makes the load of a workload by name, or skips the test.
func load(t *testing.T, name string) *Load {
	t.Helper()
	for _, w := range Workloads() {
		if w.Name != name {
			continue
		}
		l, err := w.New(t.TempDir())
		if err != nil {
			t.Skipf("%s: %v", name, err)
		}
		t.Cleanup(func() {
			if err := l.close(); err != nil {
				t.Error(err)
			}
		})
		return l
	}
	t.Fatalf("no workload %s", name)
	return nil
}

// rate is that of a pool of n.
func rate(t *testing.T, l *Load, n int) float64 {
	t.Helper()
	tally, err := freshTurn(func() (Pool, error) { return Fixed(n) }, l, short)
	if err != nil {
		t.Fatal(err)
	}
	return tally.Rate()
}

// A figure that stays the same whatever the size is would say nothing. The
// factors are far from what is measured (10 or more), because this runs on
// machines that have other things to do.
func TestABadSizeDoesLess(t *testing.T) {
	for _, c := range []struct {
		workload  string
		bad, good int
	}{
		{"sleep", 1, 64},
		{"mixed", 1, 64},
		{"heavy-tail", 1, 64},
		{"cgo-sleep", 1, 64},
		{"convoy", 500, 6},
	} {
		t.Run(c.workload, func(t *testing.T) {
			l := load(t, c.workload)
			sometime(t, func() string {
				bad, good := rate(t, l, c.bad), rate(t, l, c.good)
				if bad > good/2 {
					return fmt.Sprintf("size %d does %.0f jobs/s and size %d %.0f", c.bad, bad, c.good, good)
				}
				return ""
			})
		})
	}
}

// On jobs that compute only a pool of one can be bad, and only where there are
// two processors for us, which nobody promises. What can be said is that no
// number at once does more than the processors can.
func TestComputingIsWorkAndNotTime(t *testing.T) {
	var stop atomic.Bool
	Compute(time.Millisecond, &stop) // this machine is measured once
	one := time.Hour
	for range 5 { // the least disturbed
		start := time.Now()
		Compute(50*time.Millisecond, &stop)
		one = min(one, time.Since(start))
	}
	n := 8 * runtime.GOMAXPROCS(0)
	ended := make(chan struct{})
	start := time.Now()
	for range n {
		go func() { Compute(50*time.Millisecond, &stop); ended <- struct{}{} }()
	}
	for range n {
		<-ended
	}
	if all := time.Since(start); all < 2*one {
		t.Errorf("one took %v, %d at once %v on %d processors", one, n, all, runtime.GOMAXPROCS(0))
	}
}

func TestJobsEndEarlyWhenStopped(t *testing.T) {
	var stop atomic.Bool
	stop.Store(true)
	start := time.Now()
	Compute(time.Hour, &stop)
	c := Convoy{Hold: time.Hour, Retry: time.Hour}
	c.Use(&stop)
	c.lock.Lock()
	c.Use(&stop)
	if d := time.Since(start); d > time.Minute {
		t.Errorf("took %v", d)
	}
	if n := c.inside.Load(); n != 0 {
		t.Errorf("%d inside", n)
	}
}

// Every kind of job must run, and nothing of it be left.
func TestEveryWorkloadRuns(t *testing.T) {
	for _, w := range Workloads() {
		t.Run(w.Name, func(t *testing.T) {
			leak.Check(t, leak.Options{Threads: -1})
			l := load(t, w.Name)
			sometime(t, func() string {
				if rate(t, l, 4) == 0 {
					return "no job has ended"
				}
				return ""
			})
		})
	}
}

func TestRandomIsTheSameEveryTime(t *testing.T) {
	a, b, other := Random(3), Random(3), Random(4)
	same := true
	for range 100 {
		x := Uniform(a, time.Millisecond, 50*time.Millisecond)
		if x != Uniform(b, time.Millisecond, 50*time.Millisecond) {
			t.Fatal("two clients of one number have different jobs")
		}
		if x < time.Millisecond || x > 50*time.Millisecond {
			t.Fatalf("%v is out of range", x)
		}
		same = same && x == Uniform(other, time.Millisecond, 50*time.Millisecond)
	}
	if same {
		t.Error("clients have the same jobs")
	}
}

// counting is a pool that counts how many jobs it runs at once.
type counting struct {
	Pool
	now, most atomic.Int64
}

func (c *counting) Do(ctx context.Context, job func()) {
	c.Pool.Do(ctx, func() {
		n := c.now.Add(1)
		for m := c.most.Load(); n > m && !c.most.CompareAndSwap(m, n); m = c.most.Load() {
		}
		job()
		c.now.Add(-1)
	})
}

func TestATurnKeepsThePoolFullAndNotFuller(t *testing.T) {
	l := load(t, "sleep")
	for _, n := range []int{1, 7, 100} {
		sometime(t, func() string {
			p, err := Fixed(n)
			if err != nil {
				t.Fatal(err)
			}
			defer p.Close()
			c := &counting{Pool: p}
			tally := Turn(c, l, short)
			most := c.most.Load()
			if most > int64(n) || tally.Limit != n {
				t.Errorf("size %d: %d at once, limit %d", n, most, tally.Limit)
			}
			if most < int64(n) {
				return fmt.Sprintf("size %d: %d at once", n, most)
			}
			return ""
		})
	}
}

// broken is a pool that loses its jobs.
type broken struct{ Pool }

func (broken) Do(ctx context.Context, _ func()) { <-ctx.Done() }
func (broken) Limit() int                       { return 3 }

func TestJobsThatDoNotRunAreNotCounted(t *testing.T) {
	if tally := TurnOf(broken{}, 10, func(*rand.Rand, *atomic.Bool) {}, short); tally.Jobs != 0 || tally.Limit != 3 {
		t.Errorf("%+v", tally)
	}
}

func TestJobsThatEndAfterTheTurnAreNotCounted(t *testing.T) {
	p, err := Unbounded()
	if err != nil {
		t.Fatal(err)
	}
	tally := TurnOf(p, 10, func(_ *rand.Rand, stop *atomic.Bool) {
		for !stop.Load() {
			runtime.Gosched()
		}
	}, short)
	if tally.Jobs != 0 {
		t.Errorf("%d jobs", tally.Jobs)
	}
}

func TestEveryPoolRunsJobs(t *testing.T) {
	rows := []Rival{{"adaptive", Adaptive}, {"unbounded", Unbounded}}
	for _, r := range append(rows, Rivals...) {
		t.Run(r.Name, func(t *testing.T) {
			leak.Check(t, leak.Options{Threads: -1})
			p, err := r.Open()
			if err != nil {
				t.Fatal(err)
			}
			defer p.Close()
			for range 2 { // a pool has many turns
				sometime(t, func() string {
					if tally := TurnOf(p, 20, func(*rand.Rand, *atomic.Bool) { runtime.Gosched() }, short); tally.Jobs == 0 {
						return "no job has ended"
					}
					return ""
				})
			}
		})
	}
}

func TestWithoutCTheStubSaysSo(t *testing.T) {
	defer func() {
		if v := recover(); (v != nil) == clib.There {
			t.Errorf("there is C: %v; panicked with %v", clib.There, v)
		}
	}()
	clib.Locked(1)
	clib.Spin(1)
	clib.Sleep(1)
}
