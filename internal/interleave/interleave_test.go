package interleave_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/causeway-go/causeway/internal/interleave"
)

// A counter is a word that two threads increment, by load and store or by CAS.
type counter struct {
	word int
	seen [2]int
}

const (
	load = iota
	store
)

func increment(i int, cas bool) interleave.Thread[counter] {
	return interleave.Thread[counter]{
		Name:  fmt.Sprintf("incrementer %d", i),
		Steps: []string{"load", "store"},
		Step: func(s *counter, pc int) int {
			switch pc {
			case load:
				s.seen[i] = s.word
				return store
			default:
				if cas && s.word != s.seen[i] {
					return load
				}
				s.word, s.seen[i] = s.seen[i]+1, 0
				return interleave.Done
			}
		},
	}
}

func counters(cas bool) interleave.Model[counter] {
	return interleave.Model[counter]{
		Threads: []interleave.Thread[counter]{increment(0, cas), increment(1, cas)},
		Final: func(s counter) error {
			if s.word != 2 {
				return fmt.Errorf("word is %d", s.word)
			}
			return nil
		},
	}
}

func TestALostUpdateIsFoundWithTheShortestTrace(t *testing.T) {
	r := counters(false).Explore()
	err := r.Err()
	if !errors.Is(err, interleave.ErrViolation) || len(r.Failures) != 1 {
		t.Fatalf("got %v", err)
	}
	f := r.Failures[0]
	if f.Cause != "at the end: word is 1" {
		t.Errorf("cause: %q", f.Cause)
	}
	// Both load, both store: four steps after the start.
	if len(f.Trace) != 5 || !strings.Contains(f.Trace[4], "store -> done: {word:1 ") {
		t.Errorf("trace: %q", f.Trace)
	}
}

func TestACASLoopLosesNothing(t *testing.T) {
	r := interleave.Check(t, counters(true))
	if r.Ends != 1 || r.Hangs != 0 {
		t.Errorf("report: %+v", r)
	}
}

// nested is two calls of a BlockOn on one goroutine, the inner one inside a
// poll of the outer one, and a waker for each. A poll finds its future ready
// or goes to sleep until its permit is there.
type nested struct {
	ready  [2]bool // by future: outer, inner
	permit [2]bool // by call; only [0] is used when it is shared
}

const (
	outerPoll = iota // not ready: it calls BlockOn on the inner future
	innerPoll
	innerPark
	outerPark
	outerPollAgain
)

func nestedBlockOn(shared bool) interleave.Model[nested] {
	own := func(call int) int {
		if shared {
			return 0
		}
		return call
	}
	// park consumes a permit.
	park := func(s *nested, call, next int) int {
		if !s.permit[own(call)] {
			return interleave.Blocked
		}
		s.permit[own(call)] = false
		return next
	}
	blocker := func(s *nested, pc int) int {
		switch pc {
		case outerPoll:
			if s.ready[0] {
				return interleave.Done
			}
			return innerPoll
		case innerPoll:
			if s.ready[1] {
				return outerPark
			}
			return innerPark
		case innerPark:
			return park(s, 1, innerPoll)
		case outerPark:
			return park(s, 0, outerPollAgain)
		default:
			if s.ready[0] {
				return interleave.Done
			}
			return outerPark
		}
	}
	waker := func(call int) interleave.Thread[nested] {
		return interleave.Thread[nested]{
			Name:  []string{"outer waker", "inner waker"}[call],
			Steps: []string{"complete", "wake"},
			Step: func(s *nested, pc int) int {
				if pc == 0 {
					s.ready[call] = true
					return 1
				}
				s.permit[own(call)] = true
				return interleave.Done
			},
		}
	}
	return interleave.Model[nested]{Threads: []interleave.Thread[nested]{
		{Name: "blocker", Step: blocker, Steps: []string{"outer poll", "inner poll", "inner park", "outer park", "outer poll again"}},
		waker(0), waker(1),
	}}
}

