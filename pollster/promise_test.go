package pollster_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/causeway-go/causeway/internal/hammer"
	"github.com/causeway-go/causeway/pollster"
)

func TestPromiseFirstToSettleWins(t *testing.T) {
	settlers := map[string]func(p *pollster.Promise[int]) bool{
		"resolve": func(p *pollster.Promise[int]) bool { return p.Resolve(1) },
		"reject":  func(p *pollster.Promise[int]) bool { return p.Reject(errTest) },
		"value":   func(p *pollster.Promise[int]) bool { return p.Settle(1, nil) },
		"error":   func(p *pollster.Promise[int]) bool { return p.Settle(1, errTest) },
	}
	for first, settle := range settlers {
		for second, again := range settlers {
			t.Run(first+" then "+second, func(t *testing.T) {
				var p pollster.Promise[int]
				if p.Done() {
					t.Error("done before anything")
				}
				if !settle(&p) {
					t.Error("the first call lost")
				}
				if again(&p) {
					t.Error("the second call won")
				}
				if !p.Done() || p.Canceled() {
					t.Errorf("Done = %v, Canceled = %v", p.Done(), p.Canceled())
				}
				for range 3 {
					if first == "resolve" || first == "value" {
						if v := ended(t, &p, nil); v != 1 {
							t.Errorf("value %d", v)
						}
					} else {
						fails(t, &p, nil, errTest)
					}
				}
			})
		}
	}
}

func TestPromiseWakesItsLatestPoller(t *testing.T) {
	var p pollster.Promise[string]
	w1, w2 := newCounter(), newCounter()
	pending(t, &p, &w1.Waker)
	pending(t, &p, &w2.Waker)
	pending(t, &p, &w2.Waker)
	p.Resolve("x")
	if n := w2.take(); n != 1 {
		t.Errorf("the latest waker was woken %d times", n)
	}
	if v := ended(t, &p, &w2.Waker); v != "x" {
		t.Errorf("value %q", v)
	}
}

func TestPromiseMaySettleInsideAPoll(t *testing.T) {
	var p pollster.Promise[int]
	f := pollster.Func[int](func(w *pollster.Waker) (int, bool, error) {
		p.Resolve(3)
		return p.Poll(w)
	})
	if v, err := pollster.BlockOn(t.Context(), f); v != 3 || err != nil {
		t.Errorf("got %d, %v", v, err)
	}
}

func TestPromiseResultNeedsNoPollAndNoLiveContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var p pollster.Promise[int]
	p.Resolve(4)
	if v, err := pollster.BlockOn(ctx, &p); v != 4 || err != nil {
		t.Errorf("BlockOn: %d, %v", v, err)
	}
	if v, err := p.Wait(ctx); v != 4 || err != nil {
		t.Errorf("Wait: %d, %v", v, err)
	}
	if v, err := pollster.BlockOn(ctx, p.Future()); v != 4 || err != nil {
		t.Errorf("BlockOn of Future: %d, %v", v, err)
	}
}

func TestPromiseRejectsANilError(t *testing.T) {
	var p pollster.Promise[int]
	if panics(func() { p.Reject(nil) }) == nil {
		t.Error("no panic")
	}
	if p.Done() {
		t.Error("the promise is settled")
	}
}

func TestPromiseCancelReachesTheResolver(t *testing.T) {
	var p pollster.Promise[int]
	var calls []string
	p.OnCancel(func() { calls = append(calls, "first") })
	p.OnCancel(func() { calls = append(calls, "second") })
	w := newCounter()
	pending(t, &p, &w.Waker)
	p.Cancel()
	p.Cancel()
	if want := []string{"first", "second"}; !slices.Equal(calls, want) {
		t.Errorf("calls %v, want %v", calls, want)
	}
	p.OnCancel(func() { calls = append(calls, "late") })
	if len(calls) != 3 {
		t.Error("OnCancel after Cancel was not called at once")
	}
	if !p.Canceled() || !p.Done() || p.Resolve(1) || p.Reject(errTest) {
		t.Error("a cancelled promise accepts a result")
	}
	fails(t, &p, &w.Waker, pollster.ErrCanceled)
	if !errors.Is(pollster.ErrCanceled, context.Canceled) {
		t.Error("ErrCanceled is not context.Canceled")
	}
	if n := w.take(); n != 0 {
		t.Errorf("the owner who cancelled was woken %d times", n)
	}
}

