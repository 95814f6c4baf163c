package pollster_test

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/causeway-go/causeway/pollster"
)

// A wrapping is a combinator of one future, seen from outside.
type wrapping struct {
	name string
	make func(f pollster.Future[int]) pollster.Future[int]
}

func double(v int) int { return 2 * v }

// wrappings all give f's value doubled, and f's error or one wrapping it.
var wrappings = []wrapping{
	{"Map", func(f pollster.Future[int]) pollster.Future[int] { return pollster.Map(f, double) }},
	{"MapErr", func(f pollster.Future[int]) pollster.Future[int] {
		g := pollster.MapErr(f, func(err error) (int, error) { return 0, fmt.Errorf("wrapped: %w", err) })
		return pollster.Map(g, double)
	}},
	{"Then", func(f pollster.Future[int]) pollster.Future[int] {
		return pollster.Then(f, func(v int) pollster.Future[int] { return pollster.Ready(2 * v) })
	}},
	{"Then, second half", func(f pollster.Future[int]) pollster.Future[int] {
		return pollster.Then(pollster.Ready(2), func(v int) pollster.Future[int] {
			return pollster.Map(f, func(u int) int { return v * u })
		})
	}},
	{"Join2", func(f pollster.Future[int]) pollster.Future[int] {
		return pollster.Map(pollster.Join2(f, pollster.Ready(2)),
			func(p pollster.Pair[int, int]) int { return p.First * p.Second })
	}},
	{"Join2, right", func(f pollster.Future[int]) pollster.Future[int] {
		return pollster.Map(pollster.Join2(pollster.Ready(2), f),
			func(p pollster.Pair[int, int]) int { return p.First * p.Second })
	}},
	{"Join3", func(f pollster.Future[int]) pollster.Future[int] {
		return pollster.Map(pollster.Join3(pollster.Ready(2), pollster.Ready(1), f),
			func(p pollster.Triple[int, int, int]) int { return p.First * p.Second * p.Third })
	}},
	{"Join", func(f pollster.Future[int]) pollster.Future[int] {
		return pollster.Map(pollster.Join(pollster.Ready(1), f, pollster.Ready(2)),
			func(v []int) int { return v[0] * v[1] * v[2] })
	}},
	{"Race", func(f pollster.Future[int]) pollster.Future[int] {
		return pollster.Map(pollster.Race(never(), f, never()), double)
	}},
	{"Select", func(f pollster.Future[int]) pollster.Future[int] {
		s := pollster.Select(never(), f, never())
		return pollster.Then(s, func(s pollster.Selected[int]) pollster.Future[int] {
			if s.Err != nil {
				return pollster.Failed[int](s.Err)
			}
			return pollster.Ready(2 * s.Value * s.Index)
		})
	}},
	{"Timeout", func(f pollster.Future[int]) pollster.Future[int] {
		return pollster.Map(pollster.Timeout(f, 1<<62), double)
	}},
	{"Fuse", func(f pollster.Future[int]) pollster.Future[int] {
		return pollster.Map(pollster.Fuse(f), double)
	}},
}

func never() pollster.Future[int] { return new(pollster.Promise[int]) }

func TestCombinatorsPassOnAValue(t *testing.T) {
	for _, c := range wrappings {
		t.Run(c.name, func(t *testing.T) {
			m, w := newManual[int](t), newCounter()
			f := c.make(m)
			if m.polls.Load() != 0 {
				t.Error("polled when made")
			}
			pending(t, f, &w.Waker)
			pending(t, f, &w.Waker)
			if w.take() != 0 {
				t.Error("woken for nothing")
			}
			m.end(21, nil)
			if w.take() == 0 {
				t.Fatal("not woken")
			}
			if v := ended(t, f, &w.Waker); v != 42 {
				t.Errorf("value %d", v)
			}
			pollster.Cancel(f)
			if m.canceled() {
				t.Error("a future that had ended was cancelled")
			}
		})
	}
}

