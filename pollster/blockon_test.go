package pollster_test

import (
	"context"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/causeway-go/causeway/internal/leak"
	"github.com/causeway-go/causeway/pollster"
)

// blockOns are the two forms of BlockOn. Both are held to everything.
var blockOns = []struct {
	name string
	run  func(ctx context.Context, f pollster.Future[int]) (int, error)
}{
	{"BlockOn", pollster.BlockOn[int]},
	{"BlockOnThread", func(ctx context.Context, f pollster.Future[int]) (int, error) {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		return pollster.BlockOnThread(ctx, f)
	}},
	{"BlockOnThread, not locked", pollster.BlockOnThread[int]},
}

func forEachBlockOn(t *testing.T, f func(t *testing.T, blockOn func(context.Context, pollster.Future[int]) (int, error))) {
	for _, b := range blockOns {
		t.Run(b.name, func(t *testing.T) { f(t, b.run) })
	}
}

// after is a future that ends with 42 when d has passed since its first poll.
func after(d time.Duration) pollster.Future[int] {
	f := pollster.Timeout(never(), d)
	return pollster.MapErr(f, func(error) (int, error) { return 42, nil })
}

func TestBlockOnReturnsTheResult(t *testing.T) {
	forEachBlockOn(t, func(t *testing.T, blockOn func(context.Context, pollster.Future[int]) (int, error)) {
		ctx := context.Background()
		if v, err := blockOn(ctx, pollster.Ready(42)); v != 42 || err != nil {
			t.Errorf("Ready: %d, %v", v, err)
		}
		if _, err := blockOn(ctx, pollster.Failed[int](errTest)); err != errTest {
			t.Errorf("Failed: %v", err)
		}
		if _, err := blockOn(ctx, nil); err != pollster.ErrNilFuture {
			t.Errorf("nil: %v", err)
		}
		start := time.Now()
		if v, err := blockOn(ctx, after(20*time.Millisecond)); v != 42 || err != nil || time.Since(start) < 20*time.Millisecond {
			t.Errorf("after 20 ms: %d, %v after %v", v, err, time.Since(start))
		}
		// A future made of things on this stack.
		local := 1
		if _, err := blockOn(ctx, pollster.Func[int](func(*pollster.Waker) (int, bool, error) {
			local++
			return 0, true, nil
		})); err != nil || local != 2 {
			t.Errorf("%v, local %d", err, local)
		}
	})
}

func TestBlockOnDoesNotPollAnEndedFutureAgain(t *testing.T) {
	forEachBlockOn(t, func(t *testing.T, blockOn func(context.Context, pollster.Future[int]) (int, error)) {
		for range 10 {
			m := newManual[int](t)
			m.onPoll = func() {
				// Wakes that come too late for anything.
				w := m.waker.Take()
				m.end(1, nil)
				w.Wake()
				w.Wake()
			}
			if v, err := blockOn(context.Background(), m); v != 1 || err != nil || m.polls.Load() != 1 {
				t.Errorf("%d, %v, %d polls", v, err, m.polls.Load())
			}
		}
	})
}

// A wake during Poll, and any number of them, are answered by one poll.
func TestBlockOnAnswersCoalescedWakesWithOnePoll(t *testing.T) {
	forEachBlockOn(t, func(t *testing.T, blockOn func(context.Context, pollster.Future[int]) (int, error)) {
		for _, wakes := range []int{1, 2, 100} {
			polls := 0
			f := pollster.Func[int](func(w *pollster.Waker) (int, bool, error) {
				if polls++; polls == 2 {
					return polls, true, nil
				}
				for range wakes / 2 {
					w.Wake()
				}
				var others sync.WaitGroup
				for range wakes - wakes/2 {
					others.Go(w.Wake)
				}
				others.Wait()
				return 0, false, nil
			})
			if v, err := blockOn(context.Background(), f); v != 2 || err != nil {
				t.Errorf("%d wakes: %d, %v", wakes, v, err)
			}
		}
	})
}

