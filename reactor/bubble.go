package reactor

import (
	"context"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/causeway-go/causeway/internal/park"
	"github.com/causeway-go/causeway/pollster"
)

// What is needed for tests in testing/synctest bubbles, and does nothing
// elsewhere. Whoever is parked inside a bubble must be woken from inside, or
// the runtime ends the process; and a goroutine that is started inside belongs
// to the bubble, which then waits for it to end.

// outside starts f on a goroutine that is in no bubble, from inside one. The
// runtime runs finalizers outside of all bubbles. It takes some milliseconds,
// once for each reactor that is used first from inside a bubble.
func outside(f func()) {
	var started atomic.Bool
	type flag struct{ _ *byte } // with a pointer: small things without one share their memory
	runtime.SetFinalizer(&flag{}, func(*flag) {
		started.Store(true)
		go f()
	})
	for !started.Load() {
		runtime.GC()
		runtime.Gosched()
	}
}

// A relay is a goroutine inside a bubble that can be woken from outside, since
// it waits on a mutex, and then wakes the waker it stands for. While it waits,
// the clock of the bubble stands still, as for any input and output.
type relay struct {
	pollster.Waker
	n          *park.Notifier
	generation uint64
	target     atomic.Pointer[pollster.Waker]
}

// relayTo starts a relay. It ends at its first wake-up.
func relayTo(w *pollster.Waker) *relay {
	l := &relay{n: park.New()}
	l.generation = l.n.Begin()
	l.n.FromOutside()
	l.Init(l)
	l.target.Store(w)
	go func() {
		l.n.WaitAt(nil, context.Background(), false)
		l.target.Load().Wake()
	}()
	return l
}

// OnWake implements pollster.Wakeable.
func (l *relay) OnWake() { l.n.Notify(l.generation) }

// An idler keeps the driver of a reactor that lives in a bubble out of the
// network poller while nobody waits for a Source. There it would keep the clock
// of the bubble from moving on.
type idler struct {
	wanted chan struct{} // one place
}

// rest waits until somebody waits for a Source, and reports false if there was
// no need to.
func (d *idler) rest(r *Reactor) bool {
	if r.waiting.Load() > 0 || r.closed.Load() {
		return false
	}
	<-d.wanted
	return true
}

// kick makes rest and sleep look again.
func (d *idler) kick() {
	select {
	case d.wanted <- struct{}{}:
	default:
	}
}

// sleep waits for timeout on the clock of the bubble, or for a kick.
func (d *idler) sleep(timeout time.Duration) {
	var over <-chan time.Time
	if timeout >= 0 {
		t := time.NewTimer(timeout)
		defer t.Stop()
		over = t.C
	}
	select {
	case <-over:
	case <-d.wanted:
	}
}
