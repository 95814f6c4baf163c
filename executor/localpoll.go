package executor

import (
	"context"
	"math"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/causeway-go/causeway/internal/goroutine"
	"github.com/causeway-go/causeway/internal/stacks"
)

// A loop is a stack on which a Local polls its tasks: the body of a coroutine.
// There is one that polls, Local.loop. When a poll on it calls BlockOn, that
// stack is suspended, as that of a function would be, and another loop takes
// over. When the wait is over, the loop comes back as a task of the Local,
// finishes the poll it was in, and ends.
//
// So the Local goes on whatever its tasks wait for, in any order, and there is
// never more than one of its stacks running.
type loop struct {
	core
	l   *Local
	co  *coroutine
	now *core // being polled
}

// OnWake implements pollster.Wakeable.
func (lp *loop) OnWake() { lp.wake() }

// poll polls tasks until none is ready or the budget is used up.
func (l *Local) poll() {
	for l.budget > 0 && l.ready.n > 0 {
		lp := l.idle
		if l.idle = nil; lp == nil {
			lp = &loop{l: l}
			lp.waker.Init(lp)
			lp.home = &l.home
		}
		lp.local = polling
		lp.co = l.driver.coroutine(false)
		lp.co.task, lp.co.body, lp.co.ended = &lp.core, lp, false
		l.loop = lp
		lp.step(&l.driver)
		if lp.co == nil && lp.local&woken == 0 {
			// It has never been suspended, so no waker knows of it.
			l.idle = lp
		}
		l.settle(&lp.core)
	}
	l.loop = nil
}

// step implements runnable. A loop does not end as tasks do; nobody waits for
// it.
func (lp *loop) step(d *driver) bool {
	lp.co.resume(d)
	if lp.co.ended {
		d.put(lp.co)
		lp.co = nil
		lp.local |= gone
		return true
	}
	return false
}

// drop implements runnable: the poll that is suspended is unwound.
func (lp *loop) drop(error) bool {
	lp.co.breaks, lp.co.closing = true, true
	return false
}

// looked implements body.
func (lp *loop) looked() bool { return false }

// over implements body.
func (lp *loop) over() bool { return false }

// tells implements body.
func (lp *loop) tells(context.Context) bool { return false }

func (lp *loop) interrupt() {}
func (lp *loop) forget()    {}

// run is the body of the coroutine.
func (lp *loop) run() {
	for !lp.poll() {
	}
}

// poll polls until another loop has taken over, or nothing is ready. It
// reports false after a panic, to be called again. A Goexit in a poll ends the
// coroutine, and the loop with it.
func (lp *loop) poll() (over bool) {
	l := lp.l
	normal := false
	defer func() {
		if normal {
			return
		}
		v := recover()
		if lp.now == nil {
			panic(v)
		}
		if c := lp.now; c.local&gone == 0 { // else a waker has ended this goroutine
			l.caught(c, v)
			if v == nil && lp.co.closing {
				c.fail(ErrClosed) // by Close, in its wait
			}
			l.finish(c)
		}
		lp.now = nil
	}()
	for l.loop == lp && l.budget > 0 {
		c := l.take()
		if c == nil {
			break
		}
		l.budget--
		lp.now = c
		lp.flags = c.flags & parkOnly
		l.runTask(c)
		lp.now = nil
	}
	normal = true
	return true
}

// take returns the next task to poll.
func (l *Local) take() *core {
	l.watch.beat()
	if l.inbox.top.Load() != nil {
		l.drain()
	}
	return l.ready.pop()
}

// runTask polls c once.
func (l *Local) runTask(c *core) {
	if c.local&gone != 0 {
		return
	}
	c.local = c.local&begun | polling
	r := c.self()
	if s := c.state.Load(); s&(canceled|told) == canceled {
		set(c, tellState)
		if r.drop(ErrCanceled) {
			l.finish(c)
			return
		}
	}
	if !l.resumable(r) {
		c.local = c.local&begun | queued
		l.held = append(l.held, c)
		return
	}
	if l.step(c, r) {
		l.finish(c)
		return
	}
	l.settle(c)
}

// step polls c once.
func (l *Local) step(c *core, r runnable) (ended bool) {
	if c.flags&observing != 0 {
		return watchedStep(c, r, &l.driver, context.Background())
	}
	return r.step(&l.driver)
}

// settle is what follows a step that did not end.
func (l *Local) settle(c *core) {
	if c.local&begun == 0 && c.local&gone == 0 {
		l.enter(c)
	}
	if c.local&gone != 0 {
		l.leave(c) // a loop that has ended
		return
	}
	was := c.local
	c.local &= begun
	if was&woken != 0 {
		c.local |= queued
		l.ready.push(c)
		l.observe(c)
	}
}

// resumable reports whether the stack of r, if it has one, may be switched to
// under the present thread lock.
func (l *Local) resumable(r runnable) bool {
	s, ok := r.(interface{ stack() *coroutine })
	if !ok {
		return true
	}
	co := s.stack()
	return co == nil || co.own || !co.lock.Locked() || co.lock == lockState()
}

