package lab

import (
	"errors"
	"math"
	"slices"
	"testing"
)

// curves are throughputs by size whose best is known.
var curves = map[string]struct {
	rate        func(n float64) float64
	least, most int // sizes that are as good as the best
}{
	"proportional":       {func(n float64) float64 { return n }, 500, 500},
	"flat from 2":        {func(n float64) float64 { return min(n, 2) }, 2, 2}, // the smallest of equals
	"knee at 24":         {func(n float64) float64 { return min(n, 24) }, 23, 500},
	"collapse from 6":    {func(n float64) float64 { return min(n, 6) / (1 + 0.3*max(0, n-6)) }, 6, 6},
	"one is best":        {func(n float64) float64 { return 1 / n }, 1, 1},
	"gentle top near 90": {func(n float64) float64 { return 1000 - 100*math.Abs(math.Log(n/90)) }, 90, 91},
}

func TestSearchFindsTheBestSize(t *testing.T) {
	for name, c := range curves {
		t.Run(name, func(t *testing.T) {
			f, err := Search(func(n int) (float64, error) { return c.rate(float64(n)), nil })
			if err != nil {
				t.Fatal(err)
			}
			if f.Best < c.least || f.Best > c.most {
				t.Errorf("best is %d, want %d to %d", f.Best, c.least, c.most)
			}
			if got := f.Ratio(f.Best); got != 1 {
				t.Errorf("ratio of the best is %v", got)
			}
		})
	}
}

// With an eighth of noise on each turn the size found must still be nearly as
// good as the best.
func TestSearchStandsNoise(t *testing.T) {
	for name, c := range curves {
		t.Run(name, func(t *testing.T) {
			r := Random(1)
			best := 0.0
			for n := 1; n <= 500; n++ {
				best = max(best, c.rate(float64(n)))
			}
			sum := 0.0
			const runs = 50
			for range runs {
				f, err := Search(func(n int) (float64, error) {
					return c.rate(float64(n)) * math.Exp(0.125*r.NormFloat64()), nil
				})
				if err != nil {
					t.Fatal(err)
				}
				sum += c.rate(float64(f.Best)) / best
			}
			if mean := sum / runs; mean < 0.93 {
				t.Errorf("the sizes found have %v of the best on average", mean)
			}
		})
	}
}

func TestABadSizeHasABadRatio(t *testing.T) {
	f, err := Search(func(n int) (float64, error) { return float64(min(n, 64)), nil })
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{1, 2, 8, 32} {
		if got, want := f.Ratio(n), float64(n)/64; math.Abs(got-want) > 0.01 {
			t.Errorf("size %d has %v of the best, want %v", n, got, want)
		}
	}
	if f.Ratio(3) != 0 {
		t.Error("a size that had no turn has a ratio")
	}
}

func TestSearchSpendsItsTurnsOnThoseThatCanWin(t *testing.T) {
	turns := map[int]int{}
	if _, err := Search(func(n int) (float64, error) { turns[n]++; return float64(n), nil }); err != nil {
		t.Fatal(err)
	}
	if turns[1] != 1 || turns[128] != 1 {
		t.Errorf("sizes far behind had %d and %d turns, want 1", turns[1], turns[128])
	}
	if turns[500] != 4 || turns[354] != 2 {
		t.Errorf("the best had %d turns and the one half a step below %d, want 4 and 2", turns[500], turns[354])
	}
}

func TestSearchAmongTriesNoOthers(t *testing.T) {
	sizes := []int{2, 8, 32}
	var tried []int
	f, err := SearchAmong(sizes, func(n int) (float64, error) { tried = append(tried, n); return float64(n), nil })
	if err != nil || f.Best != 32 || !slices.Equal(tried, []int{2, 8, 32, 32}) {
		t.Errorf("tried %v, best %d, %v", tried, f.Best, err)
	}
}

func TestSearchEndsAtAnError(t *testing.T) {
	broken := errors.New("broken")
	for at := range 15 {
		n := 0
		_, err := Search(func(int) (float64, error) {
			if n++; n > at {
				return 0, broken
			}
			return 1, nil
		})
		if !errors.Is(err, broken) {
			t.Errorf("after %d turns: %v", at, err)
		}
	}
}