func TestCombinatorsPassOnAnError(t *testing.T) {
	for _, c := range wrappings {
		t.Run(c.name, func(t *testing.T) {
			m, w := newManual[int](t), newCounter()
			f := c.make(m)
			pending(t, f, &w.Waker)
			m.end(21, errTest)
			fails(t, f, &w.Waker, errTest)
			pollster.Cancel(f)
			if m.canceled() {
				t.Error("a future that had ended was cancelled")
			}
		})
	}
}

// An error ends a future whatever ready says.
func TestCombinatorsTakeAnErrorWithReadyAsAnError(t *testing.T) {
	odd := pollster.Func[int](func(*pollster.Waker) (int, bool, error) { return 1, true, errTest })
	for _, c := range wrappings {
		t.Run(c.name, func(t *testing.T) {
			fails(t, c.make(odd), newWaker(), errTest)
		})
	}
	if _, ready, err := pollster.PollOnce(odd); ready || err != errTest {
		t.Errorf("PollOnce: %v, %v", ready, err)
	}
}

func newWaker() *pollster.Waker { return &newCounter().Waker }

func TestCombinatorsForwardCancelOnce(t *testing.T) {
	for _, c := range wrappings {
		for polls := range 3 {
			t.Run(fmt.Sprintf("%s after %d polls", c.name, polls), func(t *testing.T) {
				m := newManual[int](t)
				f := c.make(m)
				for range polls {
					pending(t, f, newWaker())
				}
				pollster.Cancel(f)
				pollster.Cancel(f)
				// The second half of Then does not exist before the first poll.
				want := int64(1)
				if c.name == "Then, second half" && polls == 0 {
					want = 0
				}
				if n := m.cancels.Load(); n != want {
					t.Errorf("%d cancels, want %d", n, want)
				}
				m.end(1, nil) // late, and harmless
			})
		}
	}
}

func TestCombinatorsTakeANilFutureAsAFailure(t *testing.T) {
	for _, c := range wrappings {
		t.Run(c.name, func(t *testing.T) {
			fails(t, c.make(nil), newWaker(), pollster.ErrNilFuture)
		})
	}
	m := newManual[int](t)
	fails(t, pollster.Join(m, nil), newWaker(), pollster.ErrNilFuture)
	if !m.canceled() {
		t.Error("what was joined with a nil future was not cancelled")
	}
	then := pollster.Then(pollster.Ready(1), func(int) pollster.Future[int] { return nil })
	fails(t, then, newWaker(), pollster.ErrNilFuture)
	if _, _, err := pollster.PollOnce[int](nil); err != pollster.ErrNilFuture {
		t.Errorf("PollOnce: %v", err)
	}
}

func TestCombinatorsLetAPanicThroughAndAreNotPolledOn(t *testing.T) {
	for _, c := range wrappings {
		t.Run(c.name, func(t *testing.T) {
			m := newManual[int](t)
			f := c.make(m)
			pending(t, f, newWaker())
			m.onPoll = func() { panic("poll") }
			m.waker.Wake()
			if v := panics(func() { f.Poll(newWaker()) }); v != "poll" {
				t.Fatalf("panic value %v", v)
			}
			polls := m.polls.Load()
			if _, ready, err := f.Poll(newWaker()); ready || err == nil && c.name != "Fuse" {
				t.Errorf("poll after a panic: %v, %v", ready, err)
			}
			if m.polls.Load() != polls {
				t.Error("a future that panicked was polled again")
			}
			pollster.Cancel(f)
			if m.cancels.Load() != 1 {
				t.Errorf("%d cancels", m.cancels.Load())
			}
		})
	}
}

func TestCombinatorsLetGoexitThrough(t *testing.T) {
	for _, c := range wrappings {
		t.Run(c.name, func(t *testing.T) {
			m := newManual[int](t)
			f := c.make(m)
			m.onPoll = runtime.Goexit
			if !goexits(func() { f.Poll(newWaker()) }) {
				t.Error("Goexit was swallowed")
			}
			pollster.Cancel(f)
			if m.cancels.Load() != 1 {
				t.Errorf("%d cancels", m.cancels.Load())
			}
		})
	}
}

