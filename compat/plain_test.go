package compat_test

import (
	"context"
	"errors"
	"io"
	"iter"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/causeway-go/causeway/compat"
	"github.com/causeway-go/causeway/internal/leak"
	"github.com/causeway-go/causeway/pollster"
	"github.com/causeway-go/causeway/unblock"
)

// A glue is one wait that is left when ctx ends, in two hands. What is waited for
// comes, if ever, at release.
type glue struct {
	plain, ours func(ctx context.Context, release <-chan struct{})
	most        int // goroutines that ours may keep, however many have left
}

// left waits for ch or the end of ctx, as everybody writes it.
func left[T any](ctx context.Context, ch <-chan T) {
	select {
	case <-ch:
	case <-ctx.Done():
	}
}

var endless iter.Seq[int] = func(yield func(int) bool) {
	for yield(1) {
	}
}

var glues = map[string]func() glue{
	"a result that comes late": func() glue {
		return glue{plain: func(ctx context.Context, _ <-chan struct{}) {
			ch := make(chan int)
			go func() { <-ctx.Done(); ch <- 1 }()
			left(ctx, ch)
		}, ours: func(ctx context.Context, _ <-chan struct{}) {
			pollster.BlockOn(ctx, compat.Async(ctx, func(ctx context.Context) (int, error) { <-ctx.Done(); return 1, nil }))
		}}
	},
	"a callback that comes late, and twice": func() glue {
		return glue{plain: func(ctx context.Context, _ <-chan struct{}) {
			ch := make(chan int)
			go func(done func(int)) { <-ctx.Done(); done(1); done(2) }(func(v int) { ch <- v })
			left(ctx, ch)
		}, ours: func(ctx context.Context, _ <-chan struct{}) {
			pollster.BlockOn(ctx, pollster.Future[int](compat.Callback(func(done func(int, error)) func() {
				go func() { <-ctx.Done(); done(1, nil); done(2, nil) }()
				return nil
			})))
		}}
	},
	"the end of another context": func() glue {
		return glue{plain: func(ctx context.Context, release <-chan struct{}) {
			other := contextOf(release)
			ended := make(chan error, 1)
			go func() { <-other.Done(); ended <- other.Err() }()
			left(ctx, ended)
		}, ours: func(ctx context.Context, release <-chan struct{}) {
			pollster.BlockOn(ctx, compat.Done[int](contextOf(release)))
		}}
	},
	"a condition": func() glue {
		return glue{plain: func(ctx context.Context, release <-chan struct{}) {
			c := sync.NewCond(new(sync.Mutex))
			go func() { <-release; c.L.Lock(); defer c.L.Unlock(); c.Broadcast() }()
			woken := make(chan struct{})
			go func() { c.L.Lock(); defer c.L.Unlock(); c.Wait(); close(woken) }()
			left(ctx, woken)
		}, ours: func(ctx context.Context, _ <-chan struct{}) {
			c := sync.NewCond(new(sync.Mutex))
			c.L.Lock()
			defer c.L.Unlock()
			compat.CondWait(ctx, c)
		}}
	},
	"a WaitGroup": func() glue {
		var wg sync.WaitGroup
		var once sync.Once
		begin := func(release <-chan struct{}) { once.Do(func() { wg.Go(func() { <-release }) }) }
		return glue{plain: func(ctx context.Context, release <-chan struct{}) {
			begin(release)
			done := make(chan struct{})
			go func() { wg.Wait(); close(done) }()
			left(ctx, done)
		}, ours: func(ctx context.Context, release <-chan struct{}) {
			begin(release)
			compat.GroupWait(ctx, &wg)
		}, most: 2} // the one that waits and the one that is waited for
	},
	"a lock": func() glue {
		var mu sync.Mutex
		var once sync.Once
		begin := func(release <-chan struct{}) {
			once.Do(func() { mu.Lock(); go func() { <-release; mu.Unlock() }() })
		}
		return glue{plain: func(ctx context.Context, release <-chan struct{}) {
			begin(release)
			locked := make(chan struct{})
			go func() { mu.Lock(); defer mu.Unlock(); close(locked) }()
			left(ctx, locked)
		}, ours: func(ctx context.Context, release <-chan struct{}) {
			begin(release)
			if compat.Lock(ctx, &mu) == nil {
				mu.Unlock()
			}
		}, most: 2}
	},
	"a time": func() glue {
		return glue{plain: func(ctx context.Context, _ <-chan struct{}) {
			ch := make(chan time.Time)
			go func() { time.Sleep(patience); ch <- time.Now() }()
			left(ctx, ch)
		}, ours: func(ctx context.Context, _ <-chan struct{}) {
			pollster.BlockOn(ctx, compat.After(patience))
		}}
	},
	"a sequence": func() glue {
		return glue{plain: func(context.Context, <-chan struct{}) {
			next, _ := iter.Pull(endless)
			next()
		}, ours: func(ctx context.Context, _ <-chan struct{}) {
			s := compat.FromSeq(endless)
			pollster.BlockOn(ctx, pollster.Next(s))
			pollster.Cancel(s)
		}}
	},
	"a read": func() glue {
		r, w := io.Pipe()
		ours := unblock.NewReader(r, unblock.Options{})
		var once sync.Once
		end := func(release <-chan struct{}) { once.Do(func() { go func() { <-release; w.Close() }() }) }
		return glue{plain: func(ctx context.Context, release <-chan struct{}) {
			end(release)
			n := make(chan int, 1)
			go func() { k, _ := r.Read(make([]byte, 1)); n <- k }()
			left(ctx, n)
		}, ours: func(ctx context.Context, release <-chan struct{}) {
			end(release)
			ours.ReadContext(ctx, make([]byte, 1))
		}, most: 2}
	},
}

