package lab

import (
	"math"
	"slices"
	"time"

	"github.com/causeway-go/causeway/bench/kit"
)

// Sizes are those that are tried first.
var Sizes = []int{1, 2, 4, 8, 16, 32, 64, 128, 256, 500}

// A Found is what a search has found.
type Found struct {
	Best  int
	Rates map[int][]float64 // jobs per second of each turn of each size
}

// Rate is the median rate of a size.
func (f *Found) Rate(n int) float64 { return kit.Median(f.Rates[n]) }

// Ratio is the rate of a size by that of the best, 0 if the size has had no turn.
func (f *Found) Ratio(n int) float64 {
	best := f.Rate(f.Best)
	if len(f.Rates[n]) == 0 || !(best > 0) {
		return 0
	}
	return f.Rate(n) / best
}

// What stays in the search after the first and the second round, by the best.
const (
	stayFirst  = 0.6
	staySecond = 0.85
)

// Search finds the best of all fixed sizes. Measure has a pool of that size
// take a turn and returns its rate.
func Search(measure func(size int) (float64, error)) (*Found, error) {
	f := newFound()
	if err := f.round(Sizes, measure); err != nil {
		return nil, err
	}
	if err := f.round(f.within(stayFirst), measure); err != nil {
		return nil, err
	}
	last := append(f.within(staySecond), between(f.Best)...)
	for range 2 {
		if err := f.round(last, measure); err != nil {
			return nil, err
		}
	}
	return f, nil
}

// SearchAmong is [Search] among a few sizes, with one turn of each and a second one of
// the best: for turns that take long.
func SearchAmong(sizes []int, measure func(size int) (float64, error)) (*Found, error) {
	f := newFound()
	if err := f.round(sizes, measure); err != nil {
		return nil, err
	}
	if err := f.round(f.within(staySecond), measure); err != nil {
		return nil, err
	}
	return f, nil
}

func newFound() *Found { return &Found{Rates: map[int][]float64{}} }

// round gives every size a turn.
func (f *Found) round(sizes []int, measure func(size int) (float64, error)) error {
	for _, n := range sizes {
		rate, err := measure(n)
		if err != nil {
			return err
		}
		f.Rates[n] = append(f.Rates[n], rate)
		if f.Best == 0 {
			f.Best = n
		}
	}
	f.settle()
	return nil
}

// settle makes the size of the highest median the best.
func (f *Found) settle() {
	for n := range f.Rates {
		if r, best := f.Rate(n), f.Rate(f.Best); r > best || r == best && n < f.Best {
			f.Best = n
		}
	}
}

// within returns the sizes whose rate is at least share of the best, in order.
func (f *Found) within(share float64) (sizes []int) {
	for n := range f.Rates {
		if f.Ratio(n) >= share {
			sizes = append(sizes, n)
		}
	}
	slices.Sort(sizes)
	return sizes
}

// between returns the sizes half a step below and above n that are not in Sizes.
func between(n int) (sizes []int) {
	for _, x := range []float64{float64(n) / math.Sqrt2, float64(n) * math.Sqrt2} {
		m := int(math.Round(x))
		if m >= 1 && m <= Sizes[len(Sizes)-1] && m != n && !slices.Contains(Sizes, m) {
			sizes = append(sizes, m)
		}
	}
	return sizes
}

// searchLoad is [Search] for jobs of l, with turns of d.
func searchLoad(l *Load, d time.Duration) (*Found, error) {
	return Search(func(n int) (float64, error) {
		t, err := freshTurn(func() (Pool, error) { return Fixed(n) }, l, d)
		return t.Rate(), err
	})
}

// freshTurn gives a new pool a turn.
func freshTurn(open func() (Pool, error), l *Load, d time.Duration) (Tally, error) {
	p, err := open()
	if err != nil {
		return Tally{}, err
	}
	defer p.Close()
	return Turn(p, l, d), nil
}
