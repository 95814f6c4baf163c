package threadpool

import (
	"context"
	"sync"
	"time"

	"github.com/causeway-go/causeway/internal/ended"
	"github.com/causeway-go/causeway/internal/goroutine"
)

// A Slot is the right to run a job on the goroutine that has entered the pool.
// It is given back by Leave.
type Slot struct {
	h          *holder
	generation uint32
}

// Enter takes a slot for the calling goroutine, which runs its job itself and
// then calls Leave. It is the cheapest way to run blocking code in a pool: no
// other goroutine takes part, and nothing is allocated. Enter waits until a
// slot is free, first come first served, or until ctx ends; a ctx that ends
// later has no effect.
//
//	slot, err := pool.Enter(ctx)
//	if err != nil {
//		return err
//	}
//	defer slot.Leave()
//	// blocking code
//
// A goroutine has one slot at a time. If it is in a job of the same pool
// already, that job's slot serves; if it is in a job of another pool, that
// one's slot is given up until Leave.
//
// The error is ErrClosed, ErrLate, or the end of ctx.
func (p *Pool) Enter(ctx context.Context) (Slot, error) {
	if ctx.Done() != nil && ctx.Err() != nil {
		return Slot{}, ended.Error(ctx)
	}
	foreign := p.foreign() // before the slot is taken; see born
	here := goroutine.Here()
	var err error
	switch {
	case here == nil:
		err = p.acquire(ctx, nil)
	case p.holds(here):
		return Slot{}, nil
	default:
		err = p.change(ctx, here)
	}
	if err != nil {
		return Slot{}, err
	}
	h := holders.Get().(*holder)
	h.begin(p, here)
	var now time.Duration
	if !foreign { // the clock of a bubble is of no use to the meter
		now = clock()
	}
	h.jobBegins(ctx, now, nil)
	return Slot{h, h.generation}, nil
}

// change takes a slot for a goroutine that gives up those of other pools.
func (p *Pool) change(ctx context.Context, here *goroutine.Place) (err error) {
	changed := false
	defer func() {
		if !changed { // also if the goroutine ends while it waits
			resume(here)
		}
	}()
	suspend(here)
	err = p.acquire(ctx, here)
	changed = err == nil
	return err
}

// Leave gives the slot back. It must be called on the goroutine that has
// entered, once, after the slots that it has entered later, and also if the job
// panics: use defer.
func (s Slot) Leave() {
	h := s.h
	if h == nil {
		return // a job inside a job
	}
	if h.generation != s.generation {
		panic("threadpool: Leave called twice")
	}
	h.jobEnds()
	around := h.end()
	holders.Put(h)
	resume(around)
}

// A holder is what a goroutine that has a slot is registered with. It takes
// part in the goroutine's waiting: while the job waits for something that is
// not a blocking call, another job may have the slot.
type holder struct {
	place      goroutine.Place
	pool       *Pool
	around     *goroutine.Place // the place that was entered before, or nil
	waits      int              // waits that have begun and not ended; they nest
	held       bool             // the slot has not been given up; if it has, the job counts as waiting
	hurry      bool             // the next AfterWait must not wait for a slot
	generation uint32
	observed
}

var holders = sync.Pool{New: func() any { return &holder{observed: observed{gauge: newGauge()}} }}

// begin registers the goroutine, which has got a slot of p.
func (h *holder) begin(p *Pool, around *goroutine.Place) {
	h.pool, h.around, h.held = p, around, true
	h.place.Enter(h)
}

// leave unregisters the goroutine. Its slot is the caller's business.
func (h *holder) leave() (around *goroutine.Place) {
	h.place.Leave()
	around = h.around
	h.generation++
	h.pool, h.around, h.waits, h.hurry = nil, nil, 0, false
	return around
}

// end unregisters the goroutine, whose job has been counted, and gives its slot
// back.
func (h *holder) end() (around *goroutine.Place) {
	p, held := h.pool, h.held
	around = h.leave()
	if held {
		p.release()
	} else {
		// The goroutine is ending and could not wait for its slot.
		p.waiting.Add(-1)
		p.checkDrained()
	}
	return around
}

// BeforeWait implements goroutine.Hooks: the slot is given up.
func (h *holder) BeforeWait() goroutine.Parker {
	h.waits++
	if h.waits == 1 && h.held {
		h.held = false
		h.pool.meter.pause(&h.gauge)
		h.pool.track.wait(&h.entry, true)
		h.pool.waiting.Add(1)
		h.pool.release()
	}
	return nil
}

// Hurry implements goroutine.Hurrier.
func (h *holder) Hurry() { h.hurry = true }

// AfterWait implements goroutine.Hooks: the slot is taken again, before jobs
// that have not started. The goroutine holds no slot while it waits for it. If
// it ends in that wait it goes without. If the context of the wait has ended it
// does not wait, but takes a slot beyond the limit if there is no other: those
// that there are may be held by the very calls that hang.
func (h *holder) AfterWait() {
	h.waits--
	hurry := h.hurry
	h.hurry = false
	if h.waits == 0 {
		if hurry {
			h.pool.overtake()
		} else {
			h.pool.reacquire(h.place.Outer())
		}
		h.held = true
		h.pool.meter.resume(&h.gauge)
		h.pool.track.wait(&h.entry, false)
		h.pool.waiting.Add(-1)
	}
}

// MayBlock tells that blocking code may run on this goroutine as it is.
func (h *holder) MayBlock() bool { return true }

// holds reports whether the goroutine at place holds a slot of p.
func (p *Pool) holds(place *goroutine.Place) bool {
	h, ok := place.Hooks().(*holder)
	return ok && h.pool == p && h.held
}

// drainingLocked adds d to draining for each job of p and its family that the
// goroutine at place is in, and returns how many they are.
func (p *Pool) drainingLocked(place *goroutine.Place, d int) (n int) {
	for ; place != nil; place = place.Outer() {
		if h, ok := place.Hooks().(*holder); ok && h.pool.mu == p.mu {
			h.pool.draining += d
			n++
		}
	}
	return n
}

// suspend gives up the slots of all pools that the goroutine at place holds,
// and resume takes them again.
func suspend(place *goroutine.Place) {
	for ; place != nil; place = place.Outer() {
		if h, ok := place.Hooks().(*holder); ok {
			h.BeforeWait()
		}
	}
}

func resume(place *goroutine.Place) {
	for ; place != nil; place = place.Outer() {
		if h, ok := place.Hooks().(*holder); ok {
			h.AfterWait()
		}
	}
}
