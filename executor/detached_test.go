package executor_test

import (
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/causeway-go/causeway/executor"
	"github.com/causeway-go/causeway/pollster"
)

type none = struct{}

// inTask runs f inside a task of ex, where tasks without a handle are reused.
func inTask(ex *executor.Executor, f func()) {
	executor.Spawn(ex, future(func(*pollster.Waker) (int, bool, error) {
		f()
		return 0, true, nil
	})).Wait(background)
}

func TestSpawnDetachedRunsEachOnce(t *testing.T) {
	for _, inside := range []bool{false, true} {
		ex := start(t, 2, executor.Options{})
		const n = 10_000
		var ran atomic.Int64
		spawn := func() {
			for range n {
				executor.SpawnDetached(ex, future(func(*pollster.Waker) (none, bool, error) {
					ran.Add(1)
					return none{}, true, nil
				}))
			}
		}
		if inside {
			inTask(ex, spawn)
		} else {
			spawn()
		}
		for !ex.IsEmpty() {
			runtime.Gosched()
		}
		if ran.Load() != n || ex.Stats().Tasks != 0 {
			t.Errorf("inside %v: %d of %d ran, %d left", inside, ran.Load(), n, ex.Stats().Tasks)
		}
	}
}

func TestSpawnDetachedDoesNotAllocateInATask(t *testing.T) {
	ex := start(t, 1, executor.Options{})
	f := pollster.Ready(none{})
	var before, after runtime.MemStats
	rounds := 0
	executor.Spawn(ex, future(func(w *pollster.Waker) (int, bool, error) {
		if rounds == 1 { // the first one has filled the store
			runtime.ReadMemStats(&before)
		}
		if rounds++; rounds == 100 {
			runtime.ReadMemStats(&after)
			return 0, true, nil
		}
		for range 100 {
			executor.SpawnDetached(ex, f)
		}
		w.Wake()
		return 0, false, nil
	})).Wait(background)
	if n := after.Mallocs - before.Mallocs; n > 200 { // of 9,800; others allocate too
		t.Errorf("%d allocations for 9,800 tasks", n)
	}
}

// A leaver leaves its waker with the test when it ends.
type leaver struct {
	polls  int
	needs  int
	wakers *[]*pollster.Waker
}

func (l *leaver) Poll(w *pollster.Waker) (none, bool, error) {
	l.polls++
	*l.wakers = append(*l.wakers, w)
	return none{}, l.polls >= l.needs, nil
}

func TestAWakerOfADetachedTaskThatHasEnded(t *testing.T) {
	ex := newExecutor(t, executor.Options{})
	var wakers []*pollster.Waker
	first, second := &leaver{needs: 1, wakers: &wakers}, &leaver{needs: 3, wakers: &wakers}
	spawn := func(l *leaver) {
		executor.Spawn(ex, future(func(*pollster.Waker) (int, bool, error) {
			executor.SpawnDetached(ex, pollster.Future[none](l))
			return 0, true, nil
		}))
	}
	// All on one worker: a tick has a worker of its own, which is used again.
	spawn(first)
	tickAll(ex)
	wakers[0].Wake() // ended, and perhaps in store
	if n := tickAll(ex); n != 0 || first.polls != 1 {
		t.Errorf("a wake after the end: %d polls more", n)
	}
	spawn(second)
	tickAll(ex)
	if second.polls != 1 {
		t.Fatalf("%d polls at first", second.polls)
	}
	wakers[0].Wake() // may mean second now
	tickAll(ex)
	for second.polls < 3 {
		polls := second.polls
		wakers[len(wakers)-1].Wake()
		if tickAll(ex); second.polls != polls+1 {
			t.Fatalf("its own wake: %d polls, then %d", polls, second.polls)
		}
	}
	if !ex.IsEmpty() {
		t.Error("not empty")
	}
}

