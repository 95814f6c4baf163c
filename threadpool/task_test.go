package threadpool_test

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"testing"

	"github.com/causeway-go/causeway/internal/goroutine"
	"github.com/causeway-go/causeway/internal/leak"
	"github.com/causeway-go/causeway/internal/park"
	"github.com/causeway-go/causeway/threadpool"
)

// A task stands in for the task of an executor: a goroutine with a way of
// waiting of its own, which may be ended while it waits.
type task struct {
	place   goroutine.Place
	parked  chan struct{} // one token for each Park
	unpark  chan struct{}
	kill    chan struct{}
	ended   chan struct{}
	blocked bool // code that blocks may run on it
}

func (k *task) BeforeWait() goroutine.Parker { return k }
func (k *task) AfterWait()                   {}
func (k *task) MayBlock() bool               { return k.blocked }
func (k *task) Unpark()                      { k.unpark <- struct{}{} }
func (k *task) Park(w goroutine.Wait) {
	k.parked <- struct{}{}
	select {
	case <-k.unpark:
	case <-k.kill:
		if w.Withdraw() {
			runtime.Goexit()
		}
		<-k.unpark
	}
}

// startTask runs f on a task.
func startTask(blocked bool, f func()) *task {
	k := &task{
		parked: make(chan struct{}, 100), unpark: make(chan struct{}, 1),
		kill: make(chan struct{}), ended: make(chan struct{}), blocked: blocked,
	}
	go func() {
		defer close(k.ended)
		k.place.Enter(k)
		defer k.place.Leave()
		f()
	}()
	return k
}

// end ends the task, which is parked.
func (k *task) end() {
	close(k.kill)
	<-k.ended
}

// idle fails the test if p is not as it was before anything happened.
func idle(t *testing.T, p *threadpool.Pool) {
	t.Helper()
	if s := p.Stats(); s.Running != 0 || s.Waiting != 0 || s.Queued != 0 || s.Abandoned != 0 {
		t.Errorf("left: %+v", s)
	}
	for range p.Stats().Limit { // all slots can be taken
		if err := p.TrySubmit(func() {}); err != nil {
			t.Error(err)
		}
	}
	waitFor(t, "jobs to end", func() bool { return p.Stats().Running == 0 })
}

func TestDoOnATaskEndsWithItsContext(t *testing.T) {
	leak.Check(t)
	p := newPool(t, threadpool.Options{Limit: 1})
	ctx, cancel := context.WithCancel(background)
	defer cancel()
	started, stop := make(chan struct{}), make(chan struct{})
	var err error
	k := startTask(false, func() { err = p.Do(ctx, func() { close(started); <-stop }) })
	<-k.parked
	<-started
	cancel()
	<-k.ended
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Do: %v", err)
	}
	if s := p.Stats(); s.Abandoned != 1 {
		t.Errorf("%+v", s)
	}
	close(stop)
	waitFor(t, "end", func() bool { return p.Stats().Running == 0 })
}

func TestATaskThatEndsInTheQueueLeavesIt(t *testing.T) {
	leak.Check(t)
	for name, wait := range map[string]func(p *threadpool.Pool, ctx context.Context){
		"Enter": func(p *threadpool.Pool, ctx context.Context) {
			if s, err := p.Enter(ctx); err == nil {
				s.Leave()
			}
		},
		"Do":       func(p *threadpool.Pool, ctx context.Context) { _ = p.Do(ctx, func() { panic("ran") }) },
		"Shutdown": func(p *threadpool.Pool, ctx context.Context) { _ = p.Shutdown(ctx) },
	} {
		for _, ctx := range []context.Context{background, cancelable(t)} {
			t.Run(name, func(t *testing.T) {
				p := newPool(t, threadpool.Options{Limit: 1})
				release := hold(t, p)
				defer release()
				k := startTask(false, func() { wait(p, ctx); t.Error("came back") })
				<-k.parked
				k.end()
				if s := p.Stats(); s.Queued != 0 {
					t.Errorf("%+v", s)
				}
				release()
				if name != "Shutdown" {
					idle(t, p)
				}
			})
		}
	}
}

func TestATaskThatEndsWhileItSubmitsHasNotSubmitted(t *testing.T) {
	leak.Check(t)
	p := newPool(t, threadpool.Options{Limit: 1, Queue: 1})
	release := hold(t, p)
	defer release()
	if err := p.TrySubmit(func() {}); err != nil {
		t.Fatal(err)
	}
	k := startTask(false, func() { _ = p.Submit(background, func() { t.Error("ran") }) })
	<-k.parked
	k.end()
	if s := p.Stats(); s.Queued != 1 {
		t.Errorf("%+v", s)
	}
	release()
	waitFor(t, "the queue to be empty", func() bool { s := p.Stats(); return s.Queued+s.Running == 0 })
	idle(t, p)
}

