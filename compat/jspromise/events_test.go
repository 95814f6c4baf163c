//go:build js

package jspromise_test

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"syscall/js"
	"testing"

	"github.com/causeway-go/causeway/compat/jspromise"
	"github.com/causeway-go/causeway/pollster"
	"github.com/causeway-go/causeway/pollster/futuretest"
)

// target is an EventTarget that counts its listeners, and knows one that is removed
// with another capture than it was added with for another one.
func target() (v js.Value, listeners func() int) {
	v = script(`let t = new EventTarget(), has = []; t.n = 0;
		t.addEventListener = function (...a) {
			t.n = has.push(a);
			return EventTarget.prototype.addEventListener.apply(t, a);
		};
		t.removeEventListener = function (type, f, o) {
			has = has.filter((a) => a[0] != type || a[1] != f || !a[2].capture != !o.capture);
			t.n = has.length;
			return EventTarget.prototype.removeEventListener.call(t, type, f, o);
		};
		t.fire = (i) => { let e = new Event("tick", {cancelable: true}); e.i = i; t.dispatchEvent(e); return e.defaultPrevented };
		return t`).Invoke()
	return v, func() int { return v.Get("n").Int() }
}

func next(t *testing.T, e *jspromise.Events) (int, error) {
	v, err := pollster.BlockOn(within(t), pollster.Next[js.Value](e))
	if err != nil {
		return 0, err
	}
	return v.Get("i").Int(), nil
}

func TestEventsEverywhere(t *testing.T) {
	balanced(t, 0)
	capture := false
	everywhere(t, func(t *testing.T) {
		capture = !capture
		v, listeners := target()
		e := jspromise.Listen(v, "tick", jspromise.ListenOptions{Capture: capture})
		v.Call("fire", 1) // before the first poll
		v.Call("fire", 2)
		script("setTimeout(() => a.fire(3), 1)").Invoke(v)
		for want := range 3 {
			if i, err := next(t, e); i != want+1 || err != nil {
				t.Errorf("%d, %v, want %d", i, err, want+1)
			}
		}
		e.Cancel()
		e.Cancel()
		if listeners() != 0 {
			t.Error("it listens after Cancel")
		}
		v.Call("fire", 4)
		_, err := next(t, e)
		is(t, err, pollster.ErrCanceled)
	})
}

func TestEventsKeepToTheContract(t *testing.T) {
	futuretest.TestStream(t, func() futuretest.StreamSubject[js.Value] {
		v, listeners := target()
		return futuretest.StreamSubject[js.Value]{
			Stream: jspromise.Listen(v, "tick", jspromise.ListenOptions{Once: true}),
			Feed:   func() { v.Call("fire", 0) },
			Values: 1,
			Check: func(i int, v js.Value) error {
				if got := v.Get("i").Int(); got != i {
					return fmt.Errorf("event %d, want %d", got, i)
				}
				return nil
			},
			Held: listeners,
		}
	})
}

func TestOverflow(t *testing.T) {
	balanced(t, 0)
	for _, c := range []struct {
		overflow jspromise.Overflow
		want     []int
		end      error
	}{
		{jspromise.DropOldest, []int{7, 8, 9}, nil},
		{jspromise.DropNewest, []int{0, 1, 2}, nil},
		{jspromise.EndStream, []int{0, 1, 2}, jspromise.ErrOverflow},
	} {
		v, listeners := target()
		e := jspromise.Listen(v, "tick", jspromise.ListenOptions{Buffer: 3, Overflow: c.overflow})
		for i := range 10 {
			v.Call("fire", i)
		}
		var got []int
		for range 3 {
			i, err := next(t, e)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, i)
		}
		_, ready, err := e.PollNext(pollster.NewWaker(func() {}))
		if !slices.Equal(got, c.want) || ready || !errors.Is(err, c.end) {
			t.Errorf("%d: %v, then %v, %v", c.overflow, got, ready, err)
		}
		dropped, left := uint64(7), 1
		if c.end != nil {
			dropped, left = 1, 0
		}
		if e.Dropped() != dropped || listeners() != left {
			t.Errorf("%d: %d dropped, %d listeners", c.overflow, e.Dropped(), listeners())
		}
		e.Cancel()
	}
}

