package executor

import (
	"context"

	"github.com/causeway-go/causeway/internal/ended"
)

// Do has f run by ex as a task, as [Go] does, and returns its result when it has
// ended. It blocks, in the way that fits where it is called, as [Task.Wait] does.
//
// If ctx ends first the task is cancelled, and Do goes on waiting until it has
// ended: what f uses is the caller's again when Do returns. The error is then that
// of f, or if f was ended without one, one for which errors.Is holds with
// ctx.Err(). If ctx has ended before the call, f is not called. The context of f
// has the values of ctx. A panic in f is raised again in Do, as a [*PanicError].
//
// It costs less than Go and Wait: where ex is an [Executor] with a worker that has
// nothing to do, no task waits, and Do is called on an ordinary goroutine that is
// not locked to its thread, this goroutine takes the worker's place up to the
// first wait of f, and nobody has to be woken. Not more tasks run at once than
// there are workers.
func Do[T any](ctx context.Context, ex Spawner, f func(ctx context.Context) (T, error)) (T, error) {
	return DoAttr(ctx, ex, Attr{}, f)
}

// DoAttr is [Do] with attributes. If a.Context is set the values come from there,
// and its end too cancels the task, or keeps f
// from being called.
func DoAttr[T any](ctx context.Context, ex Spawner, a Attr, f func(ctx context.Context) (T, error)) (T, error) {
	parent := ctx
	if a.Context != nil {
		parent = a.Context
	}
	if ctx.Err() != nil {
		parent = ctx
	}
	if parent.Err() != nil {
		var none T
		return none, ended.Error(parent)
	}
	t := newFunction(f)
	t.ctx.parent = parent
	t.describe(&a)
	var w *worker
	if a.Context == nil || ctx.Done() == nil { // else two would have to be followed later
		w = t.mayBegin(ex)
	}
	if w != nil {
		t.ctx.followLater(&t.core)
		w.firstPoll(&t.core, t)
	} else {
		ex.admit(&t.core)
		if a.Context != nil {
			t.ctx.follow(&t.core)
		}
		ex.launch(&t.core)
	}
	if !t.Done() {
		if task := t.ctx.notLater(); task != nil && a.Context != nil {
			t.ctx.follow(task)
		}
		if err := t.attend(ctx); err != nil {
			var none T
			return none, err
		}
	}
	return t.outcome(ctx)
}

// mayBegin returns a worker in whose place the caller is to poll t, or nil.
func (t *function[T]) mayBegin(ex Spawner) *worker {
	if e, ok := ex.(*Executor); ok && t.flags&(parkOnly|ownStack) == 0 {
		return e.idleHere()
	}
	return nil
}

// attend waits for the end of c, which it has come to if there is no error, and
// cancels it when ctx ends.
func (c *core) attend(ctx context.Context) error {
	returns := false
	defer func() {
		if !returns { // the caller is a task itself, which is being ended
			c.cancel()
			_ = c.wait(context.Background())
		}
	}()
	err := c.wait(ctx)
	if err != nil {
		c.cancel()
		err = c.wait(context.Background())
	}
	returns = true
	return err
}

// outcome is result for somebody who has cancelled the task because ctx has ended,
// if it has.
func (t *Task[T]) outcome(ctx context.Context) (T, error) {
	v, err := t.result()
	if err == ErrCanceled && ctx.Err() != nil { // not one that f returns
		err = ended.Error(ctx)
	}
	return v, err
}
