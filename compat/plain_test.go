package compat_test

import (
	"context"
	"iter"
	"sync"
	"testing"
	"time"

	"github.com/causeway-go/causeway/compat"
	"github.com/causeway-go/causeway/internal/leak"
	"github.com/causeway-go/causeway/pollster"
)

// TestGlueByHandLeavesGoroutinesAndOursDoesNot has the same waits left ten times,
// with the glue that one writes by hand and with ours. Hand-written, each leaves a
// goroutine behind.
func TestGlueByHandLeavesGoroutinesAndOursDoesNot(t *testing.T) {
	const times = 10
	for name, test := range map[string]struct {
		plain, ours func(ctx context.Context, release <-chan struct{})
		most        int // goroutines that ours may keep, however many have left
	}{
		"a result that comes late": {
			func(ctx context.Context, release <-chan struct{}) {
				ch := make(chan int)
				go func() { <-ctx.Done(); ch <- 1 }()
				select {
				case <-ch:
				case <-ctx.Done():
				}
			},
			func(ctx context.Context, release <-chan struct{}) {
				pollster.BlockOn(ctx, compat.Async(ctx, func(ctx context.Context) (int, error) { <-ctx.Done(); return 1, nil }))
			}, 0,
		},
		"a callback that comes late": {
			func(ctx context.Context, release <-chan struct{}) {
				ch := make(chan int)
				go func(done func(int)) { <-ctx.Done(); done(1); done(2) }(func(v int) { ch <- v })
				select {
				case <-ch:
				case <-ctx.Done():
				}
			},
			func(ctx context.Context, release <-chan struct{}) {
				pollster.BlockOn(ctx, pollster.Future[int](compat.Callback(func(done func(int, error)) func() {
					go func() { <-ctx.Done(); done(1, nil); done(2, nil) }()
					return nil
				})))
			}, 0,
		},
		"a condition": {
			func(ctx context.Context, release <-chan struct{}) {
				c := sync.NewCond(new(sync.Mutex))
				go func() { <-release; c.L.Lock(); defer c.L.Unlock(); c.Broadcast() }()
				woken := make(chan struct{})
				go func() { c.L.Lock(); defer c.L.Unlock(); c.Wait(); close(woken) }()
				select {
				case <-woken:
				case <-ctx.Done():
				}
			},
			func(ctx context.Context, release <-chan struct{}) {
				c := sync.NewCond(new(sync.Mutex))
				c.L.Lock()
				defer c.L.Unlock()
				compat.CondWait(ctx, c)
			}, 0,
		},
		"a sequence": {
			func(ctx context.Context, release <-chan struct{}) {
				next, _ := iter.Pull(func(yield func(int) bool) {
					for yield(1) {
					}
				})
				next()
			},
			func(ctx context.Context, release <-chan struct{}) {
				s := compat.FromSeq(func(yield func(int) bool) {
					for yield(1) {
					}
				})
				pollster.BlockOn(ctx, pollster.Next(s))
				pollster.Cancel(s)
			}, 0,
		},
	} {
		t.Run(name, func(t *testing.T) {
			count := func(f func(context.Context, <-chan struct{})) int {
				release := make(chan struct{})
				defer close(release)
				before := leak.Goroutines()
				for range times {
					ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
					f(ctx, release)
					<-ctx.Done()
					cancel()
				}
				time.Sleep(20 * time.Millisecond) // for those on their way out; more wait below
				return leak.Goroutines() - before
			}
			if n := count(test.plain); n < times/2 {
				t.Errorf("plain Go leaves %d goroutines after %d times: then nobody needs this", n, times)
			}
			before := leak.Goroutines()
			count(test.ours)
			if n := settled(before+test.most) - before; n > test.most {
				t.Errorf("ours leaves %d goroutines, want %d at most", n, test.most)
			}
		})
	}
}
