package threadpool

import (
	"context"

	"github.com/causeway-go/causeway/internal/ended"
	"github.com/causeway-go/causeway/internal/goroutine"
)

// born reports whether a job that is started here gets a goroutine of its own,
// born here, that waits for its slot itself. That is so in a bubble that p is
// not in: the job must run inside. And it is so outside when p is used in
// bubbles too: a goroutine of the bubble that gives its slot back to a job in
// the queue would have to start a worker for it, and inside is the wrong place.
// (Not with a bounded queue, which such jobs are not in: they would be
// unbounded. Mixing that with bubbles is rarer still.)
func (p *Pool) born() bool {
	return p.foreign() || p.mixed.Load() && p.opts.Queue == 0
}

// startBorn starts j on a goroutine of its own.
func (p *Pool) startBorn(ctx context.Context, j *Job) error {
	w, foreign := p.newStander(ctx)
	var err error
	var wake wakeList
	p.mu.Lock()
	switch {
	case p.state.load().closed():
		err = ErrClosed
	case p.takeSpareLocked():
		w.granted = true
	case !foreign && p.refuseLocked(ctx, w.since):
		err = ErrLate
	default:
		j.born = w
		p.fifo.push(&w.entry)
		p.dispatchLocked(&wake)
	}
	p.mu.Unlock()
	if err != nil {
		w.free()
		j.state.Store(jobNew)
		return err
	}
	go p.workBorn(j, w)
	wake.run()
	return nil
}

// workBorn is the goroutine of such a job. It runs nothing but j.
func (p *Pool) workBorn(j *Job, w *waiter) {
	err := p.awaitBorn(j, w)
	if err == nil && j.ctx != nil && j.ctx.Err() != nil {
		defer p.release() // even if DropJob ends the goroutine
		err = ended.Error(j.ctx)
	}
	if err != nil {
		if j.state.CompareAndSwap(jobQueued, jobDropped) {
			p.dropped.Add(1)
			j.run.DropJob(err)
		}
		return
	}
	if !j.begin() {
		p.release()
		return
	}
	h := new(holder) // which measures nothing, as j runs by the clock of a bubble
	h.begin(p, goroutine.Here())
	h.jobBegins(context.Background(), 0, j)
	if p.runJob(j, h) {
		h.end()
	}
}

// awaitBorn waits for the slot of j. It returns an error if there will be none,
// because of Cancel or Close.
func (p *Pool) awaitBorn(j *Job, w *waiter) error {
	for {
		p.mu.Lock()
		granted, stands := w.granted, w.in != nil
		if granted || !stands {
			j.born = nil
			p.mu.Unlock()
			w.free()
			if !granted {
				return ErrClosed
			}
			return nil
		}
		p.mu.Unlock()
		w.n.WaitAt(nil, context.Background(), false)
	}
}
