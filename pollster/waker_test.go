package pollster_test

import (
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/causeway-go/causeway/internal/hammer"
	"github.com/causeway-go/causeway/pollster"
)

func TestAtomicWakerWakesTheLatestOnce(t *testing.T) {
	var cell pollster.AtomicWaker
	cell.Wake() // empty
	if cell.Take() != nil {
		t.Error("the zero value is not empty")
	}
	a, b := newCounter(), newCounter()
	cell.Register(&a.Waker)
	cell.Register(&b.Waker)
	cell.Register(&b.Waker)
	cell.Wake()
	cell.Wake()
	if a.take() != 0 || b.take() != 1 {
		t.Error("want the latest waker woken once")
	}
	cell.Register(&a.Waker)
	if cell.Take() != &a.Waker {
		t.Error("Take does not return what was registered")
	}
	cell.Wake()
	if a.take() != 0 {
		t.Error("woken after Take")
	}
	cell.Register(nil)
	cell.Wake()
}

// The two sides of the cell against each other: whoever registers and then
// does not see the condition must be woken.
func TestAtomicWakerHammer(t *testing.T) {
	hammer.Run(t, 4, func(_, i int) {
		var cell pollster.AtomicWaker
		var condition atomic.Bool
		w := newCounter()
		done := make(chan struct{})
		go func() {
			defer close(done)
			if i%2 == 0 {
				runtime.Gosched()
			}
			condition.Store(true)
			cell.Wake()
		}()
		for range i % 3 {
			cell.Register(&newCounter().Waker) // earlier polls
		}
		cell.Register(&w.Waker)
		seen := condition.Load()
		<-done
		if !seen && w.take() != 1 {
			t.Error("neither seen nor woken")
		}
	})
}

func TestWakersCompareByPointer(t *testing.T) {
	a := pollster.NewWaker(func() {})
	b := pollster.NewWaker(func() {})
	if a == b {
		t.Error("two wakers are equal")
	}
	woken := 0
	w := pollster.NewWaker(func() { woken++ })
	for range 3 {
		w.Wake()
	}
	if woken != 3 {
		t.Errorf("woken %d times", woken)
	}
}

// A task with its waker inside is one allocation, and registering allocates
// nothing.
func TestWakersCostWhatTheyPromise(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	var sink *counter
	if n := testing.AllocsPerRun(100, func() { sink = newCounter() }); n != 1 {
		t.Errorf("a task with a waker: %v allocations", n)
	}
	var cell pollster.AtomicWaker
	if n := testing.AllocsPerRun(100, func() { cell.Register(&sink.Waker); cell.Wake() }); n != 0 {
		t.Errorf("Register and Wake: %v allocations", n)
	}
	var p *pollster.Promise[int]
	if n := testing.AllocsPerRun(100, func() {
		p = new(pollster.Promise[int])
		p.Poll(&sink.Waker)
		p.Resolve(1)
	}); n != 1 {
		t.Errorf("a promise: %v allocations", n)
	}
}
