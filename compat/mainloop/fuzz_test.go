package mainloop_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/causeway-go/causeway/compat/mainloop"
	"github.com/causeway-go/causeway/executor"
	"github.com/causeway-go/causeway/pollster"
)

// An oracle is what a Loop is, without any cleverness: a list of posted numbers, a
// task that is ready or not, and a host that is asleep or not.
type oracle struct {
	ran    []int
	ready  bool
	polls  int
	ended  bool
	limit  int  // Options.Polls
	asleep bool // the loop waits to be told
	told   int
	order  []int // -1 is the task; the rest are numbers
}

func (o *oracle) wakeLoop() {
	if o.asleep {
		o.asleep = false
		o.told++
	}
}

func (o *oracle) post(n int) bool {
	if o.ended {
		return false
	}
	o.order = append(o.order, n)
	o.wakeLoop()
	return true
}

func (o *oracle) wake() {
	if o.ended || o.ready {
		return
	}
	o.ready = true
	o.order = append(o.order, -1)
	o.wakeLoop()
}

// turn polls at most limit things and reports whether something is left.
func (o *oracle) turn() (more bool) {
	if o.ended {
		return false
	}
	for n := 0; n < o.limit && len(o.order) > 0; n++ {
		if o.order[0] < 0 {
			o.ready = false
			o.polls++
		} else {
			o.ran = append(o.ran, o.order[0])
		}
		o.order = o.order[1:]
	}
	o.asleep = len(o.order) == 0
	return !o.asleep
}

// FuzzLoop does the same to a Loop of each kind and to the oracle: posts, wakes of
// a task, turns, time that passes, a queue that gets full and empty, the end.
func FuzzLoop(f *testing.F) {
	f.Add(byte(1), []byte{0, 1, 2, 0, 0, 2, 1, 2, 2, 5, 0, 2})
	f.Add(byte(2), []byte{3, 0, 0, 4, 4, 3, 2, 2, 0, 1, 2, 2})
	f.Add(byte(0), []byte{0, 0, 0, 0, 0, 2, 2, 1, 2, 250, 0, 2})
	f.Fuzz(func(t *testing.T, which byte, ops []byte) {
		synctest.Test(t, func(t *testing.T) { fuzz(t, int(which%3), ops) })
	})
}

func fuzz(t *testing.T, which int, ops []byte) {
	const limit = 2
	o := &oracle{limit: limit}
	opts := mainloop.Options{Polls: limit}
	q := newQueue(1)
	rings := 0
	var l *mainloop.Loop
	switch which {
	case 0:
		l, _ = mainloop.NewPolled(opts)
	case 1:
		l, _ = mainloop.NewBlocked(func() { rings++ }, opts)
	default:
		l, _ = mainloop.NewQueued(q, opts)
		o.asleep = true
	}
	defer l.End()
	p := &probe{}
	var ran []int
	executor.Spawn(l, pollster.Future[int](p))
	o.wake()
	next := 0
	for _, op := range ops {
		switch {
		case op >= 250:
			l.End()
			o.ended = true
		case op%6 == 0:
			n := next
			next++
			err := l.Post(func() { ran = append(ran, n) })
			if ok := o.post(n); ok != (err == nil) || !ok && !errors.Is(err, mainloop.ErrEnded) {
				t.Fatalf("Post: %v, the oracle: %v", err, ok)
			}
		case op%6 == 1:
			if p.polls.Load() > 0 { // else it has no waker yet
				p.waker.Wake()
				p.waker.Register(p.waker.Take())
				o.wake()
			}
		case op%6 == 2 && which < 2:
			if d, more := l.Turn(), o.turn(); (d == 0) != more {
				t.Fatalf("Turn: %v, the oracle: %v", d, more)
			}
		case op%6 == 2:
			if q.step() {
				o.turn()
			}
		case op%6 == 3:
			q.mu.Lock()
			q.limit ^= 1 // full, or not
			q.mu.Unlock()
		case op%6 == 4:
			time.Sleep(40 * time.Millisecond) // a retry is due at least once
			synctest.Wait()
		default:
			l.Turn() // by hand
			o.turn()
		}
		compare(t, o, p, ran)
		if which == 1 && rings != o.told {
			t.Fatalf("%d wakes, the oracle: %d", rings, o.told)
		}
		if q.length() > 1 {
			t.Fatal("two turns in the queue")
		}
	}
	settleFuzz(t, which, l, q, o)
	compare(t, o, p, ran)
}

// settleFuzz runs the loop until it rests: nothing may be left then.
func settleFuzz(t *testing.T, which int, l *mainloop.Loop, q *queue, o *oracle) {
	q.mu.Lock()
	q.limit = 1
	q.mu.Unlock()
	if which < 2 {
		for o.turn() {
		}
		for l.Turn() == 0 {
		}
		return
	}
	for o.turn() {
	}
	time.Sleep(40 * time.Millisecond)
	synctest.Wait()
	for q.step() {
	}
}

func compare(t *testing.T, o *oracle, p *probe, ran []int) {
	t.Helper()
	if len(ran) != len(o.ran) || int(p.polls.Load()) != o.polls {
		t.Fatalf("ran %v after %d polls, the oracle: %v, %d", ran, p.polls.Load(), o.ran, o.polls)
	}
	for i := range ran {
		if ran[i] != o.ran[i] {
			t.Fatalf("ran %v, the oracle: %v", ran, o.ran)
		}
	}
	want := int32(0)
	if o.ended {
		want = 1
	}
	if n := p.cancels.Load(); n != want {
		t.Fatalf("dropped %d times, want %d", n, want)
	}
}
