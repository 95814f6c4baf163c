package goroutine

import "context"

// Hooks is how a registered goroutine takes part in its own waiting. All
// methods are called on the registered goroutine.
type Hooks interface {
	// BeforeWait is called when the goroutine is about to wait, with nothing
	// of the waiting code locked. It returns the Parker the wait must go
	// through, or nil for the ordinary way: the goroutine parks.
	BeforeWait() Parker
	// AfterWait is called when the wait is over, whatever ended it. It may
	// block, for instance until a slot is free again.
	AfterWait()
}

// A Parker suspends what runs on a goroutine in its owner's own way, for
// instance by switching from a task's coroutine back to the worker.
type Parker interface {
	// Park returns after one Unpark. A Park that will not return, since it ends
	// the goroutine, says so first: see Wait.
	Park(w Wait)
	// Unpark is called exactly once for each Park that was not withdrawn, before
	// it or during it, from any goroutine, and must not block.
	Unpark()
}

// A Wait is what one Park is for.
type Wait interface {
	// Withdraw reports whether the wait is over without Unpark: nobody calls it
	// for this Park any more. If it is false somebody is on his way to Unpark,
	// and Park has to wait for him, or he would unpark the next one: what a
	// goroutine that ends has deferred may wait too.
	Withdraw() bool
}

// A Refusal is what Park panics with where to wait would be a mistake, as on the
// goroutine of a window's main loop. Those whose callers get an error return Err
// instead, see Refused.
type Refusal struct{ Err error }

// Error implements error.
func (r *Refusal) Error() string { return r.Err.Error() }

// Unwrap returns Err.
func (r *Refusal) Unwrap() error { return r.Err }

// Refused returns the error of the Refusal that recover has returned, or nil if
// it has returned nil. Any other panic it raises again.
func Refused(recovered any) error {
	if recovered == nil {
		return nil
	}
	r, ok := recovered.(*Refusal)
	if !ok {
		panic(recovered)
	}
	return r.Err
}

// A Hurrier is a Hooks whose AfterWait may block. Hurry is called just before
// an AfterWait that should not, because the context of the wait has ended: the
// code on the goroutine wants to leave, not to go on.
type Hurrier interface {
	Hooks
	// Hurry is called on the goroutine, before AfterWait.
	Hurry()
}

// A Watcher is a Parker that is told, before each Park, which context the wait
// watches. When what it suspends is to end, it then knows whether the end of
// that context will Unpark it, or whether it has to end the goroutine's code
// itself, by runtime.Goexit in Park.
type Watcher interface {
	Parker
	// Watch is called on the goroutine, before Park.
	Watch(ctx context.Context)
}

// A Yielder is a Hooks with others of its owner's waiting for the goroutine to give
// way. Code whose waits are all over before they begin would keep it for ever.
type Yielder interface {
	Hooks
	// Yield lets those run that are ready, if it can. With leave set it is a wait
	// like any other: it watches ctx, as a Watcher does.
	Yield(ctx context.Context, leave bool)
}

// A Place is the registration of one goroutine by one owner, who embeds it in
// a record of its own. The zero value is ready. One goroutine at a time may
// use a Place.
//
// Places nest: a job may run inside a poll that runs on a worker. Each
// remembers the one around it.
type Place struct {
	hooks Hooks
	outer *Place
	cell  *cell // nil if and only if p is not entered
	id    uintptr
	went  uint8 // waits in a row that were over before they began
}

// Enter registers the calling goroutine. It does not block or allocate,
// except when thousands of goroutines are registered at the same time.
//
// Preconditions: p is not entered. The caller calls Leave on the same
// goroutine, in reverse order of Enter, and before the goroutine ends: the
// next one that gets its g would find itself registered.
func (p *Place) Enter(h Hooks) {
	if p.cell != nil {
		panic("goroutine: Enter of a Place that is entered")
	}
	id := Current()
	c, outer := find(id)
	if c == nil {
		c = claim(id)
	}
	p.hooks, p.id, p.outer, p.cell = h, id, outer, c
	c.store(id, p)
}

// Leave undoes Enter.
func (p *Place) Leave() {
	c := p.cell
	if c == nil {
		panic("goroutine: Leave of a Place that is not entered")
	}
	id := Current()
	if p.id != id || c.load(id) != p {
		panic("goroutine: Leave on another goroutine or out of order")
	}
	if p.outer != nil {
		c.store(id, p.outer)
	} else {
		c.release(id)
	}
	p.hooks, p.outer, p.cell = nil, nil, nil
}

// wentMost is how many waits in a row may be over before they begin. To give way
// takes about four times as long as such a wait, so this costs a tenth of it.
const wentMost = 32

// Went notes a wait that was over before it began, and gives way now and then. It
// is called on the goroutine, with nothing of the waiting code locked.
func (p *Place) Went() {
	if p.went++; p.went < wentMost {
		return
	}
	p.went = 0
	if y, ok := p.hooks.(Yielder); ok {
		y.Yield(context.Background(), false)
	}
}

// Tire has the next wait give way even if it is over before it begins.
func (p *Place) Tire() { p.went = wentMost }

// Waited notes one that was not.
func (p *Place) Waited() { p.went = 0 }

// Yield gives way at once, and reports whether there was anybody to ask.
func (p *Place) Yield(ctx context.Context) bool {
	y, ok := p.hooks.(Yielder)
	if ok {
		p.went = 0
		y.Yield(ctx, true)
	}
	return ok
}

// Hooks returns what p was entered with.
func (p *Place) Hooks() Hooks { return p.hooks }

// Outer returns the Place that was current when p was entered, or nil.
func (p *Place) Outer() *Place { return p.outer }

// Here returns the innermost Place of the calling goroutine, or nil. It does
// not block or allocate.
func Here() *Place {
	_, p := find(Current())
	return p
}