func TestDetachedTasksThatEndBadly(t *testing.T) {
	var panics atomic.Int32
	ex := start(t, 1, executor.Options{OnPanic: func(v any, _ []byte) {
		if v == "detached" {
			panics.Add(1)
		}
	}})
	for range 3 { // again, on what the others have left
		inTask(ex, func() {
			executor.SpawnDetached(ex, nil)
			executor.SpawnDetached(ex, pollster.Failed[none](errors.New("nobody sees this")))
			executor.SpawnDetached(ex, future(func(*pollster.Waker) (none, bool, error) { panic("detached") }))
			executor.SpawnDetached(ex, future(func(*pollster.Waker) (none, bool, error) {
				runtime.Goexit()
				return none{}, true, nil
			}))
			executor.SpawnDetached(ex, pollster.Ready(none{}))
		})
	}
	for !ex.IsEmpty() {
		runtime.Gosched()
	}
	if panics.Load() != 3 {
		t.Errorf("%d panics reported, want 3", panics.Load())
	}
}

func TestCloseDropsDetachedTasks(t *testing.T) {
	ex := newExecutor(t, executor.Options{})
	var drops, polls atomic.Int32
	parked := func() pollster.Future[none] { return &counted{polls: &polls, drops: &drops} }
	executor.Spawn(ex, future(func(*pollster.Waker) (int, bool, error) {
		executor.SpawnDetached(ex, parked())
		executor.SpawnDetached(ex, parked())
		return 0, true, nil
	}))
	tickAll(ex)
	executor.Spawn(ex, future(func(*pollster.Waker) (int, bool, error) {
		executor.SpawnDetached(ex, parked()) // queued, never polled
		return 0, true, nil
	}))
	ex.TryTick()
	ex.Close()
	executor.SpawnDetached(ex, parked()) // too late
	if drops.Load() != 4 || polls.Load() != 2 || !ex.IsEmpty() {
		t.Errorf("%d of 4 dropped, %d polls, %d tasks left", drops.Load(), polls.Load(), ex.Stats().Tasks)
	}
}

// A counted future never ends and counts.
type counted struct{ polls, drops *atomic.Int32 }

func (c *counted) Poll(*pollster.Waker) (none, bool, error) {
	c.polls.Add(1)
	return none{}, false, nil
}
func (c *counted) Cancel() { c.drops.Add(1) }

// Wakes, from elsewhere, of tasks without a handle, during and after their
// first poll and while their memory serves others: none that counts is lost.
func TestWakesOfDetachedTasksAreNotLost(t *testing.T) {
	ex := start(t, 2, executor.Options{})
	const tasks, wakers = 3_000, 2
	ready := make(chan *pollster.Promise[none], 64)
	var stale sync.Map
	var wg, done sync.WaitGroup
	for range wakers {
		wg.Go(func() {
			for p := range ready {
				p.Resolve(none{})
				stale.Range(func(w, _ any) bool {
					w.(*pollster.Waker).Wake() // whoever has it now
					stale.Delete(w)
					return true
				})
			}
		})
	}
	done.Add(tasks)
	inTask(ex, func() {
		for range tasks {
			p, sent := new(pollster.Promise[none]), false
			executor.SpawnDetached(ex, future(func(w *pollster.Waker) (none, bool, error) {
				_, ok, err := p.Poll(w)
				stale.Store(w, nil)
				if ok {
					done.Done()
				} else if !sent { // a spurious poll sends nothing
					sent = true
					select {
					case ready <- p:
					default:
						go func() { ready <- p }()
					}
				}
				return none{}, ok, err
			}))
		}
	})
	done.Wait()
	for !ex.IsEmpty() {
		runtime.Gosched()
	}
	close(ready)
	wg.Wait()
}

func TestIsEmptyDoesNotLie(t *testing.T) {
	// One task is always there: it hands its place to the next, on whatever
	// worker that is.
	ex := start(t, 2, executor.Options{})
	var left, wrong atomic.Int64
	left.Store(20_000)
	var relay func(*pollster.Waker) (none, bool, error)
	relay = func(*pollster.Waker) (none, bool, error) {
		if left.Add(-1) > 0 {
			if left.Load()%3 == 0 {
				executor.Spawn(ex, future(relay))
			} else {
				executor.SpawnDetached(ex, future(relay))
			}
		}
		return none{}, true, nil
	}
	executor.SpawnDetached(ex, future(relay))
	for left.Load() > 1 {
		if ex.IsEmpty() && left.Load() > 1 {
			wrong.Add(1)
		}
		runtime.Gosched()
	}
	for !ex.IsEmpty() {
		runtime.Gosched()
	}
	if wrong.Load() != 0 {
		t.Errorf("%d times empty, while a task was there", wrong.Load())
	}
}
