package compat

import (
	"context"
	"sync"

	"github.com/causeway-go/causeway/pollster"
	"github.com/causeway-go/causeway/threadpool"
)

// NewGroup returns a Group, whose functions and futures end with ctx. It starts
// nothing.
func NewGroup(ctx context.Context) *Group {
	g := &Group{}
	g.ctx, g.cancel = context.WithCancelCause(ctx)
	return g
}

// A Group runs functions and futures together, each on a goroutine of its own,
// as errgroup does: the first error ends the context of all, and Wait returns
// it. Beyond that, Wait can be left, a panic reaches whoever waits, and futures
// may take part: see [Add]. Make one with [NewGroup] and end it with
// [Group.Wait]. All methods may be called from any goroutine.
type Group struct {
	ctx    context.Context
	cancel context.CancelCauseFunc

	mu       sync.Mutex
	running  int
	idle     *pollster.Promise[struct{}] // settled when running is 0 again
	err      error
	panicked *threadpool.PanicError
}

// Go starts f now and does not block. f gets a context that ends when the group
// fails and when [Group.Wait] has returned. A panic in f fails the group and is
// raised by Wait as a [threadpool.PanicError]; runtime.Goexit in f fails it with
// [threadpool.ErrGoexit].
func (g *Group) Go(f func(context.Context) error) {
	if f == nil {
		panic("compat: Go of a nil function")
	}
	g.enter()
	go perform(func() (struct{}, error) { return struct{}{}, f(g.ctx) }, g.leave)
}

// Add starts f in g now, on a goroutine that waits for it, and returns a promise
// of its result. It does not block. f takes part as a function does: its error
// fails the group, and the end of the group's context cancels it. Cancelling the
// promise gives the result up but not f.
func Add[T any](g *Group, f pollster.Future[T]) *pollster.Promise[T] {
	p := new(pollster.Promise[T])
	g.enter()
	go perform(func() (T, error) { return pollster.BlockOn(g.ctx, f) }, func(o *outcome[T]) bool {
		err := o.err
		if o.panicked != nil {
			err = o.panicked
		}
		p.Settle(o.v, err)
		return g.leave(&outcome[struct{}]{err: o.err, panicked: o.panicked})
	})
	return p
}

func (g *Group) enter() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.running == 0 {
		g.idle = new(pollster.Promise[struct{}])
	}
	g.running++
}

// leave takes the end of one member. Panics are kept for Wait, so they are
// always wanted.
func (g *Group) leave(o *outcome[struct{}]) bool {
	g.mu.Lock()
	first := g.err == nil
	if o.panicked != nil {
		if g.panicked == nil {
			g.panicked = o.panicked
		}
		o.err = o.panicked
	}
	if first {
		g.err = o.err
	}
	g.running--
	idle, last := g.idle, g.running == 0
	g.mu.Unlock()
	if first && o.err != nil {
		g.cancel(o.err)
	}
	if last {
		idle.Resolve(struct{}{})
	}
	return true
}

// Wait waits, as [pollster.BlockOn] does, until nothing of the group is running,
// ends the group's context, and returns the first error or raises the first
// panic. If ctx ends first, Wait ends the group's context with its cause and
// returns an error for which errors.Is holds with ctx.Err() and
// context.Cause(ctx), without waiting for functions that do not heed theirs; so it
// does where a wait is refused, with that error. A panic in one of those functions
// reaches the next Wait or nobody. Further calls of Wait are allowed; nothing
// should be started after the first.
func (g *Group) Wait(ctx context.Context) error {
	g.mu.Lock()
	idle := g.idle
	g.mu.Unlock()
	err := pollster.ErrCanceled // if the task that this is in is ended
	defer func() { g.cancel(err) }()
	if idle != nil {
		if _, err = idle.Wait(ctx); err != nil {
			return err
		}
	}
	err = nil
	g.mu.Lock()
	first, panicked := g.err, g.panicked
	g.mu.Unlock()
	if panicked != nil {
		panic(panicked)
	}
	return first
}
