package threadpool

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/causeway-go/causeway/internal/goroutine"
)

// A Pool admits jobs to a bounded number of slots. Make one with New; there is
// also a shared one, [Default]. All methods may be called from any goroutine.
type Pool struct {
	opts   Options
	bubble bool         // made inside a synctest bubble
	mixed  *atomic.Bool // used both inside and outside of a bubble, or another of its family is

	state    state
	starting atomic.Int32 // workers that have been started and have not begun
	// maxStarting bounds starting: more workers on their way than there are
	// processors to start them on would only stand in line. Each that arrives
	// and finds more in the queue than it takes starts the next, so the pool
	// grows as fast as goroutines can start, and only while those that have
	// started leave something to do.
	maxStarting int32

	waiting   atomic.Int64 // jobs that have given their slot up to wait
	abandoned atomic.Int64 // running jobs that nobody waits for any more
	dropped   atomic.Uint64
	peak      atomic.Int64 // most slots taken at once
	burst     atomic.Int64 // most slots taken at once since the reaper looked

	// mu guards all that follows: lock, or that of the pool this is a class of.
	mu       *sync.Mutex
	lock     sync.Mutex
	back     list // jobs that want their slot back after a wait; they go first
	fifo     list // jobs, and goroutines that want to run one
	outside  list // jobs whose submitters wait until there is room in fifo
	fetching int  // workers that have a slot and have not come for a job yet
	drains   list // goroutines in Shutdown
	draining int  // how many jobs of this pool wait in Shutdown, of this or another of its family

	spare *batch // for the queue, or nil

	expected estimate
	refused  uint64 // jobs that would have come too late

	family   *family // of the pool and its classes, or nil; see family
	reserve  int     // slots that are not shared; written before the family bit is set, and never again
	weight   int
	priority int
	pass     float64

	meter   meter
	tuner   *tuner          // nil if the limit does not move
	track   *tracker        // nil if nobody wants to know
	labels  context.Context // nil if jobs get none
	threads reaper
}

// New returns a pool. It starts nothing. It returns an error wrapping
// ErrOptions if opts makes no sense.
//
// A pool made inside a testing/synctest bubble belongs to the bubble: its jobs
// run there and see its clock. It must not be used from outside.
func New(opts Options) (*Pool, error) {
	if err := opts.check(); err != nil {
		return nil, err
	}
	return newPool(opts, goroutine.InBubble()), nil
}

func newPool(opts Options, bubble bool) *Pool {
	p := &Pool{
		opts:        opts,
		bubble:      bubble,
		mixed:       new(atomic.Bool),
		maxStarting: int32(max(2, runtime.GOMAXPROCS(0))),
	}
	p.mu = &p.lock
	p.fifo.byDeadline = opts.Order == EarliestDeadline
	p.labels = labelsOf(&opts)
	if opts.Track || opts.OnStall != nil {
		p.track = newTracker()
	}
	p.meter.init(clock())
	limit := p.slots(opts.Limit)
	p.state.w.Store(uint64(word(0).withLimit(limit)))
	p.threads.init(p)
	return p
}

// shared is the pool that Default returns, once there is one.
var shared atomic.Pointer[Pool]

// Default returns the pool that is shared by everybody who names no other. It
// is made with zero Options at the first call, unless SetDefault has come
// first.
func Default() *Pool {
	for {
		if p := shared.Load(); p != nil {
			return p
		}
		opts := Options{Name: "default"}
		if err := opts.check(); err != nil {
			panic(err)
		}
		// Not New: the first caller may be in a synctest bubble, and the
		// default pool must not belong to it.
		if p := newPool(opts, false); shared.CompareAndSwap(nil, p) {
			return p
		}
	}
}

// SetDefault makes p what Default returns and returns what it was, or nil if
// there has been no default yet. With p nil, the next Default makes a new one.
// The old pool is not closed.
func SetDefault(p *Pool) (old *Pool) { return shared.Swap(p) }

