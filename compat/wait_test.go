package compat_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/causeway-go/causeway/compat"
	"github.com/causeway-go/causeway/compat/mainloop"
	"github.com/causeway-go/causeway/internal/hammer"
	"github.com/causeway-go/causeway/internal/leak"
	"github.com/causeway-go/causeway/threadpool"
)

// onJob runs f in a job of a pool of one slot, where waiting goes another way.
func onJob(t testing.TB, f func()) {
	t.Helper()
	pool, err := threadpool.New(threadpool.Options{Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	if err := pool.Do(context.Background(), f); err != nil {
		t.Fatal(err)
	}
}

// places is where the waits are tried.
var places = map[string]func(testing.TB, func()){
	"goroutine": func(_ testing.TB, f func()) { f() },
	"job":       onJob,
}

func TestCondWaitEndsWithASignalOrWithTheContext(t *testing.T) {
	for name, run := range places {
		t.Run(name, func(t *testing.T) {
			leak.Check(t)
			synctest.Test(t, func(t *testing.T) {
				run(t, func() {
					var mu sync.Mutex
					c := sync.NewCond(&mu)
					ready := false
					ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
					defer cancel()
					time.AfterFunc(time.Second, func() { mu.Lock(); ready = true; mu.Unlock(); c.Signal() })
					mu.Lock()
					for !ready {
						if err := compat.CondWait(ctx, c); err != nil {
							t.Error(err)
						}
					}
					if err := compat.CondWait(ctx, c); !errors.Is(err, context.DeadlineExceeded) {
						t.Error(err)
					}
					if err := compat.CondWait(ctx, c); !errors.Is(err, context.DeadlineExceeded) {
						t.Error("with a context that had ended:", err)
					}
					if mu.TryLock() {
						t.Error("the lock is not held after CondWait")
					}
					mu.Unlock()
				})
			})
		})
	}
}

// A Signal and the end of a context at the same moment: the Signal must reach
// another waiter, or the value it stands for is lost.
func TestCondWaitPassesOnASignalThatComesTooLate(t *testing.T) {
	leak.Check(t)
	hammer.Run(t, 1, func(_, i int) {
		var mu sync.Mutex
		c := sync.NewCond(&mu)
		items := 0
		ctx, cancel := context.WithCancel(context.Background())
		take := func(ctx context.Context) bool {
			mu.Lock()
			defer mu.Unlock()
			for items == 0 {
				if compat.CondWait(ctx, c) != nil {
					return false
				}
			}
			items--
			return true
		}
		var taken atomic.Int32
		var wg sync.WaitGroup
		wg.Go(func() {
			if take(ctx) {
				taken.Add(1)
				mu.Lock() // put it back for the other one
				items++
				mu.Unlock()
				c.Signal()
			}
		})
		wg.Go(func() {
			if !take(context.Background()) {
				t.Error("left without a reason")
			}
		})
		wg.Go(func() { mu.Lock(); items++; mu.Unlock(); c.Signal() })
		wg.Go(cancel)
		wg.Wait() // hangs if the Signal is lost
	})
}

// What is deferred there unlocks.
func TestCondWaitHoldsTheLockAlsoWhereTheWaitIsRefused(t *testing.T) {
	leak.Check(t)
	l, err := mainloop.NewPolled(mainloop.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	l.Run(func() error {
		mu.Lock()
		if err := compat.CondWait(t.Context(), sync.NewCond(&mu)); !errors.Is(err, mainloop.ErrWait) {
			t.Error(err)
		}
		if mu.TryLock() {
			t.Error("CondWait has returned without the lock")
		}
		return nil
	})
}

func TestGroupWaitEndsWithTheGroupOrWithTheContext(t *testing.T) {
	for name, run := range places {
		t.Run(name, func(t *testing.T) {
			leak.Check(t)
			synctest.Test(t, func(t *testing.T) {
				run(t, func() {
					var wg sync.WaitGroup
					if err := compat.GroupWait(t.Context(), &wg); err != nil {
						t.Error("of an empty group:", err)
					}
					if err := compat.GroupWait(context.Background(), &wg); err != nil {
						t.Error("of an empty group:", err)
					}
					wg.Add(1)
					ctx, cancel := context.WithTimeout(t.Context(), time.Second)
					defer cancel()
					for range 100 {
						if err := compat.GroupWait(ctx, &wg); !errors.Is(err, context.DeadlineExceeded) {
							t.Error(err)
						}
					}
					time.AfterFunc(time.Second, wg.Done)
					if err := compat.GroupWait(t.Context(), &wg); err != nil {
						t.Error(err)
					}
				})
			})
		})
	}
}

func TestGroupWaitKeepsOneGoroutineHoweverManyHaveLeft(t *testing.T) {
	leak.Check(t)
	var wg sync.WaitGroup
	wg.Add(1)
	before := leak.Goroutines()
	for range 50 {
		if err := compat.GroupWait(untilWaitedFor(t), &wg); !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
	}
	if n := settled(before + 1); n > before+1 {
		t.Fatalf("%d goroutines for 50 waits that were left", n-before)
	}
	wg.Done()
}

func TestGroupWaitAllowsReuse(t *testing.T) {
	leak.Check(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var wg sync.WaitGroup
	hammer.Run(t, 1, func(_, i int) {
		var ended atomic.Int32
		for range 3 {
			wg.Go(func() { ended.Add(1) })
		}
		if err := compat.GroupWait(ctx, &wg); err != nil || ended.Load() != 3 {
			t.Errorf("%v, %d of 3 have ended", err, ended.Load())
		}
	})
}

func TestLockTakesAFreeLockAndWaitsForAHeldOne(t *testing.T) {
	var rw sync.RWMutex
	for name, l := range map[string]sync.Locker{
		"Mutex": new(sync.Mutex), "RWMutex": &rw, "RLocker": rw.RLocker(), "no TryLock": plain{new(sync.Mutex)},
		"not comparable": odd{mu: new(sync.Mutex)}, "not comparable by content": veiled{new(sync.Mutex), []int{1}},
	} {
		for place, run := range places {
			t.Run(name+" "+place, func(t *testing.T) {
				leak.Check(t)
				run(t, func() {
					ctx, cancel := context.WithCancelCause(t.Context())
					if err := compat.Lock(ctx, l); err != nil {
						t.Error(err)
					}
					l.Unlock()
					if name == "RLocker" {
						rw.Lock()
					} else {
						l.Lock()
					}
					time.AfterFunc(time.Millisecond, func() { cancel(errTest) })
					if err := compat.Lock(ctx, l); !errors.Is(err, errTest) || !errors.Is(err, context.Canceled) {
						t.Error("while it is held:", err)
					}
					if err := compat.Lock(ctx, l); !errors.Is(err, errTest) {
						t.Error("with a context that has ended:", err)
					}
					time.AfterFunc(time.Millisecond, func() {
						if name == "RLocker" {
							rw.Unlock()
						} else {
							l.Unlock()
						}
					})
					if err := compat.Lock(t.Context(), l); err != nil {
						t.Error(err)
					}
					l.Unlock()
					if err := compat.Lock(context.Background(), l); err != nil {
						t.Error(err)
					}
					l.Unlock()
				})
			})
		}
	}
}

// plain is a Locker without TryLock.
type plain struct{ sync.Locker }

// odd is a Locker that cannot be the key of a map.
type odd struct {
	mu *sync.Mutex
	_  []int
}

func (o odd) Lock()   { o.mu.Lock() }
func (o odd) Unlock() { o.mu.Unlock() }

// veiled is another one, which its type does not tell.
type veiled struct {
	sync.Locker
	mark any
}

// chanLock is a Locker on which a bubble knows that somebody waits.
type chanLock chan struct{}

func (c chanLock) Lock()   { c <- struct{}{} }
func (c chanLock) Unlock() { <-c }

func TestLockIsFirstComeFirstServed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := make(chanLock, 1)
		l.Lock()
		order := make(chan int, 5)
		for i := range 5 {
			go func() {
				if err := compat.Lock(t.Context(), l); err != nil {
					t.Error(err)
				}
				order <- i
				l.Unlock()
			}()
			synctest.Wait() // until it is in the queue
		}
		l.Unlock()
		for want := range 5 {
			if i := <-order; i != want {
				t.Errorf("number %d came at place %d", i, want)
			}
		}
	})
}

func TestLockKeepsOneGoroutineHoweverManyHaveLeft(t *testing.T) {
	leak.Check(t)
	var mu sync.Mutex
	mu.Lock()
	before := leak.Goroutines()
	for range 50 {
		if err := compat.Lock(untilWaitedFor(t), &mu); !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
	}
	if n := settled(before + 1); n > before+1 {
		t.Fatalf("%d goroutines for 50 locks that were given up", n-before)
	}
	mu.Unlock()
	if err := compat.Lock(t.Context(), &mu); err != nil {
		t.Fatal(err)
	}
	mu.Unlock()
}

func TestLockUnderFireExcludesAndLosesNoLock(t *testing.T) {
	leak.Check(t)
	var mu sync.Mutex
	inside, locked := 0, 0
	hammer.Run(t, 6, func(g, i int) {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		if g%2 == 0 {
			go cancel()
		}
		if err := compat.Lock(ctx, &mu); err != nil {
			if !errors.Is(err, context.Canceled) || g%2 != 0 {
				t.Error(err)
			}
			return
		}
		if inside++; inside != 1 {
			t.Error("two inside")
		}
		locked++
		yield()
		inside--
		mu.Unlock()
	})
	mu.Lock() // hangs if a lock was lost
	if locked == 0 {
		t.Error("nobody ever got the lock")
	}
	mu.Unlock()
}

func TestLockHandsOverUnderFireOfReaders(t *testing.T) {
	leak.Check(t)
	var rw sync.RWMutex
	n := 0
	hammer.Run(t, 6, func(g, i int) {
		ctx, cancel := context.WithTimeout(context.Background(), time.Duration(i%50)*time.Microsecond)
		defer cancel()
		if g == 0 {
			if compat.Lock(ctx, &rw) == nil {
				n++
				rw.Unlock()
			}
			return
		}
		if compat.Lock(ctx, rw.RLocker()) == nil {
			_ = n
			rw.RUnlock()
		}
	})
	through(&rw)
}
