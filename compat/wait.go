package compat

import (
	"context"
	"reflect"
	"sync"

	"github.com/causeway-go/causeway/internal/goroutine"
	"github.com/causeway-go/causeway/pollster"
)

// CondWait is c.Wait that ends when ctx does, with an error for which errors.Is
// holds with ctx.Err() and context.Cause(ctx). As with Wait, c.L must be held,
// is given up while waiting, and is held again on return, also with an error.
//
// The end of ctx is a Broadcast, so other waiters see a wake-up that was not
// meant for them; they look again at what they wait for, in the loop that
// sync.Cond asks for. A Signal that reaches a waiter whose ctx has ended is
// passed on and not lost. Code that wants CondWait to be left must let go of c.L:
// getting it back cannot be left.
//
// On an ordinary goroutine it waits there; in a task, in a poll and in a job of
// a pool on a goroutine of its own, and the caller as [pollster.BlockOn] does.
func CondWait(ctx context.Context, c *sync.Cond) error {
	if c == nil || c.L == nil {
		panic("compat: CondWait of a nil Cond, or of one without a lock")
	}
	if ctx.Err() != nil {
		return ctxError(ctx)
	}
	if goroutine.Here() == nil {
		return condWait(ctx, c)
	}
	// Locks belong to no goroutine in Go, so another one may wait with ours.
	ctx, cancel := context.WithCancelCause(ctx)
	var locked pollster.Promise[struct{}]
	back := make(chan struct{})
	go func() {
		defer close(back)
		locked.Settle(struct{}{}, condWait(ctx, c))
	}()
	defer func() {
		// Also if the task is ended here: c.L is held in what it has deferred.
		if !locked.Done() {
			cancel(pollster.ErrCanceled)
			if _, _ = locked.Wait(context.Background()); !locked.Done() {
				<-back // a wait is refused here, and c.L has to be held
			}
		}
		cancel(nil)
	}()
	// Background: condWait watches ctx, and comes back with c.L held.
	_, err := locked.Wait(context.Background())
	return err
}

func condWait(ctx context.Context, c *sync.Cond) error {
	if ctx.Done() == nil {
		c.Wait()
		return nil
	}
	stop := context.AfterFunc(ctx, func() {
		// With the lock: whoever holds it has looked at ctx and not yet
		// begun to wait.
		c.L.Lock()
		defer c.L.Unlock()
		c.Broadcast()
	})
	c.Wait()
	stopped := stop()
	if ctx.Err() == nil {
		return nil
	}
	if stopped {
		// No Broadcast comes, so what has woken us may have been a Signal.
		c.Signal()
	}
	return ctxError(ctx)
}

// GroupWait is wg.Wait that ends when ctx does, with an error for which errors.Is
// holds with ctx.Err() and context.Cause(ctx).
//
// A WaitGroup cannot be left. So one goroutine waits for it, however many calls
// there are, and goes on until wg is done when all have left. As long as it may
// be there, wg must not be reused: that is, not after a call that was left.
// With a ctx that cannot end, on an ordinary goroutine, it is wg.Wait.
func GroupWait(ctx context.Context, wg *sync.WaitGroup) error {
	if wg == nil {
		panic("compat: GroupWait of a nil WaitGroup")
	}
	if ctx.Err() != nil {
		return ctxError(ctx)
	}
	if ctx.Done() == nil && goroutine.Here() == nil {
		wg.Wait()
		return nil
	}
	_, err := groups.of(wg).Wait(ctx)
	return err
}

// waits is what is being waited for on behalf of others: for each thing, one
// goroutine.
type waits struct {
	mu sync.Mutex
	m  map[*sync.WaitGroup]*pollster.Promise[struct{}]
}

var groups waits

