package pollster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
)

// Main runs the future that start returns to its end and turns the outcome
// into an exit status. It is meant to be the whole of a program's main function:
//
//	func main() { os.Exit(pollster.Main(run)) }
//
//	func run(ctx context.Context) pollster.Future[int] { ... }
//
// While it runs, the first SIGINT or SIGTERM ends ctx, and with it the wait: the
// future is cancelled, as by [BlockOn]. A program that has more to do then does it
// inside start, which may block and watch ctx, and returns a future that has ended;
// its result stands. A second signal kills the process, as if Main were not there.
//
// The status is
//
//	the value of the future    if it ends without an error
//	130 after SIGINT,          if it ends with an error for which
//	143 after SIGTERM          errors.Is(err, context.Canceled) holds, after
//	                           that signal, as shells would report it
//	1                          if it ends with another error, which is printed
//	                           on standard error after the program's name
//
// A panic goes through Main and ends the process in Go's way, with status 2.
func Main(start func(ctx context.Context) Future[int]) (status int) {
	if start == nil {
		panic("pollster: Main called with a nil function")
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	restore := func() { signal.Stop(signals) }
	defer restore()
	return mainStatus(start, signals, restore, os.Stderr)
}

// A signalError is the cause of a context that a signal has ended.
type signalError struct{ sig os.Signal }

func (e signalError) Error() string        { return "pollster: " + e.sig.String() }
func (e signalError) Is(target error) bool { return target == context.Canceled }

// status is what a shell reports for a process that the signal has killed.
func (e signalError) status() int {
	if e.sig == os.Interrupt {
		return 128 + 2
	}
	return 128 + 15 // SIGTERM
}

// mainStatus is Main with the process replaced: signals come from a channel,
// restore puts the default action of signals back, messages go to stderr.
func mainStatus(start func(context.Context) Future[int], signals <-chan os.Signal, restore func(), stderr io.Writer) int {
	ctx, cancel := context.WithCancelCause(context.Background())
	done, gone := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(gone)
		select {
		case sig := <-signals:
			restore() // the next one kills
			cancel(signalError{sig})
		case <-done:
		}
	}()
	defer func() {
		close(done)
		<-gone
		cancel(nil)
	}()
	status, err := BlockOn(ctx, start(ctx))
	var sig signalError
	switch {
	case err == nil:
		return status
	case errors.Is(err, context.Canceled) && errors.As(context.Cause(ctx), &sig):
		return sig.status()
	}
	fmt.Fprintf(stderr, "%s: %v\n", filepath.Base(os.Args[0]), err)
	return 1
}
