package kit_test

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/causeway-go/causeway/bench/kit"
)

func TestMedianOfOddEvenAndNone(t *testing.T) {
	for _, test := range []struct {
		values []float64
		want   float64
	}{
		{[]float64{3}, 3},
		{[]float64{9, 1, 5}, 5},
		{[]float64{4, 1, 3, 2}, 2.5},
	} {
		before := slices.Clone(test.values)
		if got := kit.Median(test.values); got != test.want {
			t.Errorf("Median(%v) = %v, want %v", test.values, got, test.want)
		}
		if !slices.Equal(before, test.values) {
			t.Errorf("Median reordered %v", before)
		}
	}
	if !math.IsNaN(kit.Median(nil)) {
		t.Error("Median of nothing is a number")
	}
}

// sequence returns a scenario whose implementations note their names and
// return the values of a list one after the other.
func sequence(order *[]string, values map[string][]float64) *kit.Scenario {
	s := &kit.Scenario{Name: "fake/sequence", Doc: "A sequence."}
	for _, name := range []string{kit.Ours, "a", "b"} {
		next := 0
		s.Impls = append(s.Impls, kit.Impl{Name: name, Measure: func(*kit.Rep) (kit.Figures, error) {
			*order = append(*order, name[:1])
			v := values[name][next]
			next++
			return kit.Figures{{Metric: kit.NsPerOp, Value: v}}, nil
		}})
	}
	return s
}

func TestRoundsAreInterleavedAndTakeTurnsAtBeingFirst(t *testing.T) {
	var order []string
	s := sequence(&order, map[string][]float64{
		kit.Ours: {1, 5, 3, 10, 20, 30}, "a": make([]float64, 6), "b": make([]float64, 6),
	})
	s.Rounds = 3
	r := kit.Runner{Count: 2}
	results := r.Run(context.Background(), s)
	if got, want := strings.Join(order, ""), "cab"+"abc"+"bca"+"cab"+"abc"+"bca"; got != want {
		t.Errorf("order %s, want %s", got, want)
	}
	for rep, want := range []float64{3, 20} {
		if got := results[0].Reps[rep][0].Value; got != want {
			t.Errorf("repetition %d: %v, want the median of its rounds, %v", rep, got, want)
		}
	}
}

func TestRatioIsFormedWithinRepetitions(t *testing.T) {
	var order []string
	// The machine is ten times slower in the second repetition. The median of
	// the ratios is 2, the ratio of the medians would be 4.
	s := sequence(&order, map[string][]float64{
		kit.Ours: {1, 10, 1}, "a": {2, 20, 4}, "b": {1, 1, 1},
	})
	s.Rounds = 1
	r := kit.Runner{Count: 3}
	var out strings.Builder
	if err := kit.WriteTable(&out, s, r.Run(context.Background(), s)); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(out.String()) {
		if f := strings.Fields(line); len(f) > 0 && f[0] == "a" {
			if f[3] != "2.00" {
				t.Errorf("ratio of a is %s, want 2.00", f[3])
			}
			return
		}
	}
	t.Errorf("no line for a in\n%s", out.String())
}

func TestEndedContextEndsARun(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	var order []string
	r := kit.Runner{Count: 3}
	for _, result := range r.Run(ctx, sequence(&order, nil)) {
		if result.Err == nil || len(result.Reps) > 0 {
			t.Errorf("%s: %v, %d repetitions", result.Impl, result.Err, len(result.Reps))
		}
	}
	if len(order) > 0 {
		t.Error("measured nevertheless")
	}
}

// TestLoopFindsHowManyOperationsFillTheTime uses a clock of its own.
func TestLoopFindsHowManyOperationsFillTheTime(t *testing.T) {
	for _, each := range []time.Duration{1, 100, time.Microsecond, time.Millisecond, time.Second} {
		r := kit.Rep{Target: 50 * time.Millisecond}
		var last int
		f := r.Timed(func(n int) time.Duration { last = n; return time.Duration(n) * each })
		if f[0].Metric != kit.NsPerOp || f[0].Value != float64(each) {
			t.Errorf("%v an operation: figures %v", each, f)
		}
		if want := max(1, int(r.Target/each)); last < want*9/10 || last > want*11/10 {
			t.Errorf("%v an operation: measured %d of them, want %d", each, last, want)
		}
	}
}

var keep []byte