func (lp *loop) stack() *coroutine       { return lp.co }
func (t *function[T]) stack() *coroutine { return t.co }

// finish makes the end of c known.
func (l *Local) finish(c *core) {
	c.local |= gone
	if _, ok := c.self().(*loop); ok {
		l.leave(c)
		return
	}
	l.leave(c)
	c.ended(nil)
}

func (l *Local) caught(c *core, v any) {
	c.self().forget()
	if v != nil {
		c.panicked(v, debug.Stack(), l.onPanic)
	} else {
		c.fail(ErrGoexit)
	}
}

// enter and leave keep the list of tasks that have begun, for Close.
func (l *Local) enter(c *core) {
	c.local |= begun
	c.after = l.active
	if l.active != nil {
		l.active.prior = c
	}
	l.active = c
}

func (l *Local) leave(c *core) {
	if c.local&begun == 0 {
		return
	}
	c.local &^= begun
	if c.prior != nil {
		c.prior.after = c.after
	} else {
		l.active = c.after
	}
	if c.after != nil {
		c.after.prior = c.prior
	}
	c.after, c.prior = nil, nil
}

// A fifo is a queue that grows as needed, of one goroutine.
type fifo struct {
	buf     []*core // its length is a power of two
	head, n int
}

func (q *fifo) push(c *core) {
	if q.n == len(q.buf) {
		bigger := make([]*core, max(16, 2*len(q.buf)))
		for i := range q.n {
			bigger[i] = q.buf[(q.head+i)&(len(q.buf)-1)]
		}
		q.buf, q.head = bigger, 0
	}
	q.buf[(q.head+q.n)&(len(q.buf)-1)] = c
	q.n++
}

func (q *fifo) pop() *core {
	if q.n == 0 {
		return nil
	}
	c := q.buf[q.head]
	q.buf[q.head] = nil
	q.head = (q.head + 1) & (len(q.buf) - 1)
	q.n--
	return c
}

// lockThread locks the calling goroutine to its thread n times more, or less.
func lockThread(n int) {
	for ; n > 0; n-- {
		runtime.LockOSThread()
	}
	for ; n < 0; n++ {
		runtime.UnlockOSThread()
	}
}

// A stopWatch tells that a poll of a Local does not come to an end. It works
// as the monitor of an Executor does, and only if somebody wants its report.
type stopWatch struct {
	l      *Local
	wanted bool
	probe  atomic.Uint32 // 0: a sign of life; 1: set by tick; 2: reported
	inside atomic.Bool
	armed  atomic.Bool
	timer  *time.Timer

	mu     sync.Mutex
	stacks map[uintptr]*watched // by the identity of the goroutine
}

// A watched is a goroutine that runs, or has been suspended, for the Local.
type watched struct {
	id   uint64
	busy bool // has a body
}

func (s *stopWatch) init(l *Local) {
	s.l, s.wanted = l, l.options.OnStop != nil
	s.stacks = make(map[uintptr]*watched)
}

func (s *stopWatch) begin() {
	if !s.wanted {
		return
	}
	s.note(true)
	s.beat()
	s.inside.Store(true)
	if s.armed.CompareAndSwap(false, true) {
		if s.timer == nil {
			// It is started below only: tick uses s.timer, and may run before
			// AfterFunc has returned here.
			s.timer = time.AfterFunc(math.MaxInt64, s.tick)
		}
		s.timer.Reset(s.l.options.StopAfter)
	}
}

func (s *stopWatch) end() {
	if s.wanted {
		s.inside.Store(false)
	}
}

func (s *stopWatch) stop() {
	if s.timer != nil {
		s.timer.Stop()
	}
}

func (s *stopWatch) beat() {
	if s.wanted && s.probe.Load() != 0 {
		s.probe.Store(0)
	}
}

// note remembers the calling goroutine.
func (s *stopWatch) note(busy bool) {
	if !s.wanted {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	g := goroutine.Current()
	w := s.stacks[g]
	if w == nil {
		w = &watched{id: stacks.ID()}
		s.stacks[g] = w
	}
	w.busy = busy
}

// forget is called by a coroutine that ends.
func (s *stopWatch) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.stacks, goroutine.Current())
}

func (s *stopWatch) tick() {
	if !s.inside.Load() {
		s.armed.Store(false)
		if !s.inside.Load() || !s.armed.CompareAndSwap(false, true) {
			return
		}
	}
	if !s.probe.CompareAndSwap(0, 1) && s.probe.CompareAndSwap(1, 2) {
		s.report()
	}
	s.timer.Reset(s.l.options.StopAfter)
}

// report takes the stacks and passes them on.
func (s *stopWatch) report() {
	all := stacks.All()
	s.mu.Lock()
	var stuck []byte
	var suspended [][]byte
	for g, w := range s.stacks {
		switch stack, ok := all[w.id]; {
		case !ok || !w.busy:
		case g == s.l.current.Load():
			stuck = stack
		case isSuspended(stack):
			suspended = append(suspended, stack)
		}
	}
	s.mu.Unlock()
	s.l.options.OnStop(stuck, suspended)
}
