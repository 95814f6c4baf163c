package threadpool_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/causeway-go/causeway/internal/hammer"
	"github.com/causeway-go/causeway/internal/leak"
	"github.com/causeway-go/causeway/threadpool"
)

var background = context.Background()

// newPool returns a pool that is shut down at the end of the test.
func newPool(t testing.TB, opts threadpool.Options) *threadpool.Pool {
	t.Helper()
	p, err := threadpool.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(background, 30*time.Second)
		defer cancel()
		if err := p.Shutdown(ctx); err != nil {
			t.Errorf("shutdown: %v; %+v", err, p.Stats())
		}
		if s := p.Stats(); s.Running != 0 || s.Waiting != 0 || s.Queued != 0 || s.Abandoned != 0 {
			t.Errorf("left behind: %+v", s)
		}
	})
	return p
}

// cancelable returns a context that can end, and does at the end of the test.
func cancelable(t testing.TB) context.Context {
	ctx, cancel := context.WithCancel(background)
	t.Cleanup(cancel)
	return ctx
}

// A gauge counts who is inside and remembers the most.
type gauge struct{ now, most atomic.Int64 }

func (g *gauge) enter() {
	n := g.now.Add(1)
	for m := g.most.Load(); n > m && !g.most.CompareAndSwap(m, n); m = g.most.Load() {
	}
}

func (g *gauge) leave() { g.now.Add(-1) }

// waitFor waits until cond holds, for conditions that nothing announces.
func waitFor(t testing.TB, what string, cond func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !cond(); {
		if time.Now().After(deadline) {
			t.Fatalf("%s: has not come", what)
		}
		time.Sleep(100 * time.Microsecond)
	}
}

// ways are the ways in which a job can get into a pool, each waiting for its end.
var ways = []struct {
	name string
	run  func(t testing.TB, p *threadpool.Pool, ctx context.Context, f func()) error
}{
	{"Enter", func(_ testing.TB, p *threadpool.Pool, _ context.Context, f func()) error {
		s, err := p.Enter(background)
		if err != nil {
			return err
		}
		defer s.Leave()
		f()
		return nil
	}},
	{"Do on the caller", func(_ testing.TB, p *threadpool.Pool, _ context.Context, f func()) error {
		return p.Do(background, f)
	}},
	{"Do elsewhere", func(_ testing.TB, p *threadpool.Pool, ctx context.Context, f func()) error {
		return p.Do(ctx, f)
	}},
	{"Submit", func(_ testing.TB, p *threadpool.Pool, ctx context.Context, f func()) error {
		done := make(chan struct{})
		if err := p.Submit(ctx, func() { defer close(done); f() }); err != nil {
			return err
		}
		<-done
		return nil
	}},
}

func TestEveryWayRunsTheJobOnce(t *testing.T) {
	leak.Check(t)
	p := newPool(t, threadpool.Options{Limit: 2})
	for _, w := range ways {
		n := 0
		if err := w.run(t, p, cancelable(t), func() { n++ }); err != nil || n != 1 {
			t.Errorf("%s: ran %d times: %v", w.name, n, err)
		}
	}
	waitFor(t, "completed", func() bool { return p.Stats().Completed == 4 })
}

func TestNeverMoreJobsThanSlots(t *testing.T) {
	leak.Check(t)
	for _, limit := range []int{1, 2, 3, 7} {
		p := newPool(t, threadpool.Options{Hint: threadpool.WillBlock, Limit: limit})
		ctx := cancelable(t)
		var g gauge
		var ran, asked atomic.Int64
		hammer.Run(t, 8, func(goroutine, i int) {
			asked.Add(1)
			err := ways[(goroutine+i)%len(ways)].run(t, p, ctx, func() {
				g.enter()
				ran.Add(1)
				g.leave()
			})
			if err != nil {
				t.Error(err)
			}
		})
		if g.most.Load() > int64(limit) {
			t.Errorf("limit %d: %d at once", limit, g.most.Load())
		}
		if ran.Load() != asked.Load() {
			t.Errorf("limit %d: ran %d of %d", limit, ran.Load(), asked.Load())
		}
		if s := p.Stats(); s.Peak > limit {
			t.Errorf("limit %d: peak %d", limit, s.Peak)
		}
	}
}