// contextOf returns a context that ends when ch is closed.
func contextOf(ch <-chan struct{}) context.Context { return closable{context.Background(), ch} }

type closable struct {
	context.Context
	ch <-chan struct{}
}

func (c closable) Done() <-chan struct{} { return c.ch }

func (c closable) Err() error {
	select {
	case <-c.ch:
		return context.Canceled
	default:
		return nil
	}
}

// TestGlueByHandLeavesGoroutinesAndOursDoesNot has the same waits left ten times,
// with the glue that one writes by hand and with ours. Hand-written, each leaves a
// goroutine behind.
func TestGlueByHandLeavesGoroutinesAndOursDoesNot(t *testing.T) {
	const times = 10
	leave := func(f func(context.Context, <-chan struct{}), count func(before int) int) int {
		release := make(chan struct{})
		defer close(release)
		before := leak.Goroutines()
		for range times {
			ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
			f(ctx, release)
			<-ctx.Done()
			cancel()
		}
		return count(before) - before
	}
	for name, glue := range glues {
		t.Run(name, func(t *testing.T) {
			n := leave(glue().plain, func(int) int {
				time.Sleep(20 * time.Millisecond) // for those on their way out
				return leak.Goroutines()
			})
			if n < times/2 {
				t.Errorf("plain Go leaves %d goroutines after %d times: then nobody needs this", n, times)
			}
			leak.Check(t) // of those of plain Go, released now, none counts
			g := glue()
			if n := leave(g.ours, func(before int) int { return settled(before + g.most) }); n > g.most {
				t.Errorf("ours leaves %d goroutines, want %d at most", n, g.most)
			}
		})
	}
}

// A member that hangs holds up whoever waits for a plain group, for good.
func TestPlainGroupCannotBeLeftAndOursCan(t *testing.T) {
	leak.Check(t)
	release := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() { <-release })
	plain := make(chan struct{})
	go func() { defer close(plain); wg.Wait() }()
	g := compat.NewGroup(t.Context())
	g.Go(func(context.Context) error { <-release; return nil })
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if err := g.Wait(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	select {
	case <-plain:
		t.Error("plain Wait has returned: then nobody needs NewGroup")
	case <-time.After(patience):
	}
	close(release)
	<-plain
}

// A plain Read that was left takes what comes later, and nobody gets it.
func TestPlainReadThatWasLeftTakesWhatComesAndOursDoesNot(t *testing.T) {
	leak.Check(t)
	for name, test := range map[string]struct {
		open func(r io.Reader) (read func(ctx context.Context, p []byte) error)
		want string
	}{
		"plain": {func(r io.Reader) func(context.Context, []byte) error {
			return func(ctx context.Context, p []byte) error {
				done := make(chan []byte, 1)
				go func() { b := make([]byte, 1); r.Read(b); done <- b }()
				select {
				case b := <-done:
					copy(p, b)
					return nil
				case <-ctx.Done():
					return ctx.Err()
				}
			}
		}, "y"},
		"ours": {func(r io.Reader) func(context.Context, []byte) error {
			ours := unblock.NewReader(r, unblock.Options{})
			return func(ctx context.Context, p []byte) error { _, err := ours.ReadContext(ctx, p); return err }
		}, "x"},
	} {
		synctest.Test(t, func(t *testing.T) {
			r, w := io.Pipe()
			read := test.open(r)
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			var b [1]byte
			if err := read(ctx, b[:]); !errors.Is(err, context.DeadlineExceeded) {
				t.Error(name, err)
			}
			go func() { io.WriteString(w, "x"); io.WriteString(w, "y"); w.Close() }()
			synctest.Wait() // x has been taken
			if err := read(t.Context(), b[:]); err != nil || string(b[:]) != test.want {
				t.Errorf("%s: got %q, %v, want %q", name, b, err, test.want)
			}
			io.Copy(io.Discard, r)
		})
	}
}