func TestASharedPermitHangsANestedBlockOn(t *testing.T) {
	r := nestedBlockOn(true).Explore()
	if !errors.Is(r.Err(), interleave.ErrHang) || r.Hangs == 0 {
		t.Fatalf("report: %+v", r)
	}
	text := r.Err().Error()
	for _, want := range []string{"hang: blocker at outer park", "outer waker: wake -> done", "blocker: inner park -> inner poll"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}

func TestAPermitForEachCallDoesNot(t *testing.T) {
	interleave.Check(t, nestedBlockOn(false))
}

// word is the state of the smallest models.
type word int

// thread is a Thread whose step i is steps[i].
func thread(name string, steps ...func(w *word) int) interleave.Thread[word] {
	return interleave.Thread[word]{Name: name, Step: func(w *word, pc int) int { return steps[pc](w) }}
}

func set(v word, next int) func(*word) int {
	return func(w *word) int { *w = v; return next }
}

func await(v word, next int) func(*word) int {
	return func(w *word) int {
		if *w != v {
			return interleave.Blocked
		}
		return next
	}
}

func explore(threads ...interleave.Thread[word]) interleave.Report {
	return interleave.Model[word]{Threads: threads}.Explore()
}

func TestALivelockIsFound(t *testing.T) {
	spin := func(*word) int { return 0 }
	untilOne := func(w *word) int {
		if *w == 1 {
			return interleave.Done
		}
		return 0
	}
	if r := explore(thread("spinner", spin)); !errors.Is(r.Err(), interleave.ErrLivelock) {
		t.Errorf("for ever: %+v", r)
	}
	if r := explore(thread("spinner", untilOne), thread("setter", set(1, interleave.Done))); r.Err() != nil {
		t.Errorf("until set: %v", r.Err())
	}
	late := thread("setter", set(1, 1), set(2, interleave.Done))
	if r := explore(thread("spinner", untilOne), late); !errors.Is(r.Err(), interleave.ErrLivelock) {
		t.Errorf("set for a moment only: %+v", r)
	}
}

func TestNobodyMayRelyOnAnOptionalThread(t *testing.T) {
	waiter := thread("waiter", await(1, interleave.Done))
	setter := thread("setter", set(1, interleave.Done))
	if r := explore(waiter, setter); r.Err() != nil {
		t.Errorf("ordinary: %v", r.Err())
	}
	setter.Optional = true
	if r := explore(waiter, setter); !errors.Is(r.Err(), interleave.ErrHang) {
		t.Errorf("optional: %+v", r)
	}
	// Once it has started it goes on.
	second := thread("setter", set(1, 1), set(2, interleave.Done))
	second.Optional = true
	starter := thread("starter", func(w *word) int { return interleave.Done })
	if r := explore(starter, second); r.Err() != nil || r.Ends != 2 {
		t.Errorf("without or with it: %+v", r)
	}
}

func TestADaemonNeedNotEnd(t *testing.T) {
	server := thread("server", await(1, 1), set(0, 0))
	client := thread("client", set(1, 1), await(0, interleave.Done))
	if r := explore(server, client); !errors.Is(r.Err(), interleave.ErrHang) {
		t.Errorf("ordinary: %+v", r)
	}
	server.Daemon = true
	if r := explore(server, client); r.Err() != nil || r.Ends != 1 {
		t.Errorf("daemon: %+v", r)
	}
	ticker := thread("ticker", set(0, 0))
	ticker.Daemon = true
	if r := explore(ticker, thread("client", set(1, interleave.Done))); r.Err() != nil {
		t.Errorf("a daemon that never blocks: %v", r.Err())
	}
}

func TestViolationsAreFoundWhereTheyAre(t *testing.T) {
	m := interleave.Model[word]{
		Threads: []interleave.Thread[word]{thread("setter", set(1, 1), set(2, 2), set(0, interleave.Done))},
		Invariant: func(w word) error {
			if w == 2 {
				return errors.New("two")
			}
			return nil
		},
	}
	r := m.Explore()
	if !errors.Is(r.Err(), interleave.ErrViolation) || r.Failures[0].Cause != "two" || len(r.Failures[0].Trace) != 3 {
		t.Errorf("invariant: %+v", r)
	}
	r = explore(thread("breaker", set(1, 1), func(*word) int { panic("broken") }))
	if err := r.Err(); !errors.Is(err, interleave.ErrViolation) || !strings.Contains(err.Error(), "panic in breaker at 1: broken") {
		t.Errorf("panic: %v", err)
	}
	r = explore(thread("liar", func(w *word) int { *w = 1; return interleave.Blocked }))
	if err := r.Err(); err == nil || !strings.Contains(err.Error(), "has changed the state") {
		t.Errorf("blocked with a change: %v", err)
	}
}

func TestTheLimitIsKept(t *testing.T) {
	m := interleave.Model[word]{
		Threads: []interleave.Thread[word]{thread("counter", func(w *word) int { *w++; return 0 })},
		Limit:   100,
	}
	if r := m.Explore(); r.States != 100 || !errors.Is(r.Err(), interleave.ErrLimit) {
		t.Errorf("report: %+v", r)
	}
}

func TestAllOrdersAreExplored(t *testing.T) {
	// Three threads of one step each that note their order: 1 + 3 + 6 + 6
	// states, and each of the 3! orders is an end of its own.
	var threads []interleave.Thread[word]
	for i := range 3 {
		threads = append(threads, thread(fmt.Sprint(i), func(w *word) int {
			*w = *w*10 + word(i) + 1
			return interleave.Done
		}))
	}
	if r := explore(threads...); r.States != 16 || r.Ends != 6 || r.Err() != nil {
		t.Errorf("report: %+v", r)
	}
}

func TestAModelWithoutThreadsEndsAtOnce(t *testing.T) {
	if r := explore(); r.States != 1 || r.Ends != 1 || r.Err() != nil {
		t.Errorf("report: %+v", r)
	}
}