func TestAllSlotsCanBeTakenAtOnce(t *testing.T) {
	leak.Check(t)
	const limit = 20
	for _, w := range ways {
		p := newPool(t, threadpool.Options{Hint: threadpool.WillBlock, Limit: limit})
		ctx := cancelable(t)
		var in, out sync.WaitGroup
		in.Add(limit)
		for range limit {
			out.Go(func() {
				if err := w.run(t, p, ctx, func() { in.Done(); in.Wait() }); err != nil {
					t.Error(err)
				}
			})
		}
		out.Wait()
	}
}

// hold takes all slots of p and returns what gives them back.
func hold(t testing.TB, p *threadpool.Pool) (release func()) {
	t.Helper()
	n := p.Stats().Limit
	stop := make(chan struct{})
	var in, out sync.WaitGroup
	for range n {
		in.Add(1)
		out.Go(func() {
			if err := p.Do(background, func() { in.Done(); <-stop }); err != nil {
				t.Error(err)
			}
		})
	}
	in.Wait()
	return sync.OnceFunc(func() { close(stop); out.Wait() })
}

func TestFirstComeFirstServed(t *testing.T) {
	leak.Check(t)
	p := newPool(t, threadpool.Options{Limit: 1})
	release := hold(t, p)
	defer release()
	ctx := cancelable(t)
	var mu sync.Mutex
	var order []int
	var all sync.WaitGroup
	for i := range 40 {
		all.Go(func() {
			err := ways[i%len(ways)].run(t, p, ctx, func() {
				mu.Lock()
				order = append(order, i)
				mu.Unlock()
			})
			if err != nil {
				t.Error(err)
			}
		})
		waitFor(t, "in the queue", func() bool { return p.Stats().Queued == i+1 })
	}
	release()
	all.Wait()
	for i, n := range order {
		if i != n {
			t.Fatalf("order: %v", order)
		}
	}
}

