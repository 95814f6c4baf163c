//go:build linux

package reactor_test

import (
	"errors"
	"io"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/causeway-go/causeway/internal/hammer"
	"github.com/causeway-go/causeway/internal/leak"
	"github.com/causeway-go/causeway/pollster"
	"github.com/causeway-go/causeway/reactor"
)

func TestTimerIsNeverEarly(t *testing.T) {
	n := 100_000
	if testing.Short() || raceEnabled {
		n = 5_000
	}
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			r := k.new(t)
			if k.name != "netpoll" {
				n = min(n, 5_000)
			}
			var all sync.WaitGroup
			var early atomic.Int64
			for range n {
				d := time.Duration(rand.Int64N(int64(50 * time.Millisecond)))
				timer := r.Sleep(d)
				start := time.Now()
				all.Add(1)
				var once sync.Once
				var w *pollster.Waker
				w = pollster.NewWaker(func() {
					if time.Since(start) < d {
						early.Add(1)
					}
					if _, ready, err := timer.Poll(w); !ready || err != nil {
						t.Errorf("woken and not ready: %v", err)
					}
					once.Do(all.Done)
				})
				if _, ready, _ := timer.Poll(w); ready {
					if time.Since(start) < d {
						early.Add(1)
					}
					once.Do(all.Done)
				}
			}
			all.Wait()
			if early.Load() > 0 {
				t.Errorf("%d of %d were early", early.Load(), n)
			}
			if s := r.Stats(); s.Timers != 0 {
				t.Errorf("%d are left", s.Timers)
			}
		})
	}
}

func TestTimerLife(t *testing.T) {
	each(t, func(t *testing.T, r *reactor.Reactor) {
		w := newCounter()
		for _, d := range []time.Duration{0, -1, -time.Hour} {
			if _, ready, err := r.Sleep(d).Poll(&w.Waker); !ready || err != nil {
				t.Errorf("Sleep(%v): %v, %v", d, ready, err)
			}
			if _, ready, err := r.At(time.Now().Add(d)).Poll(&w.Waker); !ready || err != nil {
				t.Errorf("At %v ago: %v, %v", d, ready, err)
			}
		}
		timer := r.Sleep(time.Hour)
		if n := r.Stats().Timers; n != 0 {
			t.Errorf("%d timers before the first poll", n)
		}
		timer.Cancel()
		for range 3 {
			pending(t, timer, w)
			pending(t, timer, newCounter())
			if n := r.Stats().Timers; n != 1 {
				t.Errorf("%d timers, want 1", n)
			}
			timer.Cancel()
			timer.Cancel()
			if n := r.Stats().Timers; n != 0 {
				t.Errorf("%d timers after Cancel", n)
			}
		}
		// The latest waker is the one that counts.
		var old *counter
		for d := 5 * time.Millisecond; ; d *= 2 {
			timer, old = r.Sleep(d), newCounter()
			pending(t, timer, old)
			if _, ready, err := timer.Poll(&w.Waker); err != nil {
				t.Fatal(err)
			} else if !ready {
				break // else the machine was too busy between the two
			}
		}
		w.await(t)
		for range 2 {
			if _, ready, err := timer.Poll(&w.Waker); !ready || err != nil {
				t.Errorf("after its time: %v, %v", ready, err)
			}
		}
		timer.Cancel()
		if len(old.woken) != 0 {
			t.Error("a waker that was replaced was woken")
		}
		// Too long to be true, and no trouble.
		far := r.Sleep(1<<63 - 1)
		pending(t, far, w)
		far.Cancel()
	})
}

func TestTimerOfTheWallClock(t *testing.T) {
	r := kinds[0].new(t)
	at := time.Now().Add(5 * time.Millisecond).Round(0)
	if _, err := pollster.BlockOn(t.Context(), r.At(at)); err != nil || time.Now().Before(at) {
		t.Errorf("%v at %v, want %v", err, time.Now(), at)
	}
	if _, err := pollster.BlockOn(t.Context(), r.At(at)); err != nil {
		t.Error(err)
	}
}

func TestTimersEndWhenTheReactorIsClosed(t *testing.T) {
	each(t, func(t *testing.T, r *reactor.Reactor) {
		w := newCounter()
		timer := r.Sleep(time.Hour)
		pending(t, timer, w)
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		w.await(t)
		for _, f := range []pollster.Future[struct{}]{timer, r.Sleep(time.Hour), r.Sleep(0), r.At(time.Now())} {
			if _, ready, err := f.Poll(&w.Waker); ready || !errors.Is(err, reactor.ErrClosed) {
				t.Errorf("after Close: %v, %v", ready, err)
			}
			pollster.Cancel(f)
		}
	})
}

func TestIntervalDoesNotDriftAndLeavesNothingOut(t *testing.T) {
	each(t, func(t *testing.T, r *reactor.Reactor) {
		const period = 2 * time.Millisecond
		i := r.NewInterval(period)
		defer i.Cancel()
		var first time.Time
		for n := range 8 {
			at, err := pollster.BlockOn(t.Context(), pollster.Next(i))
			if err != nil {
				t.Fatal(err)
			}
			if time.Now().Before(at) {
				t.Errorf("early for %v", at)
			}
			if n == 0 {
				first = at
			}
			if want := first.Add(time.Duration(n) * period); !at.Equal(want) {
				t.Errorf("time %d is %v, want %v", n, at, want)
			}
			if n == 3 {
				time.Sleep(3 * period) // a slow reader gets them all the same
			}
		}
	})
	func() {
		defer func() {
			if recover() == nil {
				t.Error("a period of 0 is accepted")
			}
		}()
		reactor.NewInterval(0)
	}()
}

