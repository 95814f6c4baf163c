package threadpool_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/causeway-go/causeway/internal/hammer"
	"github.com/causeway-go/causeway/internal/leak"
	"github.com/causeway-go/causeway/threadpool"
)

func mustClass(t testing.TB, p *threadpool.Pool, opts threadpool.ClassOptions) *threadpool.Pool {
	t.Helper()
	c, err := p.Class(opts)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestClassesThatMakeNoSense(t *testing.T) {
	p := newPool(t, threadpool.Options{Name: "p", Limit: 4, Hint: threadpool.WillBlock})
	for _, o := range []threadpool.ClassOptions{
		{Limit: 5}, {Limit: -1}, {Reserve: 4}, {Reserve: -1}, {Limit: 4, Reserve: 4}, {Weight: -1}, {Priority: 101}, {Priority: -101},
		{Queue: -1}, {Hint: threadpool.CPU + 1},
	} {
		if _, err := p.Class(o); !errors.Is(err, threadpool.ErrOptions) {
			t.Errorf("%+v: %v", o, err)
		}
	}
	c := mustClass(t, p, threadpool.ClassOptions{Name: "c", Limit: 3, Reserve: 3})
	if s := c.Stats(); s.Name != "p/c" || s.Limit != 3 {
		t.Errorf("%+v", s)
	}
	if _, err := p.Class(threadpool.ClassOptions{}); !errors.Is(err, threadpool.ErrOptions) {
		t.Errorf("all slots are reserved: %v", err)
	}
	if err := p.Resize(3); !errors.Is(err, threadpool.ErrOptions) {
		t.Errorf("less than what is reserved: %v", err)
	}
	if err := c.Resize(2); !errors.Is(err, threadpool.ErrOptions) || c.Stats().Limit != 3 {
		t.Errorf("less than the class has reserved: %v, %+v", err, c.Stats())
	}
	if _, err := c.Class(threadpool.ClassOptions{}); !errors.Is(err, threadpool.ErrOptions) {
		t.Errorf("a class of a class: %v", err)
	}
	if got := p.Classes(); len(got) != 1 || got[0] != c || c.Classes() != nil {
		t.Errorf("classes: %v", got)
	}
	_ = p.Close()
	if _, err := p.Class(threadpool.ClassOptions{}); !errors.Is(err, threadpool.ErrClosed) {
		t.Errorf("class of a closed pool: %v", err)
	}
}

// occupy makes n jobs of p hang, and returns when they run.
func occupy(t testing.TB, p *threadpool.Pool, n int) (release func()) {
	t.Helper()
	stop := make(chan struct{})
	var hang atomic.Int64
	for range n {
		if err := p.Submit(background, func() { hang.Add(1); <-stop }); err != nil {
			t.Fatal(err)
		}
	}
	waitFor(t, "jobs that hang", func() bool { return hang.Load() == int64(n) })
	return sync.OnceFunc(func() { close(stop) })
}

// Whatever hangs, each class and the pool itself keep the slots that are theirs.
func TestOneHangingClassLeavesTheOthersTheirSlots(t *testing.T) {
	leak.Check(t)
	p := newPool(t, threadpool.Options{Limit: 6, Hint: threadpool.WillBlock})
	a := mustClass(t, p, threadpool.ClassOptions{Name: "a", Limit: 6, Hint: threadpool.WillBlock})
	b := mustClass(t, p, threadpool.ClassOptions{Name: "b", Limit: 6, Reserve: 2, Hint: threadpool.WillBlock})
	release := occupy(t, a, 3) // its own and the two that are shared
	defer release()
	for range 10 { // these wait
		if err := a.Submit(background, func() {}); err != nil {
			t.Fatal(err)
		}
	}
	for _, way := range ways {
		ran := 0
		for _, q := range []*threadpool.Pool{p, b} {
			if err := way.run(t, q, background, func() { ran++ }); err != nil {
				t.Error(way.name, err)
			}
		}
		if ran != 2 {
			t.Errorf("%s: ran %d", way.name, ran)
		}
	}
	defer occupy(t, b, 2)()
	defer occupy(t, p, 1)()
	if s := p.Stats(); s.All != 6 || a.Stats().Queued != 10 {
		t.Errorf("%+v, %+v", s, a.Stats())
	}
}

func TestAClassHasNoMoreThanItsLimit(t *testing.T) {
	leak.Check(t)
	p := newPool(t, threadpool.Options{Limit: 8, Hint: threadpool.WillBlock})
	c := mustClass(t, p, threadpool.ClassOptions{Limit: 3, Hint: threadpool.WillBlock})
	var of gauge
	hammer.Run(t, 12, func(int, int) {
		if err := c.Do(background, func() { of.enter(); of.leave() }); err != nil {
			t.Error(err)
		}
	})
	if n := of.most.Load(); n > 3 || n != int64(c.Stats().Peak) && n == 0 {
		t.Errorf("%d at once; %+v", n, c.Stats())
	}
}

// orderOf lets jobs of several classes wait for one shared slot, and returns the
// order in which they run.
func orderOf(t *testing.T, p *threadpool.Pool, classes map[string]*threadpool.Pool, each int) string {
	t.Helper()
	var (
		mu    sync.Mutex
		order strings.Builder
		stops []func()
	)
	for _, c := range classes { // nobody has its reserve left
		stops = append(stops, occupy(t, c, 1))
	}
	last := occupy(t, p, 1)
	shared := occupy(t, p, 1)
	for name, c := range classes {
		for range each {
			if err := c.Submit(background, func() { mu.Lock(); order.WriteString(name); mu.Unlock() }); err != nil {
				t.Fatal(err)
			}
		}
	}
	shared()
	waitFor(t, "all have run", func() bool { mu.Lock(); defer mu.Unlock(); return order.Len() == each*len(classes) })
	last()
	for _, stop := range stops {
		stop()
	}
	return order.String()
}

func TestTheHighestPriorityGoesFirst(t *testing.T) {
	p := newPool(t, threadpool.Options{Limit: 5, Hint: threadpool.WillBlock})
	got := orderOf(t, p, map[string]*threadpool.Pool{
		"l": mustClass(t, p, threadpool.ClassOptions{Limit: 5, Priority: -1, Hint: threadpool.WillBlock}),
		"h": mustClass(t, p, threadpool.ClassOptions{Limit: 5, Priority: 7, Hint: threadpool.WillBlock}),
		"m": mustClass(t, p, threadpool.ClassOptions{Limit: 5, Hint: threadpool.WillBlock}),
	}, 40)
	if want := strings.Repeat("h", 40) + strings.Repeat("m", 40) + strings.Repeat("l", 40); got != want {
		t.Errorf("order %s", got)
	}
}

func TestSlotsAreSharedByWeight(t *testing.T) {
	p := newPool(t, threadpool.Options{Limit: 4, Hint: threadpool.WillBlock})
	got := orderOf(t, p, map[string]*threadpool.Pool{
		"a": mustClass(t, p, threadpool.ClassOptions{Limit: 4, Weight: 3, Hint: threadpool.WillBlock}),
		"b": mustClass(t, p, threadpool.ClassOptions{Limit: 4, Hint: threadpool.WillBlock}),
	}, 60)
	for end := 8; end <= 80; end += 8 { // of any 8, 6 and 2, but for the first
		if n := strings.Count(got[:end], "a"); n < end*3/4-1 || n > end*3/4+1 {
			t.Errorf("%d of the first %d: %s", n, end, got)
		}
	}
}

// A job of low priority that has waited for a second goes before all others.
func TestLowPrioritiesDoNotStarve(t *testing.T) {
	p := newPool(t, threadpool.Options{Limit: 3, Hint: threadpool.WillBlock})
	low := mustClass(t, p, threadpool.ClassOptions{Limit: 3, Priority: -5, Hint: threadpool.WillBlock})
	defer occupy(t, low, 1)()
	defer occupy(t, p, 1)()
	var stop, ran atomic.Bool
	var again func()
	again = func() { // there is always one of these waiting
		if !stop.Load() {
			_ = p.Submit(background, again)
			time.Sleep(time.Millisecond)
		}
	}
	for range 3 {
		if err := p.Submit(background, again); err != nil {
			t.Fatal(err)
		}
	}
	defer stop.Store(true)
	start := time.Now()
	if err := low.Submit(background, func() { ran.Store(true) }); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the low one", ran.Load)
	if d := time.Since(start); d < 900*time.Millisecond {
		t.Errorf("it has not waited: %v", d)
	}
}

// A pool gets its first class while it is in use in every way.
func TestAFamilyIsFoundedInUse(t *testing.T) {
	leak.Check(t)
	for round := range 30 {
		p := mustNew(t, threadpool.Options{Limit: 4, Hint: threadpool.WillBlock})
		var all sync.WaitGroup
		var of gauge
		var ran atomic.Int64
		job := func() { of.enter(); ran.Add(1); of.leave() }
		for g := range 6 {
			all.Go(func() {
				ctx, cancel := context.WithCancel(background)
				defer cancel()
				for i := range 50 {
					how := ctx
					if (g+i)%2 == 0 {
						how = background
					}
					if err := p.Do(how, job); err != nil {
						t.Error(err)
					}
				}
			})
		}
		var c *threadpool.Pool
		all.Go(func() {
			c = mustClass(t, p, threadpool.ClassOptions{Limit: 2, Reserve: 1 + round%2})
			for range 50 {
				if err := c.Do(background, job); err != nil {
					t.Error(err)
				}
			}
		})
		all.Wait()
		if n := of.most.Load(); n > 4 || ran.Load() != 350 {
			t.Errorf("%d at once, %d have run", n, ran.Load())
		}
		waitFor(t, "the workers to leave", func() bool { return p.Stats().All == 0 })
		if s := p.Stats(); s.Completed+c.Stats().Completed != 350 {
			t.Errorf("%+v; %+v", s, c.Stats())
		}
		// All slots are still there.
		first, second := occupy(t, p, 4-(1+round%2)), occupy(t, c, 1+round%2)
		if s := p.Stats(); s.All != 4 {
			t.Errorf("%+v", s)
		}
		first()
		second()
		if err := p.Shutdown(background); err != nil {
			t.Error(err)
		}
	}
}

func TestAClosedClassGivesItsReserveBack(t *testing.T) {
	leak.Check(t)
	p := newPool(t, threadpool.Options{Limit: 4, Hint: threadpool.WillBlock})
	c := mustClass(t, p, threadpool.ClassOptions{Limit: 3, Reserve: 3, Hint: threadpool.WillBlock})
	release := occupy(t, c, 2)
	for range 4 {
		if err := p.Submit(background, func() {}); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if err := c.Do(background, func() {}); !errors.Is(err, threadpool.ErrClosed) {
		t.Errorf("closed: %v", err)
	}
	if len(p.Classes()) != 1 {
		t.Error("it is gone while it has jobs")
	}
	release()
	waitFor(t, "the class to go", func() bool { return len(p.Classes()) == 0 })
	waitFor(t, "the jobs to end", func() bool { return p.Stats().Running == 0 })
	defer occupy(t, p, 4)()
	if _, err := p.Class(threadpool.ClassOptions{Reserve: 3, Limit: 3}); err != nil {
		t.Errorf("another in its place: %v", err)
	}
}

func TestShutdownWaitsForTheClasses(t *testing.T) {
	leak.Check(t)
	p := mustNew(t, threadpool.Options{Limit: 4, Hint: threadpool.WillBlock})
	c := mustClass(t, p, threadpool.ClassOptions{})
	release := occupy(t, c, 1)
	ctx, cancel := context.WithCancel(background)
	cancel()
	if err := p.Shutdown(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("a class has a job: %v", err)
	}
	if err := c.Submit(background, func() {}); !errors.Is(err, threadpool.ErrClosed) {
		t.Errorf("the class of a closed pool: %v", err)
	}
	done := make(chan error)
	go func() { done <- p.Shutdown(background) }()
	release()
	if err := <-done; err != nil {
		t.Error(err)
	}
	// From inside a job of a class.
	p = mustNew(t, threadpool.Options{Limit: 4, Hint: threadpool.WillBlock})
	c = mustClass(t, p, threadpool.ClassOptions{})
	if err := c.Do(background, func() {
		if err := p.Shutdown(background); err != nil {
			t.Error(err)
		}
	}); err != nil {
		t.Error(err)
	}
}

// Jobs of each class wait for jobs of the next, round and round, in a pool that has
// one slot for each.
func TestClassesThatWaitForEachOther(t *testing.T) {
	leak.Check(t)
	p := newPool(t, threadpool.Options{Limit: 3})
	pools := []*threadpool.Pool{p, mustClass(t, p, threadpool.ClassOptions{Limit: 1}), mustClass(t, p, threadpool.ClassOptions{Limit: 1})}
	ctx := cancelable(t)
	var deep func(n int) error
	deep = func(n int) error {
		if n == 0 {
			return nil
		}
		how := ctx
		if n%2 == 0 {
			how = background
		}
		var inner error
		err := pools[n%3].Do(how, func() { inner = deep(n - 1) })
		return errors.Join(err, inner)
	}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if err := deep(60); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	waitFor(t, "the workers to leave", func() bool { return p.Stats().All == 0 })
}

// Everything at once, with classes that come and go: never more jobs than slots,
// nothing is lost, and in the end all slots are back.
func TestClassesUnderFire(t *testing.T) {
	leak.Check(t)
	const limit = 5
	p := mustNew(t, threadpool.Options{Limit: limit, Hint: threadpool.WillBlock})
	classes := []*threadpool.Pool{
		p,
		mustClass(t, p, threadpool.ClassOptions{Limit: 2, Hint: threadpool.WillBlock}),
		mustClass(t, p, threadpool.ClassOptions{Limit: 4, Priority: 2, Weight: 5, Hint: threadpool.WillBlock}),
	}
	var of gauge
	var begun, ended, founded atomic.Int64
	hammer.Run(t, 10, func(g, i int) {
		ctx, cancel := context.WithCancel(background)
		defer cancel()
		if i%5 == 0 {
			go cancel()
		}
		q := classes[(g+i)%len(classes)]
		if g == 9 {
			c, err := p.Class(threadpool.ClassOptions{Limit: 1, Hint: threadpool.WillBlock})
			if errors.Is(err, threadpool.ErrOptions) { // the last ones still have jobs
				runtime.Gosched()
				return
			} else if err != nil {
				t.Error(err)
				return
			}
			founded.Add(1)
			defer c.Close()
			q = c
		}
		job := func() {
			of.enter()
			begun.Add(1)
			if i%7 == 0 { // through another class, which is not counted twice
				of.leave()
				_ = classes[i%len(classes)].Do(ctx, func() {})
				of.enter()
			}
			ended.Add(1)
			of.leave()
		}
		var err error
		switch i % 4 {
		case 0:
			err = q.Do(background, job)
		case 1:
			err = q.Do(ctx, job)
		case 2:
			err = q.Submit(ctx, job)
		case 3:
			err = q.Resize(1 + i%limit)
			if q == p {
				err = q.Resize(limit)
			}
		}
		if !allowed(err) {
			t.Error(err)
		}
	})
	waitFor(t, "the closed classes to go", func() bool { return len(p.Classes()) == 2 })
	if err := p.Shutdown(background); err != nil {
		t.Error(err)
	}
	if s := p.Stats(); s.All != 0 || s.Queued != 0 || begun.Load() != ended.Load() || of.most.Load() > limit {
		t.Errorf("begun %d, ended %d, %d at once: %+v", begun.Load(), ended.Load(), of.most.Load(), s)
	}
	t.Logf("%d jobs, %d at once, %d classes", ended.Load(), of.most.Load(), founded.Load())
}
