package meet_test

import (
	"context"
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/causeway-go/causeway/executor"
	"github.com/causeway-go/causeway/executor/meet"
	"github.com/causeway-go/causeway/internal/hammer"
	"github.com/causeway-go/causeway/internal/leak"
	"github.com/causeway-go/causeway/pollster"
	"github.com/causeway-go/causeway/pollster/futuretest"
)

var background = context.Background()

func start(t testing.TB, workers int) *executor.Executor {
	t.Helper()
	ex, err := executor.New(executor.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(background)
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() { ex.Run(ctx) })
	}
	t.Cleanup(func() {
		cancel()
		wg.Wait()
	})
	return ex
}

// poll polls once, with a waker that counts.
func poll[T any](f pollster.Future[T], wakes *int) (T, bool, error) {
	return f.Poll(pollster.NewWaker(func() { *wakes++ }))
}

func TestFuturesConform(t *testing.T) {
	t.Run("send", func(t *testing.T) {
		futuretest.TestFuture(t, func() futuretest.Subject[struct{}] {
			c := meet.NewChan[int](1)
			c.TrySend(0)
			return futuretest.Subject[struct{}]{Future: c.SendFuture(1), Complete: func() { c.TryRecv() }}
		})
	})
	t.Run("receive", func(t *testing.T) {
		futuretest.TestFuture(t, func() futuretest.Subject[int] {
			c := meet.NewChan[int](1)
			return futuretest.Subject[int]{Future: pollster.Fuse(c.RecvFuture()), Complete: func() { c.TrySend(1) }}
		})
	})
	t.Run("stream", func(t *testing.T) {
		futuretest.TestStream(t, func() futuretest.StreamSubject[int] {
			c := meet.NewChan[int](8)
			n := 0
			return futuretest.StreamSubject[int]{
				Stream: c.Stream(),
				Values: 5,
				Feed:   func() { c.TrySend(n); n++ },
				End:    func() { c.Close() },
				Err:    io.EOF,
				Check: func(i, v int) error {
					if i != v {
						return errors.New("wrong value")
					}
					return nil
				},
			}
		})
	})
	t.Run("mutex", func(t *testing.T) {
		futuretest.TestFuture(t, func() futuretest.Subject[struct{}] {
			m := new(meet.Mutex)
			m.TryLock()
			return futuretest.Subject[struct{}]{Future: m.LockFuture(), Complete: m.Unlock}
		})
	})
	t.Run("semaphore", func(t *testing.T) {
		futuretest.TestFuture(t, func() futuretest.Subject[struct{}] {
			s := meet.NewSemaphore(3)
			s.TryAcquire(2)
			return futuretest.Subject[struct{}]{Future: s.AcquireFuture(2), Complete: func() { s.Release(2) }}
		})
	})
	t.Run("notify", func(t *testing.T) {
		futuretest.TestFuture(t, func() futuretest.Subject[struct{}] {
			n := new(meet.Notify)
			return futuretest.Subject[struct{}]{Future: n.WaitFuture(), Complete: n.One}
		})
	})
}

func TestAClosedChannelGivesWhatIsLeft(t *testing.T) {
	c := meet.NewChan[int](3)
	c.TrySend(1)
	c.TrySend(2)
	if !c.Close() || c.Close() {
		t.Error("Close does not tell the first from the second")
	}
	if err := c.Send(background, 3); !errors.Is(err, meet.ErrClosed) {
		t.Errorf("send: %v", err)
	}
	for want := 1; want <= 2; want++ {
		if v, err := c.Recv(background); v != want || err != nil {
			t.Errorf("%d, %v", v, err)
		}
	}
	if _, err := c.Recv(background); !errors.Is(err, meet.ErrClosed) {
		t.Errorf("receive: %v", err)
	}
	if _, err := c.TryRecv(); !errors.Is(err, meet.ErrClosed) {
		t.Errorf("try: %v", err)
	}
}

func TestTryTellsWhatIsInTheWay(t *testing.T) {
	c := meet.NewChan[int](1)
	if _, err := c.TryRecv(); err != meet.ErrEmpty {
		t.Errorf("receive: %v", err)
	}
	if err := c.TrySend(1); err != nil || c.Len() != 1 || c.Cap() != 1 {
		t.Errorf("send: %v, %d of %d", err, c.Len(), c.Cap())
	}
	if err := c.TrySend(2); err != meet.ErrFull {
		t.Errorf("send: %v", err)
	}
}

func TestCloseWakesEverybody(t *testing.T) {
	leak.Check(t)
	ex := start(t, 1)
	empty, full := meet.NewChan[int](1), meet.NewChan[int](1)
	full.TrySend(0)
	var tasks []*executor.Task[int]
	for range 5 {
		tasks = append(tasks,
			executor.Go(ex, empty.Recv),
			executor.Go(ex, func(ctx context.Context) (int, error) { return 0, full.Send(ctx, 1) }),
			executor.Spawn(ex, empty.RecvFuture()))
	}
	empty.Close()
	full.Close()
	for _, task := range tasks {
		if _, err := task.Wait(background); !errors.Is(err, meet.ErrClosed) {
			t.Errorf("ended with %v", err)
		}
	}
}

