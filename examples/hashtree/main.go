package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/causeway-go/causeway/pollster"
)

// Exit statuses. The first three are those of sha256sum and of package flag.
const (
	exitOK          = 0
	exitFailed      = 1
	exitUsage       = 2
	exitInterrupted = 130 // what a shell reports of a program that SIGINT ended
)

func main() { os.Exit(pollster.Main(start)) }

// start does everything before it returns, since there is something to say
// after an interrupt too: the table of what was done. Main turns the signal into
// the exit status.
func start(ctx context.Context) pollster.Future[int] {
	status := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	if status == exitInterrupted {
		return pollster.Failed[int](context.Cause(ctx))
	}
	return pollster.Ready(status)
}

// options are the command line.
type options struct {
	naive   bool
	workers int
	sums    bool
	dir     string
}

// errUsage is a wrong command line, which package flag has complained about.
var errUsage = errors.New("wrong usage")

func parse(args []string, stderr io.Writer) (o options, err error) {
	f := flag.NewFlagSet("hashtree", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.Usage = func() {
		_, _ = fmt.Fprintln(stderr, "usage: hashtree [-naive] [-workers n] [-sums] [dir]")
		f.PrintDefaults()
	}
	f.BoolVar(&o.naive, "naive", false, "hash in plain Go, one goroutine per file")
	f.IntVar(&o.workers, "workers", 0, "read `n` files at a time; 0 is the pool's default")
	f.BoolVar(&o.sums, "sums", false, "print checksums as sha256sum does, the table on standard error")
	if err := f.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return o, err
		}
		return o, errUsage
	}
	wrong := ""
	switch {
	case f.NArg() > 1:
		wrong = "more than one directory"
	case o.workers < 0:
		wrong = "-workers must not be negative"
	case o.naive && o.workers != 0:
		wrong = "-workers limits the pool, and -naive has none"
	}
	if wrong != "" {
		_, _ = fmt.Fprintln(stderr, "hashtree: "+wrong)
		f.Usage()
		return o, errUsage
	}
	o.dir = f.Arg(0)
	return o, nil
}

// goSource returns the directory of the standard library's source. The program
// cannot know where Go is on the machine it runs on, but the go command does.
func goSource(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "env", "GOROOT").Output()
	root := strings.TrimSpace(string(out))
	if err == nil && root == "" {
		err = errors.New("it has no answer")
	}
	if err != nil {
		return "", fmt.Errorf("no directory given, and «go env GOROOT» does not tell where Go's is: %w", err)
	}
	return filepath.Join(root, "src"), nil
}

// run is main without the process: it returns the exit status. ctx ends at an
// interrupt.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o, err := parse(args, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return exitOK
	case err != nil:
		return exitUsage
	}
	if o.dir == "" {
		if o.dir, err = goSource(ctx); err != nil {
			_, _ = fmt.Fprintln(stderr, "hashtree:", err)
			return exitFailed
		}
	}
	return newProgram(o, stdout, stderr).run(ctx)
}

// A program is one run.
type program struct {
	options
	stdout, stderr io.Writer
	files          filesystem
	report         *report
	live           *progress     // nil unless standard output is a terminal
	grace          time.Duration // how long an interrupted walk may take to end
	holdLimit      int
	room           room // for files under way, in the new half
}

func newProgram(o options, stdout, stderr io.Writer) *program {
	p := &program{options: o, stdout: stdout, stderr: stderr, files: disk,
		grace: 2 * time.Second, holdLimit: holdLimit}
	p.report = &report{complain: p.complain}
	if o.sums {
		p.report.sums = bufio.NewWriter(stdout)
	}
	return p
}

// complain writes a line to standard error.
func (p *program) complain(message string) {
	write := func() { _, _ = fmt.Fprintln(p.stderr, "hashtree: "+message) }
	if p.live != nil {
		p.live.hide(write)
		return
	}
	write()
}

func (p *program) run(ctx context.Context) int {
	begun := time.Now()
	if out, ok := p.stdout.(*os.File); ok && !p.sums && isTerminal(out) {
		p.live = newProgress(out, func() string {
			n := p.report.bytes.Load()
			return fmt.Sprintf("%s files, %s bytes, %.1f MB/s",
				grouped(p.report.hashed.Load()), grouped(n), rate(n, time.Since(begun)))
		})
	}
	seen := newWatch()
	way, pool, err := "plain Go, a goroutine per file", "none", error(nil)
	if p.naive {
		err = p.plain(ctx, p.dir)
	} else {
		way, pool, err = p.futures(ctx, p.dir)
	}
	took, peak := time.Since(begun), seen.end()
	if p.live != nil {
		p.live.end()
	}
	status := p.status(ctx, err)
	title := printable(p.dir) + ", " + way
	if status == exitInterrupted {
		title += fmt.Sprintf("; interrupted, %s files found and not hashed", grouped(p.report.unfinished.Load()))
	}
	table := p.stdout
	if p.sums {
		table = p.stderr
	}
	if err := p.report.table(table, title, took, peak, pool); err != nil {
		p.complain("write error: " + err.Error())
		return max(status, exitFailed)
	}
	return status
}

// status complains about what no file is to blame for, and chooses the exit
// status. err is what ended the walk early.
func (p *program) status(ctx context.Context, err error) int {
	if p.report.sumsErr != nil {
		p.complain("write error: " + p.report.sumsErr.Error())
	}
	switch {
	case err != nil && ctx.Err() != nil:
		return exitInterrupted
	case err != nil:
		p.complain(err.Error())
		return exitFailed
	case p.report.failures() > 0 || p.report.sumsErr != nil:
		return exitFailed
	default:
		return exitOK
	}
}

// hash is the legacy function for one file, counting as it reads.
func (p *program) hash(path string) (sum, error) {
	return p.files.hashFile(path, func(n int) { p.report.bytes.Add(int64(n)) })
}
