package poolsim

import (
	"math"
	"slices"
)

// A Result is what a run showed.
type Result struct {
	Completed int
	Threads   float64 // mean number of running jobs
	Buckets   []int32 // completions per tenth of a second
	Limits    []int   // the limit at the end of each tenth of a second
	Classes   []ClassResult
	Ticks     int

	area  float64
	open  bool
	first int
}

// A ClassResult is the part of one class.
type ClassResult struct {
	Completed int
	Waits     []Wait // kept for open loads
}

// A Wait is the time a job spent in the queue, and when it ended.
type Wait struct{ At, Wait float64 }

func newResult(w *Workload) *Result {
	n := int(w.horizon()/bucket + 0.5)
	r := &Result{Buckets: make([]int32, n), Limits: make([]int, n), open: w.open()}
	r.Classes = make([]ClassResult, w.classes())
	return r
}

func (r *Result) started(class int, child bool, wait, at float64) {
	if r.open && !child {
		r.Classes[class].Waits = append(r.Classes[class].Waits, Wait{at, wait})
	}
}

func (r *Result) completed(class int, at float64) {
	r.Completed++
	r.Classes[class].Completed++
	if i := int(at / bucket); i < len(r.Buckets) {
		r.Buckets[i]++
	}
}

func (r *Result) limitWas(at float64, limit int) {
	r.Ticks++
	if i := int(at / bucket); i < len(r.Limits) {
		r.Limits[i] = limit
	}
}

func (r *Result) finish(s *sim) {
	r.Threads = r.area / s.w.horizon()
	last := r.first
	for i := range r.Limits {
		if r.Limits[i] == 0 {
			r.Limits[i] = last
		}
		last = r.Limits[i]
	}
}

// Progress is how many jobs of the mix of w's first segment have ended: the class
// that is furthest behind its share says. With a queue for each class the
// fast ones run ahead of the mix, which is no merit.
func (r *Result) Progress(w *Workload) float64 {
	classes := w.Segments[0].Classes
	total, least := 0.0, math.Inf(1)
	for i := range classes {
		total += classes[i].Weight
	}
	for i := range classes {
		least = min(least, float64(r.Classes[i].Completed)*total/classes[i].Weight)
	}
	return least
}

// Between counts the completions from one time to another, in whole buckets.
func (r *Result) Between(from, to float64) int {
	n := 0
	for i := int(from/bucket + 0.5); i < int(to/bucket+0.5) && i < len(r.Buckets); i++ {
		n += int(r.Buckets[i])
	}
	return n
}

// WaitQuantile is a quantile of the waits of a class (-1: of all) that ended
// after from.
func (r *Result) WaitQuantile(class int, q, from float64) float64 {
	var w []float64
	for i := range r.Classes {
		if class >= 0 && i != class {
			continue
		}
		for _, x := range r.Classes[i].Waits {
			if x.At >= from {
				w = append(w, x.Wait)
			}
		}
	}
	if len(w) == 0 {
		return 0
	}
	slices.Sort(w)
	return w[min(int(q*float64(len(w))), len(w)-1)]
}