// Resize changes how many jobs may run at once, at any time. Jobs that run
// keep their slots: after lowering the limit it takes until enough of them have
// ended. It does not block. The error wraps ErrOptions, as for a limit that is less
// than the reserve of a class, or of all of them if p is the pool they are of.
func (p *Pool) Resize(limit int) error {
	if err := checkLimit(limit); err != nil {
		return err
	}
	var wake wakeList
	p.mu.Lock()
	f := p.family
	least := 0
	if f != nil && f.root == p {
		least = f.reservedLocked()
	} else if f != nil {
		least = p.reserve
	}
	if limit < least {
		p.mu.Unlock()
		return fmt.Errorf("%w: limit of %d jobs, of which %d are reserved", ErrOptions, limit, least)
	}
	p.opts.Limit = limit
	if f != nil {
		f.shareLocked()
	}
	limit = p.slots(limit)
	p.state.update(func(w word) word { return w.withLimit(limit) })
	p.dispatchLocked(&wake)
	p.mu.Unlock()
	wake.run()
	return nil
}

// slots returns how many slots there are to be at first, or after limit has been
// changed. A pool in a bubble has them all: there is nothing to learn from a
// clock that stands still while jobs run, and looking at the pool every ten
// milliseconds would set that clock going where all goroutines wait for ever.
func (p *Pool) slots(limit int) int {
	switch {
	case p.opts.Hint == CPU:
		refreshQuota()
		return min(limit, max(int(math.Ceil(processors())), 1))
	case p.tuner != nil:
		p.tuner.ctl.Resize(1, limit)
	case p.opts.Hint == WillBlock || p.bubble || limit == 1:
		return limit
	default:
		p.tuner = newTuner(p, limit)
	}
	return p.tuner.ctl.Limit()
}

// foreign reports that the calling goroutine is in a synctest bubble that p is
// not in. Nothing that outlives the call may then be shared: the waiter must
// be one that can be woken from outside, and a job runs on a goroutine that is
// born here.
func (p *Pool) foreign() bool {
	if goroutine.InBubble() == p.bubble {
		return false
	}
	p.mixed.Store(true)
	return true
}

// acquire takes a slot for the calling goroutine, waiting in the queue if need
// be. from is the goroutine's place, of which those around it are told.
func (p *Pool) acquire(ctx context.Context, from *goroutine.Place) error {
	if n := p.take(inTurn); n > 0 {
		p.took(n)
		return nil
	}
	p.mu.Lock()
	if p.state.load().closed() {
		p.mu.Unlock()
		return ErrClosed
	}
	if p.takeSpareLocked() {
		p.mu.Unlock()
		return nil
	}
	if p.opts.RefuseLate && !p.foreign() && p.refuseLocked(ctx, clock()) {
		p.mu.Unlock()
		return ErrLate
	}
	return p.standLocked(ctx, from, &p.fifo)
}

// reacquire takes a slot for a job that has given its own up, before anybody
// who has not run yet. It works on a closed pool too.
func (p *Pool) reacquire(from *goroutine.Place) {
	if n := p.take(inTurn); n > 0 {
		p.took(n)
		return
	}
	p.mu.Lock()
	if p.family == nil && p.back.len == 0 && p.takeLocked() || p.exceedLocked() {
		p.mu.Unlock()
		return
	}
	_ = p.standLocked(context.Background(), from, &p.back)
}

// newStander returns a waiter for a slot, to be put in a queue, and whether the caller
// is foreign: then its clock is not that of p, and nothing is measured.
func (p *Pool) newStander(ctx context.Context) (w *waiter, foreign bool) {
	w = p.newWaiter()
	w.slot = true
	foreign = p.foreign()
	if !foreign {
		w.since = clock()
	}
	if p.fifo.byDeadline {
		w.deadline = deadline(ctx, w.since)
	}
	return w, foreign
}

