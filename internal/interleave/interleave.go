package interleave

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// What a step may return instead of a program counter.
const (
	// Blocked says that the thread cannot take its step in this state. The
	// step must not have changed the state. It is tried again in others.
	Blocked = -1
	// Done says that the thread has ended with this step.
	Done = -2
)

// MaxThreads is how many threads a Model may have.
const MaxThreads = 8

// A Thread is one program. Its program counter starts at 0.
type Thread[S comparable] struct {
	Name string
	// Step takes the step at pc and returns the next pc, Blocked or Done.
	// It must depend on nothing but its arguments. A panic is a violation.
	Step func(s *S, pc int) (next int)
	// Optional says that the thread may come at any time or never, like the
	// end of a context. Nobody may rely on its first step.
	Optional bool
	// Daemon says that the thread need not end: it is no hang if it is
	// blocked when the others are done.
	Daemon bool
	// Steps names the program counters in traces; it may be shorter.
	Steps []string
}

// A Model is what Explore explores.
type Model[S comparable] struct {
	Init    S
	Threads []Thread[S]
	// Invariant, if not nil, must return nil in every state.
	Invariant func(s S) error
	// Final, if not nil, must return nil in every state in which the model
	// can end: the threads are done, or are daemons that are blocked, or are
	// optional and have not started.
	Final func(s S) error
	// Limit is how many states to visit at most; 0 means a million.
	Limit int
}

// Kinds of Failure.
var (
	ErrHang      = errors.New("hang")
	ErrLivelock  = errors.New("livelock")
	ErrViolation = errors.New("violation")
	ErrLimit     = errors.New("too many states")
)

// A Failure is a state that must not be, and how to get there.
type Failure struct {
	Kind  error    // one of the Err variables
	Cause string   // what the invariant said, or which threads hang
	Trace []string // the steps from the start to there, one a line
}

// Error returns all of it.
func (f *Failure) Error() string {
	return fmt.Sprintf("%v: %s\n\t%s", f.Kind, f.Cause, strings.Join(f.Trace, "\n\t"))
}

// Unwrap returns the Kind.
func (f *Failure) Unwrap() error { return f.Kind }

// A Report is what Explore has found.
type Report struct {
	States int // states visited
	Steps  int // steps between them
	Ends   int // states in which the model ends as it should
	Hangs  int // states in which it hangs
	// Failures are the nearest failure of each kind.
	Failures []*Failure
}

// Err returns the failures, or nil.
func (r Report) Err() error {
	var all []error
	for _, f := range r.Failures {
		all = append(all, f)
	}
	return errors.Join(all...)
}

// Check explores m and fails the test if there is a failure, with its trace.
func Check[S comparable](t testing.TB, m Model[S]) Report {
	t.Helper()
	r := m.Explore()
	if err := r.Err(); err != nil {
		t.Fatalf("interleave: %d states: %v", r.States, err)
	}
	return r
}

// Explore visits every reachable state of m.
func (m Model[S]) Explore() Report {
	if len(m.Threads) > MaxThreads {
		panic(fmt.Sprintf("interleave: %d threads, at most %d", len(m.Threads), MaxThreads))
	}
	if m.Limit == 0 {
		m.Limit = 1_000_000
	}
	e := &explorer[S]{model: m, index: make(map[node[S]]int32)}
	e.visit(node[S]{state: m.Init}, -1, 0)
	for i := 0; i < len(e.nodes) && e.report.States < m.Limit; i++ {
		e.expand(int32(i))
		e.report.States++
	}
	if e.report.States < len(e.nodes) {
		e.fail(ErrLimit, fmt.Sprintf("%d visited, and there are more", m.Limit), int32(e.report.States))
	} else {
		e.findLivelock()
	}
	return e.report
}
