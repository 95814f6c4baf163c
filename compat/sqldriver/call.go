package sqldriver

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/causeway-go/causeway/internal/ended"
	"github.com/causeway-go/causeway/pollster"
	"github.com/causeway-go/causeway/threadpool"
)

// ErrLeft is wrapped, beside the end of the context, by the error of a call that
// was still running when its caller left. Whether such a call takes effect is
// unknown. An error that is the end of the context and not ErrLeft means that the
// driver was never called, or has itself said so.
var ErrLeft = errors.New("sqldriver: left a call that goes on")

// errLost answers every call on a connection that was left in another one. It
// wraps driver.ErrBadConn, so that database/sql opens a new connection.
var errLost = fmt.Errorf("sqldriver: connection was left in a call: %w", driver.ErrBadConn)

// A work is what is done in a slot of the pool: it calls the driver.
type work interface {
	// run calls the driver and keeps what it returns.
	run()
	// drop closes what run has got, when nobody wants it any more.
	drop()
}

// A thunk is a work that has nothing to drop.
type thunk func()

func (t thunk) run()  { t() }
func (t thunk) drop() {}

// A result is a work that has something to drop.
type result struct{ get, give func() }

func (r *result) run()  { r.get() }
func (r *result) drop() { r.give() }

// A manner is how a call is left when its context has ended.
type manner struct {
	linger    time.Duration // for how long it may still return by itself; below 0: for ever
	interrupt bool          // whether the hook is to stop it
}

// A call is one work under way on a goroutine of the pool. A connection makes one
// at a time and keeps its call for the next, unless somebody else may still hold
// it.
type call struct {
	conn  *conn
	work  work
	state atomic.Uint32
	waker pollster.AtomicWaker

	// Written before the state becomes done, read after.
	panicked *threadpool.PanicError
	goexit   bool
}

// The state of a call.
//
//	callOpen     not started. Left by the pool's goroutine (running) or by the
//	             caller, whose context has ended (refused).
//	callRefused  never left: the work is not run, the connection is as it was.
//	callRunning  the work is being run, and with it everything of the connection
//	             belongs to the pool's goroutine. Left by that goroutine (done) or
//	             by the caller (left), whoever is first.
//	callDone     the connection belongs to the caller again.
//	callLeft     never left. The pool's goroutine keeps the connection, and closes
//	             it with all that is open on it when the work has ended. The caller
//	             has made the connection lost before, and touches nothing of the
//	             driver any more.
const (
	callOpen = iota
	callRefused
	callRunning
	callDone
	callLeft
)

// do does w in a slot of the pool and returns nil when it has been done. If it
// returns an error, then either w has not been run, and never will be, or the
// connection is lost: w is still running, or has ended its goroutine.
func (c *conn) do(ctx context.Context, m manner, w work) error {
	if c.lost {
		if err := over(ctx); err != nil {
			return err // says more
		}
		return errLost
	}
	c.interrupted = nil
	if inline(ctx) {
		return c.doHere(ctx, w)
	}
	k := c.call
	if k == nil {
		k = &call{conn: c}
	}
	c.call = nil
	k.work = w
	k.state.Store(callOpen)
	returned := false
	defer func() {
		if !returned {
			c.abandon(k) // the task that this is in has been ended
		}
	}()
	err := c.pool.DoWork(ctx, k)
	switch {
	case err == nil:
		err = c.outcome(k, nil)
		k.work = nil
		c.call = k
	case k.state.CompareAndSwap(callOpen, callRefused):
	default:
		err = c.leave(ctx, m, k, err)
	}
	returned = true
	return c.raise(k, err)
}

// inline reports whether the calling goroutine can call the driver itself: it may
// block, and will not want to leave.
func inline(ctx context.Context) bool { return ctx.Done() == nil && threadpool.CanBlock() }

// doHere does w on the calling goroutine.
func (c *conn) doHere(ctx context.Context, w work) error {
	s, err := c.pool.Enter(ctx)
	if err != nil {
		return err
	}
	defer s.Leave()
	returned := false
	defer func() {
		if !returned {
			c.lose()
		}
	}()
	c.run(w)
	returned = true
	return nil
}

// run runs w, after what was put off until now.
func (c *conn) run(w work) {
	for len(c.dead) > 0 {
		st := c.dead[0]
		c.dead = c.dead[1:]
		_ = st.Close() // nobody waits for the error
	}
	w.run()
}

// outcome returns the error of a call that is done.
func (c *conn) outcome(k *call, err error) error {
	if k.goexit {
		c.lose()
		return threadpool.ErrGoexit
	}
	return err
}

// raise panics if the work has, and otherwise returns err.
func (c *conn) raise(k *call, err error) error {
	if !c.lost && k.panicked != nil {
		c.lose()
		panic(k.panicked)
	}
	return err
}

