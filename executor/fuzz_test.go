package executor_test

import (
	"errors"
	"sync"
	"testing"

	"github.com/causeway-go/causeway/executor"
	"github.com/causeway-go/causeway/pollster"
)

// An oracle is what a task is, said with a mutex and without any cleverness.
type oracle struct {
	mu                      sync.Mutex
	ready, queued, canceled bool
	end                     string
	polls, cancels          int
}

func (o *oracle) wake() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.end == "" {
		o.queued = true
	}
}

// poll is what a worker does when the task's turn comes.
func (o *oracle) poll(duringPoll byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.end != "" || !o.queued {
		return
	}
	o.queued = false
	if o.canceled {
		o.cancels++
		o.end = "canceled"
		return
	}
	o.polls++
	wasReady := o.ready
	switch duringPoll % 4 {
	case 1:
		o.queued = true
	case 2:
		o.canceled, o.queued = true, true
	case 3:
		o.ready, o.queued = true, true
	}
	if wasReady {
		o.end = "value"
	}
	// What was cancelled during its poll is dropped right after it.
	if o.end == "" && o.canceled {
		o.cancels++
		o.end = "canceled"
	}
}

func (o *oracle) cancel() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.end == "" {
		o.canceled, o.queued = true, true
	}
}

func (o *oracle) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.end == "" {
		o.cancels++
		o.end = "closed"
	}
}

// FuzzTask does to a task and to the oracle the same sequence of wakes, polls,
// cancellations, closings, and things done during a poll, and compares after
// every step.
func FuzzTask(f *testing.F) {
	f.Add([]byte{1, 0, 5, 9, 1, 2, 1, 0, 1})
	f.Add([]byte{1, 2, 1, 0, 3, 1, 4, 6, 13, 1})
	f.Add([]byte{9, 1, 1, 3, 1})
	f.Fuzz(func(t *testing.T, ops []byte) {
		ex, err := executor.New(executor.Options{StuckAfter: -1})
		if err != nil {
			t.Fatal(err)
		}
		defer ex.Close()
		p := &probe{}
		o := &oracle{queued: true}
		var during byte
		var task *executor.Task[int]
		p.during = func(int32) {
			w := p.waker.Take()
			p.waker.Register(w)
			switch during % 4 {
			case 1:
				w.Wake()
			case 2:
				task.Cancel()
			case 3:
				w.Wake()
			}
		}
		task = executor.Spawn(ex, pollster.Future[int](&opens{p, &during}))
		for _, op := range ops {
			switch op % 5 {
			case 0:
				if w := p.waker.Take(); w != nil {
					p.waker.Register(w)
					w.Wake()
					o.wake()
				}
			case 1:
				during = op / 5
				ex.TryTick()
				o.poll(during)
			case 2:
				task.Cancel()
				o.cancel()
			case 3:
				p.open.Store(true)
				o.ready = true
			case 4:
				if op > 200 {
					ex.Close()
					o.close()
				}
			}
			compare(t, task, p, o)
		}
	})
}

// opens is a probe that may be opened by its own poll, for the next one.
type opens struct {
	*probe
	during *byte
}

func (o *opens) Poll(w *pollster.Waker) (int, bool, error) {
	v, ready, err := o.probe.Poll(w)
	if *o.during%4 == 3 {
		o.open.Store(true)
	}
	return v, ready, err
}

func compare(t *testing.T, task *executor.Task[int], p *probe, o *oracle) {
	t.Helper()
	end := ""
	if task.Done() {
		switch _, err := task.Wait(background); {
		case errors.Is(err, executor.ErrClosed):
			end = "closed"
		case errors.Is(err, executor.ErrCanceled):
			end = "canceled"
		case err == nil:
			end = "value"
		}
	}
	if end != o.end || int(p.polls.Load()) != o.polls || int(p.cancels.Load()) != o.cancels {
		t.Fatalf("the task: %q after %d polls and %d cancels; the oracle: %q, %d, %d",
			end, p.polls.Load(), p.cancels.Load(), o.end, o.polls, o.cancels)
	}
}
