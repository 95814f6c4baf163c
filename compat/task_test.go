package compat_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"maps"
	"os/exec"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/causeway-go/causeway/compat"
	"github.com/causeway-go/causeway/executor"
	"github.com/causeway-go/causeway/internal/leak"
	"github.com/causeway-go/causeway/pollster"
)

// withExecutor runs f beside an executor of one worker, which ends after it.
func withExecutor(t testing.TB, f func(ex *executor.Executor)) {
	t.Helper()
	ex, err := executor.New(executor.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); ex.Run(ctx) }()
	f(ex)
	stop()
	<-done
	if err := ex.Close(); err != nil {
		t.Error(err)
	}
}

// A pair is one function that waits and one that ends its wait.
type pair struct {
	waits, helps func(ctx context.Context) error
}

// channelPairs wait for a channel in between.
var channelPairs = map[string]func() pair{
	"Receiver.Next": func() pair {
		ch, r := openInts()
		return pair{
			func(ctx context.Context) error { _, err := r.Next(ctx); return err },
			func(ctx context.Context) error { _, err := pollster.BlockOn(ctx, compat.Send(ch, 1)); return err },
		}
	},
	"Feed": func() pair {
		ch, r := openInts()
		return pair{
			func(ctx context.Context) error { return compat.Feed(ctx, compat.FromSeq(count(3)), ch) },
			func(ctx context.Context) error {
				var got []int
				for range 3 {
					v, err := r.Next(ctx)
					if err != nil {
						return err
					}
					got = append(got, v)
				}
				if !slices.Equal(got, []int{0, 1, 2}) {
					return errTest
				}
				return nil
			},
		}
	},
	"NewReader": func() pair {
		ch, stop := openBytes()
		return pair{
			func(ctx context.Context) error {
				_, err := io.ReadAll(compat.NewReader(ctx, compat.FromChan(ch)))
				return err
			},
			func(context.Context) error { stop(); return nil },
		}
	},
}

// syncPairs wait for something of package sync, or a group.
var syncPairs = map[string]func() pair{
	"Lock": func() pair {
		var mu sync.Mutex
		mu.Lock()
		return pair{
			func(ctx context.Context) error { defer mu.Unlock(); return compat.Lock(ctx, &mu) },
			func(context.Context) error { mu.Unlock(); return nil },
		}
	},
	"GroupWait": func() pair {
		var wg sync.WaitGroup
		wg.Add(1)
		return pair{
			func(ctx context.Context) error { return compat.GroupWait(ctx, &wg) },
			func(context.Context) error { wg.Done(); return nil },
		}
	},
	"CondWait": func() pair {
		var mu sync.Mutex
		c := sync.NewCond(&mu)
		ready := false
		return pair{
			func(ctx context.Context) error {
				mu.Lock()
				defer mu.Unlock()
				for !ready {
					if err := compat.CondWait(ctx, c); err != nil {
						return err
					}
				}
				return nil
			},
			func(context.Context) error { mu.Lock(); ready = true; mu.Unlock(); c.Signal(); return nil },
		}
	},
	"Group": func() pair {
		var p pollster.Promise[int]
		return pair{
			func(ctx context.Context) error {
				g := compat.NewGroup(ctx)
				compat.Add[int](g, &p)
				return g.Wait(ctx)
			},
			func(context.Context) error { p.Resolve(1); return nil },
		}
	},
}

func openInts() (chan int, *compat.Receiver[int]) {
	ch := make(chan int)
	return ch, compat.FromChan(ch)
}

// In a task, no wait may hold up the worker: here two tasks, of which one waits
// for the other, share one worker. A stand-in would help out after some time, so
// no time may pass, and in a bubble that can be told.
func TestTasksThatNeedEachOtherShareOneWorker(t *testing.T) {
	all := maps.Clone(channelPairs)
	maps.Copy(all, syncPairs)
	for name, make := range all {
		t.Run(name, func(t *testing.T) {
			leak.Check(t)
			synctest.Test(t, func(t *testing.T) {
				p := make()
				start := time.Now()
				withExecutor(t, func(ex *executor.Executor) {
					task := func(f func(context.Context) error) *executor.Task[struct{}] {
						return executor.Go(ex, func(ctx context.Context) (struct{}, error) { return struct{}{}, f(ctx) })
					}
					waits := task(p.waits)
					helps := task(p.helps)
					if _, err := waits.Wait(t.Context()); err != nil {
						t.Error(err)
					}
					if _, err := helps.Wait(t.Context()); err != nil {
						t.Error(err)
					}
					if d := time.Since(start); d > 0 {
						t.Errorf("took %v: the worker was held up", d)
					}
				})
			})
		})
	}
}

