package poolsim_test

import (
	"encoding/json"
	"flag"
	"math"
	"os"
	"runtime"
	"testing"

	"github.com/causeway-go/causeway/internal/poolsim"
)

var (
	update = flag.Bool("update", false, "search the best fixed sizes of the suite again and store them")
	seed   = flag.Uint64("seed", 0, "run the suite at this seed instead of the stored one; takes minutes")
)

const (
	goldenFile  = "testdata/best.json"
	goldenSize  = 180
	goldenSeed  = 3
	namedSeed   = 7
	quickPasses = 9
)

// brief says that fewer workloads do.
func brief() bool { return testing.Short() || raceEnabled }

func search(s uint64, ws []poolsim.Workload) []poolsim.Best {
	best := make([]poolsim.Best, len(ws))
	for i := range ws {
		best[i] = poolsim.Search(&ws[i], s)
	}
	return best
}

func stored(t *testing.T, ws []poolsim.Workload) []poolsim.Best {
	t.Helper()
	var best []poolsim.Best
	if *update {
		best = search(goldenSeed, ws)
		b, err := json.Marshal(best)
		if err == nil {
			err = os.WriteFile(goldenFile, append(b, '\n'), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
		return best
	}
	b, err := os.ReadFile(goldenFile)
	if err == nil {
		err = json.Unmarshal(b, &best)
	}
	if err != nil || len(best) != len(ws) {
		t.Fatalf("%s holds %d results of %d: %v", goldenFile, len(best), len(ws), err)
	}
	return best
}

func measure(s uint64, ws []poolsim.Workload, best []poolsim.Best, p func() poolsim.Policy) poolsim.Summary {
	scores := make([]poolsim.Score, len(ws))
	for i := range ws {
		scores[i] = poolsim.Measure(&ws[i], p(), s, best[i])
	}
	return poolsim.Summarize(scores)
}

// measureClasses gives a limit to each class of the workloads that have two.
func measureClasses(s uint64, ws []poolsim.Workload, best []poolsim.Best) poolsim.Summary {
	scores := make([]poolsim.Score, len(ws))
	for i := range ws {
		if len(ws[i].Segments[0].Classes) > 1 {
			scores[i] = poolsim.MeasureClasses(&ws[i], adaptive, s, best[i])
		} else {
			scores[i] = poolsim.Measure(&ws[i], &poolsim.Adaptive{}, s, best[i])
		}
	}
	return poolsim.Summarize(scores)
}

// A user who names the classes of a mix gives the pool what no single limit can
// know.
func TestMixesOfTwoClassesWithALimitEach(t *testing.T) {
	all := poolsim.Suite(goldenSeed, goldenSize)
	stored := stored(t, all)
	var ws []poolsim.Workload
	var best []poolsim.Best
	for i := range all {
		if len(all[i].Segments[0].Classes) > 1 && (len(ws) < 5 || !brief()) {
			ws, best = append(ws, all[i]), append(best, stored[i])
		}
	}
	m := measureClasses(goldenSeed, ws, best)
	t.Logf("a limit each: %v", m)
	t.Logf("one limit:    %v", measure(goldenSeed, ws, best, adaptive))
	if n := float64(m.N); float64(m.Over95) < 0.8*n || float64(m.Over90) < 0.8*n || m.Mean < 0.95 {
		t.Errorf("worse than it was: %v", m)
	}
}

func adaptive() poolsim.Policy { return &poolsim.Adaptive{} }

// The bounds are a little below what was measured: this is a guard against
// getting worse. Figures at fresh seeds are printed with -seed.
func TestTheRandomSuiteStaysNearTheBestFixedSizes(t *testing.T) {
	if *seed != 0 {
		ws := poolsim.Suite(*seed, goldenSize)
		best := search(*seed, ws)
		t.Logf("seed %d, one limit:         %v", *seed, measure(*seed, ws, best, adaptive))
		t.Logf("seed %d, a limit per class: %v", *seed, measureClasses(*seed, ws, best))
		return
	}
	ws := poolsim.Suite(goldenSeed, goldenSize)
	best := stored(t, ws)
	if brief() {
		ws, best = ws[:45], best[:45]
	}
	m := measure(goldenSeed, ws, best, adaptive)
	t.Log(m)
	if n := float64(m.N); float64(m.Over95) < 0.9*n || float64(m.Over90) < 0.96*n || m.Mean < 0.97 || m.ThreadsGeo > 1.3 {
		t.Errorf("worse than it was: %v", m)
	}
}

func TestTheStoredBestSizesAreWhatTheSearchFinds(t *testing.T) {
	ws := poolsim.Suite(goldenSeed, goldenSize)
	best := stored(t, ws)
	for i, left := 0, quickPasses; left > 0 && i < len(ws); i += 7 {
		if best[i].Completed > 100_000 {
			continue // searched with -update only
		}
		left--
		b := poolsim.Search(&ws[i], goldenSeed)
		if !same(b, best[i]) {
			t.Errorf("%s: stored %+v, found %+v", ws[i].Name, best[i], b)
		}
	}
}

// same reports whether two searches have found the same. The stored ones were
// found on amd64; other processors round some products differently, so that the
// simulated histories part in details.
func same(a, b poolsim.Best) bool {
	if runtime.GOARCH == "amd64" {
		return a == b
	}
	return math.Abs(float64(a.Completed)/float64(b.Completed)-1) < 0.01
}

func TestTheNamedWorkloadsReachNinetyFivePercentOfTheBestFixedSize(t *testing.T) {
	ws := poolsim.Named()
	switch {
	case testing.Short():
		ws = ws[:1]
	case raceEnabled:
		ws = ws[:3] // races do not depend on the workload
	}
	for _, w := range ws {
		s := poolsim.Measure(&w, &poolsim.Adaptive{}, namedSeed, poolsim.Search(&w, namedSeed))
		t.Logf("%-16s %.3f of size %d, second half %.3f, threads %.2f of the fewest that do", w.Name, s.Ratio, s.Best.Size, s.Steady, s.Threads)
		if s.Ratio < 0.95 {
			t.Errorf("%s: %.3f of the best fixed size", w.Name, s.Ratio)
		}
	}
}

func TestNoOtherRuleComesNear(t *testing.T) {
	n := 45
	if brief() {
		n = 9
	}
	ws := poolsim.Suite(goldenSeed, goldenSize)
	best := stored(t, ws)[:n]
	ws = ws[:n]
	ours := measure(goldenSeed, ws, best, adaptive)
	t.Logf("%-14s %v", "ours", ours)
	for _, r := range []struct {
		name string
		p    func() poolsim.Policy
	}{
		{"fixed 512", func() poolsim.Policy { return poolsim.Fixed(512) }},
		{"keep runnable", func() poolsim.Policy { return &poolsim.KeepRunnable{} }},
		{"hill climbing", func() poolsim.Policy { return &poolsim.HillClimb{} }},
		{"Vegas", func() poolsim.Policy { return &poolsim.Vegas{} }},
		{"Gradient2", func() poolsim.Policy { return &poolsim.Gradient2{} }},
	} {
		m := measure(goldenSeed, ws, best, r.p)
		t.Logf("%-14s %v", r.name, m)
		if m.Mean >= ours.Mean {
			t.Errorf("%s has mean %.3f, ours %.3f", r.name, m.Mean, ours.Mean)
		}
	}
}