func TestATaskThatEndsWhileItsJobRunsAbandonsIt(t *testing.T) {
	leak.Check(t)
	reports := make(chan any, 1)
	p := newPool(t, threadpool.Options{Limit: 1, OnPanic: func(v any, _ []byte) { reports <- v }})
	started, stop := make(chan struct{}), make(chan struct{})
	k := startTask(false, func() { _ = p.Do(background, func() { close(started); <-stop; panic("late") }) })
	<-k.parked
	<-started
	k.end()
	if s := p.Stats(); s.Abandoned != 1 || s.Running != 1 {
		t.Errorf("%+v", s)
	}
	close(stop)
	if v := <-reports; v != "late" {
		t.Error(v)
	}
	waitFor(t, "the end of the job", func() bool { return p.Stats().Running == 0 })
	idle(t, p)
}

// The task has a slot, waits, and is ended when its slot has gone to another
// job, so that it cannot have it back: its Leave must not give up what it does
// not have.
func TestATaskThatEndsWithoutItsSlot(t *testing.T) {
	leak.Check(t)
	for name, enter := range map[string]func(a, b *threadpool.Pool) func(){
		"one pool": func(a, _ *threadpool.Pool) func() {
			s, err := a.Enter(background)
			if err != nil {
				t.Error(err)
			}
			return s.Leave
		},
		"inside another": func(a, b *threadpool.Pool) func() {
			s, _ := b.Enter(background)
			s2, _ := a.Enter(background)
			return func() { s2.Leave(); s.Leave() }
		},
		"around another": func(a, b *threadpool.Pool) func() {
			s, _ := a.Enter(background)
			s2, _ := b.Enter(background)
			return func() { s2.Leave(); s.Leave() }
		},
	} {
		t.Run(name, func(t *testing.T) {
			a, b := newPool(t, threadpool.Options{Limit: 1}), newPool(t, threadpool.Options{Limit: 1})
			k := startTask(false, func() {
				defer enter(a, b)()
				n := park.New()
				n.Begin()
				n.Wait(background, false)
				t.Error("came back")
			})
			<-k.parked
			releaseA, releaseB := hold(t, a), hold(t, b)
			defer releaseA()
			defer releaseB()
			k.end()
			if sa, sb := a.Stats(), b.Stats(); sa.Running != 1 || sb.Running != 1 || sa.Waiting+sb.Waiting+sa.Queued+sb.Queued != 0 {
				t.Errorf("%+v\n%+v", sa, sb)
			}
			releaseA()
			releaseB()
			idle(t, a)
			idle(t, b)
		})
	}
}

func TestATaskInsideAJobThatEndsInTheQueueOfAnotherPool(t *testing.T) {
	leak.Check(t)
	a, b := newPool(t, threadpool.Options{Limit: 1}), newPool(t, threadpool.Options{Limit: 1})
	release := hold(t, b)
	defer release()
	k := startTask(false, func() {
		s, err := a.Enter(background)
		if err != nil {
			t.Error(err)
		}
		defer s.Leave()
		_, _ = b.Enter(background)
		t.Error("came back")
	})
	<-k.parked
	k.end()
	idle(t, a)
	release()
	idle(t, b)
}

// An executor may run inside a job: then its tasks are ended while the job
// goes on, and the job gets its slot back.
func TestAWaitThatPanicsInsideAJob(t *testing.T) {
	leak.Check(t)
	p := newPool(t, threadpool.Options{Limit: 1})
	var all sync.WaitGroup
	all.Add(1)
	err := p.Submit(background, func() {
		defer all.Done()
		func() {
			defer func() { recover() }()
			var place goroutine.Place
			place.Enter(panicking{})
			defer place.Leave()
			_ = p.Do(cancelable(t), func() {})
		}()
		if s := p.Stats(); s.Running != 1 {
			t.Errorf("%+v", s)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	all.Wait()
	waitFor(t, "end", func() bool { return p.Stats().Running == 0 })
	idle(t, p)
}

// panicking is a place where waiting panics.
type panicking struct{}

func (panicking) BeforeWait() goroutine.Parker { return panicking{} }
func (panicking) AfterWait()                   {}
func (panicking) Park(goroutine.Wait)          { panic("cannot wait") }
func (panicking) Unpark()                      {}

// TestAPanicInAJobThatIsLeftAsItEndsIsReported ends a task that waits for a job which
// panics after nobody can wake the task any more, and before it has left.
func TestAPanicInAJobThatIsLeftAsItEndsIsReported(t *testing.T) {
	leak.Check(t)
	reported := make(chan any, 1)
	p := newPool(t, threadpool.Options{Limit: 1, OnPanic: func(v any, _ []byte) { reported <- v }})
	gate, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		var place goroutine.Place
		place.Enter(leaving{func() {
			close(gate)
			waitFor(t, "the end of the job", func() bool { s := p.Stats(); return s.Completed == 1 && s.Running == 0 })
		}})
		defer place.Leave()
		_ = p.Do(background, func() {
			<-gate
			panic("seen by nobody")
		})
		t.Error("Do has returned")
	}()
	<-ended
	if v := <-reported; v != "seen by nobody" {
		t.Error(v)
	}
}

// leaving is a place where a wait is withdrawn and, some time after, ended.
type leaving struct{ meanwhile func() }

func (l leaving) BeforeWait() goroutine.Parker { return l }
func (leaving) AfterWait()                     {}
func (leaving) Unpark()                        {}
func (l leaving) Park(w goroutine.Wait) {
	if !w.Withdraw() {
		panic("withdrawn too late")
	}
	l.meanwhile()
	runtime.Goexit()
}
