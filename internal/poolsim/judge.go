package poolsim

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// A Score is one workload of a comparison.
type Score struct {
	Workload *Workload
	Best     Best
	Ratio    float64 // completions over those of the best fixed size
	Steady   float64 // the same, in the second half
	Threads  float64 // mean running jobs over Best.Needed
}

// Measure runs w under p and compares it with best.
func Measure(w *Workload, p Policy, seed uint64, best Best) Score {
	r := Run(w, p, seed)
	h := w.horizon()
	s := Score{Workload: w, Best: best}
	s.Ratio = float64(r.Completed) / float64(max(best.Completed, 1))
	s.Steady = float64(r.Between(h/2, h)) / (float64(max(best.Completed, 1)) / 2)
	s.Threads = r.Threads / float64(best.Needed)
	return s
}

// A Summary condenses the scores of a suite.
type Summary struct {
	N                int
	Min, Mean, Fifth float64
	Over95, Over90   int
	Steady95         int
	ThreadsGeo       float64 // geometric mean of threads over needed
	ThreadsMean      float64
	ThreadsMedian    float64
}

// Summarize condenses scores.
func Summarize(scores []Score) Summary {
	m := Summary{N: len(scores), Min: math.Inf(1)}
	var ratios, threads []float64
	for _, s := range scores {
		ratios = append(ratios, s.Ratio)
		threads = append(threads, s.Threads)
		m.Min = min(m.Min, s.Ratio)
		m.Mean += s.Ratio / float64(m.N)
		m.ThreadsGeo += math.Log(s.Threads) / float64(m.N)
		m.ThreadsMean += s.Threads / float64(m.N)
		if s.Ratio >= 0.95 {
			m.Over95++
		}
		if s.Ratio >= 0.90 {
			m.Over90++
		}
		if s.Steady >= 0.95 {
			m.Steady95++
		}
	}
	m.ThreadsGeo = math.Exp(m.ThreadsGeo)
	slices.Sort(ratios)
	slices.Sort(threads)
	m.Fifth = ratios[m.N/20]
	m.ThreadsMedian = threads[m.N/2]
	return m
}

// String returns the figures on one line.
func (m Summary) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "n %d: min %.3f, p5 %.3f, mean %.4f, >=95 %% in %d, >=90 %% in %d, steady >=95 %% in %d, ",
		m.N, m.Min, m.Fifth, m.Mean, m.Over95, m.Over90, m.Steady95)
	fmt.Fprintf(&b, "threads/needed geo %.3f median %.3f mean %.3f", m.ThreadsGeo, m.ThreadsMedian, m.ThreadsMean)
	return b.String()
}

// MeasureClasses is Measure with a queue and a limit for each class. best is
// that of one queue with one limit; what counts of a mix is its Progress.
func MeasureClasses(w *Workload, each func() Policy, seed uint64, best Best) Score {
	r := RunClasses(w, each, seed)
	h := w.horizon()
	s := Score{Workload: w, Best: best}
	s.Ratio = r.Progress(w) / float64(max(best.Completed, 1))
	s.Steady = float64(r.Between(h/2, h)) / (float64(max(best.Completed, 1)) / 2)
	s.Threads = r.Threads / float64(best.Needed)
	return s
}
