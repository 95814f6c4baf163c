package kit

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"time"
)

// A Line is one line of -json and of what a child tells its parent.
type Line struct {
	Scenario string  `json:"scenario"`
	Impl     string  `json:"impl"`
	Metric   string  `json:"metric"`
	Value    float64 `json:"value"`
}

// childTimeout ends a measurement that hangs.
const childTimeout = time.Minute

// exitUnsupported is the exit status of a child whose implementation returned
// errors.ErrUnsupported.
const exitUnsupported = 3

// startChild makes a measurement in a process of its own, and watches how many
// threads it has. It does so from here, because in a process whose threads are
// all blocked, somebody who wakes up every millisecond to look is a disturbance:
// it made unblock/sleep-20k slower by 6 to 15 %.
func (r *Runner) startChild(ctx context.Context, scenario, impl string) (Figures, error) {
	ctx, cancel := context.WithTimeout(ctx, childTimeout)
	defer cancel()
	args := append(r.Self[1:len(r.Self):len(r.Self)], "-dir", r.Dir, "-child", scenario, impl)
	cmd := exec.CommandContext(ctx, r.Self[0], args...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, r.Stderr
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("child: %w", err)
	}
	var err error
	look, stop := threadsOf(cmd.Process.Pid)
	defer stop()
	threads := peak(func() { err = cmd.Wait() }, look)
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) && exit.ExitCode() == exitUnsupported {
			return nil, errors.ErrUnsupported
		}
		if cause := context.Cause(ctx); cause != nil {
			err = fmt.Errorf("%w: %w", cause, err)
		}
		return nil, fmt.Errorf("child: %w", err)
	}
	f, err := readLines(&out, scenario, impl)
	if _, told := f.get(ThreadsPeak); err == nil && threads > 0 && !told {
		f = f.With(ThreadsPeak, float64(threads))
	}
	return f, err
}

// readLines reads what a child wrote.
func readLines(in io.Reader, scenario, impl string) (Figures, error) {
	var f Figures
	for d := json.NewDecoder(in); ; {
		var l Line
		switch err := d.Decode(&l); {
		case err == io.EOF:
			return f, nil
		case err != nil:
			return nil, fmt.Errorf("child: %w", err)
		case l.Scenario != scenario || l.Impl != impl:
			return nil, fmt.Errorf("child: measured %s, %s instead", l.Scenario, l.Impl)
		}
		f = f.With(l.Metric, l.Value)
	}
}

// writeLines writes figures the way readLines and -json have them.
func writeLines(out io.Writer, scenario, impl string, f Figures) error {
	e := json.NewEncoder(out)
	for _, x := range f {
		if err := e.Encode(Line{scenario, impl, x.Metric, x.Value}); err != nil {
			return err
		}
	}
	return nil
}

// runChild is what a child does: measure once and write the lines.
func (r *Runner) runChild(scenarios []Scenario, scenario, impl string, out io.Writer) error {
	for i := range scenarios {
		if scenarios[i].Name != scenario {
			continue
		}
		m := scenarios[i].impl(impl)
		if m == nil {
			break
		}
		rep := r.rep()
		defer rep.close()
		f, err := m.Measure(rep)
		if err != nil {
			return err
		}
		return writeLines(out, scenario, impl, f)
	}
	return fmt.Errorf("no scenario %s with an implementation %s", scenario, impl)
}
