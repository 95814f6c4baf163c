package pollster

import (
	"context"
	"errors"
	"sync"

	"github.com/causeway-go/causeway/internal/ended"
	"github.com/causeway-go/causeway/internal/goroutine"
	"github.com/causeway-go/causeway/internal/park"
)

// ErrNilFuture is returned, or wrapped, where a future is nil.
var ErrNilFuture = errors.New("pollster: nil future")

// BlockOn polls f, waiting between polls, until it has ended, and returns its
// result. It is the way from blocking code to futures, and it may be called
// anywhere: on an ordinary goroutine, inside a job of a blocking pool, inside a
// task, inside another future's Poll. How it waits depends on where it is; see
// the package documentation.
//
// If ctx ends first, f is cancelled (see [Canceler]), and BlockOn returns an
// error for which errors.Is holds with ctx.Err() and with context.Cause(ctx). If
// ctx has ended before the call, f is never polled; a result that needs no poll,
// that of [Ready] or of a [Promise] that has been resolved, is returned all the
// same. With [context.Background], watching the context costs nothing.
//
// Each call has one wake-up permit of its own, so calls nest, and a waker left
// over from an earlier call does nothing. A call that does not wait, and one
// that waits with context.Background, allocates nothing of its own beyond one
// block of wakers (2 KiB) every 64 calls that poll more than [Ready] futures.
//
// Where waiting is a mistake that only a human can mend, as in a callback of a
// window's main loop, which would stand still, f is cancelled and BlockOn returns
// the error of whoever runs that loop (mainloop.ErrWait; jspromise.ErrWouldHang
// where JavaScript has called).
//
// A panic or runtime.Goexit in Poll passes through BlockOn with its own stack;
// f is not cancelled then.
//
// On a goroutine that is locked to its OS thread [BlockOnThread] is faster.
func BlockOn[T any](ctx context.Context, f Future[T]) (T, error) {
	return blockOn(ctx, f, parkGoroutine)
}

// BlockOnThread is [BlockOn] for a goroutine that is locked to its OS thread by
// runtime.LockOSThread, which Go gives no way to find out. It waits with the
// thread on a futex where the system has one and where that is the faster way
// at the moment, and like BlockOn otherwise. On a goroutine that is not locked
// it works too, and holds a thread while it waits.
func BlockOnThread[T any](ctx context.Context, f Future[T]) (T, error) {
	return blockOn(ctx, f, parkThread)
}

type parkMode bool

const (
	parkGoroutine parkMode = false
	parkThread    parkMode = true
)

func blockOn[T any](ctx context.Context, f Future[T], mode parkMode) (v T, err error) {
	switch p := f.(type) {
	case nil:
		return v, ErrNilFuture
	case *settled[T]:
		return p.v, p.err
	case yielder:
		if done, err := p.giveWay(ctx); done {
			return v, err
		}
	case peeker[T]:
		if v, ready, err := p.peek(); ready || err != nil {
			return v, err
		}
	}
	done := ctx.Done()
	if done != nil && ctx.Err() != nil {
		Cancel(f)
		return v, ended.Error(ctx)
	}
	c := newCall()
	v, ready, err := f.Poll(&c.waker.Waker)
	if ready || err != nil {
		c.end()
		return v, err
	}
	here := goroutine.Waiting()
	if here == nil && done == nil && mode == parkGoroutine {
		return waitPlainly(c, f)
	}
	for last := false; ; {
		// A wake that came before the end of ctx is worth one more poll, but
		// no more than one: a future may wake itself for ever.
		if last {
			c.end()
			Cancel(f)
			return v, ended.Error(ctx)
		}
		switch ok, err := wait(ctx, c, f, here, mode); {
		case err != nil:
			return v, err
		case !ok:
			c.end()
			Cancel(f)
			return v, ended.Error(ctx)
		}
		last = done != nil && ctx.Err() != nil
		v, ready, err = poll(c, f)
		if ready || err != nil {
			c.end()
			return v, err
		}
	}
}

// waitPlainly is the rest of blockOn for an ordinary goroutine and a context that
// cannot end.
func waitPlainly[T any](c *call, f Future[T]) (T, error) {
	w := &c.waker.Waker
	for {
		if !c.n.Consume() {
			c.n.Park()
		}
		v, ready, err := f.Poll(w)
		if ready || err != nil {
			c.end()
			return v, err
		}
	}
}

// poll polls f. If a panic or Goexit passes through, c is not used again, and
// what its waits have attached to a context is taken back.
func poll[T any](c *call, f Future[T]) (v T, ready bool, err error) {
	returned := false
	defer func() {
		if !returned {
			c.n.Detach()
		}
	}()
	v, ready, err = f.Poll(&c.waker.Waker)
	returned = true
	return v, ready, err
}

// wait waits for the permit of c. The body of a task is ended while it waits
// when the task is cancelled (see goroutine.Watcher): f is then cancelled on
// the way out, and c is not used again, since its waker still knows it. The same
// goes for a wait that is refused (see goroutine.Refusal), with an error.
func wait[T any](ctx context.Context, c *call, f Future[T], here *goroutine.Place, mode parkMode) (ok bool, err error) {
	if here == nil {
		return c.n.WaitAt(nil, ctx, bool(mode)), nil
	}
	returned := false
	defer func() {
		if !returned {
			c.n.Detach()
			Cancel(f)
			err = goroutine.Refused(recover())
		}
	}()
	ok = c.n.WaitAt(here, ctx, bool(mode))
	returned = true
	return ok, nil
}

// A call is one BlockOn under way. It is kept in a pool between calls, but
// nothing that a future could still hold is: the waker a future gets is used
// for one call only, and knows which.
type call struct {
	n     *park.Notifier
	waker *callWaker

	block *[wakerBlock]callWaker // wakers not used yet: block[next:]
	next  int
}

// wakerBlock is how many wakers are allocated at a time.
const wakerBlock = 64

// A callWaker is the waker of one call of BlockOn.
type callWaker struct {
	Waker
	n          *park.Notifier
	generation uint64
}

// OnWake implements Wakeable.
func (w *callWaker) OnWake() { w.n.Notify(w.generation) }

var calls = sync.Pool{New: func() any { return &call{n: park.New()} }}

func newCall() *call {
	c := calls.Get().(*call)
	if c.next == len(c.block) || c.block == nil {
		c.block, c.next = new([wakerBlock]callWaker), 0
	}
	w := &c.block[c.next]
	c.next++
	w.n, w.generation = c.n, c.n.Begin()
	w.Init(w)
	c.waker = w
	return c
}

func (c *call) end() {
	c.n.Detach()
	c.waker = nil
	calls.Put(c)
}