func TestHandleRunsWhileTheEventHappens(t *testing.T) {
	balanced(t, 0)
	v, _ := target()
	e := jspromise.Listen(v, "tick", jspromise.ListenOptions{Handle: func(event js.Value) bool {
		if !event.Get("currentTarget").Equal(v) || !jspromise.InCallback() {
			t.Error("not while it happens")
		}
		event.Call("preventDefault")
		return event.Get("i").Int() != 1
	}})
	defer e.Cancel()
	for i := range 3 {
		if !v.Call("fire", i).Bool() {
			t.Error("the default was not prevented")
		}
	}
	a, _ := next(t, e)
	b, _ := next(t, e)
	if a != 0 || b != 2 {
		t.Errorf("%d, %d", a, b)
	}
}

// What calls its listeners need not be an EventTarget, or give them an event.
func TestAnEventOfNothingIsUndefined(t *testing.T) {
	balanced(t, 0)
	v := script("return {addEventListener(_, f) { this.fire = f }, removeEventListener() {}}").Invoke()
	e := jspromise.Listen(v, "tick", jspromise.ListenOptions{})
	defer e.Cancel()
	v.Call("fire")
	if event, err := pollster.BlockOn(within(t), pollster.Next[js.Value](e)); err != nil || !event.IsUndefined() {
		t.Error(event, err)
	}
}

func TestOnce(t *testing.T) {
	balanced(t, 0)
	v, listeners := target()
	e := jspromise.Listen(v, "tick", jspromise.ListenOptions{Once: true})
	v.Call("fire", 1)
	v.Call("fire", 2)
	if i, err := next(t, e); i != 1 || err != nil || listeners() != 0 {
		t.Error(i, err, listeners())
	}
	if _, err := next(t, e); err != io.EOF {
		t.Error(err)
	}
}

func TestListenToWhatIsNoTargetLeavesNothing(t *testing.T) {
	balanced(t, 0)
	for _, f := range []func(){
		func() { jspromise.Listen(script("return {}").Invoke(), "x", jspromise.ListenOptions{}) },
		func() { jspromise.Listen(js.Global(), "x", jspromise.ListenOptions{Buffer: -1}) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			f()
		}()
	}
}

// Random runs of events, polls and a cancel, against a queue.
func FuzzEventsAgainstAQueue(f *testing.F) {
	for seed := range uint64(100) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		before := jspromise.Live()
		r := rand.New(rand.NewPCG(seed, 2))
		v, listeners := target()
		o := jspromise.ListenOptions{Buffer: 1 + r.IntN(4), Overflow: jspromise.Overflow(r.IntN(3))}
		e := jspromise.Listen(v, "tick", o)
		var queue []int
		var dropped uint64
		var end error
		for i := range 60 {
			switch k := r.IntN(20); {
			case k < 10:
				v.Call("fire", i)
				switch {
				case end != nil:
				case len(queue) < o.Buffer:
					queue = append(queue, i)
				case o.Overflow == jspromise.DropOldest:
					queue, dropped = append(queue[1:], i), dropped+1
				default:
					dropped++
					if o.Overflow == jspromise.EndStream {
						end = jspromise.ErrOverflow
					}
				}
			case k < 19 && !errors.Is(end, pollster.ErrCanceled):
				got, ready, err := e.PollNext(pollster.NewWaker(func() {}))
				if len(queue) > 0 {
					if !ready || err != nil || got.Get("i").Int() != queue[0] {
						t.Fatalf("step %d: %v, %v, want %d", i, ready, err, queue[0])
					}
					queue = queue[1:]
				} else if ready || err != end {
					t.Fatalf("step %d: %v, %v, want %v", i, ready, err, end)
				}
			case k == 19:
				e.Cancel()
				if queue = nil; end == nil {
					end = pollster.ErrCanceled
				}
			}
		}
		e.Cancel()
		if e.Dropped() != dropped || listeners() != 0 || jspromise.Live() != before {
			t.Errorf("%d dropped, want %d; %d listeners; %d entries more", e.Dropped(), dropped, listeners(), jspromise.Live()-before)
		}
	})
}
