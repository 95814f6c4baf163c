package lab

import (
	"errors"
	"math"
	"slices"
	"testing"
	"time"
)

// turnsOf makes turns of a second with so many jobs.
func turnsOf(jobs ...int) (t []Tally) {
	for i, n := range jobs {
		t = append(t, Tally{Jobs: n, Took: time.Second, Limit: i, Threads: 10 - i})
	}
	return t
}

func TestScore(t *testing.T) {
	for _, c := range []struct {
		name          string
		ours, best    []Tally
		whole, steady float64
	}{
		{"the same", turnsOf(100, 100, 100, 100, 100), turnsOf(100, 100, 100, 100, 100), 1, 1},
		{"a cold start", turnsOf(0, 100, 100, 100, 100), turnsOf(100, 100, 100, 100, 100), 0.8, 1},
		{"never as good", turnsOf(50, 50, 50, 50, 50), turnsOf(100, 100, 100, 100, 100), 0.5, 0.5},
		{"better", turnsOf(150, 150), turnsOf(100, 100), 1.5, 1.5},
		{"drift that hits both", turnsOf(100, 50, 200, 10, 80), turnsOf(100, 50, 200, 10, 80), 1, 1},
		{"one disturbed pair of the second half", turnsOf(100, 100, 100, 10, 100), turnsOf(100, 100, 100, 100, 100), 0.82, 1},
		{"a best that did nothing", turnsOf(1, 1), turnsOf(0, 0), 0, 0},
	} {
		s := NewScore(c.ours, c.best)
		if math.Abs(s.Whole-c.whole) > 1e-9 || math.Abs(s.Steady-c.steady) > 1e-9 {
			t.Errorf("%s: whole %v, steady %v; want %v, %v", c.name, s.Whole, s.Steady, c.whole, c.steady)
		}
		if s.Limit != len(c.ours)-1 || s.Threads != 10 {
			t.Errorf("%s: limit %d, threads %d", c.name, s.Limit, s.Threads)
		}
	}
}

func TestAScoreCountsTimeAndNotTurns(t *testing.T) {
	ours := []Tally{{Jobs: 100, Took: time.Second}, {Jobs: 300, Took: 3 * time.Second}}
	best := []Tally{{Jobs: 200, Took: 2 * time.Second}, {Jobs: 100, Took: time.Second}}
	if s := NewScore(ours, best); s.Whole != 1 || s.Steady != 1 || s.Rate != 100 {
		t.Errorf("%+v", s)
	}
}

func TestMotionIsOfTheSecondHalf(t *testing.T) {
	for _, c := range []struct {
		sizes [][]int
		want  float64
	}{
		{nil, 0},
		{[][]int{{1, 500}, {10, 10, 10, 10}, {10}}, 0},
		{[][]int{{500}, {10, 10, 10, 15}}, 0.125},
		{[][]int{{0}, {0}}, 0}, // without a bound
	} {
		ours := make([]Tally, len(c.sizes))
		for i, s := range c.sizes {
			ours[i].Sizes = s
		}
		if got := NewScore(ours, ours).Motion; math.Abs(got-c.want) > 1e-9 {
			t.Errorf("%v: %v, want %v", c.sizes, got, c.want)
		}
	}
}

func TestQuantile(t *testing.T) {
	hundred := make([]time.Duration, 100)
	for i := range hundred {
		hundred[i] = time.Duration(100 - i)
	}
	for _, c := range []struct {
		of   []time.Duration
		q    float64
		want time.Duration
	}{
		{nil, 0.99, 0},
		{[]time.Duration{7}, 0.99, 7},
		{hundred, 0.99, 99},
		{hundred, 0.5, 50},
		{hundred, 1, 100},
		{hundred, 0, 1},
	} {
		if got := Quantile(c.of, c.q); got != c.want {
			t.Errorf("%v of %d: %d, want %d", c.q, len(c.of), got, c.want)
		}
	}
	if hundred[0] != 100 {
		t.Error("Quantile has sorted what belongs to the caller")
	}
}

func TestMedianRatioIsOfPairs(t *testing.T) {
	if got := MedianRatio([]float64{1, 20, 300}, []float64{1, 10, 100}); got != 2 {
		t.Errorf("%v, want 2", got)
	}
}

// shiftOf makes a Shift of which the second and third segment had these rates.
func shiftOf(second, third []float64) *Shift {
	return &Shift{Segments: [3][]float64{{100, 100}, second, third}}
}

func TestRecovery(t *testing.T) {
	flat := []float64{100, 100, 100, 100}
	best := shiftOf(flat, flat)
	for _, c := range []struct {
		name          string
		second, third []float64
		want          float64
	}{
		{"at once", flat, flat, 0},
		{"nine tenths are enough", []float64{90, 90, 90, 90}, flat, 0},
		{"after two", []float64{10, 80, 95, 100}, flat, 200},
		{"the longer of the two", []float64{10, 100, 100, 100}, []float64{1, 1, 1, 100}, 300},
		{"never", flat, []float64{80, 80, 80, 80}, 400},
	} {
		if got := shiftOf(c.second, c.third).Recovery(best); got != c.want {
			t.Errorf("%s: %v ms, want %v", c.name, got, c.want)
		}
	}
}

func TestLeast(t *testing.T) {
	value := map[string]float64{"a": 2, "b": 1, "c": 3}
	if got := Least([]string{"a", "b", "c"}, func(n string) float64 { return value[n] }); got != "b" {
		t.Errorf("%s, want b", got)
	}
}

func TestRoundsTakeTurns(t *testing.T) {
	row := func(name string, n int) Row { return FixedRow(name, n) }
	var order []int
	got, err := Rounds([]Row{row("one", 1), row("two", 2), row("three", 3)}, 3, func(p Pool) (int, error) {
		order = append(order, p.Limit())
		return len(order), nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if want := []int{1, 2, 3, 2, 3, 1, 3, 1, 2}; !slices.Equal(order, want) {
		t.Errorf("order %v, want %v", order, want)
	}
	if want := []int{1, 6, 8}; !slices.Equal(got["one"], want) {
		t.Errorf("one has %v, want %v", got["one"], want)
	}
}

func TestRoundsEndAtAnError(t *testing.T) {
	broken := errors.New("broken")
	if _, err := Rounds([]Row{FixedRow("one", 1)}, 3, func(Pool) (int, error) { return 0, broken }); !errors.Is(err, broken) {
		t.Errorf("measure: %v", err)
	}
	open := Row{"none", func() (Pool, error) { return nil, broken }}
	if _, err := Rounds([]Row{FixedRow("one", 1), open}, 1, func(Pool) (int, error) { return 0, nil }); !errors.Is(err, broken) {
		t.Errorf("open: %v", err)
	}
}
