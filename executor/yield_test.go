package executor_test

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/causeway-go/causeway/executor"
	"github.com/causeway-go/causeway/internal/leak"
	"github.com/causeway-go/causeway/pollster"
)

// giveWay waits for a Yield.
func giveWay() { _, _ = pollster.BlockOn(background, pollster.Yield()) }

func TestFunctionTasksTakeTurnsByYield(t *testing.T) {
	leak.Check(t)
	l := newLocal(t, executor.LocalOptions{})
	var order []string
	for _, name := range []string{"a", "b", "c"} {
		executor.Go(l, func(context.Context) (int, error) {
			for i := range 3 {
				order = append(order, fmt.Sprint(name, i))
				giveWay()
			}
			return 0, nil
		})
	}
	pump(l)
	if want := []string{"a0", "b0", "c0", "a1", "b1", "c1", "a2", "b2", "c2"}; !slices.Equal(order, want) {
		t.Errorf("%v", order)
	}
	l.Close()
}

// selfish wakes itself at its first poll.
func selfish() pollster.Future[int] {
	polled := false
	return future(func(w *pollster.Waker) (int, bool, error) {
		if polled {
			return 0, true, nil
		}
		polled = true
		w.Wake()
		return 0, false, nil
	})
}

// A body whose waits are all over before they begin lets others run now and then.
func TestABodyThatNeverHasToWaitDoesNotStarveOthers(t *testing.T) {
	leak.Check(t)
	l := newLocal(t, executor.LocalOptions{})
	waits, most, since := 0, 0, 0
	stop := false
	executor.Go(l, func(context.Context) (int, error) {
		for !stop && waits < 100_000 {
			_, _ = pollster.BlockOn(background, selfish())
			waits++
			since++
			most = max(most, since)
		}
		return 0, nil
	})
	executor.Go(l, func(context.Context) (int, error) {
		for range 100 {
			since = 0
			giveWay()
		}
		stop = true
		return 0, nil
	})
	pump(l)
	l.Close()
	if most > 33 || waits < 1000 || waits > 10_000 {
		t.Errorf("%d waits, up to %d of them before the other body had its turn", waits, most)
	}
}

// A wait that had to wait begins the count anew, so ordinary bodies do not pay.
func TestWaitsThatWaitAreNotCounted(t *testing.T) {
	leak.Check(t)
	l := newLocal(t, executor.LocalOptions{})
	polls := 0
	task := executor.Go(l, func(context.Context) (int, error) {
		for range 10 {
			for range 31 {
				_, _ = pollster.BlockOn(background, selfish())
			}
			var p pollster.Promise[int]
			executor.Spawn(l, future(func(*pollster.Waker) (int, bool, error) { p.Resolve(1); return 0, true, nil })).Detach()
			_, _ = p.Wait(background)
		}
		return 0, nil
	})
	for ; l.Poll(1); polls++ {
	}
	if _, ready, _ := task.Poll(nil); !ready || polls > 25 {
		t.Errorf("ready %v after %d polls, want 1 and two for each wait", ready, polls)
	}
	l.Close()
}

func TestABodyThatYieldsForEverIsEndedByCancel(t *testing.T) {
	leak.Check(t)
	l := newLocal(t, executor.LocalOptions{})
	deferred := false
	task := executor.Go(l, func(context.Context) (int, error) {
		defer func() { deferred = true }()
		for {
			giveWay()
		}
	})
	executor.Go(l, func(context.Context) (int, error) {
		giveWay()
		task.Cancel()
		return 0, nil
	})
	pump(l)
	if !deferred {
		t.Error("the body goes on")
	}
	l.Close()
}

// With a context of its own the body is told by that, as in any other wait.
func TestYieldHeedsItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(background)
	if _, err := pollster.BlockOn(ctx, pollster.Yield()); err != nil {
		t.Error(err)
	}
	cancel()
	if _, err := pollster.BlockOn(ctx, pollster.Yield()); err == nil {
		t.Error("no error after the end of the context")
	}
	l := newLocal(t, executor.LocalOptions{})
	var told error
	task := executor.Go(l, func(ctx context.Context) (int, error) {
		for told == nil {
			_, told = pollster.BlockOn(ctx, pollster.Yield())
		}
		return 0, told
	})
	executor.Go(l, func(context.Context) (int, error) { task.Cancel(); return 0, nil })
	pump(l)
	if told == nil {
		t.Error("the body was not told")
	}
	l.Close()
}

// Where nobody can give way, a Yield is over at once.
func TestYieldWhereNobodyCanGiveWay(t *testing.T) {
	leak.Check(t)
	l := newLocal(t, executor.LocalOptions{})
	ran := 0
	executor.Spawn(l, future(func(*pollster.Waker) (int, bool, error) {
		giveWay() // in a Poll
		ran++
		return 0, true, nil
	})).Detach()
	executor.GoAttr(l, executor.Attr{Park: true}, func(context.Context) (int, error) {
		for range 100 {
			giveWay()
		}
		ran++
		return 0, nil
	})
	y := pollster.Yield()
	if _, ready, _ := y.Poll(new(pollster.Waker)); ready {
		t.Error("ready at the first poll")
	}
	_, _ = pollster.BlockOn(background, y)
	pump(l)
	if ran != 2 {
		t.Errorf("%d of 2", ran)
	}
	l.Close()
}