// The zero Waker and the nil one wake nobody; a waker of a finished call too.
func TestBlockOnStaleWakersDoNothing(t *testing.T) {
	forEachBlockOn(t, func(t *testing.T, blockOn func(context.Context, pollster.Future[int]) (int, error)) {
		new(pollster.Waker).Wake()
		(*pollster.Waker)(nil).Wake()
		var stale []*pollster.Waker
		for range 200 { // more than one block of wakers
			m := newManual[int](t)
			m.onPoll = func() {
				if m.polls.Load() == 2 {
					m.ready = true
					return
				}
				stale = append(stale, m.waker.Take())
				for _, w := range stale[:len(stale)-1] {
					w.Wake()
				}
				// Only this one may bring the second poll.
				go stale[len(stale)-1].Wake()
			}
			if _, err := blockOn(context.Background(), m); err != nil || m.polls.Load() != 2 {
				t.Fatalf("%v, %d polls, want 2", err, m.polls.Load())
			}
		}
		for i, w := range stale {
			for _, v := range stale[:i] {
				if v == w {
					t.Fatal("a waker was used for two calls")
				}
			}
		}
	})
}

// While a call is parked, wakers of earlier calls must not bring a poll.
func TestBlockOnStaleWakersDoNotUnpark(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var stale []*pollster.Waker
		for range 100 {
			f := pollster.Func[int](func(w *pollster.Waker) (int, bool, error) {
				stale = append(stale, w)
				return 1, true, nil
			})
			pollster.BlockOn(context.Background(), f)
		}
		for _, ctx := range []context.Context{context.Background(), t.Context()} {
			m := newManual[int](t)
			done := make(chan struct{})
			go func() {
				defer close(done)
				pollster.BlockOn(ctx, m)
			}()
			synctest.Wait()
			for _, w := range stale {
				w.Wake()
				synctest.Wait()
			}
			if n := m.polls.Load(); n != 1 {
				t.Errorf("%d polls, want 1", n)
			}
			m.end(1, nil)
			<-done
			if n := m.polls.Load(); n != 2 {
				t.Errorf("%d polls, want 2", n)
			}
		}
	})
}

// Each wake brings one poll, no matter how the two meet. Three producers, as
// in the regression that pollster's first version had: two bounded channels,
// 100,000 messages.
func TestBlockOnReceivesHundredThousandMessages(t *testing.T) {
	n := 100_000
	if testing.Short() {
		n = 5_000
	}
	type queue struct {
		waker pollster.AtomicWaker
		items chan int
	}
	receive := func(q *queue) pollster.Future[int] {
		return pollster.Func[int](func(w *pollster.Waker) (int, bool, error) {
			q.waker.Register(w)
			select {
			case v := <-q.items:
				return v, true, nil
			default:
				return 0, false, nil
			}
		})
	}
	a, b := &queue{items: make(chan int, 16)}, &queue{items: make(chan int, 16)}
	var all sync.WaitGroup
	all.Go(func() {
		for i := range n {
			a.items <- i
			a.waker.Wake()
		}
	})
	all.Go(func() {
		f := receive(a)
		for range n {
			v, _ := pollster.BlockOn(context.Background(), f)
			b.items <- v
			b.waker.Wake()
		}
	})
	all.Go(func() {
		f := receive(b)
		for i := range n {
			if v, _ := pollster.BlockOn(context.Background(), f); v != i {
				t.Errorf("message %d is %d", i, v)
				return
			}
		}
	})
	all.Wait()
}

