package kit

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"runtime"
	"strings"
)

// Main is the command: it measures those of the scenarios that args ask for
// and returns an exit status: 0 when everything was measured, 1 when something
// failed, 2 when args are wrong.
func Main(scenarios []Scenario, args []string, stdout, stderr io.Writer) int {
	var r Runner
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	run := flags.String("run", "", "measure only scenarios whose name matches this regular `expression`")
	flags.IntVar(&r.Count, "count", 5, "repetitions")
	asJSON := flags.Bool("json", false, "write one line of JSON for each repetition and figure")
	list := flags.Bool("list", false, "list the scenarios and do nothing else")
	flags.StringVar(&r.Dir, "dir", "", "make temporary files in this `directory`")
	child := flags.Bool("child", false, "measure `scenario` implementation once (used by the program itself)")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return 0
		}
		return 2
	}
	fail := func(err error) { fmt.Fprintln(stderr, "bench:", err) }
	if err := Check(scenarios); err != nil {
		fail(err)
		return 2
	}
	switch {
	case *child && flags.NArg() == 2:
		return childStatus(r.runChild(scenarios, flags.Arg(0), flags.Arg(1), stdout), fail)
	case *child || flags.NArg() > 0:
		fail(fmt.Errorf("unexpected arguments %q", flags.Args()))
		return 2
	case r.Count < 1:
		fail(fmt.Errorf("-count %d is less than 1", r.Count))
		return 2
	}
	chosen, err := choose(scenarios, *run)
	if err != nil {
		fail(err)
		return 2
	}
	if *list {
		writeList(stdout, chosen)
		return 0
	}
	if r.Self, err = again(); err != nil {
		fail(err)
		return 1
	}
	r.Stderr = stderr
	return r.runAll(chosen, *asJSON, stdout, fail)
}

// runAll measures the scenarios and writes what is found.
func (r *Runner) runAll(scenarios []Scenario, asJSON bool, stdout io.Writer, fail func(error)) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	status := 0
	check := func(err error) {
		if err != nil && !errors.Is(err, errors.ErrUnsupported) {
			fail(err)
			status = 1
		}
	}
	if asJSON {
		r.OnFigures = func(scenario, impl string, f Figures) {
			check(writeLines(stdout, scenario, impl, f))
		}
	} else {
		fmt.Fprintf(stdout, "%s\n%d repetitions\n\n", Machine(), r.Count)
	}
	for i := range scenarios {
		results := r.Run(ctx, &scenarios[i])
		for _, result := range results {
			check(result.Err)
		}
		if ctx.Err() != nil {
			return status
		}
		if !asJSON {
			check(WriteTable(stdout, &scenarios[i], results))
		}
	}
	return status
}

// childStatus turns the end of a child into its exit status.
func childStatus(err error, fail func(error)) int {
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errors.ErrUnsupported):
		return exitUnsupported
	default:
		fail(err)
		return 1
	}
}

// choose returns the scenarios whose name matches.
func choose(scenarios []Scenario, expression string) ([]Scenario, error) {
	re, err := regexp.Compile(expression)
	if err != nil {
		return nil, err
	}
	var chosen []Scenario
	for _, s := range scenarios {
		if re.MatchString(s.Name) {
			chosen = append(chosen, s)
		}
	}
	if len(chosen) == 0 {
		return nil, fmt.Errorf("no scenario matches %q; -list shows them all", expression)
	}
	return chosen, nil
}

func writeList(out io.Writer, scenarios []Scenario) {
	for _, s := range scenarios {
		names := make([]string, len(s.Impls))
		for i := range s.Impls {
			names[i] = s.Impls[i].Name
		}
		fmt.Fprintf(out, "%s: %s\n\t%s\n", s.Name, s.Doc, strings.Join(names, ", "))
	}
}

// again returns the command that starts this program again.
func again() ([]string, error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return []string{exe}, nil
}

// Machine describes in one line what the figures were measured on.
func Machine() string {
	return fmt.Sprintf("%s %s/%s, %d CPUs%s, GOMAXPROCS %d",
		runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), cpuModel(), runtime.GOMAXPROCS(0))
}

// cpuModel returns the model of the CPU in parentheses, or nothing.
func cpuModel() string {
	b, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return ""
	}
	_, rest, ok := strings.Cut(string(b), "model name")
	if !ok {
		return ""
	}
	line, _, _ := strings.Cut(rest, "\n")
	return " (" + strings.TrimLeft(line, " \t:") + ")"
}
