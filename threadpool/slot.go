package threadpool

import (
	"context"
	"sync"

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
// The error is ErrClosed, or the end of ctx.
func (p *Pool) Enter(ctx context.Context) (Slot, error) {
	if ctx.Done() != nil && ctx.Err() != nil {
		return Slot{}, ended.Error(ctx)
	}
	here := goroutine.Here()
	if here != nil {
		if p.holds(here) {
			return Slot{}, nil
		}
		suspend(here)
	}
	if err := p.acquire(ctx, here); err != nil {
		resume(here)
		return Slot{}, err
	}
	h := holders.Get().(*holder)
	h.pool, h.around = p, here
	h.place.Enter(h)
	return Slot{h, h.generation}, nil
}

// Leave gives the slot back. It must be called on the goroutine that has
// entered, once, after the slots that it has entered later.
func (s Slot) Leave() {
	h := s.h
	if h == nil {
		return // a job inside a job
	}
	if h.generation != s.generation {
		panic("threadpool: Leave called twice")
	}
	p, around := h.leave()
	holders.Put(h)
	p.completed.Add(1)
	p.release()
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
	generation uint32
}

var holders = sync.Pool{New: func() any { return new(holder) }}

// leave unregisters the goroutine.
func (h *holder) leave() (p *Pool, around *goroutine.Place) {
	h.place.Leave()
	p, around = h.pool, h.around
	h.generation++
	h.pool, h.around = nil, nil
	return p, around
}

// BeforeWait implements goroutine.Hooks: the slot is given up.
func (h *holder) BeforeWait() goroutine.Parker {
	h.waits++
	if h.waits == 1 {
		h.pool.waiting.Add(1)
		h.pool.release()
	}
	return nil
}

// AfterWait implements goroutine.Hooks: the slot is taken again, before jobs
// that have not started. The goroutine holds no slot while it waits for it.
func (h *holder) AfterWait() {
	h.waits--
	if h.waits == 0 {
		h.pool.reacquire(h.place.Outer())
		h.pool.waiting.Add(-1)
	}
}

// MayBlock tells that blocking code may run on this goroutine as it is.
func (h *holder) MayBlock() bool { return true }

// holds reports whether the goroutine at place holds a slot of p.
func (p *Pool) holds(place *goroutine.Place) bool {
	h, ok := place.Hooks().(*holder)
	return ok && h.pool == p && h.waits == 0
}

// inside counts the jobs of p that the goroutine at place is in.
func (p *Pool) inside(place *goroutine.Place) (n int) {
	for ; place != nil; place = place.Outer() {
		if h, ok := place.Hooks().(*holder); ok && h.pool == p {
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