// A million wakes from many goroutines, each of which must be answered by a
// poll after it: the future ends when it has seen the last one.
func TestBlockOnHammerLosesNoWake(t *testing.T) {
	const goroutines = 8
	wakes := 1_000_000
	if testing.Short() {
		wakes = 50_000
	}
	forEachBlockOn(t, func(t *testing.T, blockOn func(context.Context, pollster.Future[int]) (int, error)) {
		for _, cancellable := range []bool{false, true} {
			ctx := context.Background()
			if cancellable {
				ctx = t.Context()
			}
			var waker pollster.AtomicWaker
			var made [goroutines]atomic.Int64 // by goroutine
			for g := range goroutines {
				go func() {
					for range wakes / goroutines / 2 {
						made[g].Add(1)
						waker.Wake()
					}
				}()
			}
			f := pollster.Func[int](func(w *pollster.Waker) (int, bool, error) {
				waker.Register(w)
				sum := int64(0)
				for g := range made {
					sum += made[g].Load()
				}
				return int(sum), sum == int64(wakes/goroutines/2*goroutines), nil
			})
			if _, err := blockOn(ctx, f); err != nil {
				t.Error(err)
			}
		}
	})
}

// Ping-pong: every single wake matters, in both directions.
func TestBlockOnPingPongLosesNoWake(t *testing.T) {
	rounds := 100_000
	if testing.Short() {
		rounds = 5_000
	}
	forEachBlockOn(t, func(t *testing.T, blockOn func(context.Context, pollster.Future[int]) (int, error)) {
		n := rounds
		if strings.Contains(t.Name(), "Thread") {
			n /= 20
		}
		var turn atomic.Int64
		var wakers [2]pollster.AtomicWaker
		player := func(me int64) {
			for i := range n {
				f := pollster.Func[int](func(w *pollster.Waker) (int, bool, error) {
					wakers[me].Register(w)
					return 0, turn.Load() == 2*int64(i)+me, nil
				})
				if _, err := blockOn(context.Background(), f); err != nil {
					t.Error(err)
				}
				turn.Add(1)
				wakers[1-me].Wake()
			}
		}
		var players sync.WaitGroup
		players.Go(func() { player(0) })
		players.Go(func() { player(1) })
		players.Wait()
	})
}

func TestBlockOnLeavesNothingBehind(t *testing.T) {
	leak.Check(t)
	for range 100 {
		ctx, cancel := context.WithCancel(context.Background())
		go cancel()
		pollster.BlockOn(ctx, never())
		pollster.BlockOn(context.Background(), after(time.Microsecond))
	}
}

func TestBlockOnAllocatesNothingOfItsOwn(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates, and sync.Pool drops at random under it")
	}
	ctx := context.Background()
	ready := pollster.Ready(1)
	if n := testing.AllocsPerRun(1000, func() { pollster.BlockOn(ctx, ready) }); n != 0 {
		t.Errorf("ready: %v allocations", n)
	}
	cancellable, cancel := context.WithCancel(ctx)
	defer cancel()
	if n := testing.AllocsPerRun(1000, func() { pollster.BlockOn(cancellable, ready) }); n != 0 {
		t.Errorf("ready, with a context: %v allocations", n)
	}
	self := &selfWaking{}
	if n := testing.AllocsPerRun(1000, func() { pollster.BlockOn[int](ctx, self) }); n != 0 {
		t.Errorf("self-waking: %v allocations", n)
	}
	var ping, pong flag
	stop := make(chan struct{})
	go func() {
		for {
			pollster.BlockOn[int](ctx, &ping)
			select {
			case <-stop:
				return
			default:
				pong.raise()
			}
		}
	}()
	n := testing.AllocsPerRun(1000, func() {
		ping.raise()
		pollster.BlockOn[int](ctx, &pong)
	})
	close(stop)
	ping.raise()
	if n != 0 {
		t.Errorf("parked: %v allocations", n)
	}
}

// selfWaking is ready at every other poll.
type selfWaking struct{ n int }

func (s *selfWaking) Poll(w *pollster.Waker) (int, bool, error) {
	s.n++
	if s.n%2 == 1 {
		w.Wake()
	}
	return s.n, s.n%2 == 0, nil
}

// A flag is ready once for each raise.
type flag struct {
	up    atomic.Bool
	waker pollster.AtomicWaker
}

func (f *flag) raise() { f.up.Store(true); f.waker.Wake() }

func (f *flag) Poll(w *pollster.Waker) (int, bool, error) {
	f.waker.Register(w)
	return 1, f.up.Swap(false), nil
}
