package poller_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/causeway-go/causeway/internal/hammer"
	"github.com/causeway-go/causeway/internal/leak"
	"github.com/causeway-go/causeway/internal/poller"
)

// waiting starts an endless Wait and returns what it returns.
func (b *bench) waiting() <-chan []poller.Event {
	result := make(chan []poller.Event, 1)
	started := make(chan struct{})
	go func() {
		close(started)
		buf := make([]poller.Event, 8)
		n, err := b.Wait(buf, -1)
		if err != nil {
			b.t.Errorf("Wait: %v", err)
		}
		result <- buf[:n]
	}()
	<-started
	time.Sleep(time.Millisecond) // most likely in Wait; right either way
	return result
}

func TestConcurrentAddTakesEffectInTheWait(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		p := b.pair()
		result := b.waiting()
		if err := b.Add(p.fd, 4, R, poller.OneShot); err != nil {
			t.Fatal(err)
		}
		p.feed()
		if e := <-result; len(e) != 1 || e[0].Key != 4 || e[0].Ready&R == 0 {
			t.Errorf("events %v", e)
		}
	})
}

func TestConcurrentModifyTakesEffectInTheWait(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		p := b.add(4, 0, poller.OneShot)
		p.feed()
		result := b.waiting()
		b.modify(p, 5, R, poller.OneShot)
		if e := <-result; len(e) != 1 || e[0].Key != 5 || e[0].Ready&R == 0 {
			t.Errorf("events %v", e)
		}
	})
}

func TestConcurrentDeleteTakesEffectInTheWait(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		p := b.add(4, R, poller.Level)
		q := b.add(5, R, poller.Level)
		result := b.waiting()
		if err := b.Delete(p.fd); err != nil {
			t.Fatal(err)
		}
		p.feed()
		q.feed()
		if e := <-result; len(e) != 1 || e[0].Key != 5 {
			t.Errorf("events %v", e)
		}
	})
}

func TestNotifyWakesTheCurrentWaitOrTheNextAndCoalesces(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		for range 10 {
			result := b.waiting()
			if err := b.Notify(); err != nil {
				t.Fatal(err)
			}
			if e := <-result; len(e) != 0 {
				t.Errorf("events %v", e)
			}
		}
		for range 10 { // nobody waits: the next one is woken, once
			for range 5 {
				b.Notify()
			}
			start := time.Now()
			b.events(time.Minute)
			if time.Since(start) > 30*time.Second {
				t.Fatal("the notification was lost")
			}
			start = time.Now()
			b.events(2 * time.Millisecond)
			if time.Since(start) < 2*time.Millisecond {
				t.Fatal("one notification woke two Waits")
			}
		}
	})
}

func TestNotifyHammerLosesNothing(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		const notifiers = 3
		turns := make(chan struct{}, notifiers)
		var all sync.WaitGroup
		stop := make(chan struct{})
		all.Go(func() {
			buf := make([]poller.Event, 8)
			for {
				if _, err := b.Wait(buf, -1); err != nil {
					return
				}
				for range notifiers {
					select {
					case turns <- struct{}{}:
					default:
					}
				}
			}
		})
		hammer.Run(t, notifiers, func(_, i int) {
			if err := b.Notify(); err != nil {
				t.Errorf("Notify: %v", err)
			}
			select {
			case <-turns: // some Wait has ended since
			case <-time.After(10 * time.Second):
				t.Error("no Wait has ended after a Notify")
			}
		})
		close(stop)
		b.Close()
		all.Wait()
	})
}

func TestTimeoutIsNeverEarly(t *testing.T) {
	n := 200
	if testing.Short() {
		n = 30
	}
	each(t, func(t *testing.T, b *bench) {
		b.add(1, R, poller.Level)
		for _, d := range []time.Duration{time.Nanosecond, 50 * time.Microsecond, 999 * time.Microsecond, 1001 * time.Microsecond, 2500 * time.Microsecond} {
			best := time.Hour
			for range n / 5 {
				start := time.Now()
				if e := b.events(d); len(e) != 0 {
					t.Fatalf("events %v", e)
				}
				took := time.Since(start)
				if took < d {
					t.Fatalf("%v took %v", d, took)
				}
				best = min(best, took-d)
			}
			t.Logf("%v: late by %v at best", d, best)
		}
	})
}

