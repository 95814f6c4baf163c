package threadpool_test

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/causeway-go/causeway/internal/hammer"
	"github.com/causeway-go/causeway/internal/leak"
	"github.com/causeway-go/causeway/threadpool"
)

func mustNew(t testing.TB, opts threadpool.Options) *threadpool.Pool {
	t.Helper()
	p, err := threadpool.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestAClosedPoolRefusesEverything(t *testing.T) {
	leak.Check(t)
	p := mustNew(t, threadpool.Options{Limit: 1})
	for range 3 {
		if err := p.Close(); err != nil {
			t.Fatal(err)
		}
	}
	for _, w := range ways {
		err := w.run(t, p, cancelable(t), func() { t.Error("ran") })
		if !errors.Is(err, threadpool.ErrClosed) {
			t.Errorf("%s: %v", w.name, err)
		}
	}
	if err := p.TrySubmit(func() {}); !errors.Is(err, threadpool.ErrClosed) {
		t.Errorf("TrySubmit: %v", err)
	}
	if err := p.Shutdown(background); err != nil {
		t.Errorf("Shutdown after Close: %v", err)
	}
	if !p.Stats().Closed {
		t.Error("not closed in Stats")
	}
}

func TestCloseDropsWhatIsQueued(t *testing.T) {
	leak.Check(t)
	p := mustNew(t, threadpool.Options{Limit: 1, Queue: 2})
	release := hold(t, p)
	defer release()
	results := make(chan error, 4)
	ctx := cancelable(t)
	go func() { results <- p.Do(ctx, func() { t.Error("ran") }) }()
	go func() { _, err := p.Enter(background); results <- err }()
	waitFor(t, "two queued", func() bool { return p.Stats().Queued == 2 })
	if err := p.TrySubmit(func() { t.Error("ran") }); err != nil {
		t.Fatal(err)
	}
	go func() { results <- p.Submit(ctx, func() { t.Error("ran") }) }() // waits for room
	waitFor(t, "four queued", func() bool { return p.Stats().Queued == 4 })
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := <-results; !errors.Is(err, threadpool.ErrClosed) {
			t.Error(err)
		}
	}
	if s := p.Stats(); s.Queued != 0 || s.Dropped != 2 {
		t.Errorf("%+v", s)
	}
	ctx, cancel := context.WithCancel(background)
	cancel()
	if err := p.Shutdown(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Shutdown with a job running: %v", err)
	}
	release()
	if err := p.Shutdown(background); err != nil {
		t.Error(err)
	}
}

func TestShutdownDrains(t *testing.T) {
	leak.Check(t)
	p := mustNew(t, threadpool.Options{Limit: 2})
	release := hold(t, p)
	var ran atomic.Int64
	for range 100 {
		if err := p.Submit(background, func() { ran.Add(1) }); err != nil {
			t.Fatal(err)
		}
	}
	var all sync.WaitGroup
	for range 3 {
		all.Go(func() {
			if err := p.Shutdown(background); err != nil {
				t.Error(err)
			}
			if n := ran.Load(); n != 100 {
				t.Errorf("Shutdown returned after %d of 100 jobs", n)
			}
		})
	}
	waitFor(t, "closed", func() bool { return p.Stats().Closed })
	release()
	all.Wait()
}

func TestShutdownGivesUpAndDropsTheQueue(t *testing.T) {
	leak.Check(t)
	p := mustNew(t, threadpool.Options{Limit: 1})
	release := hold(t, p)
	defer release()
	if err := p.Submit(background, func() { t.Error("ran") }); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(background)
	result := make(chan error)
	go func() { result <- p.Shutdown(ctx) }()
	waitFor(t, "closed", func() bool { return p.Stats().Closed })
	cancel()
	if err := <-result; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if s := p.Stats(); s.Queued != 0 || s.Dropped != 1 || s.Running != 1 {
		t.Errorf("%+v", s)
	}
}

