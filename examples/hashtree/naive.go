package main

import (
	"context"
	"slices"
	"strings"
	"sync"
)

// plain hashes the tree as plain Go would: a goroutine per file, and a
// WaitGroup. How many threads that takes is up to the files: a goroutine in a
// read holds one. After an interrupt no further file is begun, but the reads
// under way are waited for, since Go has no way to leave them.
func (p *program) plain(ctx context.Context, dir string) error {
	var (
		wg       sync.WaitGroup
		mu       sync.Mutex
		outcomes []outcome
	)
	err := p.files.walk(dir, func(e entry) error {
		if e.kind != regular {
			p.report.entry(e)
			return ctx.Err()
		}
		wg.Go(func() {
			if ctx.Err() != nil {
				p.report.unfinished.Add(1)
				return
			}
			s, err := p.hash(e.path)
			mu.Lock()
			outcomes = append(outcomes, outcome{e.path, s, err})
			mu.Unlock()
		})
		return ctx.Err()
	})
	wg.Wait()
	slices.SortFunc(outcomes, func(a, b outcome) int { return strings.Compare(a.path, b.path) })
	for _, o := range outcomes {
		p.report.outcome(o)
	}
	p.report.flush()
	if p.report.unfinished.Load() > 0 {
		return ctx.Err()
	}
	return err
}
