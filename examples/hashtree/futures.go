package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/causeway-go/causeway/pollster"
	"github.com/causeway-go/causeway/threadpool"
	"github.com/causeway-go/causeway/unblock"
)

// This file is the new half. It leaves the legacy half as it is.

// holdLimit is how many files may be held in the order of the walk, finished or
// not. It bounds memory where one long file has many short ones behind it.
const holdLimit = 1 << 16

// futures hashes the tree with a future per file, on a pool of its own. It
// returns how the pool was set up and the most reads that ran at a time.
func (p *program) futures(ctx context.Context, dir string) (way, peak string, err error) {
	pool, err := threadpool.New(threadpool.Options{Name: "hashtree", Limit: p.workers})
	if err != nil {
		return "no pool", "none", err
	}
	defer func() { _ = pool.Close() }()
	limit := pool.Stats().Limit
	h := &hashing{program: p, ctx: ctx, pool: pool}
	p.room.limit = int64(2 * limit)

	// The walk is a blocking function too, so it is a job, but of the default
	// pool. In the pool of the reads, it would have to stand in line for a
	// slot when an interrupt ends its wait, behind reads that may hang.
	//
	// It watches ctx itself, so as to hand in what is done. Patience is for a
	// walk that hangs in the system and cannot.
	tree := unblock.Go(func() (struct{}, error) { return struct{}{}, h.tree(dir) })
	patience, stop := context.WithCancel(context.Background())
	defer stop()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(p.grace, stop) })()
	_, err = pollster.BlockOn(patience, tree)
	return fmt.Sprintf("futures on a pool of %d", limit), grouped(int64(pool.Stats().Peak)), err
}

// A pending is a file on its way.
type pending struct {
	path string
	job  *unblock.Job[sum]
}

// A hashing is what the new half knows while the walk goes on. Only the
// walk's goroutine uses it.
type hashing struct {
	*program
	ctx  context.Context
	pool *threadpool.Pool
	held []pending // in the order of the walk
}

// tree walks the tree and returns when the last file is done. If ctx ends
// before that, it hands in what is done by then and returns ctx's error.
func (h *hashing) tree(dir string) error {
	err := h.files.walk(dir, h.visit)
	for err == nil && len(h.held) > 0 {
		err = h.waitForOldest()
	}
	for len(h.held) > 0 {
		f := h.next()
		if !f.job.Done() {
			f.job.Cancel() // not begun: never will be. In a read: left behind.
			h.report.unfinished.Add(1)
			continue
		}
		h.deliver(f)
	}
	h.report.flush()
	return err
}

// visit turns a file that the walk found into a future. The walk calls it from
// the middle of its recursion, and it is here that legacy code waits for
// futures: when there is no room for one more.
func (h *hashing) visit(e entry) error {
	if err := h.ctx.Err(); err != nil {
		return err
	}
	if e.kind != regular {
		h.report.entry(e)
		return nil
	}
	for len(h.held) > 0 && h.held[0].job.Done() {
		h.deliver(h.next())
	}
	if len(h.held) >= h.holdLimit {
		if err := h.waitForOldest(); err != nil {
			return err
		}
	}
	if !h.room.take() {
		h.report.flush()
		if _, err := pollster.BlockOn(h.ctx, &h.room); err != nil {
			return err
		}
	}
	job := unblock.GoOn(h.pool, func() (sum, error) {
		defer h.room.give()
		return h.hash(e.path)
	})
	h.held = append(h.held, pending{e.path, job})
	return nil
}

// next takes the oldest file off the list.
func (h *hashing) next() pending {
	f := h.held[0]
	h.held[0] = pending{}
	h.held = h.held[1:]
	return f
}

// deliver reports a file that is done. This does not wait.
func (h *hashing) deliver(f pending) {
	s, err := pollster.BlockOn(context.Background(), f.job)
	h.report.outcome(outcome{f.path, s, err})
}

// waitForOldest waits for the oldest file and reports it. Whoever reads the
// sums gets those that are ready in the meantime.
func (h *hashing) waitForOldest() error {
	h.report.flush()
	f := h.next()
	s, err := pollster.BlockOn(h.ctx, f.job) // cancels the job if ctx ends
	if err != nil && h.ctx.Err() != nil && errors.Is(err, h.ctx.Err()) {
		h.report.unfinished.Add(1)
		return err
	}
	h.report.outcome(outcome{f.path, s, err})
	return nil
}