func TestCombinatorsPolledAfterTheEndStaySane(t *testing.T) {
	for _, c := range wrappings {
		t.Run(c.name, func(t *testing.T) {
			m := newManual[int](t)
			f := c.make(m)
			m.end(1, nil)
			ended(t, f, newWaker())
			for range 3 {
				if v, ready, _ := f.Poll(newWaker()); ready {
					t.Errorf("ready again with %v", v)
				}
			}
			if m.polls.Load() != 1 {
				t.Errorf("%d polls", m.polls.Load())
			}
		})
	}
}

func TestCombinatorFunctionsMayPanic(t *testing.T) {
	boom := func() { panic("fn") }
	for name, make := range map[string]func(f pollster.Future[int]) pollster.Future[int]{
		"Map": func(f pollster.Future[int]) pollster.Future[int] {
			return pollster.Map(f, func(int) int { boom(); return 0 })
		},
		"MapErr": func(f pollster.Future[int]) pollster.Future[int] {
			return pollster.MapErr(f, func(error) (int, error) { boom(); return 0, nil })
		},
		"Then": func(f pollster.Future[int]) pollster.Future[int] {
			return pollster.Then(f, func(int) pollster.Future[int] { boom(); return nil })
		},
	} {
		t.Run(name, func(t *testing.T) {
			m := newManual[int](t)
			f := make(m)
			if name == "MapErr" {
				m.end(0, errTest)
			} else {
				m.end(1, nil)
			}
			if v := panics(func() { f.Poll(newWaker()) }); v != "fn" {
				t.Fatalf("panic value %v", v)
			}
			if _, ready, err := f.Poll(newWaker()); ready || err == nil {
				t.Errorf("poll after a panic: %v, %v", ready, err)
			}
			pollster.Cancel(f)
			if m.canceled() {
				t.Error("a future that had ended was cancelled")
			}
		})
	}
}

func TestCombinatorsPanicOnANilFunction(t *testing.T) {
	for name, f := range map[string]func(){
		"Map":      func() { pollster.Map[int, int](pollster.Ready(1), nil) },
		"MapErr":   func() { pollster.MapErr(pollster.Ready(1), nil) },
		"Then":     func() { pollster.Then[int, int](pollster.Ready(1), nil) },
		"NewWaker": func() { pollster.NewWaker(nil) },
		"Main":     func() { pollster.Main(nil) },
		"Failed":   func() { pollster.Failed[int](nil) },
	} {
		if panics(f) == nil {
			t.Errorf("%s does not panic", name)
		}
	}
}

func TestMapErrRecovers(t *testing.T) {
	f := pollster.MapErr(pollster.Failed[int](errTest), func(err error) (int, error) {
		if err != errTest {
			t.Errorf("fn got %v", err)
		}
		return 8, nil
	})
	if v := ended(t, f, nil); v != 8 {
		t.Errorf("value %d", v)
	}
	g := pollster.MapErr(pollster.Ready(9), func(error) (int, error) {
		t.Error("fn called without an error")
		return 0, nil
	})
	if v := ended(t, g, nil); v != 9 {
		t.Errorf("value %d", v)
	}
}

func TestThenGoesOnInTheSamePoll(t *testing.T) {
	var order []string
	note := func(s string) pollster.Future[int] {
		return pollster.Func[int](func(*pollster.Waker) (int, bool, error) {
			order = append(order, s)
			return 1, true, nil
		})
	}
	f := pollster.Then(note("a"), func(int) pollster.Future[int] {
		return pollster.Then(note("b"), func(int) pollster.Future[int] { return note("c") })
	})
	ended(t, f, nil)
	if fmt.Sprint(order) != "[a b c]" {
		t.Errorf("order %v", order)
	}
}