// leave ends the wait for k, whose work has been started and whose context has
// ended: it interrupts the work, lets it return for a moment, and then leaves it.
func (c *conn) leave(ctx context.Context, m manner, k *call, err error) error {
	if !errors.Is(err, ctxErr(ctx)) { // ErrGoexit
		return c.outcome(k, err)
	}
	interrupted := m.interrupt && c.opts.Interrupt != nil && k.interrupt()
	switch {
	case m.linger < 0:
		_, _ = pollster.BlockOn(context.Background(), pollster.Future[struct{}](k))
	case m.linger > 0:
		_, _ = pollster.BlockOn(context.Background(), pollster.Timeout(k, m.linger))
	}
	c.lost = true // before the state says so, since from then on it is the other side's
	if k.state.CompareAndSwap(callRunning, callLeft) {
		return fmt.Errorf("%w: %w", ErrLeft, err)
	}
	c.lost = false
	if interrupted {
		c.interrupted = err
	}
	return c.outcome(k, nil)
}

// ctxErr is the error of a context that has ended, or one that nothing is.
func ctxErr(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return errLost
}

// interrupt calls the hook if the work is running. If that ends meanwhile the hook
// finds a connection at rest, but never one in another call: the next would be
// made by the goroutine that is in here.
func (k *call) interrupt() bool {
	if k.state.Load() != callRunning || k.conn.under == nil {
		return false
	}
	k.conn.opts.Interrupt(k.conn.under)
	return true
}

// abandon gives k up, because the goroutine that waits for it is being ended.
func (c *conn) abandon(k *call) {
	if c.lost || k.state.CompareAndSwap(callOpen, callRefused) {
		return
	}
	if c.opts.Interrupt != nil {
		k.interrupt()
	}
	c.lost = true
	if !k.state.CompareAndSwap(callRunning, callLeft) {
		k.work.drop()
		c.lost = false
		c.loseWith(k.panicked)
	}
}

// Poll implements pollster.Future: a call is over when its work is.
func (k *call) Poll(w *pollster.Waker) (struct{}, bool, error) {
	k.waker.Register(w)
	return struct{}{}, k.state.Load() == callDone, nil
}

// Work implements threadpool.Work.
func (k *call) Work() {
	if !k.state.CompareAndSwap(callOpen, callRunning) {
		return
	}
	returned := false
	defer func() {
		if returned {
			k.settle(nil, false)
		} else if v := recover(); v != nil {
			k.settle(threadpool.NewPanicError(v, debug.Stack()), false)
		} else {
			k.settle(nil, true)
		}
	}()
	k.conn.run(k.work)
	returned = true
}

// settle gives the connection back to the caller, or closes everything if that
// has left. A panic that nobody waits for is the pool's.
func (k *call) settle(p *threadpool.PanicError, goexit bool) {
	k.panicked, k.goexit = p, goexit
	if k.state.CompareAndSwap(callRunning, callDone) {
		k.waker.Wake()
		return
	}
	defer func() {
		if p != nil {
			panic(p)
		}
	}()
	defer k.conn.bury()
	k.work.drop()
}

// wrapEnded adds the end of the context to the error of a call that was
// interrupted because of it.
func (c *conn) wrapEnded(err error) error {
	ctxErr := c.interrupted
	if ctxErr == nil {
		return err
	}
	if err == nil || errors.Is(err, ctxErr) {
		return err
	}
	return fmt.Errorf("%w: %w", ctxErr, err)
}

// lose makes a connection lost that no call is running on: it is in no state to
// be used, or there is no way to wait for what is to be done on it. Everything of
// it is closed in the pool, or beside it if that takes no jobs.
func (c *conn) lose() { c.loseWith(nil) }

// loseWith is lose, after which p, if it is not nil, is the pool's.
func (c *conn) loseWith(p *threadpool.PanicError) {
	if c.lost {
		return
	}
	c.lost = true
	bury := c.bury
	if p != nil {
		bury = func() {
			defer c.pool.Panicked(p.Value, p.Stack)
			c.bury()
		}
	}
	if c.pool.TrySubmit(bury) != nil {
		go bury()
	}
}

// bury closes everything of a lost connection.
func (c *conn) bury() {
	if c.under != nil && !c.closed { // nil if it was left before there was a connection
		defer c.under.Close()
	}
	defer func() {
		for _, st := range c.stmts {
			defer st.under.Close()
		}
		for _, st := range c.dead {
			defer st.Close()
		}
	}()
	for _, r := range c.rows {
		defer r.closeUnder()
	}
}

// finish makes a call that gives something back, of which ctx is the context: as
// long as that lasts it waits, and after its end for Options.Grace at most. If the
// call cannot be made, or not waited for, the connection is lost, and so what was
// to be given back is.
func (c *conn) finish(ctx context.Context, w work) error {
	m := manner{linger: c.opts.Grace}
	if ctx.Done() == nil || ctx.Err() == nil {
		err := c.do(ctx, m, w)
		if err == nil || c.lost {
			return err
		}
	}
	if c.opts.Grace < 0 {
		err := c.do(context.Background(), m, w)
		c.loseIf(err)
		return err
	}
	late, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.opts.Grace)
	defer cancel()
	err := c.do(late, manner{}, w)
	c.loseIf(err)
	return err
}

func (c *conn) loseIf(err error) {
	if err != nil {
		c.lose()
	}
}

// over returns the error of a context that has ended.
func over(ctx context.Context) error {
	if ctx.Done() == nil || ctx.Err() == nil {
		return nil
	}
	return ended.Error(ctx)
}
