package pollster_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/causeway-go/causeway/internal/goroutine"
	"github.com/causeway-go/causeway/pollster"
)

// A log is what the hooks of one goroutine were told.
type log struct {
	mu    sync.Mutex
	lines []string
}

func (l *log) add(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, fmt.Sprintf(format, args...))
}

func (l *log) take() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	lines := l.lines
	l.lines = nil
	return lines
}

// hooks are those of one owner. If parks is set they offer a Parker.
type hooks struct {
	name  string
	parks bool
	log   *log
	sem   chan struct{}
	exit  bool // Park ends the goroutine

	waiting func() // called when the goroutine is about to park
}

func (h *hooks) BeforeWait() goroutine.Parker {
	h.log.add("before %s", h.name)
	if h.parks {
		return h
	}
	if h.waiting != nil {
		h.waiting()
	}
	return nil
}

func (h *hooks) AfterWait() { h.log.add("after %s", h.name) }

func (h *hooks) Watch(ctx context.Context) { h.log.add("watch %s %v", h.name, ctx.Done() != nil) }

func (h *hooks) Park(w goroutine.Wait) {
	h.log.add("park %s", h.name)
	if h.waiting != nil {
		h.waiting()
	}
	if h.exit && w.Withdraw() {
		runtime.Goexit()
	}
	<-h.sem
}

func (h *hooks) Unpark() { h.sem <- struct{}{} }

func newHooks(l *log, name string, parks bool) *hooks {
	return &hooks{name: name, parks: parks, log: l, sem: make(chan struct{}, 1)}
}

// at runs f on a goroutine that is registered with all of hs, the first one
// outermost, and waits for its end.
func at(f func(), hs ...*hooks) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		places := make([]goroutine.Place, len(hs))
		for i, h := range hs {
			places[i].Enter(h)
			defer places[i].Leave()
		}
		f()
	}()
	<-done
}

func TestBlockOnTellsWhoeverRunsSomethingHere(t *testing.T) {
	for _, test := range []struct {
		name  string
		parks [3]bool // outer, middle, inner
		via   string
	}{
		{"nobody offers a parker", [3]bool{}, ""},
		{"outer", [3]bool{true, false, false}, "outer"},
		{"middle", [3]bool{false, true, false}, "middle"},
		{"inner", [3]bool{false, false, true}, "inner"},
		{"the innermost offer wins", [3]bool{true, true, false}, "middle"},
		{"all", [3]bool{true, true, true}, "inner"},
	} {
		forEachBlockOn(t, func(t *testing.T, blockOn func(context.Context, pollster.Future[int]) (int, error)) {
			for _, ctx := range []context.Context{bg, t.Context()} {
				l := &log{}
				hs := []*hooks{
					newHooks(l, "outer", test.parks[0]),
					newHooks(l, "middle", test.parks[1]),
					newHooks(l, "inner", test.parks[2]),
				}
				// The future ends when whoever is told last has been told.
				m := newManual[int](t)
				last := hs[0]
				for _, h := range hs {
					if h.name == test.via {
						last = h
					}
				}
				last.waiting = func() { go m.end(42, nil) }
				at(func() {
					if v, err := blockOn(ctx, m); v != 42 || err != nil {
						t.Errorf("%s: %d, %v", test.name, v, err)
					}
				}, hs...)
				want := []string{"before inner", "before middle", "before outer"}
				if test.via != "" {
					want = append(want, fmt.Sprintf("watch %s %v", test.via, ctx.Done() != nil), "park "+test.via)
				}
				want = append(want, "after inner", "after middle", "after outer")
				if got := l.take(); !slices.Equal(got, want) {
					t.Errorf("%s:\n got %q\nwant %q", test.name, got, want)
				}
			}
		})
	}
}

func TestBlockOnDoesNotTellAnyoneIfItNeedNotWait(t *testing.T) {
	l := &log{}
	ended, cancel := context.WithCancel(bg)
	cancel()
	at(func() {
		pollster.BlockOn(bg, pollster.Ready(1))
		pollster.BlockOn[int](bg, &selfWaking{})
		pollster.BlockOn[int](t.Context(), &selfWaking{})
		pollster.BlockOn(ended, never())
	}, newHooks(l, "a", true))
	if got := l.take(); got != nil {
		t.Errorf("got %q", got)
	}
}

func TestBlockOnAtAPlaceEndsWithItsContext(t *testing.T) {
	forEachBlockOn(t, func(t *testing.T, blockOn func(context.Context, pollster.Future[int]) (int, error)) {
		for _, parks := range []bool{false, true} {
			// On a busy machine the time may be over before anybody waits, so
			// that there is nothing to tell. Then more of it is given.
			var got []string
			for d := time.Millisecond; got == nil; d *= 2 {
				l := &log{}
				m := newManual[int](t)
				at(func() {
					ctx, cancel := context.WithTimeoutCause(bg, d, errCause)
					defer cancel()
					if _, err := blockOn(ctx, m); !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, errCause) {
						t.Errorf("%v", err)
					}
				}, newHooks(l, "outer", parks), newHooks(l, "inner", false))
				if !m.canceled() {
					t.Error("not cancelled")
				}
				if got = l.take(); got == nil && d > time.Minute {
					t.Fatal("nobody was told of the wait")
				}
			}
			if !slices.Equal(got[len(got)-2:], []string{"after inner", "after outer"}) {
				t.Errorf("got %q", got)
			}
		}
	})
}

