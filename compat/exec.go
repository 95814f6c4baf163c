package compat

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"reflect"
	"sync"
	"sync/atomic"
	"time"

	"github.com/causeway-go/causeway/pollster"
)

// Start starts cmd, as cmd.Start does, and returns its Child, which is waited for
// instead of cmd.Wait. The error is that of cmd.Start.
//
// What makes cmd.Wait hang is a pipe: for a Stdout or Stderr that is no *os.File
// package os/exec reads one until nobody can write to it any more, and a
// grandchild, something the child has left in the background, may be able to
// for ever; killing the child changes nothing. Start makes these pipes itself,
// so that leaving the Child closes them.
func Start(cmd *exec.Cmd) (*Child, error) {
	c := &Child{cmd: cmd}
	stdin, stdout, stderr := cmd.Stdin, cmd.Stdout, cmd.Stderr
	err := c.pipes()
	if err == nil {
		err = cmd.Start()
	}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, stdout, stderr
	closeAll(c.theirs)
	if err != nil {
		closeAll(c.ours)
		if c.input != nil {
			c.input.Close()
		}
		return nil, err
	}
	c.copy()
	go c.reap()
	return c, nil
}

// A Child is a process that was started, as a [pollster.Future] of its state.
// Make one with [Start]. It runs whether it is polled or not. As with cmd.Run,
// the error is an *exec.ExitError unless the process has ended with success, or
// an error of writing to cmd.Stdout or Stderr, or exec.ErrWaitDelay: cmd.WaitDelay
// holds as for cmd.Wait. A context given to exec.CommandContext kills the process,
// but closes no pipe by itself.
//
// The Child ends when the process has ended and its output has been read to the
// end. Four goroutines at most belong to it, one of which holds an OS thread; a
// reactor's child holds none. If cmd.Stdin is a reader that blocks, the goroutine
// that reads it outlives the Child until its Read returns.
//
// One goroutine at a time may poll it or wait for it; Cancel may be called from
// anywhere.
type Child struct {
	cmd    *exec.Cmd
	theirs []*os.File // the child's ends of the pipes
	ours   []*os.File // our ends of the pipes that are read
	input  *os.File   // our end of the pipe that is written
	source io.Reader  // what is written to it
	sinks  []io.Writer
	copies sync.WaitGroup

	killed atomic.Bool // once: what has the number of the process later is another

	mu   sync.Mutex // guards what the copying has come to
	errs []error

	end  pollster.Promise[*os.ProcessState]
	gone pollster.Promise[struct{}] // reap has ended
}

// leaveGrace is for how long Wait, when it has killed the child, still waits for
// the goroutines to see that. They do at once, unless the process cannot be
// killed or a Write to cmd.Stdout hangs.
const leaveGrace = 100 * time.Millisecond

// Poll implements [pollster.Future]. After the end it goes on returning the
// result.
func (c *Child) Poll(w *pollster.Waker) (*os.ProcessState, bool, error) { return c.end.Poll(w) }

// Wait waits for the Child to end, as [pollster.BlockOn] does. If ctx ends first
// it cancels the Child, and returns an error for which errors.Is holds with
// ctx.Err() and context.Cause(ctx); so it does where a wait is refused, with that
// error. What the child has written until then is in
// cmd.Stdout and Stderr, and when Wait has returned nothing writes to them any
// more, except a Write that hangs itself.
func (c *Child) Wait(ctx context.Context) (*os.ProcessState, error) {
	returned := false
	defer func() {
		if !returned { // the task that this is in has been ended
			c.Cancel()
		}
	}()
	state, err := c.end.Wait(ctx)
	returned = true
	if err != nil {
		c.Cancel() // which does nothing if it is the child's error
	}
	if c.end.Canceled() {
		_, _ = pollster.BlockOn(context.Background(), pollster.Timeout(c.gone.Future(), leaveGrace))
	}
	return state, err
}

// Cancel kills the process, with cmd.Cancel if cmd has one, and closes the pipes
// to it and to whatever it has started, which is not killed: it gets an error or
// a signal when it writes. Cancel implements [pollster.Canceler]; it does not
// block, and does nothing after the end. cmd.Stdout may be written to for a
// moment longer; Wait waits for that.
func (c *Child) Cancel() {
	c.end.Cancel()
	if !c.end.Canceled() || c.killed.Swap(true) {
		return
	}
	if c.cmd.Cancel != nil {
		_ = c.cmd.Cancel()
	} else {
		_ = c.cmd.Process.Kill()
	}
	c.closePipes()
}

func (c *Child) closePipes() {
	closeAll(c.ours)
	if c.input != nil {
		c.input.Close()
	}
}

// pipes puts pipes where cmd has readers and writers that are no files.
func (c *Child) pipes() error {
	if r := c.cmd.Stdin; r != nil && !isFile(r) {
		theirs, ours, err := os.Pipe()
		if err != nil {
			return err
		}
		c.theirs, c.input, c.source = append(c.theirs, theirs), ours, r
		c.cmd.Stdin = theirs
	}
	same := equal(c.cmd.Stdout, c.cmd.Stderr)
	if err := c.sink(&c.cmd.Stdout); err != nil {
		return err
	}
	if same {
		c.cmd.Stderr = c.cmd.Stdout
		return nil
	}
	return c.sink(&c.cmd.Stderr)
}

func (c *Child) sink(w *io.Writer) error {
	if *w == nil || isFile(*w) {
		return nil
	}
	ours, theirs, err := os.Pipe()
	if err != nil {
		return err
	}
	c.theirs, c.ours, c.sinks = append(c.theirs, theirs), append(c.ours, ours), append(c.sinks, *w)
	*w = theirs
	return nil
}

// copy starts the copying between the pipes and the readers and writers of cmd.
func (c *Child) copy() {
	if c.input != nil {
		go func() {
			// An error means that the child has not read all of it, and
			// that is the child's affair.
			_, _ = io.Copy(c.input, c.source)
			c.input.Close()
		}()
	}
	for i, from := range c.ours {
		c.copies.Go(func() {
			_, err := io.Copy(c.sinks[i], from)
			from.Close() // a child that goes on writing must not wait
			if err != nil && !errors.Is(err, os.ErrClosed) {
				c.mu.Lock()
				c.errs = append(c.errs, err)
				c.mu.Unlock()
			}
		})
	}
}

// reap waits for the process and then for its output.
func (c *Child) reap() {
	err := c.cmd.Wait() // for the process alone, since cmd has only files
	if c.input != nil {
		c.input.Close()
	}
	late := false
	if d := c.cmd.WaitDelay; d > 0 {
		done := make(chan struct{})
		go func() { c.copies.Wait(); close(done) }()
		timer := time.NewTimer(d)
		select {
		case <-done:
		case <-timer.C:
			late = true
			closeAll(c.ours)
		}
		timer.Stop()
	}
	c.copies.Wait()
	c.mu.Lock()
	switch {
	case err != nil:
	case late:
		err = exec.ErrWaitDelay
	case len(c.errs) > 0:
		err = c.errs[0]
	}
	c.mu.Unlock()
	c.end.Settle(c.cmd.ProcessState, err)
	c.gone.Resolve(struct{}{})
}

func isFile(x any) bool {
	_, ok := x.(*os.File)
	return ok
}

// equal reports whether a and b are the same writer; those that cannot be
// compared are not.
func equal(a, b io.Writer) bool {
	return a != nil && b != nil && reflect.ValueOf(a).Comparable() && reflect.ValueOf(b).Comparable() && a == b
}

func closeAll(files []*os.File) {
	for _, f := range files {
		f.Close()
	}
}
