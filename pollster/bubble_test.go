package pollster_test

import (
	"context"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/causeway-go/causeway/pollster"
)

// blockOnInTurn uses BlockOn in the ways that leave different things behind in
// its pooled objects: parked with and without a context, woken and ended.
func blockOnInTurn(t *testing.T) {
	t.Helper()
	for range 3 {
		cancellable, cancel := context.WithCancel(bg)
		short, cancelShort := context.WithTimeout(bg, time.Millisecond)
		for _, ctx := range []context.Context{bg, cancellable} {
			if v, err := pollster.BlockOn(ctx, after(time.Millisecond)); v != 42 || err != nil {
				t.Errorf("%d, %v", v, err)
			}
		}
		if _, err := pollster.BlockOn(short, never()); err == nil {
			t.Error("no error")
		}
		cancel()
		cancelShort()
	}
}

// The pooled objects of BlockOn go from bubble to bubble and out of them. A
// channel among them would be a fatal error of the runtime here.
func TestBlockOnObjectsMoveBetweenBubbles(t *testing.T) {
	// One processor, so that sync.Pool gives the same object to everybody.
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	for range 5 {
		blockOnInTurn(t)
		synctest.Test(t, blockOnInTurn)
		synctest.Test(t, blockOnInTurn)
	}
	// And at the same time: goroutines outside and inside take turns.
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range 20 {
			blockOnInTurn(t)
			runtime.Gosched()
		}
	}()
	for range 20 {
		synctest.Test(t, blockOnInTurn)
	}
	<-done
}

// A BlockOn that waits is durably blocked, with and without a context.
func TestBlockOnInABubbleLetsTimePass(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, ctx := range []context.Context{bg, t.Context()} {
			start := time.Now()
			if v, err := pollster.BlockOn(ctx, after(24*time.Hour)); v != 42 || err != nil || time.Since(start) != 24*time.Hour {
				t.Errorf("%d, %v after %v", v, err, time.Since(start))
			}
		}
		var p pollster.Promise[int]
		got := 0
		go func() { got, _ = p.Wait(bg) }()
		synctest.Wait() // returns because Wait is durably blocked
		p.Resolve(5)
		synctest.Wait()
		if got != 5 {
			t.Errorf("got %d", got)
		}
	})
}