func TestShutdownInsideJobs(t *testing.T) {
	leak.Check(t)
	for _, limit := range []int{1, 2, 5} {
		p := mustNew(t, threadpool.Options{Hint: threadpool.WillBlock, Limit: limit})
		var in, all sync.WaitGroup
		in.Add(limit)
		var after atomic.Int64
		for range limit {
			all.Go(func() {
				err := p.Do(background, func() {
					in.Done()
					in.Wait()
					if err := p.Shutdown(background); err != nil {
						t.Error(err)
					}
					after.Add(1)
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if after.Load() != int64(limit) {
			t.Errorf("limit %d: %d jobs came back from Shutdown", limit, after.Load())
		}
	}
}

func TestClosingWhileEverythingGoesOn(t *testing.T) {
	leak.Check(t)
	for range 30 {
		p := mustNew(t, threadpool.Options{Limit: 3, Queue: 4})
		ctx := cancelable(t)
		var begun, ended atomic.Int64
		var all sync.WaitGroup
		for i := range 16 {
			all.Go(func() {
				for n := range 50 {
					err := ways[(i+n)%3].run(t, p, ctx, func() { begun.Add(1); runtime.Gosched(); ended.Add(1) })
					if err != nil && !errors.Is(err, threadpool.ErrClosed) && !errors.Is(err, threadpool.ErrFull) {
						t.Error(err)
					}
				}
			})
		}
		all.Go(func() { _ = p.Close() })
		all.Go(func() {
			if err := p.Shutdown(background); err != nil {
				t.Error(err)
			}
			if begun.Load() != ended.Load() {
				t.Error("Shutdown returned while a job was running")
			}
		})
		all.Wait()
	}
}

func TestPanicsInJobs(t *testing.T) {
	leak.Check(t)
	type report struct {
		v     any
		stack int
	}
	reports := make(chan report, 1)
	p := newPool(t, threadpool.Options{Limit: 1, OnPanic: func(v any, stack []byte) { reports <- report{v, len(stack)} }})

	t.Run("on the caller", func(t *testing.T) {
		defer func() {
			if v := recover(); v != "boom" {
				t.Errorf("recovered %v", v)
			}
		}()
		_ = p.Do(background, func() { panic("boom") })
	})
	t.Run("elsewhere", func(t *testing.T) {
		boom := errors.New("boom")
		defer func() {
			e, ok := recover().(*threadpool.PanicError)
			if !ok || !errors.Is(e, boom) || len(e.Stack) == 0 {
				t.Errorf("recovered %v", e)
			}
		}()
		_ = p.Do(cancelable(t), func() { panic(boom) })
	})
	t.Run("detached", func(t *testing.T) {
		if err := p.Submit(background, func() { panic("boom") }); err != nil {
			t.Fatal(err)
		}
		if r := <-reports; r.v != "boom" || r.stack == 0 {
			t.Errorf("%+v", r)
		}
	})
	t.Run("abandoned", func(t *testing.T) {
		ctx, cancel := context.WithCancel(background)
		stop := make(chan struct{})
		err := p.Do(ctx, func() { cancel(); <-stop; panic("boom") })
		if !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		close(stop)
		if r := <-reports; r.v != "boom" {
			t.Errorf("%+v", r)
		}
	})
}

func TestGoexitInJobs(t *testing.T) {
	leak.Check(t)
	p := newPool(t, threadpool.Options{Limit: 1})
	t.Run("goexit on the caller", func(t *testing.T) {
		done := make(chan bool)
		go func() {
			defer close(done)
			_ = p.Do(background, runtime.Goexit)
			t.Error("returned")
		}()
		<-done
	})
	t.Run("goexit elsewhere", func(t *testing.T) {
		if err := p.Do(cancelable(t), runtime.Goexit); !errors.Is(err, threadpool.ErrGoexit) {
			t.Error(err)
		}
	})
	t.Run("goexit detached, with a queue", func(t *testing.T) {
		var all sync.WaitGroup
		for i := range 20 {
			all.Add(1)
			err := p.Submit(background, func() {
				defer all.Done()
				if i%2 == 0 {
					runtime.Goexit()
				}
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		all.Wait()
	})
}

func TestGoexitInOnPanicLosesNothing(t *testing.T) {
	leak.Check(t)
	p := newPool(t, threadpool.Options{Limit: 1, OnPanic: func(any, []byte) { runtime.Goexit() }})
	var all sync.WaitGroup
	hammer.Run(t, 2, func(_, i int) {
		all.Add(1)
		if err := p.Submit(background, func() { defer all.Done(); panic(i) }); err != nil {
			t.Error(err)
		}
	})
	all.Wait()
}
