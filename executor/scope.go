package executor

import (
	"context"
	"errors"
	"sync"

	"github.com/causeway-go/causeway/internal/ended"
	"github.com/causeway-go/causeway/pollster"
)

// A Scope is a block of code that does not end before the tasks that have been
// spawned in it. It is made by [Within], and is a [Spawner]. All methods may be
// called from any goroutine and from its tasks, while the block lasts.
type Scope struct {
	in     Spawner
	ctx    context.Context
	cancel context.CancelCauseFunc
	waker  pollster.AtomicWaker

	mu      sync.Mutex
	members map[*core]struct{}
	keep    bool // errors do not cancel the rest
	over    bool // everything is to end
	closed  bool // Within has returned
	err     error
	panic   *panicRecord
}

// Within calls f with a new scope whose tasks run in ex, waits until all of
// them have ended, and returns the first error: of a task, of f, or of ctx. The
// first error cancels what else is in the scope, and so does the end of ctx;
// see [Scope.KeepGoing]. Nothing that was spawned in the scope outlives Within.
//
// A panic in f or in a task cancels the rest too, and is raised again here when
// everything has ended.
//
// Within may be called anywhere, also inside tasks and other scopes, and waits
// in the way that fits. f runs on the caller's goroutine. Where a wait is refused,
// as on the goroutine of a main loop outside its tasks, and one is needed, Within
// cancels the tasks and returns that error without waiting for them.
func Within(ctx context.Context, ex Spawner, f func(s *Scope) error) error {
	s := &Scope{in: ex, members: make(map[*core]struct{})}
	s.ctx, s.cancel = context.WithCancelCause(ctx)
	stop := context.AfterFunc(ctx, func() { s.fail(ended.Error(ctx), true) })
	if ctx.Err() != nil {
		s.fail(ended.Error(ctx), true)
	}
	normal := false
	defer func() {
		stop()
		if !normal {
			// A panic or Goexit passes through: its tasks end first.
			s.fail(ErrCanceled, true)
			_ = s.wait()
		}
		s.cancel(context.Canceled)
	}()
	if err := f(s); err != nil {
		s.fail(err, false)
	}
	refused := s.wait()
	normal = true
	if refused != nil {
		s.fail(refused, true)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	if s.panic != nil {
		s.panic.seen.Store(true)
		panic(s.panic.PanicError)
	}
	if refused != nil && !errors.Is(s.err, refused) {
		return errors.Join(s.err, refused)
	}
	return s.err
}

// Context returns the context of the scope, which ends when the scope is
// cancelled or over. The functions in the scope see its values.
func (s *Scope) Context() context.Context { return s.ctx }

// KeepGoing makes the scope go on when a task fails: Within then returns the
// first error when all tasks have ended by themselves. A panic, and the end of
// the context, cancel the rest all the same.
func (s *Scope) KeepGoing() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keep = true
}

// Cancel cancels everything in the scope. Within returns [ErrCanceled] unless
// there has been an error before.
func (s *Scope) Cancel() { s.fail(ErrCanceled, true) }

// admit implements Spawner. A task that comes when everything is to end has
// ended, or does so before its first poll.
func (s *Scope) admit(c *core) {
	s.in.admit(c)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		panic("executor: spawn on a Scope that is over")
	}
	e := c.more()
	if outer := e.done; outer != nil { // scopes nest
		e.done = func(c *core) { s.left(c); outer(c) }
	} else {
		e.done = s.left
	}
	s.members[c] = struct{}{}
	if s.over {
		update(c, cancelState)
	}
}

func (s *Scope) spawn(c *core) {
	s.admit(c)
	s.in.launch(c)
}

// launch implements Spawner.
func (s *Scope) launch(chain *core) { s.in.launch(chain) }

// left is called when a task of the scope has ended.
func (s *Scope) left(c *core) {
	e := c.extra.Load()
	s.mu.Lock()
	if e.panic != nil && s.panic == nil {
		s.panic = e.panic
	}
	s.mu.Unlock()
	switch {
	case e.panic != nil:
		s.fail(nil, true)
	case e.err != nil:
		s.fail(e.err, false)
	}
	s.mu.Lock()
	delete(s.members, c)
	last := len(s.members) == 0
	s.mu.Unlock()
	if last {
		s.waker.Wake()
	}
}

// fail notes the first error and cancels everything, unless only a task has
// failed and the scope is to keep going.
func (s *Scope) fail(err error, always bool) {
	s.mu.Lock()
	if s.err == nil && !s.closed {
		s.err = err
	}
	if s.over || s.keep && !always {
		s.mu.Unlock()
		return
	}
	s.over = true
	all := make([]*core, 0, len(s.members))
	for c := range s.members {
		all = append(all, c)
	}
	s.mu.Unlock()
	s.cancel(err)
	for _, c := range all {
		c.cancel()
	}
}

// wait waits until no task is left. Its error is that of a wait that was refused.
func (s *Scope) wait() error {
	_, err := pollster.BlockOn(context.Background(), pollster.Future[struct{}](pollster.Func[struct{}](s.poll)))
	return err
}

func (s *Scope) poll(w *pollster.Waker) (struct{}, bool, error) {
	s.waker.Register(w)
	s.mu.Lock()
	defer s.mu.Unlock()
	return struct{}{}, len(s.members) == 0, nil
}

// All runs functions as tasks of ex, waits for all of them, and returns their
// results in the order of the functions. The first error cancels the rest and
// is returned, with the results that there are.
func All[T any](ctx context.Context, ex Spawner, functions ...func(context.Context) (T, error)) ([]T, error) {
	results := make([]T, len(functions))
	err := Within(ctx, ex, func(s *Scope) error {
		for i, f := range functions {
			Go(s, func(ctx context.Context) (struct{}, error) {
				v, err := f(ctx)
				results[i] = v
				return struct{}{}, err
			})
		}
		return nil
	})
	return results, err
}
