// Package glance lets whoever has run out of work look for events himself before
// he goes to sleep, where otherwise somebody else would have to be woken to find
// the events, and would then wake him.
//
// It joins packages that do not know each other: those that know where events come
// from, and those whose goroutines run out of work. Wakers are called in Look, so
// it is for goroutines that hold no locks and can bear what wakers do.
package glance

import (
	"slices"
	"sync"
	"sync/atomic"
)

// A Looker knows where events come from.
type Looker interface {
	// Glance looks for events, without waiting for any, wakes those concerned,
	// and reports whether there were some. If there were, the caller promises to
	// look again soon: when it has done the work that has come of them. Any
	// number of goroutines may call it at the same time.
	Glance() bool
}

var (
	mu      sync.Mutex
	lookers atomic.Pointer[[]Looker] // nil if there are none; copied when changed
)

// Add has Look ask l from now on.
func Add(l Looker) {
	mu.Lock()
	defer mu.Unlock()
	var all []Looker
	if old := lookers.Load(); old != nil {
		all = slices.Clone(*old)
	}
	all = append(all, l)
	lookers.Store(&all)
}

// Remove undoes Add. A Look under way may still ask l.
func Remove(l Looker) {
	mu.Lock()
	defer mu.Unlock()
	old := lookers.Load()
	if old == nil {
		return
	}
	all := slices.DeleteFunc(slices.Clone(*old), func(x Looker) bool { return x == l })
	if len(all) == 0 {
		lookers.Store(nil)
		return
	}
	lookers.Store(&all)
}

// Look asks all lookers and reports whether one of them has found something. It
// costs a load where there are none.
func Look() (found bool) {
	all := lookers.Load()
	if all == nil {
		return false
	}
	for _, l := range *all {
		if l.Glance() {
			found = true
		}
	}
	return found
}
