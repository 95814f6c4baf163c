package goroutine

import (
	"errors"
	"runtime"
	"runtime/metrics"
	"sync"
	"sync/atomic"
)

// ErrCallback is why a Callback refuses to wait.
var ErrCallback = errors.New("jspromise: a wait in a callback from JavaScript would hang the page: " +
	"wait on a goroutine, in a task, or in a function of jspromise.AsyncFunc")

// Waiting is Here for a goroutine that is about to wait. In a callback from
// JavaScript it returns a Place of a Callback around the registered ones, which
// is not entered, whoever has made that callback.
func Waiting() *Place {
	p := Here()
	if p != nil {
		if _, ok := p.hooks.(Callback); ok {
			return p
		}
	}
	if !InCallback() {
		return p
	}
	return &Place{hooks: Callback{}, outer: p}
}

// InCallback reports whether JavaScript waits for the calling goroutine to
// return. Such a goroutine, new or one that called JavaScript itself, has the
// function of syscall/js that receives calls on its stack, so nobody has to
// register it. On a shallow stack that takes about as long as a send on a
// channel, a tenth of a way to JavaScript's queue and back. It looks no further
// than callbackDepth: calls nested a thousand deep that each look at all of it
// took a minute instead of four seconds. Deeper down, a registered Callback is
// found.
func InCallback() bool {
	for p := Here(); p != nil; p = p.outer {
		if _, ok := p.hooks.(Callback); ok {
			return true
		}
	}
	var buf [64]uintptr
	for skip := 2; skip < callbackDepth; skip += len(buf) {
		n := runtime.Callers(skip, buf[:])
		if anyReceives(buf[:n]) {
			return true
		}
		if n < len(buf) {
			return false
		}
	}
	return false
}

// callbackDepth is how many calls away from itself a goroutine looks for a
// callback.
const callbackDepth = 256

// receives says of each place in the code that has been seen on a stack whether
// it is in the function that receives calls. To ask the runtime takes 7 µs.
var receives = struct {
	mu sync.Mutex
	at map[uintptr]bool
}{at: map[uintptr]bool{}}

func anyReceives(stack []uintptr) bool {
	receives.mu.Lock()
	defer receives.mu.Unlock()
	for _, pc := range stack {
		yes, known := receives.at[pc]
		if !known {
			f := runtime.FuncForPC(pc - 1)
			yes = f != nil && f.Name() == "syscall/js.handleEvent"
			receives.at[pc] = yes
		}
		if yes {
			return true
		}
	}
	return false
}

// A Callback is the Hooks of a goroutine that JavaScript waits for. While it does
// the page stands still, and nothing that the page's loop would bring can come:
// no promise, no event, no timer. What other goroutines do can, so these run
// until each of them waits too. A wait that is not over by then never would be,
// and is refused.
type Callback struct{}

// BeforeWait implements Hooks.
func (Callback) BeforeWait() Parker { return new(drain) }

// AfterWait implements Hooks.
func (Callback) AfterWait() {}

// A drain is one wait of a Callback.
type drain struct{ over atomic.Bool }

// drainMost is how often the other goroutines are let run in one wait. Only some
// that yield for ever come to it.
const drainMost = 1 << 16

// Park implements Parker.
func (d *drain) Park(Wait) {
	ready := []metrics.Sample{{Name: "/sched/goroutines/runnable:goroutines"}}
	for range drainMost {
		runtime.Gosched()
		if d.over.CompareAndSwap(true, false) {
			return
		}
		if metrics.Read(ready); ready[0].Value.Kind() == metrics.KindUint64 && ready[0].Value.Uint64() == 0 {
			break
		}
	}
	panic(&Refusal{Err: ErrCallback})
}

// Unpark implements Parker.
func (d *drain) Unpark() { d.over.Store(true) }
