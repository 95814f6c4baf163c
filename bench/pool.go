package main

import (
	"fmt"
	"slices"
	"sync"

	"github.com/causeway-go/causeway/bench/kit"
	"github.com/causeway-go/causeway/bench/lab"
)

// poolScenarios are all those about pools that choose their size. Package lab
// says how they are measured.
func poolScenarios() []kit.Scenario {
	var all []kit.Scenario
	for _, w := range lab.Workloads() {
		all = append(all, throughput(w))
	}
	return append(all, shifting, burst, tailWait, slowDependency, dependent, appLatency, metastable, threadsBack, noopGrowth, storm)
}

// throughput compares the sizes and the pools on one workload.
func throughput(w lab.Workload) kit.Scenario {
	names := []string{kit.Ours, "best-fixed"}
	for _, n := range lab.Sizes {
		names = append(names, fixedName(n))
	}
	for _, r := range lab.Rivals {
		names = append(names, r.Name)
	}
	return jointly("pool/"+w.Name,
		"A job "+w.Doc+". 768 clients at once; throughput by that of the best fixed size.",
		names, func(dir string) (map[string]kit.Figures, error) {
			r, err := lab.Session(&w, dir)
			if err != nil {
				return nil, err
			}
			return figures(r), nil
		})
}

func fixedName(n int) string { return fmt.Sprintf("fixed-%d", n) }

// figures are the rows of a report.
func figures(r *lab.Report) map[string]kit.Figures {
	rows := map[string]kit.Figures{
		kit.Ours:     scored(r.Ours).With(kit.Motion, r.Ours.Motion).With(kit.OthersCPU, r.Others),
		"best-fixed": scored(r.Best),
	}
	for _, n := range lab.Sizes {
		rows[fixedName(n)] = kit.Figures{
			{Metric: kit.BestRatio, Value: r.Found.Ratio(n)},
			{Metric: kit.JobsPerS, Value: r.Found.Rate(n)},
			{Metric: kit.Limit, Value: float64(n)},
		}
	}
	for name, s := range r.Rivals {
		rows[name] = scored(s)
	}
	return rows
}

func scored(s lab.Score) kit.Figures {
	return kit.Figures{
		{Metric: kit.BestRatio, Value: s.Whole},
		{Metric: kit.SteadyRatio, Value: s.Steady},
		{Metric: kit.JobsPerS, Value: s.Rate},
		{Metric: kit.Limit, Value: float64(s.Limit)},
		{Metric: kit.ThreadsPeak, Value: float64(s.Threads)},
	}
}

// jointly makes a scenario whose rows are all measured by one call of run,
// which interleaves them itself, because they depend on each other. The row
// that is asked for first pays.
func jointly(name, doc string, rows []string, run func(dir string) (map[string]kit.Figures, error)) kit.Scenario {
	t := &session{run: run, asked: map[string]int{}}
	s := kit.Scenario{Name: name, Doc: doc, Rounds: 1}
	for _, row := range rows {
		s.Impls = append(s.Impls, kit.Impl{Name: row, Measure: func(r *kit.Rep) (kit.Figures, error) {
			return t.row(r, row)
		}})
	}
	return s
}

// session has the outcomes of run, one for each repetition.
type session struct {
	run   func(dir string) (map[string]kit.Figures, error)
	mu    sync.Mutex
	done  []outcomes
	asked map[string]int // how many outcomes a row has been told
}

type outcomes struct {
	rows map[string]kit.Figures
	err  error
}

// row returns the figures of a row in the next repetition.
func (t *session) row(r *kit.Rep, name string) (kit.Figures, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	i := t.asked[name]
	t.asked[name]++
	if i == len(t.done) {
		dir, err := r.Dir()
		if err != nil {
			return nil, err
		}
		rows, err := t.run(dir)
		t.done = append(t.done, outcomes{rows, err})
	}
	o := t.done[i]
	if o.err != nil {
		return nil, o.err
	}
	f, ok := o.rows[name]
	if !ok {
		return nil, fmt.Errorf("no row %s", name)
	}
	return slices.Clone(f), nil
}
