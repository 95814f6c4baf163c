//go:build js

package jspromise

import (
	"sync"
	"syscall/js"

	"github.com/causeway-go/causeway/internal/goroutine"
)

// The table is how JavaScript calls into this package. There is one js.Func for
// all of it, made on first use and never released. What a promise or a listener
// is given is that function, bound by JavaScript to the number of an entry and to
// a kind of call: an object that JavaScript's garbage collector frees, and that
// nobody has to release.
//
// So nothing can leak but an entry, a call that comes after its entry has gone
// does nothing, where a released js.Func would write an error to the console, and
// to wait for a promise makes no js.Func at all.
//
// The mutex is never held while JavaScript or a function of the user's is called,
// so that a callback never waits for it: it could not.
var table struct {
	mu   sync.Mutex
	fn   js.Func
	made bool
	next int
	live map[int]handler
}

// A handler is called in a callback from JavaScript. It must not block.
type handler interface {
	called(kind int, args []js.Value) any
}

// enter adds h to the table and returns its number. In a synctest bubble it
// panics: what JavaScript calls comes from outside, and there the runtime would end
// the program for it, later and without saying why.
func enter(h handler) int {
	if goroutine.InBubble() {
		panic("jspromise: in a synctest bubble, where JavaScript cannot call")
	}
	table.mu.Lock()
	defer table.mu.Unlock()
	if !table.made {
		table.made = true
		table.fn = js.FuncOf(dispatch)
		table.live = map[int]handler{}
	}
	table.next++
	table.live[table.next] = h
	return table.next
}

// leave removes entry id, and reports whether it was there.
func leave(id int) bool {
	table.mu.Lock()
	defer table.mu.Unlock()
	_, ok := table.live[id]
	delete(table.live, id)
	return ok
}

// bound returns a function of JavaScript that calls entry id, with kind.
func bound(id, kind int) js.Value {
	return table.fn.Call("bind", js.Null(), id, kind)
}

func dispatch(_ js.Value, args []js.Value) any {
	table.mu.Lock()
	h := table.live[args[0].Int()]
	table.mu.Unlock()
	if h == nil {
		return nil
	}
	var p goroutine.Place
	p.Enter(goroutine.Callback{})
	defer p.Leave()
	return h.called(args[1].Int(), args[2:])
}
