// Package hammer runs one function on many goroutines at once, as often as it
// can in a tenth of a second, to bring out what a single run hides.
//
// It proves nothing by itself: run it under the race detector, and let the
// function check what it can.
package hammer

import (
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/causeway-go/causeway/internal/goroutine"
)

// How long a run takes: until both the time is over and every goroutine has
// made the minimum of calls. In a synctest bubble time stands still while
// goroutines run, so there a number of calls is all there is.
const (
	duration      = 100 * time.Millisecond
	durationShort = 20 * time.Millisecond
	calls         = 20
	callsShort    = 5
	callsBubble   = 500

	turn = 64 // calls after which a goroutine lets another one run
)

// grace is how long the other goroutines get to end after one has failed.
const grace = 10 * time.Second

// Run starts the goroutines, releases them together, lets each call
// f(goroutine, i) with i = 0, 1, 2… again and again for about 100 ms and at
// least 20 times (20 ms and 5 times under -short), and waits for all of them.
//
// A panic in f, or t.Fatal, fails the test and stops the run. If goroutines
// then still wait for the one that has gone, Run gives up on them after ten
// seconds and prints their stacks. Every other f must return by itself.
//
// It must be called on the goroutine of the test.
func Run(t testing.TB, goroutines int, f func(goroutine, i int)) {
	t.Helper()
	if goroutines <= 0 {
		t.Fatalf("hammer: %d goroutines", goroutines)
	}
	r := &run{t: t, f: f, release: make(chan struct{}), failed: make(chan struct{})}
	length := duration
	r.least = calls
	switch {
	case goroutine.InBubble():
		length, r.least = 0, callsBubble
	case testing.Short():
		length, r.least = durationShort, callsShort
	}
	r.running.Add(goroutines)
	for g := range goroutines {
		go r.goroutine(g)
	}
	ended := make(chan struct{})
	go func() {
		r.running.Wait()
		close(ended)
	}()
	if length == 0 {
		r.stop.Store(true)
	} else {
		timer := time.AfterFunc(length, func() { r.stop.Store(true) })
		defer timer.Stop()
	}
	close(r.release)
	select {
	case <-ended:
	case <-r.failed:
		r.abandon(ended)
	}
	if r.broken.Load() {
		t.FailNow()
	}
}

// A run is one call of Run.
type run struct {
	t       testing.TB
	f       func(goroutine, i int)
	least   int
	release chan struct{}
	running sync.WaitGroup
	stop    atomic.Bool // no more calls beyond the least
	broken  atomic.Bool // no more calls at all
	failed  chan struct{}
}

func (r *run) goroutine(g int) {
	defer r.running.Done()
	i, returned := 0, false
	defer func() {
		if returned {
			return
		}
		// Either a panic or, when recover finds none, runtime.Goexit.
		if v := recover(); v != nil {
			r.t.Errorf("hammer: goroutine %d, call %d: panic: %v\n%s", g, i, v, debug.Stack())
		} else {
			r.t.Errorf("hammer: goroutine %d, call %d: ended by Fatal or Goexit", g, i)
		}
		if r.broken.CompareAndSwap(false, true) {
			close(r.failed)
		}
	}()
	<-r.release
	for ; !r.broken.Load() && (i < r.least || !r.stop.Load()); i++ {
		r.f(g, i)
		if i%turn == turn-1 {
			runtime.Gosched() // without it the time would never be over on wasm
		}
	}
	returned = true
}

// abandon waits for the rest of a broken run, but not for ever.
func (r *run) abandon(ended <-chan struct{}) {
	select {
	case <-ended:
	case <-time.After(grace):
		stacks := make([]byte, 1<<20)
		r.t.Fatalf("hammer: others have not ended after the failure:\n%s",
			stacks[:runtime.Stack(stacks, true)])
	}
}