func TestIntervalEndsWithTime(t *testing.T) {
	r := kinds[0].new(t)
	i := r.NewInterval(1<<63 - 1)
	pending[time.Time](t, pollster.Func[time.Time](i.PollNext), newCounter())
	i.Cancel()
	reactor.Expire(i)
	if _, ready, err := i.PollNext(nil); !ready || err != nil {
		t.Errorf("the last one: %v, %v", ready, err)
	}
	if _, _, err := i.PollNext(nil); err != io.EOF {
		t.Errorf("after the last one: %v", err)
	}
}

func TestDeadlineCutsOff(t *testing.T) {
	each(t, func(t *testing.T, r *reactor.Reactor) {
		for name, make := range map[string]func(f pollster.Future[int]) pollster.Future[int]{
			"timeout": func(f pollster.Future[int]) pollster.Future[int] { return reactor.TimeoutOn(r, f, 3*time.Millisecond) },
			"deadline": func(f pollster.Future[int]) pollster.Future[int] {
				return reactor.DeadlineOn(r, f, time.Now().Add(3*time.Millisecond))
			},
		} {
			var p pollster.Promise[int]
			if _, err := pollster.BlockOn(t.Context(), make(&p)); err != pollster.ErrTimeout || !p.Canceled() {
				t.Errorf("%s: %v, canceled %v", name, err, p.Canceled())
			}
			if v, err := pollster.BlockOn(t.Context(), make(pollster.Ready(4))); v != 4 || err != nil {
				t.Errorf("%s of one that is ready: %v, %v", name, v, err)
			}
			if _, err := pollster.BlockOn(t.Context(), make(nil)); !errors.Is(err, pollster.ErrNilFuture) {
				t.Errorf("%s of nil: %v", name, err)
			}
			var q pollster.Promise[int]
			f := make(&q)
			pending(t, f, newCounter())
			pollster.Cancel(f)
			if !q.Canceled() || r.Stats().Timers != 0 {
				t.Errorf("%s: Cancel left something", name)
			}
		}
	})
}

func TestTimerHammer(t *testing.T) {
	each(t, func(t *testing.T, r *reactor.Reactor) {
		hammer.Run(t, 4, func(_, i int) {
			d := time.Duration(rand.Int64N(int64(300 * time.Microsecond)))
			timer, start := r.Sleep(d), time.Now()
			if i%3 == 0 {
				timer.Poll(pollster.NewWaker(func() {}))
				timer.Cancel()
				return
			}
			if _, err := pollster.BlockOn(t.Context(), timer); err != nil || time.Since(start) < d {
				t.Errorf("Sleep(%v): %v after %v", d, err, time.Since(start))
			}
		})
		if n := r.Stats().Timers; n != 0 {
			t.Errorf("%d timers are left", n)
		}
	})
}

func TestAMillionTimersHoldNoThreadAndCauseNoWork(t *testing.T) {
	n := 1_000_000
	if testing.Short() || raceEnabled {
		n = 50_000
	}
	leak.Check(t)
	r := kinds[0].new(t)
	threads := leak.Threads()
	timers := make([]*reactor.Timer, n)
	for i := range timers {
		timers[i] = r.Sleep(time.Hour + time.Duration(rand.Int64N(int64(24*time.Hour))))
		timers[i].Poll(nil)
	}
	if after := atRest(t, r); after.Timers != n {
		t.Errorf("%+v", after)
	}
	if now := leak.Threads(); now > threads+fewThreads() {
		t.Errorf("%d threads, %d before", now, threads)
	}
	for _, timer := range timers {
		timer.Cancel()
	}
	if s := r.Stats(); s.Timers != 0 || s.Sources != 0 {
		t.Errorf("left: %+v", s)
	}
}

func TestTimerIsSmall(t *testing.T) {
	if reactor.TimerSize > 64 {
		t.Errorf("a timer has %d bytes", reactor.TimerSize)
	}
}

func TestTimerIsUsedAgainAfterReset(t *testing.T) {
	r, err := reactor.New(reactor.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	w := newCounter()
	timer := r.Sleep(time.Hour)
	for range 3 {
		pending(t, timer, w)
		timer.Cancel()
		timer.Reset(time.Millisecond)
		start := time.Now()
		pending(t, timer, w)
		w.await(t)
		if _, ready, err := timer.Poll(nil); !ready || err != nil || time.Since(start) < time.Millisecond {
			t.Errorf("%v, %v after %v", ready, err, time.Since(start))
		}
		timer.Reset(time.Hour)
	}
	pending(t, timer, w)
	func() {
		defer func() {
			if recover() == nil {
				t.Error("Reset of a timer that is armed does not panic")
			}
		}()
		timer.Reset(time.Hour)
	}()
	timer.Cancel()
	if n := testing.AllocsPerRun(100, func() {
		timer.Reset(time.Minute)
		timer.Poll(&w.Waker)
		timer.Cancel()
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
