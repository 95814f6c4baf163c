//go:build js

package jspromise_test

import (
	"context"
	"errors"
	"slices"
	"syscall/js"
	"testing"
	"time"

	"github.com/causeway-go/causeway/compat/jspromise"
	"github.com/causeway-go/causeway/executor"
	"github.com/causeway-go/causeway/pollster"
	"github.com/causeway-go/causeway/pollster/futuretest"
)

func TestQueuesInTheOrderOfThePage(t *testing.T) {
	balanced(t, 0)
	var order []string
	over := make(chan struct{})
	put := func(q jspromise.Queue, name string) {
		err := q.Post(func() {
			if !jspromise.InCallback() {
				t.Error(name, "is not in a callback")
			}
			order = append(order, name)
		})
		if err != nil {
			t.Error(err)
		}
	}
	_ = jspromise.Task.Post(func() {
		put(jspromise.Task, "task")
		put(jspromise.Microtask, "micro 1")
		put(jspromise.Microtask, "micro 2")
		put(jspromise.Task, "task 2")
		_ = jspromise.Task.Post(func() { close(over) })
	})
	<-over
	if want := []string{"micro 1", "micro 2", "task", "task 2"}; !slices.Equal(order, want) {
		t.Errorf("%q, want %q", order, want)
	}
	put(jspromise.Frame, "frame")
	if _, err := pollster.BlockOn(within(t), jspromise.NextFrame()); err != nil {
		t.Error(err)
	}
	if order[len(order)-1] != "frame" {
		t.Errorf("%q", order)
	}
	if jspromise.Task.Post(nil) == nil {
		t.Error("a nil function was taken")
	}
}

func TestTasksWhereThereIsOnlyAMessageChannel(t *testing.T) {
	// It keeps one entry for good, and Node alive: there it is closed below.
	hide := script(`let was = [globalThis.setImmediate, globalThis.scheduler];
		let own = Object.getOwnPropertyDescriptor(globalThis, "scheduler");
		globalThis.setImmediate = undefined;
		Object.defineProperty(globalThis, "scheduler", {value: undefined, configurable: true, writable: true});
		let channel = globalThis.MessageChannel, ports = [];
		globalThis.MessageChannel = function () { let c = new channel(); ports.push(c.port1); return c };
		return () => {
			globalThis.MessageChannel = channel;
			if (was[0]) globalThis.setImmediate = was[0]; else delete globalThis.setImmediate;
			if (own) Object.defineProperty(globalThis, "scheduler", own); else delete globalThis.scheduler;
			for (let p of ports) p.unref?.();
		}`).Invoke()
	var order []int
	over := make(chan struct{})
	for i := range 10 {
		_ = jspromise.Task.Post(func() {
			if order = append(order, i); i == 9 {
				close(over)
			}
		})
	}
	<-over
	hide.Invoke()
	if !slices.IsSorted(order) || len(order) != 10 {
		t.Error(order)
	}
}

func TestNextFrame(t *testing.T) {
	balanced(t, 0)
	everywhere(t, func(t *testing.T) {
		a, err := pollster.BlockOn(within(t), jspromise.NextFrame())
		b, err2 := pollster.BlockOn(within(t), jspromise.NextFrame())
		if err := errors.Join(err, err2); err != nil || a <= 0 || b <= a {
			t.Errorf("%v, %v, %v", a, b, err)
		}
	})
	frames := holdFrames(t)
	futuretest.TestFuture(t, func() futuretest.Subject[time.Duration] {
		before, f := jspromise.Live(), &heldFrame{frames: frames, Future: jspromise.NextFrame()}
		return futuretest.Subject[time.Duration]{
			Future:   f,
			Complete: func() { f.let = true; f.look() },
			Held:     func() int { return jspromise.Live() - before },
		}
	})
}

// holdFrames has the page's frames wait until they are let: a page that is slow may
// be painted at any moment.
func holdFrames(t *testing.T) js.Value {
	page := js.Global()
	frames := page.Call("eval", `(() => {
		const held = new Map()
		let n = 0
		return {
			request: f => { held.set(++n, f); return n },
			cancel: i => { held.delete(i) },
			last: () => n,
			let: i => {
				const f = held.get(i)
				held.delete(i)
				if (f) setTimeout(() => f(performance.now()))
			},
		}
	})()`)
	for name, f := range map[string]string{"requestAnimationFrame": "request", "cancelAnimationFrame": "cancel"} {
		was := page.Get(name)
		page.Set(name, frames.Get(f))
		t.Cleanup(func() { page.Set(name, was) })
	}
	return frames
}

// A heldFrame is a NextFrame that waits until it is let.
type heldFrame struct {
	pollster.Future[time.Duration]
	frames js.Value
	number int // of its request
	let    bool
}

func (f *heldFrame) Poll(w *pollster.Waker) (time.Duration, bool, error) {
	before := f.frames.Call("last").Int()
	defer func() {
		if n := f.frames.Call("last").Int(); n > before {
			f.number = n
			f.look()
		}
	}()
	return f.Future.Poll(w)
}