func (s *waits) of(wg *sync.WaitGroup) *pollster.Promise[struct{}] {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p := s.m[wg]; p != nil {
		return p
	}
	p := new(pollster.Promise[struct{}])
	if s.m == nil {
		s.m = map[*sync.WaitGroup]*pollster.Promise[struct{}]{}
	}
	s.m[wg] = p
	go func() {
		wg.Wait()
		// Taken out before anybody hears of it: whoever has heard may use
		// wg again, and that is another wait.
		s.mu.Lock()
		delete(s.m, wg)
		s.mu.Unlock()
		p.Resolve(struct{}{})
	}()
	return p
}

// Lock locks l, a *sync.Mutex, a *sync.RWMutex or any other, or returns an error
// for which errors.Is holds with ctx.Err() and context.Cause(ctx) if ctx ends
// first. For reading, pass the RLocker of an RWMutex. Unlock l as usual.
//
// If l is free, and has a TryLock, that is all. Otherwise one goroutine waits in
// l.Lock for all such calls on l and hands the lock to one after another, first
// come first served. A sync.Mutex cannot be left, so when all calls have been
// left that goroutine waits on; it unlocks l as soon as it gets it. It is no
// more than one for each l, unless the type of l is not comparable.
//
// In a task, a poll or a job of a pool, Lock waits as [pollster.BlockOn] does
// where l.Lock would hold up the others.
func Lock(ctx context.Context, l sync.Locker) error {
	if l == nil {
		panic("compat: Lock of a nil Locker")
	}
	if ctx.Err() != nil {
		return ctxError(ctx)
	}
	if t, ok := l.(interface{ TryLock() bool }); ok && t.TryLock() {
		return nil
	}
	if ctx.Done() == nil && goroutine.Here() == nil {
		l.Lock()
		return nil
	}
	p := lockers.enqueue(l)
	taken := false
	defer func() {
		if taken {
			return
		}
		// ctx has ended, or the task that this is in. If it is too late to
		// give up the turn, the lock has been handed over.
		if p.Cancel(); !p.Canceled() {
			l.Unlock()
		}
	}()
	_, err := pollster.BlockOn(ctx, p)
	taken = err == nil
	return err
}

// A turn is one call of Lock that waits. It is resolved by a goroutine that has
// locked for it.
type turn = pollster.Promise[struct{}]

// locks has, for each lock that somebody waits for, those who do. The goroutine
// that serves them ends when there are none, and the entry with it.
type locks struct {
	mu sync.Mutex
	m  map[sync.Locker]*[]*turn
}

var lockers locks

func (s *locks) enqueue(l sync.Locker) *turn {
	p := new(turn)
	if !reflect.ValueOf(l).Comparable() {
		go s.serve(l, &[]*turn{p}, false)
		return p
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if q := s.m[l]; q != nil {
		*q = append(*q, p)
		return p
	}
	if s.m == nil {
		s.m = map[sync.Locker]*[]*turn{}
	}
	q := &[]*turn{p}
	s.m[l] = q
	go s.serve(l, q, true)
	return p
}

// serve locks l for one turn after another.
func (s *locks) serve(l sync.Locker, q *[]*turn, listed bool) {
	for s.more(l, q, listed) {
		l.Lock()
		if !s.hand(q) {
			l.Unlock()
		}
	}
}

// hand gives the lock to the first who still wants it.
func (s *locks) hand(q *[]*turn) bool {
	for {
		s.mu.Lock()
		if len(*q) == 0 {
			s.mu.Unlock()
			return false
		}
		p := (*q)[0]
		*q = (*q)[1:]
		s.mu.Unlock()
		if p.Resolve(struct{}{}) {
			return true
		}
	}
}

// more drops the turns at the head that were given up, and reports whether any
// is left; if not, the queue is taken out and nobody will add to it.
func (s *locks) more(l sync.Locker, q *[]*turn, listed bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(*q) > 0 && (*q)[0].Canceled() {
		*q = (*q)[1:]
	}
	if len(*q) > 0 {
		return true
	}
	if listed {
		delete(s.m, l)
	}
	return false
}