// standLocked queues the calling goroutine in l and waits for a slot. It
// returns without the mutex.
func (p *Pool) standLocked(ctx context.Context, from *goroutine.Place, l *list) error {
	w, foreign := p.newStander(ctx)
	since := w.since
	p.queueLocked(w, l)
	err := p.await(ctx, from, w)
	if err == nil && l == &p.fifo && !foreign {
		now := clock()
		p.meter.waited(&gauge{}, now-since, now)
	}
	return err
}

// queueLocked puts w into l, and returns without the mutex. It is not inlined: the
// wakeList is not to be on the stack of a goroutine that waits, which is just small
// enough not to grow for it.
//
//go:noinline
func (p *Pool) queueLocked(w *waiter, l *list) {
	l.push(&w.entry)
	var wake wakeList
	p.dispatchLocked(&wake)
	p.mu.Unlock()
	wake.run()
}

// standing is how many stand in the queue. The caller holds mu.
func (p *Pool) standing() int { return p.back.len + p.fifo.len }

// headLocked returns who is next.
func (p *Pool) headLocked() *entry {
	if p.back.head != nil {
		return p.back.head
	}
	return p.fifo.first()
}

// syncOwnLocked makes the queued bit say what the queue says.
func (p *Pool) syncOwnLocked() {
	queued := p.standing() > 0
	if t := p.tuner; t != nil {
		if queued {
			t.wakeLocked()
		} else {
			t.emptied = true
		}
	}
	if p.state.load().queued() != queued {
		p.state.update(func(w word) word { return w.withQueued(queued) })
	}
}

// dispatchLocked brings free slots and the queue together: goroutines that
// wait are granted theirs, and a worker is started for jobs. Call it after
// every change that may have made one of them possible.
func (p *Pool) dispatchLocked(wake *wakeList) {
	if p.family != nil {
		p.family.dispatchLocked(wake)
		return
	}
	p.admitLocked(wake)
	p.syncOwnLocked() // before starting is read, see work
	for {
		e := p.headLocked()
		if e == nil {
			break
		}
		if e.waiter == nil {
			if p.starting.Load() < p.maxStarting && !p.tickSendsLocked() && p.takeLocked() {
				p.sendLocked(wake)
			}
			break
		}
		if !p.takeLocked() {
			break
		}
		e.remove()
		wake.grant(e.waiter)
	}
	p.syncOwnLocked()
}

// tickSendsLocked reports that a worker is wanted for a job from outside, but the
// calling goroutine is in a bubble, where it must not start; and that the tuner will
// do it with its next look. That happens only if jobs have stood in the queue since
// before the pool was used in a bubble, see born.
func (p *Pool) tickSendsLocked() bool { return p.tuner != nil && p.tuner.awake && p.foreign() }

// sendLocked starts a worker that fetches the next job. It has a slot.
func (p *Pool) sendLocked(wake *wakeList) {
	p.starting.Add(1)
	p.fetching++
	wake.start(p)
}

// admitLocked moves jobs from outside into the queue while there is room.
func (p *Pool) admitLocked(wake *wakeList) {
	for p.outside.len > 0 && !p.fullLocked() {
		w := p.outside.pop().waiter
		p.pushFuncLocked(w.admit)
		wake.grant(w)
	}
}

// pushFuncLocked puts a function into the queue.
func (p *Pool) pushFuncLocked(f func()) {
	now := clock()
	if p.fifo.byDeadline {
		j := &Job{pool: p, run: orphan(f)}
		j.state.Store(jobQueued)
		j.entry.job, j.since, j.deadline = j, now, now+defaultDeadline
		p.fifo.push(&j.entry)
		return
	}
	p.spare = p.fifo.pushFunc(f, now, p.spare)
}

// fullLocked reports whether as many jobs wait as may. A job that there is a
// slot for, or would be if the limit had moved as far as it can, does not wait,
// though its worker may not have come for it yet. The goroutines in the queue take
// slots and no room.
func (p *Pool) fullLocked() bool {
	q := p.opts.Queue
	if q == 0 || p.fifo.jobs < q {
		return false
	}
	slots := max(p.opts.Limit-p.state.load().running(), 0) + p.fetching
	return p.standing()-slots >= q
}
