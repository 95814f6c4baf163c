package pollster_test

import (
	"context"
	"io"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/causeway-go/causeway/internal/hammer"
	"github.com/causeway-go/causeway/pollster"
)

// manuals returns n manual futures, and the same as futures.
func manuals(t testing.TB, n int) ([]*manual[int], []pollster.Future[int]) {
	ms, fs := make([]*manual[int], n), make([]pollster.Future[int], n)
	for i := range ms {
		ms[i] = newManual[int](t)
		fs[i] = ms[i]
	}
	return ms, fs
}

func TestJoin2AndJoin3KeepTypesAndOrder(t *testing.T) {
	p := ended(t, pollster.Join2(pollster.Ready(1), pollster.Ready("x")), nil)
	if p.First != 1 || p.Second != "x" {
		t.Errorf("Join2: %v", p)
	}
	q := ended(t, pollster.Join3(pollster.Ready(1), pollster.Ready("x"), pollster.Ready(2.5)), nil)
	if q.First != 1 || q.Second != "x" || q.Third != 2.5 {
		t.Errorf("Join3: %v", q)
	}
}

func TestJoinEndsWhenAllHaveInAnyOrder(t *testing.T) {
	for _, n := range []int{1, 2, 3, 10, 1000} {
		ms, fs := manuals(t, n)
		f, w := pollster.Join(fs...), newCounter()
		pending(t, f, &w.Waker)
		order := rand.Perm(n)
		for k, i := range order {
			ms[i].end(i, nil)
			if w.take() == 0 {
				t.Fatalf("n = %d: no wake after %d ends", n, k+1)
			}
			if k < n-1 {
				pending(t, f, &w.Waker)
			}
		}
		v := ended(t, f, &w.Waker)
		if len(v) != n || !slices.IsSorted(v) {
			t.Errorf("n = %d: %v", n, v)
		}
		for i, m := range ms {
			if m.canceled() {
				t.Errorf("n = %d: future %d was cancelled after its end", n, i)
			}
		}
	}
}

func TestJoinOfNothingEndsAtOnce(t *testing.T) {
	if v := ended(t, pollster.Join[int](), nil); v == nil || len(v) != 0 {
		t.Errorf("got %v", v)
	}
	if _, err := pollster.BlockOn(t.Context(), pollster.Race[int]()); err == nil {
		t.Error("a race of nothing ends without an error")
	}
	if _, err := pollster.BlockOn(t.Context(), pollster.Select[int]()); err == nil {
		t.Error("a choice of nothing ends without an error")
	}
	if _, _, err := pollster.Unordered[int]().PollNext(nil); err != io.EOF {
		t.Errorf("a stream of nothing ends with %v", err)
	}
}

func TestJoinFirstErrorCancelsTheRest(t *testing.T) {
	const n = 5
	joins := map[string]func(fs []pollster.Future[int]) pollster.Future[bool]{
		"Join": func(fs []pollster.Future[int]) pollster.Future[bool] {
			return pollster.Map(pollster.Join(fs...), func([]int) bool { return true })
		},
		"Join2": func(fs []pollster.Future[int]) pollster.Future[bool] {
			return pollster.Map(pollster.Join2(fs[0], fs[1]), func(pollster.Pair[int, int]) bool { return true })
		},
		"Join3": func(fs []pollster.Future[int]) pollster.Future[bool] {
			return pollster.Map(pollster.Join3(fs[0], fs[1], fs[2]), func(pollster.Triple[int, int, int]) bool { return true })
		},
	}
	sizes := map[string]int{"Join": n, "Join2": 2, "Join3": 3}
	for name, join := range joins {
		for bad := range sizes[name] {
			for _, polledBefore := range []bool{false, true} {
				ms, fs := manuals(t, n)
				f := join(fs)
				if polledBefore {
					pending(t, f, newWaker())
				}
				ms[bad].end(0, errTest)
				fails(t, f, newWaker(), errTest)
				for i := range sizes[name] {
					if ms[i].canceled() != (i != bad) {
						t.Errorf("%s, %d fails, polled before %v: future %d cancelled %v",
							name, bad, polledBefore, i, ms[i].canceled())
					}
				}
			}
		}
	}
}

func TestJoinPollsOnlyThoseThatWereWoken(t *testing.T) {
	const n = 1000
	ms, fs := manuals(t, n)
	f, w := pollster.Join(fs...), newCounter()
	pending(t, f, &w.Waker)
	for round := range 100 {
		i := round * 7 % n
		ms[i].waker.Wake() // spurious, so that nobody ends
		if w.take() != 1 {
			t.Fatal("not woken")
		}
		pending(t, f, &w.Waker)
	}
	pending(t, f, &w.Waker) // nobody was woken
	total := int64(0)
	for _, m := range ms {
		total += m.polls.Load()
	}
	if total != n+100 {
		t.Errorf("%d polls, want %d", total, n+100)
	}
	pollster.Cancel(f)
}