func (f *heldFrame) Cancel() { pollster.Cancel(f.Future) }

func (f *heldFrame) look() {
	if f.let && f.number > 0 {
		f.frames.Call("let", f.number)
	}
}

// Tasks that never end must not stop the page: its timers and frames go on.
func TestTasksWithoutEndLeaveThePageAlive(t *testing.T) {
	balanced(t, 0)
	for _, q := range []jspromise.Queue{jspromise.Microtask, jspromise.Task, jspromise.Frame} {
		loop := newLoop(t, jspromise.LoopOptions{Queue: q, Budget: time.Millisecond})
		polls := 0
		spinner := executor.Spawn(loop, pollster.Future[int](pollster.Func[int](func(w *pollster.Waker) (int, bool, error) {
			polls++
			w.Wake()
			return 0, false, nil
		})))
		spinner.Detach()
		for range 5 {
			turn(t)
			if _, err := pollster.BlockOn(within(t), jspromise.NextFrame()); err != nil {
				t.Error(err)
			}
		}
		if polls == 0 || loop.Turns() == 0 {
			t.Errorf("queue %d: %d polls in %d turns", q, polls, loop.Turns())
		}
		loop.Close()
		had := polls
		turn(t)
		turn(t)
		if polls != had {
			t.Errorf("queue %d: polled after Close", q)
		}
	}
}

func TestLoopSleepsWhenNothingIsReady(t *testing.T) {
	balanced(t, 0)
	loop := newLoop(t, jspromise.LoopOptions{})
	defer loop.Close()
	d := deferred()
	waiting := executor.Go(loop, func(ctx context.Context) (int, error) {
		v, err := jspromise.Wait(ctx, d.Get("promise"))
		return v.Int(), err
	})
	turn(t)
	turns := loop.Turns()
	for range 10 {
		turn(t)
	}
	if loop.Turns() != turns || turns == 0 {
		t.Errorf("%d turns, then %d", turns, loop.Turns())
	}
	d.Call("yes", 4)
	if v, err := waiting.Wait(within(t)); v != 4 || err != nil {
		t.Error(v, err)
	}
}

// A task runs between the microtasks of the code that woke it and the next task of
// the page.
func TestAWakeIsAMicrotask(t *testing.T) {
	balanced(t, 0)
	loop := newLoop(t, jspromise.LoopOptions{})
	defer loop.Close()
	d := deferred()
	var order []string
	first := executor.Go(loop, func(ctx context.Context) (int, error) {
		_, err := jspromise.Wait(ctx, d.Get("promise"))
		order = append(order, "task of the loop")
		return 0, err
	})
	turn(t)
	over := make(chan struct{})
	_ = jspromise.Task.Post(func() {
		d.Call("yes", 0)
		_ = jspromise.Task.Post(func() { order = append(order, "task of the page"); close(over) })
	})
	<-over
	if _, err := first.Wait(within(t)); err != nil || order[0] != "task of the loop" {
		t.Error(order, err)
	}
}

func TestCloseEndsTheTasks(t *testing.T) {
	balanced(t, 0)
	for _, inside := range []bool{false, true} {
		loop := newLoop(t, jspromise.LoopOptions{})
		ended := 0
		waiting := executor.Go(loop, func(ctx context.Context) (int, error) {
			defer func() { ended++ }()
			_, err := jspromise.Wait(ctx, deferred().Get("promise"))
			return 0, err
		})
		turn(t)
		if inside {
			executor.Go(loop, func(context.Context) (int, error) { loop.Close(); return 0, nil }).Detach()
			turn(t)
		} else {
			loop.Close()
		}
		loop.Close()
		_, err := waiting.Wait(within(t))
		is(t, err, context.Canceled) // of its ctx: it has returned that
		if ended != 1 {
			t.Errorf("deferred calls ran %d times", ended)
		}
		_, err = executor.Go(loop, func(context.Context) (int, error) { return 0, nil }).Wait(within(t))
		is(t, err, executor.ErrClosed)
	}
}

func TestLoopOptionsAreChecked(t *testing.T) {
	for name, o := range map[string]jspromise.LoopOptions{
		"budget": {Budget: -1},
		"queue":  {Queue: 9},
		"wake":   {Local: executor.LocalOptions{OnWake: func() {}}},
		"park":   {Local: executor.LocalOptions{Park: true}},
	} {
		if _, err := jspromise.NewLoop(o); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// A wait for a task of the Loop in a callback would wait for what only the page can
// run.
func TestACallbackCannotWaitForALoop(t *testing.T) {
	balanced(t, 2)
	loop := newLoop(t, jspromise.LoopOptions{})
	defer loop.Close()
	for _, plain := range []bool{true, false} {
		callback(t, plain, func() {
			task := executor.Go(loop, func(context.Context) (int, error) { return 1, nil })
			_, err := task.Wait(background)
			is(t, err, jspromise.ErrWouldHang)
		})
	}
}
