package mainloop_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/causeway-go/causeway/compat/mainloop"
	"github.com/causeway-go/causeway/executor"
	"github.com/causeway-go/causeway/pollster"
)

var background = context.Background()

// patient is for tests that count turns: the default budget can be spent within
// one poll, on a machine that does something else in between.
var patient = mainloop.Options{Budget: time.Hour}

// future makes a function a future.
type future func(*pollster.Waker) (int, bool, error)

func (f future) Poll(w *pollster.Waker) (int, bool, error) { return f(w) }

func spawn(l *mainloop.Loop, f func(*pollster.Waker) (int, bool, error)) *executor.Task[int] {
	return executor.Spawn(l, pollster.Future[int](future(f)))
}

// A probe is a future that is opened from elsewhere, and counts.
type probe struct {
	waker          pollster.AtomicWaker
	open           atomic.Bool
	polls, cancels atomic.Int32
}

func (p *probe) Poll(w *pollster.Waker) (int, bool, error) {
	p.polls.Add(1)
	p.waker.Register(w)
	return 0, p.open.Load(), nil
}

func (p *probe) Cancel() { p.cancels.Add(1) }

func (p *probe) Open() {
	p.open.Store(true)
	p.waker.Wake()
}

// A queue is a Host: the loop of a program with a queue of limited length.
type queue struct {
	mu     sync.Mutex
	some   sync.Cond
	events []func()
	limit  int
	ended  bool
	err    error // what a full queue says
	calls  int
}

var errFull = errors.New("the queue is full")

func newQueue(limit int) *queue {
	q := &queue{limit: limit, err: errFull}
	q.some.L = &q.mu
	return q
}

// Post implements mainloop.Host.
func (q *queue) Post(f func()) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.calls++
	switch {
	case q.ended:
		return mainloop.ErrEnded
	case len(q.events) >= q.limit:
		return q.err
	}
	q.events = append(q.events, f)
	q.some.Signal()
	return nil
}

func (q *queue) length() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.events)
}

// asked is how often Post has been called.
func (q *queue) asked() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.calls
}

// step runs one event, if there is one.
func (q *queue) step() bool {
	q.mu.Lock()
	if len(q.events) == 0 {
		q.mu.Unlock()
		return false
	}
	f := q.events[0]
	q.events = q.events[1:]
	q.mu.Unlock()
	f()
	return true
}

// run runs events until end is called.
func (q *queue) run() error {
	q.mu.Lock()
	for {
		for len(q.events) == 0 && !q.ended {
			q.some.Wait()
		}
		if q.ended {
			q.mu.Unlock()
			return nil
		}
		f := q.events[0]
		q.events = q.events[1:]
		q.mu.Unlock()
		f()
		q.mu.Lock()
	}
}

func (q *queue) end() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.ended = true
	q.some.Broadcast()
}

// A bell is what a blocked loop sleeps on: wakes that come while it is awake are
// kept, as with a toolkit that posts an empty event.
type bell struct {
	c     chan struct{}
	rings atomic.Int64
}

func newBell() *bell { return &bell{c: make(chan struct{}, 1)} }

func (b *bell) ring() {
	b.rings.Add(1)
	select {
	case b.c <- struct{}{}:
	default:
	}
}

// sleep sleeps until the bell rings, d at most.
func (b *bell) sleep(d time.Duration) {
	if d == mainloop.Forever {
		<-b.c
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-b.c:
	case <-t.C:
	}
}

// A kind makes a Loop with a host that runs it until done, for tests that are the
// same for all.
type kind struct {
	name string
	make func(o mainloop.Options) (l *mainloop.Loop, run func(done func() bool) error, err error)
}

var kinds = []kind{
	{"polled", func(o mainloop.Options) (*mainloop.Loop, func(func() bool) error, error) {
		l, err := mainloop.NewPolled(o)
		return l, func(done func() bool) error {
			return l.Run(func() error {
				for !done() {
					l.Turn()
					time.Sleep(10 * time.Microsecond) // a frame
				}
				return nil
			})
		}, err
	}},
	{"blocked", func(o mainloop.Options) (*mainloop.Loop, func(func() bool) error, error) {
		b := newBell()
		l, err := mainloop.NewBlocked(b.ring, o)
		return l, func(done func() bool) error {
			return l.Run(func() error {
				for d := l.Turn(); !done(); d = l.Turn() {
					b.sleep(d)
				}
				return nil
			})
		}, err
	}},
	{"queued", func(o mainloop.Options) (*mainloop.Loop, func(func() bool) error, error) {
		q := newQueue(2)
		l, err := mainloop.NewQueued(q, o)
		return l, func(done func() bool) error {
			return l.Run(func() error {
				for !done() {
					if !q.step() {
						time.Sleep(10 * time.Microsecond)
					}
				}
				return nil
			})
		}, err
	}},
}

func eachKind(t *testing.T, o mainloop.Options, f func(t *testing.T, l *mainloop.Loop, run func(func() bool) error)) {
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			l, run, err := k.make(o)
			if err != nil {
				t.Fatal(err)
			}
			f(t, l, run)
		})
	}
}
