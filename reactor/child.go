package reactor

import (
	"context"
	"os"
	"os/exec"

	"github.com/causeway-go/causeway/pollster"
)

// A ChildMethod is how the end of a process is noticed.
type ChildMethod uint8

// The methods.
const (
	// ChildAuto is the best that the system has.
	ChildAuto ChildMethod = iota
	// ChildDescriptor watches a descriptor of the process (pidfd), on Linux
	// since 5.3. It costs no thread and no goroutine.
	ChildDescriptor
	// ChildSignal looks at all children after each SIGCHLD, on Linux. It costs
	// no thread, and one goroutine for all.
	ChildSignal
	// ChildBlocking waits in a system call: a thread for each.
	ChildBlocking
)

// String returns the name of m.
func (m ChildMethod) String() string {
	return [...]string{"auto", "descriptor", "signal", "blocking", "unknown"}[min(m, 4)]
}

// ChildOptions describe how a Child is waited for. The zero value is useful.
type ChildOptions struct {
	// Reactor watches the process. Nil means Default().
	Reactor *Reactor
	// KillOnCancel has the process killed when its future is cancelled, or the
	// context of Wait ends. Otherwise it runs on.
	KillOnCancel bool
	// Method forces a method. StartChild fails with errors.ErrUnsupported if the
	// system does not have it.
	Method ChildMethod
}

// A Child is a process that was started by StartChild. It is reaped when it ends,
// whether somebody waits for it or not, so it leaves no zombie. All methods may be
// called from any goroutine.
type Child struct {
	cmd    *exec.Cmd
	kill   bool
	method ChildMethod
	ended  pollster.Promise[*os.ProcessState]

	s     *Source
	at    Waiter
	waker pollster.Waker
}

// StartChild starts cmd, which must not have been started, and begins to wait for
// its end. From now on cmd belongs to the Child: do not call cmd.Wait. If starting
// fails there is no process.
func StartChild(cmd *exec.Cmd, o ChildOptions) (*Child, error) {
	c := &Child{cmd: cmd, kill: o.KillOnCancel, method: o.Method}
	c.waker.Init((*childWake)(c))
	if o.Method == ChildDescriptor || o.Method == ChildSignal {
		if err := childSupports(o.Method); err != nil {
			return nil, err
		}
	}
	r := o.Reactor
	if r == nil && o.Method <= ChildDescriptor {
		var err error
		if r, err = Default(); err != nil {
			return nil, err
		}
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	c.watch(r)
	return c, nil
}

// watch begins to wait, by the first method that works.
func (c *Child) watch(r *Reactor) {
	if c.method <= ChildDescriptor && c.watchDescriptor(r) {
		return
	}
	if c.method == ChildAuto || c.method == ChildSignal {
		if childSupports(ChildSignal) == nil {
			c.method = ChildSignal
			watchSignal(c)
			return
		}
	}
	c.method = ChildBlocking
	go c.reap()
}

// watchDescriptor registers a descriptor of the process.
func (c *Child) watchDescriptor(r *Reactor) bool {
	fd, err := childDescriptor(c.cmd.Process)
	if err != nil {
		return false
	}
	s, err := r.Register(uintptr(fd))
	if err != nil {
		_ = sysClose(fd)
		return false
	}
	c.method, c.s = ChildDescriptor, s
	c.waker.Wake()
	return true
}

// childWake is a Child that is woken when its process may have ended.
type childWake Child

// OnWake asks whether it has, and to be woken again if not.
func (w *childWake) OnWake() {
	c := (*Child)(w)
	ready, err := c.s.PollReady(&c.at, &c.waker, Readable)
	if ready == 0 && err == nil {
		return
	}
	// It has ended, or the reactor has, and then only a blocking wait is left.
	_ = c.s.CloseWith(sysClose)
	go c.reap()
}

// reap fetches the status, which is there, and waits until the output has been
// copied if cmd has that done by goroutines.
func (c *Child) reap() {
	err := c.cmd.Wait()
	c.ended.Settle(c.cmd.ProcessState, err)
}

// Process returns the process, to signal it. Do not call its Wait.
func (c *Child) Process() *os.Process { return c.cmd.Process }

// Method returns how the end is noticed: not ChildAuto.
func (c *Child) Method() ChildMethod { return c.method }

// State returns how the process has ended, or nil while it runs.
func (c *Child) State() *os.ProcessState {
	if !c.ended.Done() {
		return nil
	}
	return c.cmd.ProcessState
}

// Future returns a future of how the process ends. As with cmd.Wait, its error is an
// *exec.ExitError if the status is not 0. Any number of them may be waited for at a
// time. Cancelling one kills the process if KillOnCancel is set.
func (c *Child) Future() pollster.Future[*os.ProcessState] {
	return &childOp{c: c, view: c.ended.Future()}
}

// Wait waits until the process has ended, in the way of the place it is called in,
// or until ctx ends, which kills the process if KillOnCancel is set.
func (c *Child) Wait(ctx context.Context) (*os.ProcessState, error) {
	return pollster.BlockOn(ctx, c.Future())
}

// A childOp is one future of a Child.
type childOp struct {
	c    *Child
	view pollster.Future[*os.ProcessState]
}

// Poll implements pollster.Future.
func (o *childOp) Poll(w *pollster.Waker) (*os.ProcessState, bool, error) { return o.view.Poll(w) }

// Cancel implements pollster.Canceler.
func (o *childOp) Cancel() {
	pollster.Cancel(o.view)
	if o.c.kill && !o.c.ended.Done() {
		_ = o.c.cmd.Process.Kill()
	}
}