// What async-channel calls forget_blocked_receiver and forget_blocked_sender: an
// operation that has been told to go on and is cancelled, or is just not polled
// any more, takes nothing away from the others.
func TestACanceledReceiveHandsOn(t *testing.T) {
	c := meet.NewChan[int](2)
	first, second := c.RecvFuture(), c.RecvFuture()
	var one, two int
	poll(first, &one)
	poll(second, &two)
	c.TrySend(5)
	if one != 1 || two != 0 {
		t.Errorf("wakes %d, %d", one, two)
	}
	pollster.Cancel(first)
	if two != 1 {
		t.Error("the second was not told")
	}
	if v, ready, _ := poll(second, &two); v != 5 || !ready {
		t.Errorf("%d, %v", v, ready)
	}
}

func TestAForgottenReceiveTakesNothing(t *testing.T) {
	c := meet.NewChan[int](2)
	var ignored, wakes int
	poll(c.RecvFuture(), &ignored) // told below, and never polled again
	second := c.RecvFuture()
	poll(second, &wakes)
	c.TrySend(1)
	c.TrySend(2)
	if wakes == 0 {
		t.Error("the second was not told of the second value")
	}
	for want := 1; want <= 2; want++ {
		if v, err := c.Recv(background); v != want || err != nil {
			t.Errorf("%d, %v", v, err)
		}
	}
}

func TestACanceledSendHandsOn(t *testing.T) {
	c := meet.NewChan[int](1)
	c.TrySend(0)
	first, second := c.SendFuture(1), c.SendFuture(2)
	var one, two int
	poll(first, &one)
	poll(second, &two)
	c.TryRecv()
	if one != 1 || two != 0 {
		t.Errorf("wakes %d, %d", one, two)
	}
	pollster.Cancel(first)
	if two != 1 {
		t.Error("the second was not told")
	}
	poll(second, &two)
	if v, _ := c.TryRecv(); v != 2 {
		t.Errorf("received %d", v)
	}
}

func TestACanceledLockHandsOn(t *testing.T) {
	var m meet.Mutex
	m.TryLock()
	first, second := m.LockFuture(), m.LockFuture()
	var one, two int
	poll(first, &one)
	poll(second, &two)
	m.Unlock() // to the first
	if m.TryLock() {
		t.Error("somebody came in between")
	}
	pollster.Cancel(first)
	if _, ready, _ := poll(second, &two); !ready || two != 1 {
		t.Errorf("second: ready %v, %d wakes", ready, two)
	}
	m.Unlock()
	if !m.TryLock() {
		t.Error("still locked")
	}
}

func TestAGreatNeedThatIsCanceledLetsSmallOnesThrough(t *testing.T) {
	s := meet.NewSemaphore(3)
	s.TryAcquire(2)
	great, small := s.AcquireFuture(3), s.AcquireFuture(1)
	var one, two int
	poll(great, &one)
	poll(small, &two)
	if s.TryAcquire(1) {
		t.Error("a small one came before the great one")
	}
	pollster.Cancel(great)
	if _, ready, _ := poll(small, &two); !ready || two != 1 {
		t.Errorf("small: ready %v, %d wakes", ready, two)
	}
	if _, _, err := poll(s.AcquireFuture(4), &one); err == nil {
		t.Error("more than there are is no error")
	}
}

func TestNotifyKeepsOne(t *testing.T) {
	var n meet.Notify
	n.One()
	n.One()
	if err := n.Wait(background); err != nil {
		t.Error(err)
	}
	first, second := n.WaitFuture(), n.WaitFuture()
	var one, two int
	if _, ready, _ := poll(first, &one); ready {
		t.Error("two notifications were kept")
	}
	poll(second, &two)
	n.One()
	pollster.Cancel(first)
	if _, ready, _ := poll(second, &two); !ready {
		t.Error("the cancelled one's notification is lost")
	}
	n.All()
	if _, ready, _ := poll(n.WaitFuture(), &one); ready {
		t.Error("All is kept")
	}
}

