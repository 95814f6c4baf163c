package executor

import "github.com/causeway-go/causeway/internal/goroutine"

// here returns the worker that the calling goroutine polls for, or nil.
func here() *worker {
	p := goroutine.Here()
	if p == nil {
		return nil
	}
	switch h := p.Hooks().(type) {
	case *worker:
		return h
	case *coroutine:
		if h.driver != nil {
			return h.driver.worker
		}
	}
	return nil
}

// BeforeWait implements goroutine.Hooks: a poll on this worker is about to
// wait. Another worker stands in meanwhile.
func (w *worker) BeforeWait() goroutine.Parker {
	if c := w.current; c != nil && c.flags&observing != 0 {
		c.observed().waits(true)
	}
	w.holdUp(heldWaiting)
	return nil
}

// AfterWait implements goroutine.Hooks. It does not wait for the stand-in to
// retire: what this poll does next may be what the stand-in's task needs. So
// for a moment both work.
func (w *worker) AfterWait() {
	if c := w.current; c != nil && c.flags&observing != 0 {
		c.observed().goesOn()
	}
	w.release(heldWaiting)
}