// A body that knows of its end from its context may wait to clean up, although it
// was told while it gave way.
func TestABodyThatIsToldWhenItGivesWayMayCleanUp(t *testing.T) {
	leak.Check(t)
	for name, until := range map[string]func(context.Context) error{
		"Yield": func(ctx context.Context) error {
			_, err := pollster.BlockOn(ctx, pollster.Yield())
			return err
		},
		"a wait that is over": func(ctx context.Context) error {
			for range 40 {
				_, _ = pollster.BlockOn(background, selfish())
			}
			return ctx.Err()
		},
		"a wait that watches": func(ctx context.Context) error {
			for range 40 {
				_, _ = pollster.BlockOn(background, selfish())
			}
			_, err := pollster.BlockOn(ctx, pollster.Future[int](&probe{}))
			return err
		},
	} {
		ex := start(t, 1, executor.Options{StuckAfter: -1})
		begin := make(chan struct{})
		var task *executor.Task[int]
		task = executor.Go(ex, func(ctx context.Context) (int, error) {
			<-begin
			executor.Go(ex, func(context.Context) (int, error) { task.Cancel(); return 0, nil })
			if until(ctx) == nil {
				t.Errorf("%s: not told", name)
			}
			p := &probe{value: 4}
			executor.Go(ex, func(context.Context) (int, error) { p.Open(); return 0, nil })
			giveWay()
			return pollster.BlockOn(background, pollster.Future[int](p))
		})
		close(begin)
		if v, err := task.Wait(background); v != 4 || err != nil {
			t.Errorf("%s: %d, %v", name, v, err)
		}
	}
}

// One that does not look, and never has to wait, is ended all the same, once.
func TestABodyThatNeverHasToWaitIsEnded(t *testing.T) {
	leak.Check(t)
	for _, closes := range []bool{false, true} {
		ex := newExecutor(t, executor.Options{StuckAfter: -1})
		begin := make(chan struct{})
		waits, cleaned := 0, 0
		var task *executor.Task[int]
		task = executor.Go(ex, func(context.Context) (int, error) {
			defer func() {
				for range 100 {
					_, _ = pollster.BlockOn(background, selfish())
					cleaned++
				}
			}()
			<-begin
			if !closes {
				executor.Go(ex, func(context.Context) (int, error) { task.Cancel(); return 0, nil })
			}
			for ; waits < 3_000_000; waits++ {
				if closes && waits == 100 {
					go ex.Close()
				}
				_, _ = pollster.BlockOn(background, selfish())
			}
			return 1, nil
		})
		ended := make(chan struct{})
		go func() { defer close(ended); ex.Run(background) }()
		close(begin)
		if _, err := task.Wait(background); err == nil || cleaned != 100 {
			t.Errorf("close %v: %v after %d waits, then %d", closes, err, waits, cleaned)
		}
		ex.Close()
		<-ended
	}
}

// Bodies that give way for ever, in each of the ways, while they are cancelled or
// their executor is closed, all end, and clean up first.
func TestYieldUnderFire(t *testing.T) {
	leak.Check(t)
	for i := range 20 {
		ex := newExecutor(t, executor.Options{StuckAfter: -1})
		end := start2(t, ex)
		var wg, began sync.WaitGroup
		var cleaned atomic.Int32
		began.Add(6)
		for g := range 6 {
			ctx, cancel := context.WithCancel(background)
			f := func(ctx context.Context) (int, error) {
				defer cleaned.Add(1)
				defer cleanUp()
				began.Done()
				return giveWayForEver(ctx, g%3)
			}
			wg.Go(func() {
				if g%2 == 0 {
					_, _ = executor.Do(ctx, ex, f)
				} else {
					_, _ = pollster.BlockOn(ctx, pollster.Future[int](executor.Go(ex, f)))
				}
			})
			wg.Go(func() {
				defer cancel()
				began.Wait()
				for range i % 4 {
					runtime.Gosched()
				}
				if i%2 == 1 && g == 5 {
					ex.Close()
				}
			})
		}
		wg.Wait()
		end()
		// A stand-in may be about to note that the last one has ended.
		for deadline := time.Now().Add(10 * time.Second); !ex.IsEmpty() && time.Now().Before(deadline); {
			runtime.Gosched()
		}
		if n := ex.Stats().Tasks; n != 0 || cleaned.Load() != 6 {
			t.Errorf("%d tasks left, %d have cleaned up", n, cleaned.Load())
		}
	}
}

func giveWayForEver(ctx context.Context, how int) (int, error) {
	for {
		switch how {
		case 0:
			giveWay()
		case 1:
			_, _ = pollster.BlockOn(background, selfish())
		default:
			if _, err := pollster.BlockOn(ctx, pollster.Yield()); err != nil {
				return 0, err
			}
		}
	}
}

// cleanUp waits in each of the ways.
func cleanUp() {
	for range 70 {
		giveWay()
		_, _ = pollster.BlockOn(background, selfish())
	}
	p := &probe{}
	go p.Open()
	_, _ = pollster.BlockOn(background, pollster.Future[int](p))
}
