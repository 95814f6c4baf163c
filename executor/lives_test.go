package executor_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/causeway-go/causeway/executor"
	"github.com/causeway-go/causeway/internal/leak"
	"github.com/causeway-go/causeway/pollster"
)

// A life is one of all the lives that a task can have: the product of the
// dimensions below. Each is lived on one goroutine with TryTick, so that every
// event comes exactly where it is meant to.
type life struct {
	kind   string // future, function
	needs  int    // wakes until it ends; 9 means more than it gets
	end    string // how it ends, if it does
	handle string // what is done with the handle
	when   string // and when
	close  string // when the executor is closed
}

var dimensions = struct {
	kind, end, handle, when, close []string
	needs                          []int
}{
	kind:   []string{"future", "function"},
	needs:  []int{0, 1, 9},
	end:    []string{"value", "error", "panic", "goexit"},
	handle: []string{"keep", "cancel", "cancel twice", "detach"},
	when:   []string{"before", "in poll", "parked", "after"},
	close:  []string{"never", "before", "in poll", "parked", "after"},
}

func lives() (all []life) {
	d := dimensions
	for _, kind := range d.kind {
		for _, needs := range d.needs {
			for _, end := range d.end {
				for _, handle := range d.handle {
					for _, when := range d.when {
						for _, cl := range d.close {
							if handle == "keep" && when != "before" {
								continue
							}
							all = append(all, life{kind, needs, end, handle, when, cl})
						}
					}
				}
			}
		}
	}
	return all
}

var errLife = errors.New("the end of a life")

// lived is a life being lived.
type lived struct {
	life
	t        *testing.T
	in       executor.Spawner
	tick     func() // polls until nothing is ready
	closing  func() error
	task     *executor.Task[int]
	waker    pollster.AtomicWaker
	wakes    int
	polls    int
	cancels  int // of the future
	deferred int
	reported int // by OnPanic
}

// at does what is to happen at this time.
func (l *lived) at(when string) {
	if l.when == when {
		switch l.handle {
		case "cancel twice":
			l.task.Cancel()
			l.task.Cancel()
		case "cancel":
			l.task.Cancel()
		case "detach":
			l.task.Detach()
		}
	}
	if l.close == when {
		l.closing()
	}
}

func (l *lived) Poll(w *pollster.Waker) (int, bool, error) {
	l.polls++
	l.waker.Register(w)
	if l.polls == 1 {
		l.at("in poll")
	}
	if l.wakes < l.needs {
		return 0, false, nil
	}
	v, err := l.finish()
	return v, err == nil, err
}

func (l *lived) finish() (int, error) {
	switch l.end {
	case "error":
		return 0, errLife
	case "panic":
		panic(errLife)
	case "goexit":
		runtime.Goexit()
	}
	return 7, nil
}

// wait is what a function waits for: as many wakes as are needed.
type wait struct{ l *lived }

func (w wait) Poll(k *pollster.Waker) (int, bool, error) {
	w.l.waker.Register(k)
	return 0, w.l.wakes >= w.l.needs, nil
}

func (w wait) Cancel() { w.l.cancels++ }

func (l *lived) body(context.Context) (int, error) {
	defer func() { l.deferred++ }()
	l.polls++
	l.at("in poll")
	if l.wakes < l.needs {
		pollster.BlockOn(background, pollster.Future[int](wait{l}))
	}
	return l.finish()
}

func (l *lived) Cancel() { l.cancels++ }

// expected is the oracle: what a life ends with, said by a program that knows
// of no states.
func (l *life) expected() (end string, begun bool) {
	canceled := strings.HasPrefix(l.handle, "cancel")
	switch {
	case l.close == "before":
		return "closed", false
	case canceled && l.when == "before":
		return "canceled", false
	case l.needs == 0:
		return l.end, true // whatever comes in its first poll comes too late
	case l.close == "in poll":
		return "closed", true
	case canceled && l.when == "in poll":
		return "canceled", true
	case canceled && l.when == "parked":
		// The handle's turn comes before the executor's. What is cancelled
		// and has not been seen to by a worker is ended by Close.
		if l.close == "parked" {
			return "closed", true
		}
		return "canceled", true
	case l.close == "parked":
		return "closed", true
	case l.needs == 1:
		return l.end, true
	case canceled:
		// "after" is after the last wake, which was not enough.
		if l.close == "after" {
			return "closed", true
		}
		return "canceled", true
	case l.close == "after":
		return "closed", true
	}
	return "none", true
}

