package mainloop

import (
	"errors"
	"time"

	"github.com/causeway-go/causeway/executor"
	"github.com/causeway-go/causeway/internal/goroutine"
)

// Turn polls the tasks that are ready, within the budget, and returns how long
// the loop may sleep: 0 if there is more to do, [Forever] if it will be woken.
// Loops that do not sleep need not look. If the Loop has ended, or Turn is called
// inside a turn, it does nothing and returns Forever.
//
// It panics with the panic of a task that nobody waits for; see the package
// documentation.
func (l *Loop) Turn() time.Duration { return l.turn(false) }

func (l *Loop) turn(called bool) (wait time.Duration) {
	_, a := apply(&l.word, func(s state) (state, action) { return l.design.begin(s, called) })
	switch a {
	case nothing:
		return Forever
	case finally: // End was called elsewhere
		l.close()
		return Forever
	}
	l.counts.turns.Add(1)
	more, normal := true, false
	defer func() {
		s, a := apply(&l.word, func(s state) (state, action) { return l.design.finish(s, more, !normal) })
		if s&wanted != 0 {
			wait = 0
		}
		switch a {
		case tell:
			l.tell()
		case finally:
			wait = Forever
			l.close()
		}
	}()
	more, wait = l.poll()
	if p, others := l.takePanic(); p != nil {
		more = more || others || wait != Forever // which nobody gets to see
		panic(p)
	}
	normal = true
	return wait
}

// poll polls what is ready, one by one, since only between two polls it can look
// at the clock. Preconditions: the caller has set turning.
func (l *Loop) poll() (more bool, wait time.Duration) {
	began := time.Now()
	left := l.options.Polls
	for {
		l.muted = l.hook != nil
		for more = true; more && left > 0; left-- {
			more = l.local.Poll(1)
			if more && l.spent(began) {
				left = 0
				break
			}
		}
		l.muted = false
		if l.hook != nil {
			more = l.local.Poll(0) // the hook, after all that it may have to look at
		}
		if !more || left <= 0 || l.spent(began) {
			break
		}
	}
	if more {
		l.counts.cut.Add(1)
		return true, 0
	}
	return l.deadline()
}

// spent reports whether no further poll is to be begun in this turn.
func (l *Loop) spent(began time.Time) bool {
	return time.Since(began) >= l.options.Budget || state(l.word.Load())&ended != 0 || l.broken.Load()
}

// deadline returns how long the loop may sleep, and sees to it that a queued one
// is called by then.
func (l *Loop) deadline() (more bool, wait time.Duration) {
	if l.hook == nil {
		return false, Forever
	}
	next, known := l.local.Deadline()
	if !known {
		l.arm(&l.alarm, 0, nil)
		return false, Forever
	}
	if wait = time.Until(next); wait <= 0 {
		return true, 0
	}
	if !l.design.direct {
		l.arm(&l.alarm, wait, l.request)
	}
	return false, wait
}

// callHook is what the Local calls after each of its polls.
func (l *Loop) callHook() (time.Time, bool) {
	if !l.muted {
		l.next, l.known = l.hook()
	}
	return l.next, l.known
}

// request asks for a turn. It is called on any goroutine.
func (l *Loop) request() {
	if _, a := apply(&l.word, l.design.request); a == tell {
		l.tell()
	}
}

// tell tells the host. Preconditions: the caller has set queued.
func (l *Loop) tell() {
	returned := false
	defer func() {
		if !returned { // a panic or Goexit of the host: as if it had refused
			l.askAgain()
		}
	}()
	err := l.tellHost()
	returned = true
	switch {
	case err == nil:
		return
	case errors.Is(err, ErrEnded):
		l.expire()
		return
	}
	l.askAgain()
}

// askAgain is what follows when the host has not taken a turn.
func (l *Loop) askAgain() {
	l.counts.refused.Add(1)
	pause := max(l.pause, retryFirst)
	l.pause = min(2*pause, retryMax)
	if _, a := apply(&l.word, l.design.refuse); a == later {
		l.arm(&l.retry, pause, l.again)
	}
}

// again is a retry.
func (l *Loop) again() {
	if _, a := apply(&l.word, l.design.retry); a == tell {
		l.tell()
	}
}

// errInside: the host has called us out of its Post, and this turn wants another
// one. To tell it now would be a recursion without end.
var errInside = errors.New("mainloop: turn inside Post")

// tellHost tells the host, unless the Loop has ended: then it may be gone.
func (l *Loop) tellHost() error {
	if l.wake == nil && l.host == nil {
		return nil
	}
	me := goroutine.Current()
	if l.teller.Load() == me {
		return errInside
	}
	l.telling.Lock()
	l.teller.Store(me)
	defer func() {
		l.teller.Store(0)
		l.telling.Unlock()
	}()
	if state(l.word.Load()).silent() {
		return nil
	}
	if l.host == nil {
		l.counts.wakes.Add(1)
		l.wake()
		return nil
	}
	err := l.host.Post(l.called)
	if err == nil {
		l.counts.wakes.Add(1)
		l.pause = 0
	}
	return err
}

// expire ends the Loop of a host that has gone.
func (l *Loop) expire() {
	apply(&l.word, l.design.expire)
	// Not here: this is somebody's call of Wake, maybe under a lock, and the
	// deferred calls of tasks are about to run.
	go l.End()
}

// arm has f called after d, instead of what was to be called before; a nil f
// means nothing.
func (l *Loop) arm(t **time.Timer, d time.Duration, f func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.gone || f == nil:
		if *t != nil {
			(*t).Stop()
		}
	case *t == nil:
		*t = time.AfterFunc(d, f)
	default:
		(*t).Reset(d)
	}
}

// close ends the tasks. Preconditions: the caller has set closing.
func (l *Loop) close() {
	l.mu.Lock()
	l.gone = true
	for _, t := range []*time.Timer{l.alarm, l.retry} {
		if t != nil {
			t.Stop()
		}
	}
	l.mu.Unlock()
	// Whoever is telling the host has not seen ended; wait for it, unless the
	// host has called us out of its Post.
	if l.teller.Load() != goroutine.Current() {
		l.telling.Lock()
		//lint:ignore SA2001 to have waited is all
		l.telling.Unlock()
	}
	l.local.Close()
	if p, _ := l.takePanic(); p != nil {
		panic(p)
	}
}

// keepPanic keeps a panic that nobody waits for until the loop can raise it.
func (l *Loop) keepPanic(v any, stack []byte) {
	p, ok := v.(*executor.PanicError)
	if !ok {
		p = &executor.PanicError{Value: v, Stack: stack}
	}
	l.mu.Lock()
	l.panics = append(l.panics, p)
	l.broken.Store(true)
	l.mu.Unlock()
	if !l.local.OnLocal() {
		l.request() // a task that was forgotten, found by the collector
	}
}

// takePanic returns the oldest panic, and whether there are more.
func (l *Loop) takePanic() (p *executor.PanicError, others bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.panics) == 0 {
		return nil, false
	}
	p, l.panics = l.panics[0], l.panics[1:]
	l.broken.Store(len(l.panics) > 0)
	return p, len(l.panics) > 0
}
