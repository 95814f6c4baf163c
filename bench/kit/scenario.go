package kit

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
)

// Ours is the name of Causeway's own implementation in every scenario. Others
// of ours are named by a suffix, such as causeway-custom.
const Ours = "causeway"

// The metrics that a figure may have.
const (
	NsPerOp     = "ns/op"        // time of one operation
	AllocsPerOp = "allocs/op"    // allocations of one operation
	BytesPerOp  = "B/op"         // bytes allocated by one operation
	BytesItem   = "B/item"       // bytes of heap and stacks that one held item costs
	RSSItem     = "B/item-rss"   // the same by the resident set of the process
	MBPerS      = "MB/s"         // 10^6 bytes a second
	ThreadsPeak = "threads"      // the most OS threads the process had
	ThreadsLeft = "threads-left" // OS threads some time after the work
	IdealRatio  = "ideal-ratio"  // time taken by time that would be ideal
	BestRatio   = "best-ratio"   // throughput by that of the best fixed setting, cold start included
	SteadyRatio = "steady-ratio" // the same of the second half
	Motion      = "motion"       // mean distance of the size from its median, by that, in the second half
	P99Ratio    = "p99-ratio"    // 99th percentile of a time by that of the best fixed setting, or of before
	TimeRatio   = "time-ratio"   // time taken by that of the best fixed setting
	Kept        = "kept"         // share of the throughput that is left
	Recovered   = "recovered"    // 1 if it came back to where it was, else 0
	P99Ms       = "p99-ms"       // 99th percentile of a time
	JobsPerS    = "jobs/s"       // jobs done per second
	Limit       = "limit"        // jobs that may run at once, at the end; 0 is no bound
	RecoverMs   = "recover-ms"   // time until nine tenths are reached again
	AtOnce      = "at-once"      // most jobs that ran at once
	OthersCPU   = "others"       // share of the processors that other programs used meanwhile
	Survived    = "survived"     // 1 if the process did, else 0
)

var known = []string{
	NsPerOp, AllocsPerOp, BytesPerOp, BytesItem, RSSItem, MBPerS,
	ThreadsPeak, ThreadsLeft, IdealRatio, BestRatio, SteadyRatio, Motion, P99Ratio,
	TimeRatio, Kept, Recovered, P99Ms, JobsPerS, Limit, RecoverMs,
	AtOnce, OthersCPU, Survived,
}

// A Scenario is one thing that is measured for several implementations.
type Scenario struct {
	Name  string // package or subject, slash, words joined by hyphens
	Doc   string // a sentence
	Child bool   // make each measurement in a process of its own

	// Rounds is how often a repetition measures each implementation; 0 means
	// 5, or 1 if Child is set.
	Rounds int

	Impls []Impl // one of them is named Ours
}

// An Impl is one way to do what the scenario measures.
type Impl struct {
	Name string

	// Measure measures once. It is called by one goroutine at a time. It
	// returns errors.ErrUnsupported, wrapped or not, where the system lacks
	// what it needs. The first figure is the one that is compared.
	Measure func(r *Rep) (Figures, error)
}

// A Figure is one number with the metric that says what it means.
type Figure struct {
	Metric string
	Value  float64
}

// Figures are what one measurement found, the most important first.
type Figures []Figure

// With returns f and one figure more.
func (f Figures) With(metric string, value float64) Figures {
	return append(slices.Clip(f), Figure{metric, value})
}

// get returns the value of a metric.
func (f Figures) get(metric string) (float64, bool) {
	for _, x := range f {
		if x.Metric == metric {
			return x.Value, true
		}
	}
	return 0, false
}

// check reports figures that nobody could read.
func (f Figures) check() error {
	if len(f) == 0 {
		return errors.New("no figures")
	}
	for i, x := range f {
		if !slices.Contains(known, x.Metric) {
			return fmt.Errorf("unknown metric %q", x.Metric)
		}
		if math.IsNaN(x.Value) || math.IsInf(x.Value, 0) || x.Value < 0 {
			return fmt.Errorf("%s is %v", x.Metric, x.Value)
		}
		if _, twice := f[:i].get(x.Metric); twice {
			return fmt.Errorf("two figures for %s", x.Metric)
		}
	}
	return nil
}

// Check reports what is wrong with a list of scenarios: a name used twice, a
// scenario without a sentence or without an implementation of ours.
func Check(scenarios []Scenario) error {
	var errs []error
	seen := map[string]bool{}
	for _, s := range scenarios {
		bad := func(format string, args ...any) {
			errs = append(errs, fmt.Errorf("%s: "+format, append([]any{s.Name}, args...)...))
		}
		if seen[s.Name] {
			bad("name used twice")
		}
		seen[s.Name] = true
		if subject, rest, ok := strings.Cut(s.Name, "/"); !ok || subject == "" || rest == "" {
			bad("name is not of the form subject/words")
		}
		if !strings.HasSuffix(s.Doc, ".") {
			bad("Doc is not a sentence")
		}
		if !slices.ContainsFunc(s.Impls, func(i Impl) bool { return i.Name == Ours }) {
			bad("no implementation named %s", Ours)
		}
		names := map[string]bool{}
		for _, i := range s.Impls {
			if i.Name == "" || i.Measure == nil || names[i.Name] {
				bad("implementation %q has no name, no function, or is there twice", i.Name)
			}
			names[i.Name] = true
		}
	}
	return errors.Join(errs...)
}

// rounds returns how often a repetition measures each implementation.
func (s *Scenario) rounds() int {
	switch {
	case s.Rounds > 0:
		return s.Rounds
	case s.Child:
		return 1
	default:
		return 5
	}
}

func (s *Scenario) impl(name string) *Impl {
	for i := range s.Impls {
		if s.Impls[i].Name == name {
			return &s.Impls[i]
		}
	}
	return nil
}