func TestLoopCountsAllocations(t *testing.T) {
	r := kit.Rep{Target: time.Millisecond}
	f := r.Loop(func(n int) {
		for range n {
			keep = make([]byte, 128)
		}
	})
	if len(f) != 3 || f[1].Metric != kit.AllocsPerOp || math.Round(f[1].Value) != 1 ||
		f[2].Metric != kit.BytesPerOp || f[2].Value < 128 || f[2].Value > 256 {
		t.Errorf("figures %v, want 1 allocation of 128 bytes each", f)
	}
}

func TestOnceAndThroughputDivideByWhatWasDone(t *testing.T) {
	calls := 0
	once := kit.Once(1000, func() { calls++ })
	if calls != 1 || len(once) != 3 || once[0].Value <= 0 || once[0].Value > 1e6 {
		t.Errorf("Once: %d calls, %v", calls, once)
	}
	through := kit.Throughput(5e6, func() { calls++; time.Sleep(time.Millisecond) })
	if calls != 2 || len(through) != 1 || through[0].Value <= 0 || through[0].Value > 5000 {
		t.Errorf("Throughput: %d calls, %v", calls, through)
	}
}

func TestPerItemSeesWhatIsHeld(t *testing.T) {
	const items, size = 20000, 512
	var hold [][]byte
	f := kit.PerItem(items, func() func() {
		hold = make([][]byte, items)
		for i := range hold {
			hold[i] = make([]byte, size)
		}
		return func() { hold = nil }
	})
	if hold != nil {
		t.Error("release not called")
	}
	if f[0].Metric != kit.BytesItem || f[0].Value < size || f[0].Value > 2*size {
		t.Errorf("figures %v, want about %d and a slice header", f, size)
	}
}

func TestPeakIsTheMostSeenAtAnyTime(t *testing.T) {
	var looks atomic.Int64
	high := make(chan struct{})
	look := func() int {
		switch looks.Add(1) {
		case 3:
			return 50
		case 4:
			close(high) // the look before has been taken in
		}
		return 7
	}
	if got := kit.Peak(func() { <-high }, look); got != 50 {
		t.Errorf("peak %d, want 50", got)
	}
	if got := kit.Peak(func() {}, func() int { return 9 }); got != 9 {
		t.Errorf("peak %d, want 9", got)
	}
}

func TestPeakThreadsSeesLockedThreads(t *testing.T) {
	const locked = 20
	up, down, gone := make(chan struct{}), make(chan struct{}), make(chan struct{})
	peak := kit.PeakThreads(func() {
		for range locked {
			go func() {
				defer func() { gone <- struct{}{} }()
				runtime.LockOSThread() // and never unlock: the thread ends with us
				up <- struct{}{}
				<-down
			}()
		}
		for range locked {
			<-up
		}
	})
	close(down)
	for range locked {
		<-gone
	}
	if peak < locked {
		t.Errorf("peak of %d threads with %d locked ones", peak, locked)
	}
}

func TestDirIsOneForAnImplementationAndRemoved(t *testing.T) {
	base := t.TempDir()
	var dirs []string
	s := &kit.Scenario{Name: "fake/dir", Doc: "Directories.", Rounds: 2, Impls: []kit.Impl{{
		Name: kit.Ours, Measure: func(r *kit.Rep) (kit.Figures, error) {
			d, err := r.Dir()
			dirs = append(dirs, d)
			if err == nil {
				err = os.WriteFile(filepath.Join(d, "file"), nil, 0o600)
			}
			return kit.Figures{{Metric: kit.MBPerS, Value: 1}}, err
		},
	}}}
	r := kit.Runner{Count: 2, Dir: base}
	if results := r.Run(context.Background(), s); results[0].Err != nil {
		t.Fatal(results[0].Err)
	}
	if len(dirs) != 4 || len(slices.Compact(slices.Clone(dirs))) != 1 || filepath.Dir(dirs[0]) != base {
		t.Errorf("directories %v, want the same one in %s four times", dirs, base)
	}
	if left, err := os.ReadDir(base); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

func TestBusyKeepsProcessorsAndEnds(t *testing.T) {
	before := runtime.NumGoroutine()
	stop := kit.Busy(3)
	if n := runtime.NumGoroutine(); n != before+3 {
		t.Errorf("%d goroutines more, want 3", n-before)
	}
	stop()
	for runtime.NumGoroutine() > before {
		runtime.Gosched()
	}
}