func (l *lived) live() {
	if l.kind == "future" {
		l.task = executor.Spawn(l.in, pollster.Future[int](l))
	} else {
		l.task = executor.Go(l.in, l.body)
	}
	l.at("before")
	l.tick()
	l.at("parked")
	l.tick()
	if l.needs > 0 {
		l.wakes++
		l.waker.Wake()
	}
	l.tick()
	l.at("after")
	l.tick()
}

// ending says what the task has ended with.
func (l *lived) ending() (end string) {
	if !l.task.Done() {
		return "none"
	}
	defer func() {
		if v := recover(); v != nil {
			pe, ok := v.(*executor.PanicError)
			if !ok || !errors.Is(pe, errLife) || !strings.Contains(string(pe.Stack), "finish") {
				l.t.Errorf("panic with %v", v)
			}
			end = "panic"
		}
	}()
	v, err := l.task.Wait(background)
	switch {
	case errors.Is(err, executor.ErrClosed):
		return "closed"
	case errors.Is(err, executor.ErrCanceled) && errors.Is(err, context.Canceled):
		return "canceled"
	case errors.Is(err, executor.ErrGoexit):
		return "goexit"
	case err == errLife:
		return "error"
	case v == 7 && err == nil:
		return "value"
	}
	return fmt.Sprint(v, err)
}

func TestEveryLifeOfATask(t *testing.T) {
	leak.Check(t)
	for _, x := range lives() {
		l := &lived{life: x, t: t}
		ex := newExecutor(t, executor.Options{OnPanic: func(any, []byte) { l.reported++ }})
		l.in, l.closing, l.tick = ex, ex.Close, func() { tickAll(ex) }
		l.live()
		l.check()
		ex.Close()
		if !l.task.Done() || !ex.IsEmpty() {
			t.Errorf("%+v: not ended by Close", x)
		}
		if t.Failed() {
			t.Fatalf("in the life %+v", x)
		}
	}
	t.Logf("%d lives", len(lives()))
}

// The same lives on a Local, whose state is kept without atomics. It cannot be
// closed from inside a poll, so those lives are left out.
func TestEveryLifeOfATaskOnALocal(t *testing.T) {
	leak.Check(t)
	n := 0
	for _, x := range lives() {
		if x.close == "in poll" {
			continue
		}
		n++
		l := &lived{life: x, t: t}
		local := newLocal(t, executor.LocalOptions{OnPanic: func(any, []byte) { l.reported++ }})
		l.in, l.closing, l.tick = local, local.Close, func() { pump(local) }
		l.live()
		l.check()
		local.Close()
		if !l.task.Done() || !local.IsEmpty() {
			t.Errorf("%+v: not ended by Close", x)
		}
		if t.Failed() {
			t.Fatalf("in the life %+v", x)
		}
	}
	t.Logf("%d lives", n)
}

func (l *lived) check() {
	l.t.Helper()
	want, begun := l.expected()
	got := l.ending()
	if got != want {
		l.t.Errorf("ended with %s, want %s", got, want)
	}
	if begun != (l.polls > 0) {
		l.t.Errorf("%d polls, begun should be %v", l.polls, begun)
	}
	dropped := want == "closed" || want == "canceled"
	if wantCancels := dropped && (begun || l.kind == "future"); wantCancels && l.cancels != 1 || !wantCancels && l.cancels != 0 {
		l.t.Errorf("%d cancels of the future, it ended with %s", l.cancels, want)
	}
	if l.kind == "function" && begun && want != "none" && l.deferred != 1 {
		l.t.Errorf("%d deferred calls ran", l.deferred)
	}
	if unseen := want == "panic" && l.handle == "detach"; unseen && l.reported != 1 && l.when != "after" || !unseen && l.reported != 0 {
		l.t.Errorf("%d panics reported", l.reported)
	}
}
