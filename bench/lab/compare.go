package lab

import (
	"errors"
	"math"
	"time"

	"github.com/causeway-go/causeway/bench/kit"
)

// pairs is how many turns ours and the best have in a comparison.
const pairs = 5

// A Score is how a pool did beside another of the best size.
type Score struct {
	Whole   float64 // jobs of all turns, by the best's in as much time
	Steady  float64 // median of the pairs of the second half
	Rate    float64 // jobs per second over all turns
	Limit   int     // at the end
	Threads int     // most in any turn
	Motion  float64 // how far the size was from its median, on average over the second half
}

// NewScore makes the score of turns, of which each has had a turn of the best
// beside it.
func NewScore(turns, best []Tally) Score {
	var s Score
	var a, b Tally
	var steady, sizes []float64
	for i, t := range turns {
		a.Jobs, a.Took = a.Jobs+t.Jobs, a.Took+t.Took
		b.Jobs, b.Took = b.Jobs+best[i].Jobs, b.Took+best[i].Took
		if i >= len(turns)/2 {
			steady = append(steady, over(t.Rate(), best[i].Rate()))
			for _, n := range t.Sizes {
				sizes = append(sizes, float64(n))
			}
		}
		s.Threads = max(s.Threads, t.Threads)
		s.Limit = t.Limit
	}
	s.Rate = a.Rate()
	s.Whole, s.Steady = over(s.Rate, b.Rate()), kit.Median(steady)
	s.Motion = motion(sizes)
	return s
}

// motion is the mean distance of sizes from their median, by the median.
func motion(sizes []float64) float64 {
	middle, sum := kit.Median(sizes), 0.0
	for _, n := range sizes {
		sum += math.Abs(n - middle)
	}
	return over(sum, middle*float64(len(sizes)))
}

// MedianRatio returns the median of a[i]/b[i].
func MedianRatio(a, b []float64) float64 {
	var q []float64
	for i := range a {
		q = append(q, over(a[i], b[i]))
	}
	return kit.Median(q)
}

// over divides, and has 0 for what cannot be divided.
func over(a, b float64) float64 {
	if !(b > 0) {
		return 0
	}
	return a / b
}

// Compare gives p, new, and a pool of the given size turns of d in pairs.
func Compare(p Pool, size int, l *Load, d time.Duration) (ours, best []Tally, err error) {
	f, err := Fixed(size)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	for i := range pairs {
		if i%2 == 0 { // now the one is first, now the other
			ours, best = append(ours, Turn(p, l, d)), append(best, Turn(f, l, d))
		} else {
			best, ours = append(best, Turn(f, l, d)), append(ours, Turn(p, l, d))
		}
	}
	return ours, best, nil
}

// Rivals are the other pools, as they come.
var Rivals = []Rival{
	{"tokio-rule", func() (Pool, error) { return Fixed(TokioLimit) }},
	{"ants", Ants},
	{"conc", Conc},
}

// A Rival is a pool by name.
type Rival struct {
	Name string
	Open func() (Pool, error)
}

// A Report is the outcome of a session.
type Report struct {
	Found  *Found
	Ours   Score
	Best   Score // of the best size, beside itself: its ratios are 1
	Rivals map[string]Score
	Others float64 // share of the processors that others used during the comparison of ours
}

// Session does everything for one workload: the search, the comparison, and two
// turns of each rival beside one of the best.
func Session(w *Workload, dir string) (r *Report, err error) {
	l, err := w.New(dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, l.close()) }()
	r = &Report{Rivals: map[string]Score{}}
	if r.Found, err = searchLoad(l, w.slice()); err != nil {
		return nil, err
	}
	p, err := Adaptive()
	if err != nil {
		return nil, err
	}
	defer p.Close()
	others := Others()
	ours, best, err := Compare(p, r.Found.Best, l, w.turn())
	if err != nil {
		return nil, err
	}
	r.Others = others()
	r.Ours, r.Best = NewScore(ours, best), NewScore(best, best)
	return r, r.rivals(l, w.slice())
}

// rivals gives the rivals and the best turns one after the other.
func (r *Report) rivals(l *Load, d time.Duration) error {
	turns := map[string][]Tally{}
	var best []Tally
	for range 2 {
		t, err := freshTurn(func() (Pool, error) { return Fixed(r.Found.Best) }, l, d)
		if err != nil {
			return err
		}
		best = append(best, t)
		for _, rival := range Rivals {
			if t, err = freshTurn(rival.Open, l, d); err != nil {
				return err
			}
			turns[rival.Name] = append(turns[rival.Name], t)
		}
	}
	for name, t := range turns {
		r.Rivals[name] = NewScore(t, best)
	}
	return nil
}
