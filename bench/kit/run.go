package kit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"time"
)

// A Runner measures scenarios.
type Runner struct {
	Count  int           // repetitions
	Dir    string        // where files are made; "" is the default of the system
	Target time.Duration // how long one Loop should take; 0 is 50 ms

	// Self is the command that starts this program as a child; see RunChild.
	Self []string

	// Stderr takes what children write there.
	Stderr io.Writer

	// OnFigures, if set, is called with the figures of each repetition as
	// soon as they are there.
	OnFigures func(scenario, impl string, f Figures)
}

// A Result is what one implementation achieved in one scenario.
type Result struct {
	Impl string
	Reps []Figures
	Err  error // why there are no more Reps, if there are less than asked for
}

// Run measures every implementation of s, interleaved, and returns a result for
// each, in their order. An implementation that fails is left out from then on.
func (r *Runner) Run(ctx context.Context, s *Scenario) []Result {
	results := make([]Result, len(s.Impls))
	reps := make([]*Rep, len(s.Impls))
	for i := range s.Impls {
		results[i].Impl = s.Impls[i].Name
		reps[i] = r.rep()
		defer reps[i].close()
	}
	for range r.Count {
		rounds := make([][]Figures, len(s.Impls))
		for round := range s.rounds() {
			for k := range s.Impls {
				i := (k + round) % len(s.Impls)
				if results[i].Err != nil {
					continue
				}
				f, err := r.measure(ctx, s, &s.Impls[i], reps[i])
				if err != nil {
					results[i].Err = err
					continue
				}
				rounds[i] = append(rounds[i], f)
			}
		}
		for i := range results {
			if results[i].Err != nil {
				continue
			}
			f := Merge(rounds[i])
			results[i].Reps = append(results[i].Reps, f)
			if r.OnFigures != nil {
				r.OnFigures(s.Name, results[i].Impl, f)
			}
		}
	}
	return results
}

func (r *Runner) rep() *Rep {
	target := r.Target
	if target == 0 {
		target = 50 * time.Millisecond
	}
	return &Rep{Target: target, base: r.Dir}
}

// measure makes one measurement, here or in a child.
func (r *Runner) measure(ctx context.Context, s *Scenario, impl *Impl, rep *Rep) (f Figures, err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if s.Child {
		f, err = r.startChild(ctx, s.Name, impl.Name)
	} else {
		runtime.GC() // so that nobody pays for the garbage of the one before
		f, err = impl.Measure(rep)
	}
	if err == nil {
		err = f.check()
	}
	if err != nil && !errors.Is(err, errors.ErrUnsupported) {
		err = fmt.Errorf("%s, %s: %w", s.Name, impl.Name, err)
	}
	return f, err
}

// Merge returns the median of each metric. There must be one of rounds at least.
func Merge(rounds []Figures) Figures {
	var f Figures
	for _, x := range rounds[0] {
		var values []float64
		for _, round := range rounds {
			if v, ok := round.get(x.Metric); ok {
				values = append(values, v)
			}
		}
		f = append(f, Figure{x.Metric, Median(values)})
	}
	return f
}
