package threadpool_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/causeway-go/causeway/internal/hammer"
	"github.com/causeway-go/causeway/internal/leak"
	"github.com/causeway-go/causeway/threadpool"
)

func TestAThousandNestedJobsOnOneSlot(t *testing.T) {
	leak.Check(t)
	for name, ctx := range map[string]context.Context{"here": background, "elsewhere": cancelable(t)} {
		t.Run(name, func(t *testing.T) {
			p := newPool(t, threadpool.Options{Limit: 1})
			depth := 0
			var nest func()
			nest = func() {
				if depth++; depth < 1000 {
					if err := p.Do(ctx, nest); err != nil {
						t.Error(err)
					}
				}
			}
			if err := p.Do(ctx, nest); err != nil || depth != 1000 {
				t.Errorf("depth %d: %v", depth, err)
			}
			if s := p.Stats(); s.Peak != 1 {
				t.Errorf("%d jobs at once on one slot", s.Peak)
			}
		})
	}
}

// Two pools of one slot, whose jobs call each other's: with slots held while
// waiting this deadlocks at once.
func TestPoolsThatCallEachOther(t *testing.T) {
	leak.Check(t)
	pools := [2]*threadpool.Pool{
		newPool(t, threadpool.Options{Limit: 1}),
		newPool(t, threadpool.Options{Limit: 1}),
	}
	contexts := [2]context.Context{background, cancelable(t)}
	var gauges [2]gauge
	var call func(who, depth, how int)
	call = func(who, depth, how int) {
		err := pools[who].Do(contexts[how>>depth&1], func() {
			gauges[who].enter()
			gauges[who].leave()
			if depth < 6 {
				call(1-who, depth+1, how)
			}
		})
		if err != nil {
			t.Error(err)
		}
	}
	hammer.Run(t, 6, func(goroutine, i int) { call(goroutine%2, 0, i) })
	for i, p := range pools {
		if s := p.Stats(); s.Peak > 1 || gauges[i].most.Load() > 1 {
			t.Errorf("pool %d: peak %d", i, s.Peak)
		}
	}
}

func TestASlotInASlot(t *testing.T) {
	leak.Check(t)
	a, b := newPool(t, threadpool.Options{Limit: 1}), newPool(t, threadpool.Options{Limit: 1})
	running := func(wantA, wantB int) {
		t.Helper()
		if sa, sb := a.Stats(), b.Stats(); sa.Running != wantA || sb.Running != wantB {
			t.Errorf("running %d and %d, want %d and %d", sa.Running, sb.Running, wantA, wantB)
		}
	}
	enter := func(p *threadpool.Pool) threadpool.Slot {
		t.Helper()
		s, err := p.Enter(background)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	s1 := enter(a)
	running(1, 0)
	s2 := enter(a) // the same slot
	running(1, 0)
	s3 := enter(b) // a's is given up meanwhile
	running(0, 1)
	s4 := enter(a) // and b's
	running(1, 0)
	s4.Leave()
	running(0, 1)
	s3.Leave()
	running(1, 0)
	s2.Leave()
	running(1, 0)
	s1.Leave()
	running(0, 0)
}

func TestLeavingTwiceIsAMistake(t *testing.T) {
	p := newPool(t, threadpool.Options{})
	s, err := p.Enter(background)
	if err != nil {
		t.Fatal(err)
	}
	s.Leave()
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	s.Leave()
}

func TestAJobThatWaitsGoesBeforeThoseThatHaveNotStarted(t *testing.T) {
	leak.Check(t)
	p := newPool(t, threadpool.Options{Limit: 1})
	var mu sync.Mutex
	var order []string
	note := func(s string) { mu.Lock(); order = append(order, s); mu.Unlock() }
	var all sync.WaitGroup
	err := p.Do(background, func() {
		for i := range 3 {
			all.Add(1)
			if err := p.Submit(background, func() { defer all.Done(); note(fmt.Sprint("queued ", i)) }); err != nil {
				t.Error(err)
			}
		}
		// Stands behind the three, and gives its slot up for them.
		if err := p.Do(cancelable(t), func() { note("inner") }); err != nil {
			t.Error(err)
		}
		note("outer")
	})
	if err != nil {
		t.Fatal(err)
	}
	all.Wait()
	if got := fmt.Sprint(order); got != "[queued 0 queued 1 queued 2 inner outer]" {
		t.Error(got)
	}
}

func TestSubmitInsideAJobWithAFullQueue(t *testing.T) {
	leak.Check(t)
	p := newPool(t, threadpool.Options{Limit: 1, Queue: 1})
	var all sync.WaitGroup
	err := p.Do(background, func() {
		for range 100 {
			all.Add(1)
			if err := p.Submit(background, all.Done); err != nil {
				t.Error(err)
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	all.Wait()
}

func TestResizeToSmallerInsideFullPoolOfWaitingJobs(t *testing.T) {
	leak.Check(t)
	p := newPool(t, threadpool.Options{Limit: 6})
	ctx := cancelable(t)
	var all sync.WaitGroup
	for i := range 6 {
		all.Go(func() {
			err := p.Do(background, func() {
				if err := p.Resize(1 + i%2); err != nil {
					t.Error(err)
				}
				if err := p.Do(ctx, func() {}); err != nil {
					t.Error(err)
				}
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}

// A job whose wait ends because its context does must not wait for a slot: here
// the only one is held by the call that it has left.
func TestAWaitThatIsLeftDoesNotWaitForASlot(t *testing.T) {
	leak.Check(t)
	p := newPool(t, threadpool.Options{Limit: 1})
	ctx, cancel := context.WithCancel(background)
	hang := make(chan struct{})
	err := p.Do(background, func() {
		err := p.Do(ctx, func() { cancel(); <-hang })
		if !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		if s := p.Stats(); s.Running != 2 || s.Abandoned != 1 {
			t.Errorf("beyond the limit for now: %+v", s)
		}
	})
	if err != nil {
		t.Error(err)
	}
	if s := p.Stats(); s.Running != 1 {
		t.Errorf("the slot beyond the limit must end with its job: %+v", s)
	}
	close(hang)
}
