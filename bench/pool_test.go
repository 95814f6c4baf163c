package main

import (
	"context"
	"errors"
	"testing"

	"github.com/causeway-go/causeway/bench/kit"
	"github.com/causeway-go/causeway/bench/lab"
)

// fake makes a scenario of two rows whose n-th run has the figure n and 10 n.
func fake(runs *int, err error) kit.Scenario {
	return jointly("pool/fake", "A fake.", []string{kit.Ours, "rival"}, func(string) (map[string]kit.Figures, error) {
		*runs++
		n := float64(*runs)
		return map[string]kit.Figures{
			kit.Ours: {{Metric: kit.BestRatio, Value: n}},
			"rival":  {{Metric: kit.BestRatio, Value: 10 * n}},
		}, err
	})
}

func TestRowsOfOneRepetitionComeFromOneRun(t *testing.T) {
	runs := 0
	s := fake(&runs, nil)
	r := kit.Runner{Count: 3, Dir: t.TempDir()}
	results := r.Run(context.Background(), &s)
	if runs != 3 {
		t.Errorf("%d runs for 3 repetitions", runs)
	}
	for i := range 3 {
		ours, rival := results[0].Reps[i][0].Value, results[1].Reps[i][0].Value
		if ours != float64(i+1) || rival != 10*ours {
			t.Errorf("repetition %d: %v and %v", i, ours, rival)
		}
	}
}

func TestAnErrorIsThatOfEveryRow(t *testing.T) {
	runs := 0
	s := fake(&runs, errors.ErrUnsupported)
	r := kit.Runner{Count: 2, Dir: t.TempDir()}
	for _, result := range r.Run(context.Background(), &s) {
		if !errors.Is(result.Err, errors.ErrUnsupported) {
			t.Errorf("%s: %v", result.Impl, result.Err)
		}
	}
	if runs != 1 {
		t.Errorf("%d runs", runs)
	}
}

func TestARowThatIsMissingIsAnError(t *testing.T) {
	s := jointly("pool/fake", "A fake.", []string{kit.Ours}, func(string) (map[string]kit.Figures, error) { return nil, nil })
	r := kit.Runner{Count: 1, Dir: t.TempDir()}
	if result := r.Run(context.Background(), &s)[0]; result.Err == nil {
		t.Errorf("%+v", result)
	}
}

// Every row that a scenario of throughput promises must be in a report, with
// figures that the kit takes.
func TestAReportHasAllRows(t *testing.T) {
	report := &lab.Report{
		Found:  &lab.Found{Best: 8, Rates: map[int][]float64{8: {100}, 1: {10}}},
		Rivals: map[string]lab.Score{},
	}
	for _, n := range lab.Sizes {
		report.Found.Rates[n] = []float64{float64(n)}
	}
	report.Found.Rates[8] = []float64{1000}
	for _, r := range lab.Rivals {
		report.Rivals[r.Name] = lab.Score{Whole: 0.5}
	}
	rows := figures(report)
	for _, impl := range throughput(lab.Workloads()[0]).Impls {
		if len(rows[impl.Name]) == 0 {
			t.Errorf("no row %s", impl.Name)
		}
	}
	if got := rows["fixed-1"][0]; got.Metric != kit.BestRatio || got.Value != 0.001 {
		t.Errorf("fixed-1 has %+v", got)
	}
	s := jointly("pool/fake", "A fake.", []string{kit.Ours, "fixed-1"}, func(string) (map[string]kit.Figures, error) { return rows, nil })
	r := kit.Runner{Count: 1, Dir: t.TempDir()}
	for _, result := range r.Run(context.Background(), &s) {
		if result.Err != nil {
			t.Error(result.Err)
		}
	}
}

func TestTheGreatestIsKept(t *testing.T) {
	var m atomicMost
	for _, n := range []int64{3, 1, 7, 5} {
		m.raise(n)
	}
	if got := m.n.Load(); got != 7 {
		t.Errorf("%d, want 7", got)
	}
}
