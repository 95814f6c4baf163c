package kit

import (
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
)

// Median returns the middle value, or the mean of the two middle ones. It
// returns NaN for none.
func Median(values []float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	v := slices.Sorted(slices.Values(values))
	m := len(v) / 2
	if len(v)%2 == 1 {
		return v[m]
	}
	return (v[m-1] + v[m]) / 2
}

// column returns the values of one metric.
func (r *Result) column(metric string) []float64 {
	var values []float64
	for _, f := range r.Reps {
		if v, ok := f.get(metric); ok {
			values = append(values, v)
		}
	}
	return values
}

// ratio returns the median of r's figures divided by ours, repetition by
// repetition, or NaN if there is nothing to compare.
func ratio(r, ours *Result, metric string) float64 {
	a, b := r.column(metric), ours.column(metric)
	var q []float64
	for i := range min(len(a), len(b)) {
		if b[i] > 0 {
			q = append(q, a[i]/b[i])
		}
	}
	return Median(q)
}

// WriteTable writes the results of s for people.
func WriteTable(out io.Writer, s *Scenario, results []Result) error {
	all := columns(results)
	ours := &results[slices.IndexFunc(results, func(r Result) bool { return r.Impl == Ours })]
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n", s.Name, s.Doc)
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	if len(all) > 0 {
		head := []string{"", all[0], "least..greatest", "x ours"}
		fmt.Fprintln(w, strings.Join(append(head, all[1:]...), "\t")+"\t")
	}
	for i := range results {
		r := &results[i]
		cells := []string{r.Impl}
		if len(r.Reps) == 0 {
			fmt.Fprintln(w, strings.Join(append(cells, whyNot(r.Err)), "\t")+"\t")
			continue
		}
		first := r.column(all[0])
		cells = append(cells, short(Median(first)), short(slices.Min(first))+".."+short(slices.Max(first)),
			times(ratio(r, ours, all[0])))
		for _, m := range all[1:] {
			cells = append(cells, short(Median(r.column(m))))
		}
		fmt.Fprintln(w, strings.Join(cells, "\t")+"\t")
	}
	if err := w.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintln(out, b.String())
	return err
}

// columns returns the metrics that occur, in the order of their first
// occurrence.
func columns(results []Result) []string {
	var all []string
	for _, r := range results {
		if len(r.Reps) == 0 {
			continue
		}
		for _, x := range r.Reps[0] {
			if !slices.Contains(all, x.Metric) {
				all = append(all, x.Metric)
			}
		}
	}
	return all
}

func whyNot(err error) string {
	if errors.Is(err, errors.ErrUnsupported) {
		return "not on this system"
	}
	return "failed"
}

// short writes a number with at least three digits, none of them after four.
func short(v float64) string {
	switch {
	case math.IsNaN(v):
		return "-"
	case v >= 100 || v == math.Trunc(v):
		return strconv.FormatFloat(v, 'f', 0, 64)
	case v >= 10:
		return strconv.FormatFloat(v, 'f', 1, 64)
	case v < 0.005:
		return "0"
	default:
		return strconv.FormatFloat(v, 'f', 3, 64)
	}
}

// times writes a ratio.
func times(v float64) string {
	if math.IsNaN(v) {
		return "-"
	}
	return strconv.FormatFloat(v, 'f', 2, 64)
}
