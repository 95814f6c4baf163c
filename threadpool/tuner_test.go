package threadpool_test

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/causeway-go/causeway/internal/leak"
	"github.com/causeway-go/causeway/threadpool"
)

// first is how many slots a pool begins with.
func first() int { return min(8, runtime.GOMAXPROCS(0)+4) }

// Jobs that block for good, in a way that the pool cannot see, get all slots in the
// end: so those that wait on channels for jobs that are queued do not hang.
func TestThePoolGrowsWhenNothingEnds(t *testing.T) {
	leak.Check(t)
	p := newPool(t, threadpool.Options{Limit: 40})
	if n := p.Stats().Limit; n != first() {
		t.Errorf("%d slots at first", n)
	}
	chain := make([]chan struct{}, 40)
	for i := range chain {
		chain[i] = make(chan struct{})
	}
	var all sync.WaitGroup
	for i := range chain {
		all.Add(1)
		if err := p.Submit(background, func() { // each waits for the next
			defer all.Done()
			if i+1 < len(chain) {
				<-chain[i+1]
			}
			close(chain[i])
		}); err != nil {
			t.Fatal(err)
		}
	}
	all.Wait()
	s := p.Stats()
	events := p.Events()
	if len(events) == 0 || s.Peak != 40 || s.Max != 40 {
		t.Fatalf("%+v, %v", s, events)
	}
	for i, e := range events {
		if e.From == e.To || e.Reason == "" || e.Time.After(time.Now()) || i > 0 && (e.From != events[i-1].To || e.Time.Before(events[i-1].Time)) {
			t.Errorf("event %d: %+v", i, e)
		}
	}
}

// The same through the module: the pool sees it, and one slot is enough.
func TestThePoolDoesNotGrowForJobsThatWaitInside(t *testing.T) {
	leak.Check(t)
	p := newPool(t, threadpool.Options{Limit: 100})
	var deep func(n int)
	deep = func(n int) {
		if n > 0 {
			_ = p.Do(cancelable(t), func() { deep(n - 1) })
		}
	}
	deep(200)
	if s := p.Stats(); s.Peak > first() || len(p.Events()) != 0 {
		t.Errorf("%+v %v", s, p.Events())
	}
}

func TestJobsThatDoNothingDoNotGrowThePool(t *testing.T) {
	leak.Check(t)
	p := newPool(t, threadpool.Options{})
	var all sync.WaitGroup
	for range 100_000 {
		all.Add(1)
		if err := p.Submit(background, all.Done); err != nil {
			t.Fatal(err)
		}
	}
	all.Wait()
	if s := p.Stats(); s.Peak > runtime.GOMAXPROCS(0)+4 && !threadpool.RaceEnabled {
		t.Errorf("%d at once: %v", s.Peak, p.Events())
	}
}

// The tuner looks while somebody waits, and not for longer.
func TestAnIdlePoolDoesNotLook(t *testing.T) {
	leak.Check(t)
	p := newPool(t, threadpool.Options{Limit: 2})
	if p.Awake() {
		t.Error("awake from the start")
	}
	for range 1000 {
		if err := p.Do(background, func() {}); err != nil {
			t.Fatal(err)
		}
	}
	if p.Awake() {
		t.Error("awake although nobody has waited")
	}
	release1, release2 := occupy(t, p, 1), occupy(t, p, 1)
	var ran atomic.Bool
	if err := p.Submit(background, func() { ran.Store(true) }); err != nil {
		t.Fatal(err)
	}
	if !p.Awake() {
		t.Error("asleep while somebody waits")
	}
	release1()
	waitFor(t, "the one that waits", ran.Load)
	waitFor(t, "the tuner to sleep", func() bool { return !p.Awake() })
	release2()
	// With one slot there is nothing to decide.
	one := newPool(t, threadpool.Options{Limit: 1})
	defer occupy(t, one, 1)()
	_ = one.Submit(background, func() {})
	if one.Awake() || one.Events() != nil || one.Stats().Reason != "" {
		t.Errorf("%+v", one.Stats())
	}
}

