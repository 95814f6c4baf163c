//go:build linux

package reactor_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"

	"github.com/causeway-go/causeway/internal/poller"
	"github.com/causeway-go/causeway/pollster"
	"github.com/causeway-go/causeway/reactor"
)

// sleeps sleeps on r in a bubble and wants the clock of the bubble to show it.
func sleeps(t *testing.T, sleep func(d time.Duration) *reactor.Timer) {
	t.Helper()
	for _, d := range []time.Duration{1, time.Millisecond, time.Hour, 100_000 * time.Hour} {
		start := time.Now()
		if _, err := pollster.BlockOn(t.Context(), sleep(d)); err != nil || time.Since(start) != d {
			t.Errorf("Sleep(%v): %v after %v", d, err, time.Since(start))
		}
	}
}

func TestReactorMadeInABubbleKeepsItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, err := reactor.New(reactor.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		sleeps(t, r.Sleep)
		var all sync.WaitGroup
		start := time.Now()
		for i := range 1000 {
			all.Go(func() {
				d := time.Duration(i%100) * time.Second
				if _, err := pollster.BlockOn(t.Context(), r.At(start.Add(d))); err != nil || time.Since(start) != d {
					t.Errorf("At %v: %v after %v", d, err, time.Since(start))
				}
			})
		}
		all.Wait()
		i := r.NewInterval(time.Minute)
		defer i.Cancel()
		start = time.Now()
		for n := range 5 {
			at, err := pollster.BlockOn(t.Context(), pollster.Next(i))
			if want := start.Add(time.Duration(n+1) * time.Minute); err != nil || !at.Equal(want) || !time.Now().Equal(want) {
				t.Errorf("interval: %v, %v, want %v", at, err, want)
			}
		}
		var p pollster.Promise[int]
		start = time.Now()
		if _, err := pollster.BlockOn(t.Context(), reactor.TimeoutOn(r, &p, time.Hour)); err != pollster.ErrTimeout || time.Since(start) != time.Hour {
			t.Errorf("Timeout: %v after %v", err, time.Since(start))
		}
	})
}

func TestManualReactorInABubbleKeepsItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, b := range []reactor.Backend{reactor.BackendAuto, reactor.BackendNone} {
			r, err := reactor.New(reactor.Options{Manual: true, Backend: b})
			if err != nil {
				t.Fatal(err)
			}
			timer := r.Sleep(time.Hour)
			timer.Poll(nil)
			start := time.Now()
			if n, err := r.Poll(time.Minute); n != 0 || err != nil || time.Since(start) != time.Minute {
				t.Errorf("Poll: %d, %v after %v", n, err, time.Since(start))
			}
			if n, err := r.Poll(-1); n != 1 || err != nil || time.Since(start) != time.Hour {
				t.Errorf("Poll: %d, %v after %v", n, err, time.Since(start))
			}
			r.Close()
		}
	})
}

func TestThreadIsIgnoredInABubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, err := reactor.New(reactor.Options{Thread: true})
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		sleeps(t, r.Sleep)
	})
}

// What is armed, and who interrupts, while a Poll waits on the clock of the
// bubble.
func TestPollInABubbleCanBeCutShort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, err := reactor.New(reactor.Options{Manual: true})
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		start := time.Now()
		time.AfterFunc(time.Minute, func() { r.Sleep(time.Minute).Poll(nil) })
		for n := 0; n == 0; {
			if n, err = r.Poll(time.Hour); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(start); took != 2*time.Minute {
			t.Errorf("a timer armed meanwhile is seen after %v", took)
		}
		start = time.Now()
		time.AfterFunc(time.Minute, r.Interrupt)
		if n, err := r.Poll(time.Hour); n != 0 || err != nil || time.Since(start) != time.Minute {
			t.Errorf("interrupted: %d, %v after %v", n, err, time.Since(start))
		}
	})
}

// The default reactor lives outside of every bubble, and its driver must not
// wake anybody inside one, which would end the process.
func TestSharedReactorServesBubbles(t *testing.T) {
	old := reactor.SetDefault(nil)
	t.Cleanup(func() {
		if r := reactor.SetDefault(old); r != nil {
			closeAndWait(r)
		}
	})
	for range 3 { // made inside the first one
		synctest.Test(t, func(t *testing.T) {
			sleeps(t, reactor.Sleep)
			timer := reactor.Sleep(time.Hour)
			timer.Poll(nil)
			timer.Cancel()
			r, err := reactor.Default()
			if err != nil {
				t.Fatal(err)
			}
			rd, wr := pipe(t)
			s, err := r.Register(uintptr(rd))
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			go func() {
				for range 10 {
					unix.Write(wr, []byte("x"))
				}
			}()
			for got := 0; got < 10; {
				n, err := s.ReadWith(context.Background(), reader(make([]byte, 3)))
				if err != nil {
					t.Fatal(err)
				}
				got += n
			}
			f := s.Readable()
			pending(t, f, newCounter())
			f.Cancel()
		})
	}
	// And those outside at the same time.
	if _, err := pollster.BlockOn(t.Context(), reactor.Sleep(time.Millisecond)); err != nil {
		t.Error(err)
	}
}

func TestSourceOfAReactorMadeInABubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, err := reactor.New(reactor.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		rd, wr := pipe(t)
		s := register(t, r, rd)
		for range 3 {
			go unix.Write(wr, []byte("x"))
			if n, err := s.ReadWith(context.Background(), reader(make([]byte, 1))); n != 1 || err != nil {
				t.Fatal(n, err)
			}
			// While nobody waits for it, time goes on.
			start := time.Now()
			time.Sleep(time.Hour)
			if time.Since(start) != time.Hour {
				t.Error("time stands still")
			}
		}
	})
}

// With a fake poller a test has both: descriptors and virtual time.
func TestFakePollerAndVirtualTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := poller.NewFake()
		r := reactor.NewOn(reactor.Options{}, p)
		defer r.Close()
		fd := p.Open()
		s := register(t, r, fd)
		start := time.Now()
		time.AfterFunc(time.Hour, func() { p.Set(fd, poller.Read) })
		if _, err := pollster.BlockOn(t.Context(), reactor.TimeoutOn[reactor.Events](r, s.Readable(), time.Minute)); err != pollster.ErrTimeout || time.Since(start) != time.Minute {
			t.Errorf("%v after %v", err, time.Since(start))
		}
		if n := s.Linked(); n != 0 {
			t.Errorf("%d waiters are left", n)
		}
		if e, err := pollster.BlockOn(t.Context(), s.Readable()); e != reactor.Readable || err != nil || time.Since(start) != time.Hour {
			t.Errorf("%v, %v after %v", e, err, time.Since(start))
		}
	})
}