func TestZeroTimeoutDoesNotWait(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		p := b.add(1, R, poller.Level)
		for range 100 {
			if e := b.events(0); len(e) != 0 {
				t.Fatalf("events %v", e)
			}
		}
		p.feed()
		for range 100 {
			if e := b.events(0); len(e) != 1 {
				t.Fatalf("events %v", e)
			}
		}
	})
}

func TestOnlyOneMayWait(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		result := make(chan error, 1)
		go func() {
			for {
				_, err := b.Wait(make([]poller.Event, 8), -1)
				if !errors.Is(err, poller.ErrBusy) { // with ErrBusy, the one below was faster
					result <- err
					return
				}
			}
		}()
		var buf [1]poller.Event
		for {
			_, err := b.Wait(buf[:], 0)
			if errors.Is(err, poller.ErrBusy) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Millisecond) // the other one is not there yet
		}
		b.Notify()
		if err := <-result; err != nil {
			t.Error(err)
		}
		b.nothing()
	})
}

func TestCloseEndsAWaitAndEverythingElse(t *testing.T) {
	for _, r := range rigs() {
		t.Run(r.name, func(t *testing.T) {
			leak.Check(t)
			b := &bench{t: t, rig: r, Poller: r.open(t)}
			p := b.add(1, R, poller.Level)
			ended := make(chan error, 1)
			go func() {
				var buf [4]poller.Event
				_, err := b.Wait(buf[:], -1)
				ended <- err
			}()
			time.Sleep(time.Millisecond)
			if err := b.Close(); err != nil {
				t.Errorf("Close: %v", err)
			}
			if err := <-ended; !errors.Is(err, poller.ErrClosed) {
				t.Errorf("the Wait: %v", err)
			}
			var buf [4]poller.Event
			_, wait := b.Wait(buf[:], 0)
			_, park := b.Park(buf[:], nil)
			for call, err := range map[string]error{
				"Close": b.Close(), "Wait": wait, "Park": park, "Notify": b.Notify(), "Delete": b.Delete(p.fd),
				"Add": b.Add(p.fd, 1, R, poller.Level), "Modify": b.Modify(p.fd, 1, R, poller.Level),
			} {
				if !errors.Is(err, poller.ErrClosed) {
					t.Errorf("%s after Close: %v", call, err)
				}
			}
			p.close()
		})
	}
}

func TestCloseHammer(t *testing.T) {
	leak.Check(t)
	for _, r := range rigs() {
		hammer.Run(t, 2, func(g, i int) {
			b := &bench{t: t, rig: r, Poller: r.open(t)}
			p := r.pair(t, b.Poller)
			b.Add(p.fd, 1, R, poller.Level)
			var all sync.WaitGroup
			for _, f := range []func(){
				func() { b.Wait(make([]poller.Event, 4), -1) },
				func() { b.Wait(make([]poller.Event, 4), 0) },
				func() { b.Notify() },
				func() { b.Modify(p.fd, 2, R|W, poller.Level) },
				func() { b.Delete(p.fd) },
				func() { b.Close() },
				func() { b.Close() },
			} {
				all.Go(f)
			}
			all.Wait()
			p.close()
		})
	}
}

func TestIdleWaitsForTimeAndNotificationsOnly(t *testing.T) {
	p, kind, err := poller.Open(poller.None)
	if err != nil || kind != poller.None {
		t.Fatal(kind, err)
	}
	b := &bench{t: t, Poller: p}
	_, look := b.Look(0, R)
	for call, err := range map[string]error{
		"Add": b.Add(0, 1, R, poller.Level), "Modify": b.Modify(0, 1, R, poller.Level), "Delete": b.Delete(0), "Look": look,
	} {
		if !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("%s: %v", call, err)
		}
	}
	if _, ok := b.Descriptor(); ok {
		t.Error("it has a descriptor")
	}
	start := time.Now()
	b.events(3 * time.Millisecond)
	if time.Since(start) < 3*time.Millisecond {
		t.Error("early")
	}
	result := b.waiting()
	b.Notify()
	<-result
	if p.Close() != nil || !errors.Is(p.Close(), poller.ErrClosed) || !errors.Is(b.Delete(0), poller.ErrClosed) {
		t.Error("Close")
	}
	if _, _, err := poller.Open(99); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("Open(99): %v", err)
	}
}

func TestKindsHaveNames(t *testing.T) {
	for kind, want := range map[poller.Kind]string{poller.Auto: "auto", poller.Epoll: "epoll", poller.Poll: "poll", poller.None: "idle", 77: "unknown"} {
		if kind.String() != want {
			t.Errorf("%d is %q", kind, kind.String())
		}
	}
}
