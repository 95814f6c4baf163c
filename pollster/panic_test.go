package pollster_test

import (
	"context"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/causeway-go/causeway/pollster"
)

// stillWorks makes sure that BlockOn works on this goroutine, and with whatever
// pooled object comes next, after something has gone wrong.
func stillWorks(t *testing.T) {
	t.Helper()
	for range 10 {
		if v, err := pollster.BlockOn(bg, after(time.Microsecond)); v != 42 || err != nil {
			t.Errorf("afterwards: %d, %v", v, err)
		}
	}
}

func badPoll() { panic("in Poll") }

func TestBlockOnLetsAPanicInPollThroughWithItsStack(t *testing.T) {
	forEachBlockOn(t, func(t *testing.T, blockOn func(context.Context, pollster.Future[int]) (int, error)) {
		for _, at := range []int64{1, 3} {
			m := newManual[int](t)
			m.onPoll = func() {
				m.waker.Wake()
				if m.polls.Load() == at {
					badPoll()
				}
			}
			var value any
			var stack string
			func() {
				defer func() {
					value, stack = recover(), string(debug.Stack())
				}()
				blockOn(bg, m)
			}()
			if value != "in Poll" || !strings.Contains(stack, "badPoll") {
				t.Errorf("panic %v with\n%s", value, stack)
			}
			if m.canceled() {
				t.Error("the future was cancelled")
			}
			m.waker.Wake()
			stillWorks(t)
		}
	})
}

func TestBlockOnLetsGoexitInPollThrough(t *testing.T) {
	for _, at := range []int64{1, 3} {
		m := newManual[int](t)
		m.onPoll = func() {
			m.waker.Wake()
			if m.polls.Load() == at {
				runtime.Goexit()
			}
		}
		if !goexits(func() { pollster.BlockOn(bg, m) }) {
			t.Error("BlockOn returned")
		}
		stillWorks(t)
	}
}

func TestAPanicInAWakerComesOutOfWake(t *testing.T) {
	w := pollster.NewWaker(func() { panic("in waker") })
	if v := panics(w.Wake); v != "in waker" {
		t.Errorf("%v", v)
	}
	var cell pollster.AtomicWaker
	cell.Register(w)
	if v := panics(cell.Wake); v != "in waker" {
		t.Errorf("%v", v)
	}
	if cell.Take() != nil {
		t.Error("the cell was not emptied first")
	}
	if !goexits(pollster.NewWaker(runtime.Goexit).Wake) {
		t.Error("Goexit in a waker does not end its caller")
	}
	var p pollster.Promise[int]
	p.Poll(w)
	if v := panics(func() { p.Resolve(3) }); v != "in waker" {
		t.Errorf("%v", v)
	}
	if v := ended(t, &p, nil); v != 3 {
		t.Errorf("the promise has %d", v)
	}
	stillWorks(t)
}

// A Wakeable that is broken by its maker, inside a Join: the panic comes out of
// the Wake of whoever woke, and the next wake works.
func TestAPanicInAWakeableLeavesTheJoinUsable(t *testing.T) {
	ms, fs := manuals(t, 2)
	f := pollster.Join(fs...)
	pending(t, f, pollster.NewWaker(func() { panic("in waker") }))
	if v := panics(func() { ms[0].end(1, nil) }); v != "in waker" {
		t.Errorf("%v", v)
	}
	w := newCounter()
	pending(t, f, &w.Waker)
	ms[1].end(2, nil)
	if w.take() == 0 {
		t.Error("not woken")
	}
	if v := ended(t, f, &w.Waker); v[0] != 1 || v[1] != 2 {
		t.Errorf("got %v", v)
	}
}

func TestAPanicInCancelComesOutOfBlockOn(t *testing.T) {
	ctx, cancel := context.WithCancel(bg)
	cancel()
	f := &badCancel{}
	if v := panics(func() { pollster.BlockOn[int](ctx, f) }); v != "in Cancel" {
		t.Errorf("%v", v)
	}
	stillWorks(t)
}

type badCancel struct{ pollster.Promise[int] }

func (*badCancel) Cancel() { panic("in Cancel") }
