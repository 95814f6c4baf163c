package pollster

import "sync/atomic"

// A Waker tells whoever polls a future that polling again is worth while. It
// is used by pointer only and never copied; two equal pointers wake the same
// task. A nil *Waker and the zero Waker wake nobody.
//
// A task embeds its Waker and calls [Waker.Init], so that both are one
// allocation. Everybody else calls [NewWaker].
type Waker struct {
	_ noCopy
	t Wakeable
}

// A Wakeable is what a [Waker] wakes: a task, a parked goroutine, a loop.
type Wakeable interface {
	// OnWake arranges for one more poll after this call. It may be called
	// from any goroutine, any number of times, during a poll, and after the
	// end. It does not block and does not poll. What its caller wrote before
	// must be visible to the poll that follows.
	OnWake()
}

// NewWaker returns a waker that calls wake, which must keep to the rules of
// [Wakeable.OnWake].
func NewWaker(wake func()) *Waker {
	if wake == nil {
		panic("pollster: NewWaker called with a nil function")
	}
	return &Waker{t: wakeFunc(wake)}
}

type wakeFunc func()

func (f wakeFunc) OnWake() { f() }

// Init makes w wake t. Call it once, before w is shared.
func (w *Waker) Init(t Wakeable) { w.t = t }

// Wake asks for one more poll of the future whose Poll was given w. It does
// not block and does not poll, may be called from any goroutine, any number of
// times, and after the future has ended. Wakes coalesce: several of them may be
// answered by one poll. In the terms of the Go memory model, Wake synchronizes
// before the poll that answers it.
//
// A panic of the code that is woken comes out of Wake.
func (w *Waker) Wake() {
	if w != nil && w.t != nil {
		w.t.OnWake()
	}
}

// noCopy makes go vet's copylocks check object to copies.
type noCopy struct{}

func (*noCopy) Lock()   {}
func (*noCopy) Unlock() {}

// An AtomicWaker is a cell for one waker: the meeting point of the one task
// that polls a future and whatever makes that future ready. The zero value is
// empty and ready for use. It must not be copied. All methods may be called
// from any goroutine and none blocks.
//
// The two sides keep to this order:
//
//	poll side                    event side
//	1. Register(w)               1. make the condition true
//	2. look at the condition     2. Wake()
//
// Both Register and Wake are atomic operations on one word, so one of them
// comes first. If Register does, Wake finds w. If Wake does, the condition was
// true before it, and step 2 of the poll side sees that. A poll side that looks
// first and registers afterwards can lose the wake-up between the two.
//
// Compared with the cell of the same name in Rust (atomic-waker), where a
// waker is two words and a short state machine guards them, a pointer in Go
// can be exchanged in one step, so there is no state here but the pointer.
type AtomicWaker struct {
	w atomic.Pointer[Waker]
}

// Register stores w, replacing what was there without waking it. Registering
// the waker that is already there costs one load.
func (a *AtomicWaker) Register(w *Waker) {
	if a.w.Load() != w {
		a.w.Store(w)
	}
}

// Wake empties the cell and wakes the waker that was in it, if any. Further
// calls do nothing until the next Register.
func (a *AtomicWaker) Wake() { a.Take().Wake() }

// Take empties the cell and returns what was in it, or nil. It is for code
// that must wake after releasing a lock, or that drops the waker.
func (a *AtomicWaker) Take() *Waker {
	if a.w.Load() == nil {
		return nil
	}
	return a.w.Swap(nil)
}
