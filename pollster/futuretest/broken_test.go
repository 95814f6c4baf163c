package futuretest

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/causeway-go/causeway/pollster"
)

// A bell is a future that conforms, unless it is told to break one rule.
type bell struct {
	broken string
	waker  pollster.AtomicWaker
	rung   atomic.Bool
	stop   chan struct{} // for those that wait wrongly

	mu       sync.Mutex
	polls    int
	ends     int
	held     int
	canceled int
}

func (b *bell) Poll(w *pollster.Waker) (v int, ready bool, err error) {
	b.mu.Lock()
	b.polls++
	polls := b.polls
	if b.canceled == 0 && b.ends == 0 {
		b.held = 1
	}
	b.mu.Unlock()
	switch b.broken {
	case "blocks in Poll":
		if !b.rung.Load() {
			<-b.stop
		}
	case "panics in Poll":
		panic("broken bell")
	case "calls Goexit in Poll":
		runtime.Goexit()
	case "ready too early":
		if polls == 3 {
			return 42, true, nil
		}
	case "does not take a nil waker":
		if w == nil {
			panic("no waker")
		}
	case "starts a goroutine for each poll":
		go func() { <-b.stop }()
	}
	if b.broken == "looks before it registers" {
		rung := b.rung.Load()
		for range 20 {
			runtime.Gosched()
		}
		b.register(w, polls)
		return b.end(rung)
	}
	b.register(w, polls)
	if b.broken == "is late without a wake" && b.rung.Load() && polls < 2 {
		return 0, false, nil
	}
	return b.end(b.rung.Load())
}

func (b *bell) register(w *pollster.Waker, polls int) {
	switch b.broken {
	case "loses the waker":
		return
	case "wakes only the first waker":
		if polls > 1 {
			return
		}
	case "wakes itself without end":
		w.Wake()
	}
	b.waker.Register(w)
}

func (b *bell) end(rung bool) (int, bool, error) {
	if !rung {
		return 0, false, nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ends++
	if b.broken != "holds on after its end" {
		b.held = 0
	}
	switch {
	case b.broken == "gives a wrong value":
		return 41, true, nil
	case b.broken == "gives an error":
		return 0, false, errors.New("broken bell")
	case b.broken == "ends twice" && b.ends > 1:
		return 0, true, nil
	case b.broken == "is never ready":
		b.ends--
		return 0, false, nil
	}
	return 42, true, nil
}

func (b *bell) ring() {
	b.mu.Lock()
	canceled := b.canceled
	b.mu.Unlock()
	if b.broken == "minds being completed after Cancel" && canceled > 0 {
		panic("broken bell")
	}
	b.rung.Store(true)
	b.waker.Wake()
}

func (b *bell) cancel() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.canceled++
	switch b.broken {
	case "does not release on Cancel":
		return
	case "releases on Cancel only before the second poll":
		if b.polls >= 2 {
			return
		}
	case "minds a second Cancel":
		if b.canceled > 1 {
			panic("broken bell")
		}
	case "minds Cancel after its end":
		if b.ends > 0 {
			panic("broken bell")
		}
	}
	b.held = 0
}

// noCancel hides the Cancel method.
type noCancel struct{ pollster.Future[int] }

type canceling struct{ *bell }

func (c canceling) Cancel() { c.bell.cancel() }

// bells returns a maker of bells that are broken in one way.
func bells(broken string, stop chan struct{}) func() Subject[int] {
	return func() Subject[int] {
		b := &bell{broken: broken, stop: stop}
		s := Subject[int]{
			Future:   canceling{b},
			Complete: b.ring,
			Check: func(v int, err error) error {
				if v != 42 || err != nil {
					return fmt.Errorf("got %d, %v", v, err)
				}
				return nil
			},
			Held: func() int {
				b.mu.Lock()
				defer b.mu.Unlock()
				return b.held
			},
		}
		if broken == "does not forward Cancel" {
			s.Future = noCancel{s.Future}
		}
		return s
	}
}

func TestSuiteAcceptsABellThatConforms(t *testing.T) {
	TestFuture(t, bells("", nil))
	if c := complaints(bells("", nil), patience, ""); len(c) > 0 {
		t.Errorf("complaints: %v", c)
	}
}

func TestSuiteCatchesEachBrokenBell(t *testing.T) {
	for broken, complaint := range map[string]string{
		"loses the waker":                                "not woken",
		"wakes only the first waker":                     "the latest one was not woken",
		"looks before it registers":                      "lost",
		"blocks in Poll":                                 "Poll blocks",
		"panics in Poll":                                 "Poll panicked",
		"calls Goexit in Poll":                           "runtime.Goexit",
		"ready too early":                                "before the future was complete",
		"does not take a nil waker":                      "no waker",
		"wakes itself without end":                       "without end",
		"starts a goroutine for each poll":               "goroutines",
		"is late without a wake":                         "lost",
		"is never ready":                                 "not",
		"gives a wrong value":                            "wrong result",
		"gives an error":                                 "wrong result",
		"ends twice":                                     "a second time",
		"holds on after its end":                         "still holds",
		"does not release on Cancel":                     "still holds",
		"does not forward Cancel":                        "still holds",
		"releases on Cancel only before the second poll": "still holds",
		"minds a second Cancel":                          "Cancel panicked",
		"minds Cancel after its end":                     "Cancel panicked",
		"minds being completed after Cancel":             "Complete panicked",
	} {
		t.Run(broken, func(t *testing.T) {
			stop := make(chan struct{})
			defer close(stop)
			wantLast(t, complaints(bells(broken, stop), testPatience, complaint), complaint)
		})
	}
}

// A future that ends by itself.
func TestSuiteAcceptsFuturesThatNobodyCompletes(t *testing.T) {
	for name, make := range map[string]func() pollster.Future[int]{
		"ready": func() pollster.Future[int] { return pollster.Ready(1) },
		"yields": func() pollster.Future[int] {
			return pollster.Map(pollster.Yield(), func(struct{}) int { return 1 })
		},
	} {
		t.Run(name, func(t *testing.T) {
			TestFuture(t, func() Subject[int] {
				return Subject[int]{Future: make(), Check: func(v int, err error) error {
					if v != 1 || err != nil {
						return fmt.Errorf("got %d, %v", v, err)
					}
					return nil
				}}
			})
		})
	}
	lost := func() Subject[int] {
		return Subject[int]{Future: pollster.Func[int](func(*pollster.Waker) (int, bool, error) {
			return 0, false, nil
		})}
	}
	wantLast(t, complaints(lost, testPatience, "lost"), "lost")
}
