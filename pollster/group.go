package pollster

import "sync/atomic"

// A group holds any number of futures of one type and polls only those that
// have been woken, so that a wake-up costs the same with ten thousand futures
// as with ten. It is the inside of Join, Race, Select and Unordered.
//
// Each future gets a waker of its own, the member it sits in. A wake puts the
// member on the woken list and wakes the group's own poller.
//
// Who may touch what:
//
//   - queued is true while the member is on a list, or on its way there. It
//     goes to true by the swap of a waker, who thereby owns next until it has
//     pushed the member; to false by the poller, which has taken the member off
//     its list by then.
//   - woken is a stack. Wakers push one member each; the poller takes all of
//     it at once, so there is no pop and nothing to go wrong with one.
//   - Everything else belongs to the poller.
//
// No wake-up is lost. A poll registers its waker, then takes the stack. A
// member pushed before that is polled now; one pushed after it finds the waker.
// A wake that finds queued already true does nothing more, because the member
// has not been polled since it was queued: the poller sets queued to false
// before it polls, with a swap, which also makes visible to that poll what every
// such waker wrote.
type group[T any] struct {
	parent  AtomicWaker
	woken   atomic.Pointer[member[T]]
	todo    *member[T] // taken from woken, to be polled, in order
	tail    *member[T] // the last of todo, if there is one
	members []member[T]
	live    int // members that hold a future
}

// A member is one future of a group and its waker.
type member[T any] struct {
	Waker
	g      *group[T]
	f      Future[T] // nil when it has ended
	next   *member[T]
	queued atomic.Bool
	index  int32
}

// init fills g with futures, all to be polled. Nil ones fail with ErrNilFuture.
func (g *group[T]) init(futures []Future[T]) {
	g.members = make([]member[T], len(futures))
	g.live = len(futures)
	for i := len(futures) - 1; i >= 0; i-- {
		m := &g.members[i]
		m.Init(m)
		m.g, m.f, m.index = g, orFailed(futures[i]), int32(i)
		m.next = g.todo
		m.queued.Store(true)
		if g.todo == nil {
			g.tail = m
		}
		g.todo = m
	}
}

// OnWake implements Wakeable.
func (m *member[T]) OnWake() {
	if m.queued.Swap(true) {
		return
	}
	g := m.g
	for {
		head := g.woken.Load()
		m.next = head
		if g.woken.CompareAndSwap(head, m) {
			break
		}
	}
	g.parent.Wake()
}

// register makes w the waker of the group and takes what was woken up to here,
// to be polled after what is left over from before, the first one woken first.
// Every poll of the group begins with it and then calls next until that says
// false, or until it has what it wants.
func (g *group[T]) register(w *Waker) {
	g.parent.Register(w)
	last := g.woken.Swap(nil) // the top of the stack
	if last == nil {
		return
	}
	var first *member[T]
	for m := last; m != nil; {
		below := m.next
		m.next = first
		first, m = m, below
	}
	if g.todo == nil {
		g.todo = first
	} else {
		g.tail.next = first
	}
	g.tail = last
}

// next polls the members to be polled until one of them ends. It returns false
// when there are no more. A member that wakes itself is left to the next poll of
// the group, so this always comes to an end.
func (g *group[T]) next() (s Selected[T], ok bool) {
	for g.todo != nil {
		m := g.todo
		g.todo, m.next = m.next, nil
		m.queued.Swap(false) // from here on, a wake queues it again
		if m.f == nil {
			continue // it was woken once more after its end
		}
		v, ready, err := m.f.Poll(&m.Waker)
		if !ready && err == nil {
			continue
		}
		m.f = nil
		g.live--
		return Selected[T]{Index: int(m.index), Value: v, Err: err}, true
	}
	return s, false
}

// cancel ends g: all futures that have not ended are cancelled.
func (g *group[T]) cancel() {
	g.parent.Take()
	for i := range g.members {
		m := &g.members[i]
		if f := m.f; f != nil {
			m.f = nil
			Cancel(f)
		}
	}
	g.todo, g.live = nil, 0
}

// release ends g without cancelling anything.
func (g *group[T]) release() {
	g.parent.Take()
	for i := range g.members {
		g.members[i].f = nil
	}
	g.todo, g.live = nil, 0
}
