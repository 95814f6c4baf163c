package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
)

const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// options are the command line.
type options struct {
	naive      bool
	child      bool
	reads      int
	limit      int
	maxThreads int
}

var errUsage = errors.New("wrong usage")

func parse(args []string, stderr io.Writer) (o options, err error) {
	f := flag.NewFlagSet("threadstorm", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.BoolVar(&o.naive, "naive", false, "read in plain Go, in a child process, and see it crash")
	f.BoolVar(&o.child, "child", false, "be the child process of -naive")
	f.IntVar(&o.reads, "reads", 20_000, "make `n` blocking reads at once")
	f.IntVar(&o.limit, "limit", 256, "let `n` of them run at a time, on the pool")
	f.IntVar(&o.maxThreads, "max-threads", 0, "with -naive, crash at `n` threads; 0 is Go's own limit, 10,000")
	if err := f.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return o, err
		}
		return o, errUsage
	}
	wrong := ""
	switch {
	case f.NArg() > 0:
		wrong = "there are no arguments"
	case o.reads < 1:
		wrong = "-reads must be at least 1"
	case o.limit < 1:
		wrong = "-limit must be at least 1"
	case o.maxThreads < 0:
		wrong = "-max-threads must not be negative"
	}
	if wrong != "" {
		_, _ = fmt.Fprintln(stderr, "threadstorm: "+wrong)
		f.Usage()
		return o, errUsage
	}
	return o, nil
}

// run is main without the process: it returns the exit status.
func run(args []string, stdout, stderr io.Writer) int {
	o, err := parse(args, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return exitOK
	case err != nil:
		return exitUsage
	case o.child:
		err = child(o)
	case o.naive:
		err = naive(o, stdout)
	default:
		err = pooled(o, stdout)
	}
	if err != nil {
		_, _ = fmt.Fprintln(stderr, "threadstorm:", err)
		return exitFailed
	}
	return exitOK
}