func TestBadOptionsAndNilFunctions(t *testing.T) {
	for _, o := range []threadpool.Options{{Limit: -1}, {Limit: 9001}, {Queue: -1}} {
		if _, err := threadpool.New(o); !errors.Is(err, threadpool.ErrOptions) {
			t.Errorf("%+v: %v", o, err)
		}
	}
	p := newPool(t, threadpool.Options{})
	if s := p.Stats(); s.Limit < 2 || s.Limit > threadpool.DefaultLimit {
		t.Errorf("%+v", s)
	}
	for _, n := range []int{0, -3, 9001} {
		if err := p.Resize(n); !errors.Is(err, threadpool.ErrOptions) {
			t.Errorf("Resize(%d): %v", n, err)
		}
	}
	for name, err := range map[string]error{
		"Do":        p.Do(background, nil),
		"Submit":    p.Submit(background, nil),
		"TrySubmit": p.TrySubmit(nil),
		"Start":     p.Start(new(threadpool.Job), nil),
	} {
		if !errors.Is(err, threadpool.ErrNilFunc) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAnEndedContextNeverRuns(t *testing.T) {
	leak.Check(t)
	p := newPool(t, threadpool.Options{Limit: 1})
	cause := errors.New("cause")
	ctx, cancel := context.WithCancelCause(background)
	cancel(cause)
	_, enter := p.Enter(ctx)
	for name, err := range map[string]error{
		"Enter":  enter,
		"Do":     p.Do(ctx, func() { t.Error("ran") }),
		"Submit": p.Submit(ctx, func() { t.Error("ran") }),
	} {
		if !errors.Is(err, context.Canceled) || !errors.Is(err, cause) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestLeavingTheQueueWhenTheContextEnds(t *testing.T) {
	leak.Check(t)
	p := newPool(t, threadpool.Options{Limit: 1})
	release := hold(t, p)
	defer release()
	ctx, cancel := context.WithCancel(background)
	results := make(chan error, 2)
	go func() { results <- p.Do(ctx, func() { t.Error("ran") }) }()
	go func() {
		s, err := p.Enter(ctx)
		if err == nil {
			s.Leave()
		}
		results <- err
	}()
	waitFor(t, "both in the queue", func() bool { return p.Stats().Queued == 2 })
	cancel()
	for range 2 {
		if err := <-results; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}
	if s := p.Stats(); s.Queued != 0 || s.Running != 1 {
		t.Errorf("%+v", s)
	}
}

func TestLeavingAJobThatRuns(t *testing.T) {
	leak.Check(t)
	p := newPool(t, threadpool.Options{Limit: 1})
	ctx, cancel := context.WithCancel(background)
	started, stop := make(chan struct{}), make(chan struct{})
	left := make(chan error)
	go func() { left <- p.Do(ctx, func() { close(started); <-stop }) }()
	<-started
	cancel()
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if s := p.Stats(); s.Abandoned != 1 || s.Running != 1 {
		t.Errorf("the job must keep its slot: %+v", s)
	}
	close(stop)
	waitFor(t, "end of the job", func() bool { s := p.Stats(); return s.Abandoned == 0 && s.Running == 0 })
}

func TestABoundedQueue(t *testing.T) {
	leak.Check(t)
	p := newPool(t, threadpool.Options{Limit: 1, Queue: 2})
	release := hold(t, p)
	defer release()
	var order []int
	var mu sync.Mutex
	job := func(i int) func() {
		return func() { mu.Lock(); order = append(order, i); mu.Unlock() }
	}
	for i := range 2 {
		if err := p.TrySubmit(job(i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.TrySubmit(job(-1)); !errors.Is(err, threadpool.ErrFull) {
		t.Errorf("TrySubmit: %v", err)
	}
	if err := p.Do(cancelable(t), job(-1)); !errors.Is(err, threadpool.ErrFull) {
		t.Errorf("Do: %v", err)
	}
	ctx, cancel := context.WithCancel(background)
	gone := make(chan error)
	go func() { gone <- p.Submit(ctx, job(-1)) }()
	waitFor(t, "waiting for room", func() bool { return p.Stats().Queued == 3 })
	cancel()
	if err := <-gone; !errors.Is(err, context.Canceled) {
		t.Errorf("Submit: %v", err)
	}
	var all sync.WaitGroup
	for i := range 3 {
		all.Go(func() {
			if err := p.Submit(background, job(2+i)); err != nil {
				t.Error(err)
			}
		})
		waitFor(t, "waiting for room", func() bool { return p.Stats().Queued == 3+i })
	}
	release()
	all.Wait()
	waitFor(t, "all jobs", func() bool { mu.Lock(); defer mu.Unlock(); return len(order) == 5 })
	for i, n := range order {
		if i != n {
			t.Fatalf("order: %v", order)
		}
	}
}

func TestResizeWhileFull(t *testing.T) {
	leak.Check(t)
	p := newPool(t, threadpool.Options{Hint: threadpool.WillBlock, Limit: 8})
	ctx := cancelable(t)
	var limit atomic.Int64
	limit.Store(8)
	hammer.Run(t, 8, func(goroutine, i int) {
		if goroutine == 0 {
			n := 1 + i%8
			if err := p.Resize(n); err != nil {
				t.Error(err)
			}
			return
		}
		if err := ways[i%len(ways)].run(t, p, ctx, func() {}); err != nil {
			t.Error(err)
		}
	})
	if err := p.Resize(2); err != nil {
		t.Fatal(err)
	}
	var g gauge
	hammer.Run(t, 6, func(_, i int) {
		if err := ways[i%len(ways)].run(t, p, ctx, func() { g.enter(); g.leave() }); err != nil {
			t.Error(err)
		}
	})
	if g.most.Load() > 2 {
		t.Errorf("%d jobs at once after lowering the limit to 2", g.most.Load())
	}
}

func TestLoweringTheLimitTakesSlotsAsJobsEnd(t *testing.T) {
	leak.Check(t)
	p := newPool(t, threadpool.Options{Limit: 4})
	release := hold(t, p)
	defer release()
	if err := p.Resize(1); err != nil {
		t.Fatal(err)
	}
	if s := p.Stats(); s.Running != 4 || s.Limit != 1 {
		t.Errorf("%+v", s)
	}
	ran := make(chan struct{})
	if err := p.Submit(background, func() { close(ran) }); err != nil {
		t.Fatal(err)
	}
	if err := p.Resize(5); err != nil {
		t.Fatal(err)
	}
	<-ran // the fifth slot
}
