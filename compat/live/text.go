package live

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
	"unicode/utf8"
)

// WriteText writes what the view sees as text, for a terminal or a log.
func (v *View) WriteText(w io.Writer) error {
	s := v.Snapshot()
	b := &dump{w: tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)}
	b.line("%s, %d goroutines", s.Time.Format(time.RFC3339), s.Goroutines)
	for _, p := range s.Pools {
		b.pool(p)
	}
	for _, e := range s.Executors {
		b.executor(e)
	}
	for _, r := range s.Reactors {
		b.section("reactor %s, %s by %s", r.Name, r.Stats.Backend, r.Stats.Driver)
		b.line("sources %d\twaiting %d\ttimers %d\tevents %d\tfired %d", r.Stats.Sources, r.Stats.Waiting, r.Stats.Timers, r.Stats.Events, r.Stats.Fired)
	}
	if b.err != nil {
		return b.err
	}
	return b.w.Flush()
}

// A dump writes lines, and remembers the first error.
type dump struct {
	w   *tabwriter.Writer
	err error
}

// section begins a part with columns of its own.
func (b *dump) section(format string, args ...any) {
	if b.err == nil {
		b.err = b.w.Flush()
	}
	b.line("\n"+format, args...)
}

func (b *dump) line(format string, args ...any) {
	if b.err == nil {
		for i, a := range args {
			if s, ok := a.(string); ok {
				args[i] = plain(s)
			}
		}
		_, b.err = fmt.Fprintf(b.w, format+"\n", args...)
	}
}

func (b *dump) pool(p Pool) {
	s := p.Stats
	name := s.Name
	if name == "" {
		name = "without a name"
	}
	b.section("pool %s: %d of at most %d slots%s", name, s.Limit, s.Max, because(s.Reason))
	b.line("running %d\twaiting %d\tqueued %d\tabandoned %d\tcompleted %d\tdropped %d\trefused %d", s.Running, s.Waiting, s.Queued, s.Abandoned,
		s.Completed, s.Dropped, s.Refused)
	b.line("service p50 %v\tp99 %v\twait p50 %v\tp99 %v", short(s.Service.P50), short(s.Service.P99), short(s.Wait.P50), short(s.Wait.P99))
	for _, e := range p.Events[max(len(p.Events)-5, 0):] {
		b.line("  %s\t%d to %d\t%s", e.Time.Format(time.TimeOnly), e.From, e.To, e.Reason)
	}
	for _, c := range p.Classes {
		b.pool(c)
	}
	for _, j := range p.Jobs {
		b.line("  job %s\t%s for %v\tgoroutine %d\t%s", j.Pool, j.State, short(j.For), j.Goroutine, Where(j.Stack))
	}
}

func (b *dump) executor(e Executor) {
	b.section("executor %s", e.Name)
	if s := e.Stats; s != nil {
		b.line("tasks %d\tqueued %d\tworkers %d\tidle %d\tstuck %d\tstood in %d", s.Tasks, s.Queued, s.Workers, s.Idle, s.Stuck, s.StandIns)
	}
	for _, t := range e.Tasks {
		at := ""
		if len(t.At) > 0 {
			at = "in " + t.At[0]
		}
		b.line("  task %d %s\t%s\t%s for %v\t%d polls\t%s", t.ID, t.Name, t.Code, t.State, short(t.For), t.Polls, at)
	}
}

// plain returns s without what a terminal, or the table, takes for more than text: a
// name may come from anywhere.
func plain(s string) string {
	if !strings.ContainsFunc(s, func(r rune) bool { return r == utf8.RuneError || !strconv.IsPrint(r) }) {
		return s
	}
	q := strconv.Quote(s)
	return q[1 : len(q)-1]
}

func because(reason string) string {
	if reason == "" {
		return ""
	}
	return ", last changed by " + reason
}

// short rounds d to three digits or so.
func short(d time.Duration) time.Duration {
	unit := time.Duration(1)
	for d/unit >= 1000 {
		unit *= 10
	}
	return d.Round(unit)
}

// Where returns the function of a stack that somebody would look for: the innermost
// one that is neither of the runtime nor of the system's packages, or "".
func Where(stack string) string {
	first := ""
	for line := range strings.Lines(stack) {
		name, _, call := strings.Cut(strings.TrimSuffix(line, "\n"), "(")
		if !call || strings.HasPrefix(line, "\t") || strings.HasPrefix(line, "created by") || strings.HasPrefix(line, "goroutine ") {
			continue
		}
		if first == "" {
			first = name
		}
		pkg, _, _ := strings.Cut(name[strings.LastIndexByte(name, '/')+1:], ".")
		if strings.Contains(name, "/") && !strings.HasPrefix(name, "internal/") || pkg == "main" {
			return name
		}
	}
	return first
}