// Whatever runs the code may end it while it waits. The future is then
// cancelled, and a wake that comes late does no harm.
func TestBlockOnAtAPlaceThatEndsItsCode(t *testing.T) {
	for _, ctx := range []context.Context{bg, t.Context()} {
		l := &log{}
		m := newManual[int](t)
		h := newHooks(l, "task", true)
		h.exit = true
		at(func() {
			pollster.BlockOn(ctx, m)
			t.Error("BlockOn returned")
		}, h)
		if !m.canceled() {
			t.Error("not cancelled")
		}
		if got := l.take(); len(got) == 0 || got[len(got)-1] != "after task" {
			t.Errorf("got %q", got)
		}
		m.waker.Wake()
		stillWorks(t)
	}
}

func TestBlockOnAtAPlaceLetsAPanicThrough(t *testing.T) {
	for _, parks := range []bool{false, true} {
		l := &log{}
		m := newManual[int](t)
		m.onPoll = func() {
			if m.polls.Load() == 2 {
				badPoll()
			}
		}
		h := newHooks(l, "a", parks)
		h.waiting = func() { go m.waker.Wake() }
		at(func() {
			if v := panics(func() { pollster.BlockOn(t.Context(), m) }); v != "in Poll" {
				t.Errorf("%v", v)
			}
			stillWorks(t)
		}, h)
		if got := l.take(); !slices.Equal(got[:2], []string{"before a", "watch a true"}) && parks {
			t.Errorf("got %q", got)
		}
	}
}

// Nested calls on a registered goroutine: each wait is told of by itself.
func TestNestedBlockOnAtAPlace(t *testing.T) {
	l := &log{}
	h := newHooks(l, "a", true)
	at(func() {
		polls := 0
		outer := pollster.Func[int](func(w *pollster.Waker) (int, bool, error) {
			if polls++; polls == 2 {
				return 1, true, nil
			}
			inner := newManual[int](t)
			h.waiting = func() { go inner.end(1, nil) }
			pollster.BlockOn(bg, inner)
			l.add("between")
			h.waiting = func() { go w.Wake() }
			return 0, false, nil
		})
		pollster.BlockOn(bg, outer)
	}, h)
	once := []string{"before a", "watch a false", "park a", "after a"}
	want := slices.Concat(once, []string{"between"}, once)
	if got := l.take(); !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
}

// An attachable is a context that counts the functions attached to it.
type attachable struct {
	context.Context
	done     chan struct{}
	mu       sync.Mutex
	attached int
}

func (c *attachable) Done() <-chan struct{} { return c.done }

// AfterFunc is what context.AfterFunc uses where a context has it.
func (c *attachable) AfterFunc(f func()) (stop func() bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.attached++
	return func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.attached--
		return true
	}
}

func TestBlockOnLeavesNothingAttachedToItsContext(t *testing.T) {
	for name, last := range map[string]func(m *manual[int]){
		"end":    func(m *manual[int]) { m.end(1, nil) },
		"error":  func(m *manual[int]) { m.end(1, errTest) },
		"panic":  func(*manual[int]) { badPoll() },
		"goexit": func(*manual[int]) { runtime.Goexit() },
	} {
		forEachBlockOn(t, func(t *testing.T, blockOn func(context.Context, pollster.Future[int]) (int, error)) {
			ctx := &attachable{Context: bg, done: make(chan struct{})}
			m := newManual[int](t)
			m.onPoll = func() {
				if m.polls.Load() == 3 {
					last(m)
				}
				time.AfterFunc(time.Millisecond, m.waker.Wake)
			}
			at(func() { panics(func() { blockOn(ctx, m) }) }, newHooks(&log{}, "a", true))
			if m.polls.Load() != 3 || ctx.attached != 0 {
				t.Errorf("%s: %d polls, %d attached", name, m.polls.Load(), ctx.attached)
			}
		})
	}
}

// Where those who run something on the goroutine cannot give way, it does.
func TestYieldInAJobLetsGoroutinesRun(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	l := &log{}
	at(func() {
		var ran atomic.Bool
		go ran.Store(true)
		yields := 0
		for ; !ran.Load(); yields++ {
			pollster.BlockOn(bg, pollster.Yield())
		}
		if yields > 1000 { // the runtime interrupts it after some 100 000
			t.Errorf("%d times in vain", yields)
		}
	}, newHooks(l, "job", false))
}
