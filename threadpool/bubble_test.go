package threadpool_test

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/causeway-go/causeway/internal/leak"
	"github.com/causeway-go/causeway/threadpool"
)

func TestAPoolMadeInABubbleLivesInIt(t *testing.T) {
	leak.Check(t)
	for range 3 {
		synctest.Test(t, func(t *testing.T) {
			p := mustNew(t, threadpool.Options{Limit: 2})
			start := time.Now()
			var all sync.WaitGroup
			for i := range 6 {
				all.Go(func() {
					ctx, cancel := context.WithCancel(background)
					defer cancel()
					if err := ways[i%len(ways)].run(t, p, ctx, func() { time.Sleep(time.Hour) }); err != nil {
						t.Error(err)
					}
				})
			}
			all.Wait()
			if d := time.Since(start); d != 3*time.Hour {
				t.Errorf("6 jobs of an hour on 2 slots took %v", d)
			}
			if err := p.Shutdown(background); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestTimeoutsOfAPoolInABubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := mustNew(t, threadpool.Options{Limit: 1})
		ctx, cancel := context.WithTimeout(background, time.Minute)
		defer cancel()
		start := time.Now()
		err := p.Do(ctx, func() { time.Sleep(time.Hour) })
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Minute {
			t.Errorf("left after %v: %v", time.Since(start), err)
		}
		ctx, cancel = context.WithTimeout(background, time.Minute)
		defer cancel()
		if _, err := p.Enter(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		if err := p.Shutdown(background); err != nil || time.Since(start) != time.Hour {
			t.Errorf("shut down after %v: %v", time.Since(start), err)
		}
	})
}

func TestASharedPoolUsedInsideBubbles(t *testing.T) {
	leak.Check(t)
	p := newPool(t, threadpool.Options{Limit: 2})
	for _, w := range ways { // warm, so that pooled objects come from outside
		if err := w.run(t, p, cancelable(t), func() {}); err != nil {
			t.Fatal(err)
		}
	}
	for range 3 {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(background)
			defer cancel()
			for _, w := range ways {
				start := time.Now()
				inside := make(chan int, 1) // fatal if touched from outside
				err := w.run(t, p, ctx, func() { time.Sleep(time.Second); inside <- 1 })
				if err != nil || <-inside != 1 {
					t.Errorf("%s: %v", w.name, err)
				}
				if d := time.Since(start); d != time.Second {
					t.Errorf("%s: took %v", w.name, d)
				}
			}
		})
	}
}

func TestABubbleWaitsForASlotThatIsGivenBackOutside(t *testing.T) {
	leak.Check(t)
	p := newPool(t, threadpool.Options{Limit: 1})
	for _, w := range ways {
		release := hold(t, p)
		go func() {
			waitFor(t, "the bubble in the queue", func() bool { return p.Stats().Queued == 1 })
			release()
		}()
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(background)
			defer cancel()
			ran := false
			if err := w.run(t, p, ctx, func() { ran = true }); err != nil || !ran {
				t.Errorf("%s: %v", w.name, err)
			}
		})
		release()
	}
}

func TestABubbleLeavesTheQueueOfASharedPool(t *testing.T) {
	leak.Check(t)
	p := newPool(t, threadpool.Options{Limit: 1})
	release := hold(t, p)
	defer release()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(background)
		queued := p.Stats().Queued
		var all sync.WaitGroup
		all.Go(func() {
			if err := p.Do(ctx, func() { t.Error("ran") }); !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		})
		for p.Stats().Queued == queued {
			runtime.Gosched() // a Sleep would not end while the other goroutine waits for outside
		}
		cancel()
		all.Wait()
	})
	if s := p.Stats(); s.Queued != 0 {
		t.Errorf("%+v", s)
	}
}

func TestClosingASharedPoolWhileABubbleWaits(t *testing.T) {
	leak.Check(t)
	for _, w := range ways[1:3] {
		p := mustNew(t, threadpool.Options{Limit: 1})
		release := hold(t, p)
		go func() {
			waitFor(t, "the bubble in the queue", func() bool { return p.Stats().Queued == 1 })
			_ = p.Close()
		}()
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(background)
			defer cancel()
			if err := w.run(t, p, ctx, func() {}); !errors.Is(err, threadpool.ErrClosed) {
				t.Errorf("%s: %v", w.name, err)
			}
		})
		release()
	}
}

func TestTheDefaultPoolIsNotTheFirstBubblesOwn(t *testing.T) {
	old := threadpool.SetDefault(nil)
	defer func() { threadpool.SetDefault(old) }()
	synctest.Test(t, func(t *testing.T) {
		if err := threadpool.Default().Do(background, func() {}); err != nil {
			t.Error(err)
		}
	})
	p := threadpool.Default()
	if err := p.Do(cancelable(t), func() {}); err != nil {
		t.Error(err)
	}
	if threadpool.SetDefault(nil) != p || threadpool.Default() == p {
		t.Error("SetDefault(nil) must make room for a new pool")
	}
}