func TestOnceMakesOneValue(t *testing.T) {
	ex := start(t, 2)
	var o meet.Once[int]
	var made atomic.Int32
	failed := errors.New("failed")
	value := func(ctx context.Context) (int, error) {
		return o.Do(ctx, func(ctx context.Context) (int, error) {
			n := made.Add(1)
			if err := new(meet.Semaphore).Acquire(ctx, 0); err != nil {
				t.Error(err)
			}
			if n == 1 {
				return 0, failed
			}
			return int(n), nil
		})
	}
	var tasks []*executor.Task[int]
	for range 20 {
		tasks = append(tasks, executor.Go(ex, value))
	}
	failures := 0
	for _, task := range tasks {
		v, err := task.Wait(background)
		if errors.Is(err, failed) {
			failures++
		} else if v != 2 || err != nil {
			t.Errorf("%d, %v", v, err)
		}
	}
	if failures != 1 || made.Load() != 2 {
		t.Errorf("%d failures, made %d times", failures, made.Load())
	}
}

func TestAMutexExcludes(t *testing.T) {
	ex := start(t, 2)
	var m meet.Mutex
	count := 0 // the race detector watches
	var added atomic.Int64
	hammer.Run(t, 4, func(g, i int) {
		add := func(ctx context.Context) (int, error) {
			if err := m.Lock(ctx); err != nil {
				return 0, err
			}
			defer m.Unlock()
			count++
			return 0, nil
		}
		added.Add(1)
		if g%2 == 0 {
			executor.Go(ex, add).Wait(background)
		} else {
			add(background)
		}
	})
	if int64(count) != added.Load() {
		t.Errorf("%d, want %d", count, added.Load())
	}
}

func TestAMutexUnderCancellation(t *testing.T) {
	var m meet.Mutex
	hammer.Run(t, 4, func(g, i int) {
		ctx, cancel := context.WithCancel(background)
		if (g+i)%2 == 0 {
			go cancel()
		}
		if m.Lock(ctx) == nil {
			m.Unlock()
		}
		cancel()
	})
	if err := m.Lock(background); err != nil {
		t.Error(err)
	}
}

func TestManyToMany(t *testing.T) {
	leak.Check(t)
	ex := start(t, 2)
	const senders, receivers, each = 4, 4, 5000
	c := meet.NewChan[int](7)
	var sum, count atomic.Int64
	receive := func(ctx context.Context) (int, error) {
		for {
			v, err := c.Recv(ctx)
			if err != nil {
				return 0, nil
			}
			sum.Add(int64(v))
			count.Add(1)
		}
	}
	var out []*executor.Task[int]
	var wg sync.WaitGroup
	for i := range receivers {
		if i%2 == 0 {
			out = append(out, executor.Go(ex, receive))
		} else {
			wg.Go(func() { receive(background) })
		}
	}
	send := func(ctx context.Context) (int, error) {
		for i := range each {
			if err := c.Send(ctx, i); err != nil {
				return 0, err
			}
		}
		return 0, nil
	}
	var in []*executor.Task[int]
	for range senders {
		in = append(in, executor.Go(ex, send))
	}
	for _, task := range in {
		if _, err := task.Wait(background); err != nil {
			t.Error(err)
		}
	}
	c.Close()
	for _, task := range out {
		task.Wait(background)
	}
	wg.Wait()
	if count.Load() != senders*each || sum.Load() != senders*each*(each-1)/2 {
		t.Errorf("%d values, sum %d", count.Load(), sum.Load())
	}
}

func TestChannelsUnderCancellationLoseNothing(t *testing.T) {
	c := meet.NewChan[int](2)
	var sent, received atomic.Int64
	hammer.Run(t, 4, func(g, i int) {
		ctx, cancel := context.WithCancel(background)
		defer cancel()
		if i%3 == 0 {
			go cancel()
		} else {
			var stop context.CancelFunc
			ctx, stop = context.WithTimeout(ctx, 50*time.Microsecond)
			defer stop()
		}
		if g%2 == 0 {
			if c.Send(ctx, 1) == nil {
				sent.Add(1)
			}
		} else if _, err := c.Recv(ctx); err == nil {
			received.Add(1)
		}
	})
	if got := received.Load() + int64(c.Len()); got != sent.Load() {
		t.Errorf("%d sent, %d received or left", sent.Load(), got)
	}
}

func TestItAllWorksInABubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := meet.NewChan[int](1)
		go func() {
			time.Sleep(time.Hour)
			c.TrySend(1)
		}()
		begin := time.Now()
		if v, err := c.Recv(background); v != 1 || err != nil || time.Since(begin) != time.Hour {
			t.Errorf("%d, %v after %v", v, err, time.Since(begin))
		}
	})
}

func TestMisuseIsToldAtOnce(t *testing.T) {
	for name, f := range map[string]func(){
		"capacity":     func() { meet.NewChan[int](0) },
		"permits":      func() { meet.NewSemaphore(0) },
		"unlock":       func() { new(meet.Mutex).Unlock() },
		"unlock twice": func() { var m meet.Mutex; m.TryLock(); m.Unlock(); m.Unlock() },
		"release":      func() { meet.NewSemaphore(1).Release(1) },
		"negative":     func() { meet.NewSemaphore(1).AcquireFuture(-1) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			f()
		}()
	}
}
