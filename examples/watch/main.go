// Watch runs a command whenever a file in a folder changes.
//
//	go run ./examples/watch [-settle d] [-times n] folder command [argument...]
//
// What it waits for is of four kinds: files (inotify), time (changes that come one
// after the other run the command once, when they have settled), signals (an
// interrupt ends the program after the command has ended), and the command itself
// (a child process). All of it is waited for in one function, watch, by one
// goroutine, without a thread for any of it.
//
// It needs Linux. The exit status is 0 after an interrupt or n runs, 1 after an
// error, 2 for wrong usage.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"time"

	"github.com/causeway-go/causeway/pollster"
	"github.com/causeway-go/causeway/reactor"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

func run(args []string, stdout, stderr io.Writer) int {
	f := flag.NewFlagSet("watch", flag.ContinueOnError)
	f.SetOutput(stderr)
	settle := f.Duration("settle", 100*time.Millisecond, "wait until nothing has changed for this `long`")
	times := f.Int("times", 0, "end after `n` runs; 0 means never")
	if err := f.Parse(args); err != nil {
		return 2
	}
	if f.NArg() < 2 {
		_, _ = fmt.Fprintln(stderr, "watch: a folder and a command are needed")
		return 2
	}
	w := watcher{
		folder: f.Arg(0), settle: *settle, times: *times, out: stdout,
		command: func() *exec.Cmd {
			cmd := exec.Command(f.Arg(1), f.Args()[2:]...)
			cmd.Stdout, cmd.Stderr = stdout, stderr
			return cmd
		},
	}
	if err := w.watch(context.Background()); err != nil {
		_, _ = fmt.Fprintln(stderr, "watch:", err)
		return 1
	}
	return 0
}

// A watcher says what to watch and what to do.
type watcher struct {
	folder  string
	settle  time.Duration
	times   int
	command func() *exec.Cmd
	out     io.Writer
	ready   func() // for tests: called when the folder is being watched
}

// What watch waits for.
type (
	changed struct{ name string }
	settled struct{}
	stopped struct{ os.Signal }
	ended   struct{ err error }
)

// watch is the whole program: files, time, signals and a child in one loop.
func (w *watcher) watch(ctx context.Context) error {
	r, err := reactor.New(reactor.Options{})
	if err != nil {
		return err
	}
	defer r.Close()
	files, err := r.NewInotify()
	if err != nil {
		return err
	}
	defer files.Close()
	if err := files.Add(w.folder, reactor.FileWritten|reactor.FileMovedTo|reactor.FileDeleted); err != nil {
		return err
	}
	signals := reactor.NewSignals(os.Interrupt, syscall.SIGTERM)
	defer signals.Close()
	if w.ready != nil {
		w.ready()
	}

	var child *reactor.Child // while the command runs
	var settles time.Time    // zero: nothing has changed
	stop := false
	for runs := 0; ; {
		wait := []pollster.Future[any]{
			event(pollster.Next[reactor.FileEvent](files), func(e reactor.FileEvent) any { return changed{e.Name} }),
			event(pollster.Next[os.Signal](signals), func(s os.Signal) any { return stopped{s} }),
		}
		switch {
		case child != nil:
			wait = append(wait, endOf(child))
		case stop || w.times > 0 && runs == w.times:
			return nil
		case !settles.IsZero():
			wait = append(wait, event(pollster.Future[struct{}](r.At(settles)), func(struct{}) any { return settled{} }))
		}
		x, err := pollster.BlockOn(ctx, pollster.Select(wait...))
		if err = errors.Join(err, x.Err); err != nil {
			return err
		}
		switch x := x.Value.(type) {
		case changed:
			w.say("changed: %s", x.name)
			settles = time.Now().Add(w.settle)
		case stopped:
			w.say("stopping: %v", x)
			stop = true
		case settled:
			settles = time.Time{}
			runs++
			if child, err = reactor.StartChild(w.command(), reactor.ChildOptions{Reactor: r}); err != nil {
				return err
			}
		case ended:
			w.say("run %d: %v", runs, x)
			child = nil
		}
	}
}

func (w *watcher) say(format string, args ...any) { _, _ = fmt.Fprintf(w.out, format+"\n", args...) }

// String tells how the command has ended.
func (e ended) String() string {
	if e.err != nil {
		return e.err.Error()
	}
	return "done"
}

// event makes futures of different types one type.
func event[T any](f pollster.Future[T], as func(T) any) pollster.Future[any] {
	return pollster.Map(f, as)
}

// endOf is the end of a child as an event: that it fails is one too.
func endOf(c *reactor.Child) pollster.Future[any] { return &childEnd{c.Future()} }

type childEnd struct {
	pollster.Future[*os.ProcessState]
}

// Poll implements pollster.Future.
func (e *childEnd) Poll(w *pollster.Waker) (any, bool, error) {
	_, ready, err := e.Future.Poll(w)
	var exit *exec.ExitError
	if ready || errors.As(err, &exit) {
		return ended{err}, true, nil
	}
	return nil, false, err
}

// Cancel implements pollster.Canceler.
func (e *childEnd) Cancel() { pollster.Cancel(e.Future) }
