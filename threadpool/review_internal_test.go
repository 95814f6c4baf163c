package threadpool

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/causeway-go/causeway/internal/control"
)

func reviewPool(t *testing.T, opts Options) *Pool {
	t.Helper()
	p, err := New(opts)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// A pool that is made to have one slot has one, whatever its tuner thought before;
// and many again after that.
func TestTheTunerObeysAResizeToOne(t *testing.T) {
	p := reviewPool(t, Options{Limit: 4})
	var stops []chan struct{}
	for range 20 {
		stop := make(chan struct{})
		stops = append(stops, stop)
		if err := p.Submit(context.Background(), func() { <-stop }); err != nil {
			t.Fatal(err)
		}
	}
	for _, limit := range []int{1, 3, 1, 4} {
		if err := p.Resize(limit); err != nil {
			t.Fatal(err)
		}
		for range 5 {
			p.tuner.tick()
			if n := p.state.load().limit(); n > limit || limit == 1 && n != 1 {
				t.Fatalf("%d slots of %d", n, limit)
			}
		}
		p.mu.Lock()
		if p.tuner.awake != (limit > 1) {
			t.Errorf("with a limit of %d the tuner is awake: %v", limit, p.tuner.awake)
		}
		p.mu.Unlock()
	}
	for _, stop := range stops {
		close(stop)
	}
	if err := p.Shutdown(context.Background()); err != nil {
		t.Error(err)
	}
}

// What the controller decides when somebody waits again after a long time is what
// the pool does.
func TestTheTunerWakesWithTheControllersLimit(t *testing.T) {
	p := reviewPool(t, Options{Limit: 500})
	// As if all had hung, long ago.
	at := -1000 * time.Second
	p.mu.Lock()
	for range 300 {
		at += 10 * time.Millisecond
		p.tuner.ctl.Tick(control.Input{Now: at, Running: 8, Queued: 1, StartSum: 8 * -1001 * time.Second, Procs: 2})
	}
	before := p.tuner.ctl.Limit()
	p.state.update(func(w word) word { return w.withLimit(before) })
	p.tuner.wakeLocked()
	if now := p.tuner.ctl.Limit(); now >= before || p.state.load().limit() != now {
		t.Errorf("from %d: the controller says %d, the pool has %d", before, now, p.state.load().limit())
	}
	p.mu.Unlock()
}

// Whoever looks at a pool from inside a bubble, by another clock, does not end the
// time of what is measured outside.
func TestStatsFromABubbleLeaveTheWindowsAlone(t *testing.T) {
	p := reviewPool(t, Options{})
	if err := p.Do(context.Background(), func() {}); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		if s := p.Stats(); s.Service.P99 == 0 {
			t.Errorf("nothing is seen from inside: %+v", s.Service)
		}
	})
	if s := p.Stats(); s.Service.P99 == 0 {
		t.Errorf("nothing is left: %+v", s.Service)
	}
	now := clock()
	for i := range p.meter.parts {
		for _, w := range p.meter.parts[i].windows {
			if w.since > now {
				t.Errorf("a window begins in %v", w.since-now)
			}
		}
	}
}

// In a bubble, whose clock stands before the start of the program, quantiles are
// those of late, too.
func TestQuantilesInABubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := reviewPool(t, Options{})
		for _, d := range []time.Duration{10 * time.Minute, time.Second} {
			if err := p.Do(context.Background(), func() { time.Sleep(d) }); err != nil {
				t.Error(err)
			}
			if s := p.Stats(); s.Service.P50 < d || s.Service.P50 > d+d/4 {
				t.Errorf("a job of %v is seen as %v", d, s.Service.P50)
			}
			time.Sleep(time.Minute)
			if s := p.Stats(); s.Service.P50 != 0 {
				t.Errorf("after a minute: %v", s.Service.P50)
			}
		}
	})
}
