package meet

import (
	"github.com/causeway-go/causeway/internal/waitlist"
	"github.com/causeway-go/causeway/pollster"
)

// The states of a waiter, all under the lock of what it waits at.
//
//	idle    not in the queue. The zero value.
//	queued  in the queue, with its waker.
//	told    taken out of the queue by somebody who has made something
//	        possible for it, and wakes it. It owes an answer: it makes use
//	        of what it was told, or passes that on.
type waiterState uint8

const (
	idle waiterState = iota
	queued
	told
)

// A waiter is one operation that waits.
type waiter struct {
	state waiterState
	need  int // for a Semaphore
	waker *pollster.Waker
	waitlist.Links[waiter]
}

// A line is a queue of waiters. Its methods are called under the lock of what
// they wait at.
type line struct {
	waitlist.List[waiter, *waiter]
}

// enter puts w at the end, or if it is there already, gives it its new waker.
func (l *line) enter(w *waiter, k *pollster.Waker) {
	w.waker = k
	if w.state == queued {
		return
	}
	w.state = queued
	l.Push(w)
}

// leave makes w idle and returns what it was.
func (l *line) leave(w *waiter) waiterState {
	was := w.state
	if was == queued {
		l.Remove(w)
	}
	w.state, w.waker = idle, nil
	return was
}

// tell takes out the first and returns the waker to be woken, after unlocking.
// It returns nil if nobody waits.
func (l *line) tell() *pollster.Waker {
	w := l.Pop()
	if w == nil {
		return nil
	}
	w.state = told
	k := w.waker
	w.waker = nil
	return k
}

// tellAll takes out everybody.
func (l *line) tellAll() (wakers []*pollster.Waker) {
	for l.First() != nil {
		wakers = append(wakers, l.tell())
	}
	return wakers
}

func wakeAll(wakers []*pollster.Waker) {
	for _, k := range wakers {
		k.Wake()
	}
}
