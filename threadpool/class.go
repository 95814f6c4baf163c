package threadpool

import "fmt"

// ClassOptions describe a class of jobs. The zero value is useful.
type ClassOptions struct {
	// Name appears in Stats, after that of the pool.
	Name string

	// Limit is how many jobs of the class may run at once, out of the Limit of
	// the pool. 0 means three quarters of that: so one class whose jobs all hang
	// leaves a quarter to the others, which in simulations cost them nothing, and
	// a class that needs more than half gets it.
	Limit int

	// Reserve is how many of the pool's slots are kept for the class while it
	// does not use them. 0 means 1. However many jobs of other classes hang, that
	// many of this class run. The pool keeps one for the jobs that have no class.
	Reserve int

	// Weight is the share of the class when jobs of several classes wait: one
	// of weight 2 gets twice as many slots as one of weight 1. 0 means 1.
	Weight int

	// Priority decides between classes before Weight does: slots that become
	// free go to the class of the highest priority in which a job waits, or to
	// one in which a job has waited for a second. Jobs without a class have
	// priority 0. It is between -100 and 100.
	Priority int

	// Queue is how many jobs of the class may wait, as in Options.
	Queue int

	// Hint says what the jobs of the class do, as in Options.
	Hint Hint
}

const maxPriority = 100

// Class adds a class of jobs to the pool: a bulkhead. It is itself a Pool, for
// everything that takes one. Its jobs run in slots of p, but never more of them
// than its own limit, they wait in a queue of their own, and how many of them run
// at once is decided from what they do alone. Whatever a class does, each other
// keeps its Reserve, and the rest of p's slots beyond the limit of the class. Jobs
// that run when a class is added keep their slots: if those were all that there are,
// its reserve comes on top until enough of them have ended, as after Resize.
//
// A class has the KeepAlive, OnPanic, Order and the other options of p. Closing p
// closes it too; closing it gives back what it has reserved, when its last job
// has ended. A class has no classes of its own. The error wraps ErrOptions, or is
// ErrClosed.
func (p *Pool) Class(opts ClassOptions) (*Pool, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.state.load().closed() {
		return nil, ErrClosed
	}
	if p.family != nil && p.family.root != p {
		return nil, fmt.Errorf("%w: a class of a class", ErrOptions)
	}
	if err := p.checkClassLocked(&opts); err != nil {
		return nil, err
	}
	if p.family == nil {
		p.foundLocked()
	}
	c := newPool(p.classOptions(opts), p.bubble)
	c.mu, c.mixed = p.mu, p.mixed
	c.family, c.reserve, c.weight, c.priority = p.family, opts.Reserve, opts.Weight, opts.Priority
	c.state.w.Or(uint64(familyBit))
	f := p.family
	f.members = append(f.members, c)
	f.ranked = f.ranked || c.priority != 0
	f.shareLocked()
	return c, nil
}

// classOptions makes those of a class.
func (p *Pool) classOptions(o ClassOptions) Options {
	opts := p.opts
	opts.Name = p.opts.Name + "/" + o.Name
	opts.Limit, opts.Queue, opts.Hint = o.Limit, o.Queue, o.Hint
	return opts
}

// checkClassLocked validates opts and fills in defaults.
func (p *Pool) checkClassLocked(opts *ClassOptions) error {
	if opts.Limit == 0 {
		opts.Limit = (3*p.opts.Limit + 3) / 4
	}
	if opts.Reserve == 0 {
		opts.Reserve = 1
	}
	if opts.Weight == 0 {
		opts.Weight = 1
	}
	reserved := 1
	if p.family != nil {
		reserved = p.family.reservedLocked()
	}
	var bad string
	switch {
	case opts.Limit < 1 || opts.Limit > p.opts.Limit:
		bad = fmt.Sprintf("limit of %d out of %d", opts.Limit, p.opts.Limit)
	case opts.Reserve < 1 || opts.Reserve > opts.Limit:
		bad = fmt.Sprintf("reserve of %d with a limit of %d", opts.Reserve, opts.Limit)
	case reserved+opts.Reserve > p.opts.Limit:
		bad = fmt.Sprintf("reserve of %d, with %d of %d slots reserved already", opts.Reserve, reserved, p.opts.Limit)
	case opts.Weight < 0:
		bad = fmt.Sprintf("weight of %d", opts.Weight)
	case opts.Priority < -maxPriority || opts.Priority > maxPriority:
		bad = fmt.Sprintf("priority of %d", opts.Priority)
	case opts.Queue < 0:
		bad = fmt.Sprintf("queue of %d jobs", opts.Queue)
	case opts.Hint > CPU:
		bad = fmt.Sprintf("hint %d", opts.Hint)
	default:
		return nil
	}
	return fmt.Errorf("%w: class %q: %s", ErrOptions, opts.Name, bad)
}

// foundLocked makes p the first member of a family. While the queued bit is set
// nobody takes or gives back a slot without the mutex, but for those who go
// beyond the limit; so the family bit comes with the right number of shared
// slots, whatever they do.
func (p *Pool) foundLocked() {
	f := &family{root: p, members: []*Pool{p}}
	p.reserve, p.weight = 1, 1
	p.family = f
	p.state.update(func(w word) word { return w.withQueued(true) })
	for w := p.state.load(); !w.family(); w = p.state.load() {
		f.shared.w.Store(uint64(max(w.running()-p.reserve, 0)))
		p.state.swap(w, w|familyBit)
	}
}

// reservedLocked is how many slots are reserved for the members.
func (f *family) reservedLocked() (n int) {
	for _, m := range f.members {
		n += m.reserve
	}
	return n
}

// shareLocked makes the number of shared slots what the limit of the pool leaves.
func (f *family) shareLocked() {
	n := max(f.root.opts.Limit-f.reservedLocked(), 0)
	f.shared.update(func(w word) word { return w.withLimit(n) })
	f.syncLocked()
}

// retireLocked takes a class out of the family that is closed and has no jobs.
func (f *family) retireLocked(c *Pool) {
	for i, m := range f.members {
		if i > 0 && m == c {
			f.members = append(f.members[:i:i], f.members[i+1:]...)
			f.shareLocked()
			return
		}
	}
}

// Classes returns the classes of the pool that have not been closed, in the order
// in which they were added.
func (p *Pool) Classes() []*Pool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.family == nil || p.family.root != p {
		return nil
	}
	return append([]*Pool(nil), p.family.members[1:]...)
}
