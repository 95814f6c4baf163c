package kit_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/causeway-go/causeway/bench/kit"
)

// TestMain lets the test binary be the child that the runner starts.
func TestMain(m *testing.M) {
	if slices.Contains(os.Args, "-child") {
		os.Exit(kit.Main(fakes(), os.Args[1:], os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

// fakes are scenarios that take no time.
func fakes() []kit.Scenario {
	fixed := func(f kit.Figures, err error) func(*kit.Rep) (kit.Figures, error) {
		return func(*kit.Rep) (kit.Figures, error) { return f, err }
	}
	ours := kit.Figures{{Metric: kit.NsPerOp, Value: 10}, {Metric: kit.AllocsPerOp, Value: 0}}
	rival := kit.Figures{{Metric: kit.NsPerOp, Value: 25}}
	return []kit.Scenario{
		{Name: "fake/fixed", Doc: "Fixed figures.", Impls: []kit.Impl{
			{Name: kit.Ours, Measure: fixed(ours, nil)},
			{Name: "rival", Measure: fixed(rival, nil)},
		}},
		{Name: "fake/child", Doc: "The process that measures.", Child: true, Impls: []kit.Impl{
			{Name: kit.Ours, Measure: func(*kit.Rep) (kit.Figures, error) {
				return kit.Figures{{Metric: kit.MBPerS, Value: float64(os.Getpid())}}, nil
			}},
			{Name: "absent", Measure: fixed(nil, fmt.Errorf("here: %w", errors.ErrUnsupported))},
		}},
		{Name: "fake/child-fails", Doc: "One child fails, one exits.", Child: true, Impls: []kit.Impl{
			{Name: kit.Ours, Measure: fixed(ours, nil)},
			{Name: "failing", Measure: fixed(nil, errors.New("out of luck"))},
			{Name: "exiting", Measure: func(*kit.Rep) (kit.Figures, error) { os.Exit(7); panic("not reached") }},
		}},
		{Name: "fake/absent", Doc: "Nothing works here.", Impls: []kit.Impl{
			{Name: kit.Ours, Measure: fixed(nil, errors.ErrUnsupported)},
		}},
		{Name: "fake/bad-figures", Doc: "Figures nobody can read.", Impls: []kit.Impl{
			{Name: kit.Ours, Measure: fixed(ours, nil)},
			{Name: "none", Measure: fixed(nil, nil)},
			{Name: "unknown", Measure: fixed(kit.Figures{{Metric: "ns", Value: 1}}, nil)},
			{Name: "negative", Measure: fixed(kit.Figures{{Metric: kit.NsPerOp, Value: -1}}, nil)},
			{Name: "twice", Measure: fixed(slices.Concat(ours, ours), nil)},
		}},
	}
}

// bench runs the command.
func bench(args ...string) (status int, stdout, stderr string) {
	var out, errs bytes.Buffer
	status = kit.Main(fakes(), args, &out, &errs)
	return status, out.String(), errs.String()
}

func TestJSONHasOneLineForEachRepetitionAndFigure(t *testing.T) {
	status, out, _ := bench("-json", "-count", "2", "-run", "fake/fixed")
	const line1 = `{"scenario":"fake/fixed","impl":"causeway","metric":"ns/op","value":10}` + "\n"
	const line2 = `{"scenario":"fake/fixed","impl":"causeway","metric":"allocs/op","value":0}` + "\n"
	const line3 = `{"scenario":"fake/fixed","impl":"rival","metric":"ns/op","value":25}` + "\n"
	if want := strings.Repeat(line1+line2+line3, 2); status != 0 || out != want {
		t.Errorf("status %d, output\n%s\nwant\n%s", status, out, want)
	}
}

func TestTableShowsMediansAndRatios(t *testing.T) {
	status, out, _ := bench("-count", "2", "-run", "fake/fixed")
	if status != 0 {
		t.Fatal("status", status)
	}
	for _, want := range []string{
		`(?m)^fake/fixed: Fixed figures\.$`,
		`(?m)^\s+ns/op\s+least\.\.greatest\s+x ours\s+allocs/op$`,
		`(?m)^\s*causeway\s+10\s+10\.\.10\s+1\.00\s+0$`,
		`(?m)^\s*rival\s+25\s+25\.\.25\s+2\.50\s+-$`,
	} {
		if !regexp.MustCompile(want).MatchString(out) {
			t.Errorf("no line %s in\n%s", want, out)
		}
	}
}

func TestChildMeasuresInAProcessOfItsOwnEachTime(t *testing.T) {
	status, out, errs := bench("-json", "-count", "3", "-run", "fake/child$")
	if status != 0 {
		t.Fatal(status, errs)
	}
	threads := 0
	pids := map[float64]bool{float64(os.Getpid()): true}
	d := json.NewDecoder(strings.NewReader(out))
	for d.More() {
		var l kit.Line
		if err := d.Decode(&l); err != nil {
			t.Fatal(err)
		}
		if l.Metric == kit.ThreadsPeak {
			threads++
			if l.Value < 1 || l.Value > 100 {
				t.Errorf("child with %v threads", l.Value)
			}
			continue
		}
		if l.Impl != kit.Ours || pids[l.Value] {
			t.Errorf("line %v: process seen before, or an implementation that is not supported", l)
		}
		pids[l.Value] = true
	}
	if runtime.GOOS == "linux" && threads != 3 {
		t.Errorf("threads of %d children, want 3", threads)
	}
	if len(pids) != 1+3 {
		t.Errorf("%d processes, want 3 and this one", len(pids))
	}
}

func TestFailureOfOneImplementationLeavesTheOthers(t *testing.T) {
	status, out, errs := bench("-json", "-count", "2", "-run", "fake/child-fails")
	if status != 1 {
		t.Error("status", status)
	}
	if n := strings.Count(out, `"ns/op"`); n != 2 {
		t.Errorf("%d repetitions of ours, want 2:\n%s", n, out)
	}
	for _, want := range []string{
		"bench: out of luck\n",
		"bench: fake/child-fails, failing: child: exit status 1\n",
		"bench: fake/child-fails, exiting: child: exit status 7\n",
	} {
		if strings.Count(errs, want) != 1 {
			t.Errorf("not once %q in\n%s", want, errs)
		}
	}
}

func TestUnsupportedIsShownAndNotAFailure(t *testing.T) {
	status, out, errs := bench("-count", "1", "-run", "fake/(absent|child$)")
	if status != 0 || errs != "" || strings.Count(out, "not on this system") != 2 {
		t.Errorf("status %d\n%s%s", status, out, errs)
	}
}

func TestFiguresNobodyCanReadAreErrors(t *testing.T) {
	status, _, errs := bench("-count", "1", "-run", "bad-figures")
	if status != 1 {
		t.Error("status", status)
	}
	for _, want := range []string{
		"none: no figures", `unknown: unknown metric "ns"`,
		"negative: ns/op is -1", "twice: two figures for ns/op",
	} {
		if !strings.Contains(errs, want) {
			t.Errorf("no %q in\n%s", want, errs)
		}
	}
}

func TestListNamesEveryChosenScenario(t *testing.T) {
	status, out, _ := bench("-list", "-run", "fixed|absent")
	want := "fake/fixed: Fixed figures.\n\tcauseway, rival\n" +
		"fake/absent: Nothing works here.\n\tcauseway\n"
	if status != 0 || out != want {
		t.Errorf("status %d\n%s", status, out)
	}
}

func TestWrongArgumentsEndWithStatus2(t *testing.T) {
	for _, args := range [][]string{
		{"-count", "0"}, {"-run", "("}, {"-run", "no such"}, {"word"}, {"-wrong"},
		{"-child"}, {"-child", "fake/fixed"},
	} {
		status, out, errs := bench(args...)
		if status != 2 || out != "" || errs == "" {
			t.Errorf("%q: status %d, %q, %q", args, status, out, errs)
		}
	}
	if status, _, _ := bench("-child", "fake/fixed", "nobody"); status != 1 {
		t.Error("unknown implementation: status", status)
	}
}

func TestCheckRefusesWhatWouldConfuse(t *testing.T) {
	fine := func() kit.Scenario { return fakes()[0] }
	tests := []struct {
		want string
		list func() []kit.Scenario
	}{
		{"", func() []kit.Scenario { return []kit.Scenario{fine()} }},
		{"name used twice", func() []kit.Scenario { return []kit.Scenario{fine(), fine()} }},
		{"subject/words", func() []kit.Scenario { s := fine(); s.Name = "fixed"; return []kit.Scenario{s} }},
		{"not a sentence", func() []kit.Scenario { s := fine(); s.Doc = ""; return []kit.Scenario{s} }},
		{"named causeway", func() []kit.Scenario { s := fine(); s.Impls = s.Impls[1:]; return []kit.Scenario{s} }},
		{"there twice", func() []kit.Scenario { s := fine(); s.Impls[1].Name = kit.Ours; return []kit.Scenario{s} }},
		{"no function", func() []kit.Scenario { s := fine(); s.Impls[1].Measure = nil; return []kit.Scenario{s} }},
	}
	for _, test := range tests {
		err := kit.Check(test.list())
		if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("got %v, want %q", err, test.want)
		}
	}
}