// The members keep their wakers, so a new parent waker must reach all of them.
func TestJoinWakesOnlyTheLatestOfItsPollers(t *testing.T) {
	ms, fs := manuals(t, 3)
	f, w1, w2 := pollster.Join(fs...), newCounter(), newCounter()
	pending(t, f, &w1.Waker)
	pending(t, f, &w2.Waker)
	for _, m := range ms {
		m.waker.Wake()
	}
	if w1.take() != 0 || w2.take() == 0 {
		t.Error("the wrong poller was woken")
	}
}

// A member that wakes itself in every poll must not keep Poll from returning.
func TestJoinWithASelfWakerReturns(t *testing.T) {
	ms, fs := manuals(t, 4)
	ms[1].onPoll = func() { ms[1].waker.Wake() }
	f, w := pollster.Join(fs...), newCounter()
	for range 10 {
		pending(t, f, &w.Waker)
		if w.take() == 0 {
			t.Fatal("not woken")
		}
	}
	if n := ms[1].polls.Load(); n != 10 {
		t.Errorf("%d polls, want 10", n)
	}
	if n := ms[0].polls.Load(); n != 1 {
		t.Errorf("its neighbour had %d polls, want 1", n)
	}
}

func TestJoinCopiesItsArguments(t *testing.T) {
	fs := []pollster.Future[int]{pollster.Ready(1), pollster.Ready(2)}
	f := pollster.Join(fs...)
	fs[0] = nil
	if v := ended(t, f, nil); !slices.Equal(v, []int{1, 2}) {
		t.Errorf("got %v", v)
	}
}

func TestJoinLateWakesAreHarmless(t *testing.T) {
	ms, fs := manuals(t, 3)
	f, w := pollster.Join(fs...), newCounter()
	pending(t, f, &w.Waker)
	var wakers []*pollster.Waker
	for _, m := range ms {
		wakers = append(wakers, m.waker.Take())
	}
	pollster.Cancel(f)
	w.take()
	for _, late := range wakers {
		late.Wake()
	}
	if n := w.take(); n != 0 {
		t.Errorf("the poller of a cancelled Join was woken %d times", n)
	}
}

// Many goroutines settle what one goroutine joins. A lost wake-up hangs.
func TestJoinHammerLosesNoWake(t *testing.T) {
	const n = 40
	hammer.Run(t, 3, func(_, i int) {
		promises := make([]pollster.Promise[int], n)
		fs := make([]pollster.Future[int], n)
		for k := range promises {
			fs[k] = &promises[k]
		}
		for part := range 4 {
			go func() {
				for k := part; k < n; k += 4 {
					promises[k].Resolve(k)
				}
			}()
		}
		v, err := pollster.BlockOn(context.Background(), pollster.Join(fs...))
		if err != nil || len(v) != n || !slices.IsSorted(v) || v[n-1] != n-1 {
			t.Errorf("got %v, %v", v, err)
		}
	})
}

// The same where every poll wakes again, through wakers used from elsewhere.
func TestJoinHammerOfRepeatedWakes(t *testing.T) {
	const members, rounds = 8, 30
	hammer.Run(t, 2, func(_, i int) {
		fs := make([]pollster.Future[int], members)
		for k := range fs {
			polls := 0
			fs[k] = pollster.Func[int](func(w *pollster.Waker) (int, bool, error) {
				if polls++; polls > rounds {
					return polls, true, nil
				}
				if polls%2 == 0 {
					w.Wake()
				} else {
					go w.Wake()
				}
				return 0, false, nil
			})
		}
		if _, err := pollster.BlockOn(context.Background(), pollster.Join(fs...)); err != nil {
			t.Error(err)
		}
	})
}

// The cost of a member, counted in polls, does not depend on how many there
// are: one poll at first, and one for each wake.
func TestJoinCostOfAMemberStaysFlat(t *testing.T) {
	for _, n := range []int{10, 100, 1000, 10_000} {
		ms, fs := manuals(t, n)
		f := pollster.Join(fs...)
		pending(t, f, newWaker())
		for i, m := range ms {
			m.end(i, nil)
			if i < n-1 {
				pending(t, f, newWaker())
			}
		}
		ended(t, f, newWaker())
		polls := int64(0)
		for _, m := range ms {
			polls += m.polls.Load()
		}
		if polls != 2*int64(n) {
			t.Errorf("%d members: %d polls, want %d", n, polls, 2*n)
		}
	}
}
