package compat

import (
	"context"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"github.com/causeway-go/causeway/internal/ended"
	"github.com/causeway-go/causeway/pollster"
	"github.com/causeway-go/causeway/threadpool"
)

// ctxError is the error for a ctx that has ended.
func ctxError(ctx context.Context) error { return ended.Error(ctx) }

// An outcome is how a function has ended.
type outcome[T any] struct {
	v        T
	err      error
	panicked *threadpool.PanicError
}

// result is the outcome as that of a Poll. It raises the panic of the function.
func (o *outcome[T]) result() (T, bool, error) {
	if o.panicked != nil {
		panic(o.panicked)
	}
	return o.v, o.err == nil, o.err
}

// perform runs f to whatever end and hands that to settle, also when f panics or
// ends its goroutine. If settle says that nobody wants the outcome, a panic
// takes its course.
func perform[T any](f func() (T, error), settle func(*outcome[T]) (wanted bool)) {
	o := &outcome[T]{err: threadpool.ErrGoexit}
	returned := false
	defer func() {
		if !returned {
			if v := recover(); v != nil {
				o.panicked = threadpool.NewPanicError(v, debug.Stack())
			}
		}
		if !settle(o) && o.panicked != nil {
			panic(o.panicked)
		}
	}()
	o.v, o.err = f()
	returned = true
}

// Async returns a future of what f returns. The first poll starts f on a
// goroutine of its own, where it may block in the ways that goroutines do. For
// calls that hold an OS thread there is unblock.Go, which bounds them.
//
// f gets a context that ends with ctx, with Cancel, and after f. Cancel does not
// wait for f: its result is dropped, and it is up to f to watch its context. A
// panic in f is raised in the poller as a [threadpool.PanicError]; with nobody
// left to poll, it ends the process, as panics on goroutines do. If f ends its
// goroutine with runtime.Goexit, the error is [threadpool.ErrGoexit].
func Async[T any](ctx context.Context, f func(context.Context) (T, error)) pollster.Future[T] {
	if f == nil {
		panic("compat: Async of a nil function")
	}
	return &async[T]{ctx: ctx, f: f}
}

type async[T any] struct {
	ctx     context.Context
	f       func(context.Context) (T, error)
	started bool
	cancel  context.CancelCauseFunc
	end     pollster.Promise[*outcome[T]]
}

func (a *async[T]) Poll(w *pollster.Waker) (v T, ready bool, err error) {
	if !a.started && !a.end.Done() {
		a.start()
	}
	o, ready, err := a.end.Poll(w)
	if !ready || err != nil {
		return v, false, err
	}
	return o.result()
}

func (a *async[T]) start() {
	a.started = true
	ctx, cancel := context.WithCancelCause(a.ctx)
	a.cancel = cancel
	go perform(func() (T, error) {
		defer cancel(nil)
		return a.f(ctx)
	}, a.end.Resolve)
}

// Cancel implements [pollster.Canceler].
func (a *async[T]) Cancel() {
	a.end.Cancel()
	if a.cancel != nil {
		a.cancel(pollster.ErrCanceled)
	}
}

// Func returns f as an ordinary function, which may be called any number of
// times and from any goroutines. The calls wait, as [pollster.BlockOn] does, for
// the one result of f, and those that come after its end get that at once. A
// call whose context ends leaves the others and f alone. Nothing starts before
// the first call, and f makes no progress while nobody waits.
//
// A panic in Poll of f is raised in every call.
func Func[T any](f pollster.Future[T]) func(context.Context) (T, error) {
	if f == nil {
		f = pollster.Failed[T](pollster.ErrNilFuture)
	}
	s := &shared[T]{f: f, callers: map[*caller[T]]struct{}{}}
	s.waker.Init(s)
	s.woken.Store(true) // for the first poll
	return s.call
}

// shared is a future that many wait for.
//
// Whoever is woken and finds woken set polls f for all. Since f has one waker,
// that of shared, a wake-up goes to every caller: one alone might be about to
// leave, and the wake-up with it.
type shared[T any] struct {
	waker pollster.Waker
	woken atomic.Bool // f asks to be polled
	end   atomic.Pointer[outcome[T]]

	polling sync.Mutex // held while f is polled
	f       pollster.Future[T]

	mu      sync.Mutex // never held while something is polled or woken
	callers map[*caller[T]]struct{}
}

// OnWake implements [pollster.Wakeable].
func (s *shared[T]) OnWake() {
	s.woken.Store(true)
	s.wakeAll()
}

func (s *shared[T]) wakeAll() {
	s.mu.Lock()
	wakers := make([]*pollster.Waker, 0, 8)
	for c := range s.callers {
		wakers = append(wakers, c.waker)
	}
	s.mu.Unlock()
	for _, w := range wakers {
		w.Wake()
	}
}

func (s *shared[T]) call(ctx context.Context) (v T, err error) {
	if o := s.end.Load(); o != nil {
		v, _, err = o.result()
		return v, err
	}
	c := &caller[T]{s: s}
	defer c.Cancel() // also when a panic passes through
	return pollster.BlockOn(ctx, c)
}

// poll polls f if that is worth while.
func (s *shared[T]) poll() {
	// Whoever has it may be a task that is suspended in Poll, on this very
	// thread. So it is not waited for, and tells all when it comes back.
	if !s.polling.TryLock() {
		return
	}
	defer func() {
		s.polling.Unlock()
		if s.woken.Load() && s.end.Load() == nil {
			s.wakeAll()
		}
	}()
	if s.end.Load() != nil || !s.woken.Swap(false) {
		return
	}
	o := &outcome[T]{err: threadpool.ErrGoexit}
	settled := true
	defer func() {
		if settled {
			s.f = nil
			s.end.Store(o)
			s.wakeAll()
		}
	}()
	defer func() {
		if v := recover(); v != nil {
			o.panicked = threadpool.NewPanicError(v, debug.Stack())
		}
	}()
	v, ready, err := s.f.Poll(&s.waker)
	o.v, o.err = v, err
	settled = ready || err != nil
}

// A caller is one call that waits for a shared future.
type caller[T any] struct {
	s     *shared[T]
	waker *pollster.Waker // guarded by s.mu while c is in s.callers
}

func (c *caller[T]) Poll(w *pollster.Waker) (v T, ready bool, err error) {
	c.s.mu.Lock()
	c.waker = w
	c.s.callers[c] = struct{}{}
	c.s.mu.Unlock()
	// Now that c is in the list, look: a wake-up from here on reaches w.
	if c.s.end.Load() == nil && c.s.woken.Load() {
		c.s.poll()
	}
	if o := c.s.end.Load(); o != nil {
		c.Cancel()
		return o.result()
	}
	return v, false, nil
}

// Cancel takes c out of the list.
func (c *caller[T]) Cancel() {
	c.s.mu.Lock()
	delete(c.s.callers, c)
	c.s.mu.Unlock()
}