func openBytes() (ch chan []byte, stop func()) {
	ch = make(chan []byte)
	return ch, func() { close(ch) }
}

// A task that is cancelled in a wait whose context it does not watch ends there,
// by runtime.Goexit: locks must be as its deferred calls expect, and nothing may
// be left.
func TestTaskThatIsEndedInAWaitLeavesNothing(t *testing.T) {
	var mu sync.Mutex
	c := sync.NewCond(&mu)
	held := make(chan int)
	for name, wait := range map[string]func(){
		"CondWait": func() { mu.Lock(); defer mu.Unlock(); compat.CondWait(context.Background(), c) },
		"Lock":     func() { compat.Lock(context.Background(), &mu) },
		"Feed":     func() { compat.Feed(context.Background(), compat.FromSeq(count(3)), held) },
		"Next":     func() { r := compat.FromChan(held); defer r.Cancel(); r.Next(context.Background()) },
		"Func":     func() { compat.Func(compat.Done[int](t.Context()))(context.Background()) },
	} {
		t.Run(name, func(t *testing.T) {
			leak.Check(t)
			withExecutor(t, func(ex *executor.Executor) {
				if name == "Lock" {
					mu.Lock()
				}
				task := executor.Go(ex, func(context.Context) (int, error) { wait(); return 0, nil })
				settled := executor.Go(ex, func(ctx context.Context) (int, error) { return 0, nil })
				settled.Wait(t.Context()) // by then the first one waits: one worker
				task.Cancel()
				if _, err := task.Wait(t.Context()); !errors.Is(err, executor.ErrCanceled) {
					t.Error(err)
				}
				if name == "Lock" {
					mu.Unlock()
				}
				through(&mu) // hangs if the lock was lost
			})
		})
	}
}

// Futures of this package as tasks without a function: nothing but polls.
func TestFuturesRunAsTasks(t *testing.T) {
	leak.Check(t, leak.Options{Threads: -1})
	needs(t, "echo")
	withExecutor(t, func(ex *executor.Executor) {
		ch := make(chan int)
		cmd := exec.Command("echo", "hi")
		var out bytes.Buffer
		cmd.Stdout = &out
		c, err := compat.Start(cmd)
		if err != nil {
			t.Fatal(err)
		}
		child := executor.Spawn(ex, c)
		tasks := executor.SpawnAll(ex,
			compat.Recv(ch),
			pollster.Map(compat.Send(ch, 1), func(struct{}) int { return 1 }),
			compat.Async(t.Context(), func(context.Context) (int, error) { return 1, nil }),
			compat.Callback(func(done func(int, error)) func() { go done(1, nil); return nil }),
			pollster.Map(compat.After(time.Millisecond), func(time.Time) int { return 1 }),
		)
		for i, task := range tasks {
			if v, err := task.Wait(t.Context()); v != 1 || err != nil {
				t.Errorf("task %d: %v, %v", i, v, err)
			}
		}
		if _, err := child.Wait(t.Context()); err != nil || out.String() != "hi\n" {
			t.Errorf("child: %v, %q", err, out.String())
		}
		left := executor.SpawnAll(ex, compat.Recv(ch), compat.Done[int](t.Context()),
			compat.Async(context.Background(), func(ctx context.Context) (int, error) { <-ctx.Done(); return 0, ctx.Err() }))
		for _, task := range left {
			task.Cancel()
			if _, err := task.Wait(t.Context()); !errors.Is(err, executor.ErrCanceled) {
				t.Error(err)
			}
		}
	})
}