func TestHintsSayHowManySlotsThereAre(t *testing.T) {
	for _, c := range []struct {
		o    threadpool.Options
		want int
	}{
		{threadpool.Options{Limit: 100}, first()},
		{threadpool.Options{Limit: 3}, 3},
		{threadpool.Options{Limit: 100, Hint: threadpool.WillBlock}, 100},
		{threadpool.Options{Limit: 100, Hint: threadpool.CPU}, min(runtime.GOMAXPROCS(0), runtime.NumCPU())},
		{threadpool.Options{Limit: 1, Hint: threadpool.CPU}, 1},
	} {
		p := newPool(t, c.o)
		if s := p.Stats(); s.Limit != c.want || s.Max != c.o.Limit {
			t.Errorf("%+v: %+v", c.o, s)
		}
		for _, n := range []int{1, 60} {
			if err := p.Resize(n); err != nil {
				t.Fatal(err)
			}
			if s := p.Stats(); s.Limit > n || s.Max != n {
				t.Errorf("%+v, resized to %d: %+v", c.o, n, s)
			}
		}
	}
	if _, err := threadpool.New(threadpool.Options{Hint: threadpool.CPU + 1}); err == nil {
		t.Error("an unknown hint: no error")
	}
}

// In a bubble a pool has all its slots, and nothing of it makes time go on: where
// all wait for ever, the bubble says so instead of spinning.
func TestAPoolInABubbleDoesNotAdapt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := mustNew(t, threadpool.Options{Limit: 30})
		stop := make(chan struct{})
		for range 60 {
			if err := p.Submit(background, func() { <-stop }); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		if s := p.Stats(); s.Running != 30 || s.Limit != 30 || s.Reason != "" {
			t.Errorf("%+v", s)
		}
		before := time.Now()
		synctest.Wait()
		if d := time.Since(before); d != 0 {
			t.Errorf("the clock went on by %v", d)
		}
		close(stop)
		if err := p.Shutdown(background); err != nil {
			t.Error(err)
		}
	})
}

// Goroutines in a bubble use a pool outside: they are not held up by a size that
// only the clock outside can change.
func TestABubbleDoesNotWaitForThePoolToGrow(t *testing.T) {
	leak.Check(t)
	p := newPool(t, threadpool.Options{Limit: 30})
	synctest.Test(t, func(t *testing.T) {
		stop := make(chan struct{})
		var all sync.WaitGroup
		var inside atomic.Int64
		for i := range 30 {
			all.Go(func() {
				ctx := background
				if i%2 == 0 {
					ctx = t.Context()
				}
				if err := p.Do(ctx, func() { inside.Add(1); <-stop }); err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		if n := inside.Load(); n != 30 {
			t.Errorf("%d are inside", n)
		}
		close(stop)
		all.Wait()
	})
}

// Sizes, classes, hints and waits change while the tuner works on them.
func TestTheTunerUnderFire(t *testing.T) {
	leak.Check(t)
	p := mustNew(t, threadpool.Options{Limit: 64})
	c := mustClass(t, p, threadpool.ClassOptions{Limit: 32})
	var of gauge
	var all sync.WaitGroup
	end := time.Now().Add(300 * time.Millisecond)
	for i := range 80 {
		all.Go(func() {
			q := []*threadpool.Pool{p, c}[i%2]
			for time.Now().Before(end) {
				if err := q.Do(background, func() { of.enter(); time.Sleep(time.Duration(i) * 20 * time.Microsecond); of.leave() }); err != nil {
					t.Error(err)
				}
				if i == 7 {
					if err := c.Resize(1 + int(time.Now().UnixNano()%32)); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	all.Wait()
	if err := p.Shutdown(background); err != nil {
		t.Error(err)
	}
	// Each may be between its last look and the next.
	waitFor(t, "the tuners to sleep", func() bool { return !p.Awake() && !c.Awake() })
	if s := p.Stats(); s.All != 0 || of.most.Load() > 64 {
		t.Errorf("%d at once, %+v", of.most.Load(), s)
	}
}