func TestPromiseCancelAfterTheEndDoesNothing(t *testing.T) {
	var p pollster.Promise[int]
	p.OnCancel(func() { t.Error("OnCancel function called") })
	p.Resolve(1)
	p.OnCancel(func() { t.Error("late OnCancel function called") })
	p.Cancel()
	if p.Canceled() {
		t.Error("Canceled is true")
	}
	if v := ended(t, &p, nil); v != 1 {
		t.Errorf("the result is %d", v)
	}
}

func TestPromiseEndedContextCancelsUnderBlockOnAndNotUnderWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var p, q pollster.Promise[int]
		if _, err := p.Wait(ctx); !errors.Is(err, context.DeadlineExceeded) || p.Done() {
			t.Errorf("Wait: %v, done %v", err, p.Done())
		}
		if !p.Resolve(7) {
			t.Error("a promise is lost to a Wait that gave up")
		}
		if _, err := pollster.BlockOn(ctx, &q); !errors.Is(err, context.DeadlineExceeded) || !q.Canceled() {
			t.Errorf("BlockOn: %v, canceled %v", err, q.Canceled())
		}
	})
}

func TestPromiseServesManyWaiters(t *testing.T) {
	for name, settle := range map[string]func(*pollster.Promise[int]){
		"resolved":  func(p *pollster.Promise[int]) { p.Resolve(5) },
		"rejected":  func(p *pollster.Promise[int]) { p.Reject(errTest) },
		"cancelled": func(p *pollster.Promise[int]) { p.Cancel() },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var p pollster.Promise[int]
				var waiters sync.WaitGroup
				for range 100 {
					waiters.Go(func() {
						v, err := p.Wait(context.Background())
						if name == "resolved" && (v != 5 || err != nil) || name != "resolved" && err == nil {
							t.Errorf("got %d, %v", v, err)
						}
					})
				}
				synctest.Wait()
				settle(&p)
				waiters.Wait()
			})
		})
	}
}

func TestPromiseViewsCanBeWithdrawnOneByOne(t *testing.T) {
	const n = 5
	for skip := range n {
		var p pollster.Promise[int]
		var views [n]pollster.Future[int]
		var wakers [n]*counter
		for i := range n {
			views[i], wakers[i] = p.Future(), newCounter()
			pending(t, views[i], &wakers[i].Waker)
			pending(t, views[i], &wakers[i].Waker)
		}
		for _, i := range []int{skip, (skip + 1) % n, skip} {
			pollster.Cancel(views[i])
		}
		p.Resolve(6)
		for i := range n {
			want := 1
			if i == skip || i == (skip+1)%n {
				want = 0
			}
			if got := wakers[i].take(); got != want {
				t.Errorf("without %d: view %d was woken %d times, want %d", skip, i, got, want)
			}
			if v := ended(t, views[i], nil); v != 6 {
				t.Errorf("view %d: %d", i, v)
			}
			pollster.Cancel(views[i])
		}
	}
}

func TestPromiseWakesTheOthersWhenAWakerPanics(t *testing.T) {
	var p pollster.Promise[int]
	broken := pollster.NewWaker(func() { panic("waker") })
	var views []*counter
	pending(t, &p, broken)
	for i := range 6 {
		w := newCounter()
		if i%2 == 0 {
			pending(t, p.Future(), broken)
		}
		pending(t, p.Future(), &w.Waker)
		views = append(views, w)
	}
	if v := panics(func() { p.Resolve(1) }); v != "waker" {
		t.Errorf("panic value %v", v)
	}
	for i, w := range views {
		if n := w.take(); n != 1 {
			t.Errorf("waiter %d was woken %d times", i, n)
		}
	}
}

func TestPromiseHammerOneWinnerAndNobodyLeftWaiting(t *testing.T) {
	hammer.Run(t, 2, func(g, i int) {
		var p pollster.Promise[int]
		var winners atomic.Int32
		var all sync.WaitGroup
		for range 2 {
			all.Go(func() {
				if p.Resolve(i) {
					winners.Add(1)
				}
			})
			all.Go(func() {
				if v, err := p.Wait(context.Background()); err == nil && v != i {
					t.Errorf("promise %d gave %d", i, v)
				}
			})
		}
		if i%4 == 0 {
			p.Cancel()
			if p.Canceled() {
				winners.Add(1)
			}
		} else if v, err := pollster.BlockOn(context.Background(), &p); v != i || err != nil {
			t.Errorf("promise %d gave %d, %v", i, v, err)
		}
		all.Wait()
		if n := winners.Load(); n != 1 {
			t.Errorf("promise %d had %d winners", i, n)
		}
	})
}
