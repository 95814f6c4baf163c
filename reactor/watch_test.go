//go:build linux

package reactor_test

import (
	"errors"
	"runtime"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/causeway-go/causeway/internal/glance"
	"github.com/causeway-go/causeway/internal/interleave"
	"github.com/causeway-go/causeway/internal/leak"
	"github.com/causeway-go/causeway/reactor"
)

// The model of the agreement in watch.go: two workers, one event each in the
// beginning, and a peer whose last event comes at any time. Each access to a word
// that others use is a step. Somebody must find every event; the timer that looks
// after workers that are held up is left out.
type watchWorld struct {
	events  int  // in the set
	edge    bool // Go's poller has one for the driver
	cut     bool
	found   bool
	resting bool
	locked  bool // by the driver, against alert
}

func (s *watchWorld) event() {
	s.events++
	s.edge = s.edge || !s.cut
}

func (s *watchWorld) alert() {
	if s.cut {
		s.cut = false
		s.edge = s.edge || s.events > 0
	}
}

func watchWorker(i int, mistake string) interleave.Thread[watchWorld] {
	return interleave.Thread[watchWorld]{
		Name:  "worker",
		Steps: []string{"look", "found", "not found", "resting?", "alert", "look again"},
		Step: func(s *watchWorld, pc int) int {
			switch pc {
			case 0:
				if s.events > 0 {
					s.events--
					return 1
				}
				return 2
			case 1:
				s.found = true
				return 0
			case 2:
				if mistake == "alert first" {
					return 3
				}
				s.found = false
				return 3
			case 3:
				if !s.resting {
					return 5
				}
				s.resting = false
				return 4
			case 4:
				if s.locked {
					return interleave.Blocked
				}
				s.alert()
				return 5
			default:
				if mistake == "alert first" {
					s.found = false
				}
				return interleave.Done
			}
		},
	}
}

func watchDriver(mistake string) interleave.Thread[watchWorld] {
	return interleave.Thread[watchWorld]{
		Name:   "driver",
		Daemon: true,
		Steps:  []string{"lock", "found?", "rest", "found still?", "cut", "look", "wait"},
		Step: func(s *watchWorld, pc int) int {
			switch pc {
			case 0:
				s.locked = true
				return 1
			case 1:
				if !s.found {
					if mistake != "stays cut" {
						s.alert()
					}
					s.locked = false
					return 5
				}
				return 2
			case 2:
				s.resting = true
				if mistake == "looks once" {
					return 4
				}
				return 3
			case 3:
				if !s.found {
					if mistake != "stays cut" {
						s.alert()
					}
					s.resting, s.locked = false, false
					return 5
				}
				return 4
			case 4:
				s.cut, s.locked = true, false
				return 6
			case 5:
				s.events = 0
				return 6
			default:
				if !s.edge {
					return interleave.Blocked
				}
				s.edge = false
				return 0
			}
		},
	}
}

func watchModel(mistake string) interleave.Model[watchWorld] {
	return interleave.Model[watchWorld]{
		Init: watchWorld{events: 1, edge: true},
		Threads: []interleave.Thread[watchWorld]{
			watchWorker(0, mistake), watchWorker(1, mistake), watchDriver(mistake),
			{Name: "peer", Step: func(s *watchWorld, _ int) int { s.event(); return interleave.Done }},
		},
		Final: func(s watchWorld) error {
			if s.events > 0 {
				return errors.New("an event lies there and everybody sleeps")
			}
			return nil
		},
	}
}

func TestModelNoEventIsLeftWhileTheDriverRests(t *testing.T) {
	r := interleave.Check(t, watchModel(""))
	t.Logf("%d states", r.States)
	for _, mistake := range []string{"alert first", "looks once", "stays cut"} {
		if err := watchModel(mistake).Explore().Err(); err == nil {
			t.Errorf("%s: not found", mistake)
		}
	}
}

// converse has two goroutines talk over pipes by ReadWith, while a third one, as a
// worker would, glances all the time, until the driver rests. Before that, when it
// has found something, it gives the driver time to see that: with one processor they
// would hardly ever meet.
func converse(t *testing.T, r *reactor.Reactor) (say func(), stop func()) {
	t.Helper()
	in, out := pipe(t)
	s := register(t, r, in)
	heard := make(chan struct{})
	quit := make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() {
		for {
			if _, err := s.ReadWith(t.Context(), reader(make([]byte, 1))); err != nil {
				return
			}
			heard <- struct{}{}
		}
	})
	all.Go(func() {
		for {
			select {
			case <-quit:
				return
			default:
			}
			found := glance.Look()
			// As a worker, which does the work that came of it before it looks
			// again. On one processor others have to have their turn for that.
			runtime.Gosched()
			for at := time.Now(); found && r.Stats().Rests == 0 && time.Since(at) < 20*time.Millisecond; {
				time.Sleep(100 * time.Microsecond)
			}
		}
	})
	say = func() { unix.Write(out, []byte("x")); <-heard }
	for r.Stats().Rests == 0 {
		say()
	}
	return say, func() { close(quit); s.Close(); all.Wait() }
}

func TestDriverRestsWhileWorkersFindTheEvents(t *testing.T) {
	leak.Check(t)
	r := newReactor(t)
	say, stop := converse(t, r)
	for range 100 {
		say()
	}
	stop()
}

// TestWorkersThatAreHeldUpDoNotKeepEvents has a worker find something, and never
// look again. The driver must come back by itself.
func TestWorkersThatAreHeldUpDoNotKeepEvents(t *testing.T) {
	leak.Check(t)
	r := newReactor(t)
	in, out := pipe(t)
	s := register(t, r, in)
	for range 20 {
		// Found by the worker, and the driver, woken by it too, goes to rest; or
		// found by the driver. Nobody looks after that.
		w := newCounter()
		f := s.Readable()
		pending(t, f, w)
		unix.Write(out, []byte("x"))
		glance.Look()
		w.await(t)
		unix.Read(in, make([]byte, 1))
		start := time.Now()
		pending(t, f, w)
		unix.Write(out, []byte("x"))
		w.await(t)
		if d := time.Since(start); d > 5*time.Second {
			t.Errorf("it took %v", d)
		}
		unix.Read(in, make([]byte, 1))
	}
}

// TestCloseEndsAReactorThatRests closes it in the middle of a conversation.
func TestCloseEndsAReactorThatRests(t *testing.T) {
	leak.Check(t)
	r, err := reactor.New(reactor.Options{})
	if err != nil {
		t.Fatal(err)
	}
	_, stop := converse(t, r)
	closeAndWait(r)
	stop()
}
