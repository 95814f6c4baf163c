package pollster_test

import (
	"context"
	"fmt"
	"io"
	"slices"
	"testing"

	"github.com/causeway-go/causeway/internal/hammer"
	"github.com/causeway-go/causeway/pollster"
)

func TestRaceFirstToEndWinsAndLosersAreCancelled(t *testing.T) {
	for _, fail := range []bool{false, true} {
		for winner := range 4 {
			ms, fs := manuals(t, 4)
			f, w := pollster.Race(fs...), newCounter()
			pending(t, f, &w.Waker)
			if fail {
				ms[winner].end(0, errTest)
				fails(t, f, &w.Waker, errTest)
			} else {
				ms[winner].end(winner, nil)
				if v := ended(t, f, &w.Waker); v != winner {
					t.Errorf("value %d, want %d", v, winner)
				}
			}
			for i, m := range ms {
				if m.canceled() != (i != winner) {
					t.Errorf("winner %d: future %d cancelled %v", winner, i, m.canceled())
				}
			}
		}
	}
}

func TestRaceIsDecidedFromTheLeftAtFirstAndByTheWakesLater(t *testing.T) {
	ms, fs := manuals(t, 3)
	ms[1].end(1, nil)
	ms[2].end(2, nil)
	if v := ended(t, pollster.Race(fs...), newWaker()); v != 1 {
		t.Errorf("first poll: %d won", v)
	}
	if ms[2].polls.Load() != 0 || !ms[2].canceled() {
		t.Error("what stands to the right of the winner was polled, or not cancelled")
	}
	ms, fs = manuals(t, 3)
	f := pollster.Race(fs...)
	pending(t, f, newWaker())
	ms[2].end(2, nil)
	ms[0].end(0, nil)
	if v := ended(t, f, newWaker()); v != 2 {
		t.Errorf("later poll: %d won", v)
	}
}

func TestSelectTellsWhichAndLeavesTheOthersAlive(t *testing.T) {
	ms, fs := manuals(t, 3)
	f, w := pollster.Select(fs...), newCounter()
	pending(t, f, &w.Waker)
	ms[1].end(11, nil)
	if s := ended(t, f, &w.Waker); s != (pollster.Selected[int]{Index: 1, Value: 11}) {
		t.Errorf("got %+v", s)
	}
	pollster.Cancel(f) // after the end: the others are the caller's
	rest := []pollster.Future[int]{fs[0], fs[2]}
	g := pollster.Select(rest...)
	pending(t, g, &w.Waker)
	w.take()
	ms[2].end(0, errTest)
	if w.take() == 0 {
		t.Error("the second Select was not woken")
	}
	if s := ended(t, g, &w.Waker); s.Index != 1 || s.Err != errTest {
		t.Errorf("got %+v", s)
	}
	ms[0].end(10, nil)
	if v := ended(t, fs[0], &w.Waker); v != 10 {
		t.Errorf("the last one gave %d", v)
	}
	for i, m := range ms {
		if m.canceled() {
			t.Errorf("future %d was cancelled", i)
		}
	}
}

func TestSelectCancelBeforeTheEndCancelsAll(t *testing.T) {
	ms, fs := manuals(t, 3)
	f := pollster.Select(fs...)
	pending(t, f, newWaker())
	pollster.Cancel(f)
	for i, m := range ms {
		if !m.canceled() {
			t.Errorf("future %d was not cancelled", i)
		}
	}
}

func TestSelectReportsANilFutureByItsIndex(t *testing.T) {
	ms, fs := manuals(t, 2)
	s := ended(t, pollster.Select(fs[0], nil, fs[1]), newWaker())
	if s.Index != 1 || s.Err != pollster.ErrNilFuture || ms[0].canceled() || ms[1].canceled() {
		t.Errorf("got %+v", s)
	}
}

func TestUnorderedGivesEachResultAsItEnds(t *testing.T) {
	const n = 100
	ms, fs := manuals(t, n)
	s := pollster.Unordered(fs...)
	w := newCounter()
	next := pollster.Next(s)
	pending(t, next, &w.Waker)
	var got, want []int
	for k := range n {
		i := k * 37 % n
		want = append(want, i)
		if k%10 == 0 {
			ms[i].end(0, errTest)
		} else {
			ms[i].end(i, nil)
		}
		if k%3 == 2 { // three at a time
			for range 3 {
				v := ended(t, next, &w.Waker)
				if (v.Err == errTest) != (len(got)%10 == 0) || v.Err == nil && v.Value != v.Index {
					t.Errorf("got %+v", v)
				}
				got = append(got, v.Index)
			}
			pending(t, next, &w.Waker)
		}
	}
	got = append(got, ended(t, next, &w.Waker).Index)
	if !slices.Equal(got, want) {
		t.Errorf("order %v, want %v", got, want)
	}
	fails(t, next, &w.Waker, io.EOF)
	for i, m := range ms {
		if m.canceled() {
			t.Errorf("future %d was cancelled", i)
		}
		if p := m.polls.Load(); p != 2 {
			t.Errorf("future %d was polled %d times", i, p)
		}
	}
}

func TestUnorderedCancelCancelsThoseStillGoingOn(t *testing.T) {
	ms, fs := manuals(t, 4)
	s := pollster.Unordered(fs...)
	ms[2].end(2, nil)
	if v := ended(t, pollster.Next(s), newWaker()); v.Index != 2 {
		t.Errorf("got %+v", v)
	}
	pollster.Cancel(s)
	pollster.Cancel(s)
	for i, m := range ms {
		if m.canceled() != (i != 2) {
			t.Errorf("future %d cancelled %v", i, m.canceled())
		}
	}
}

func TestUnorderedHammerDeliversEachOnce(t *testing.T) {
	const n = 64
	hammer.Run(t, 2, func(_, i int) {
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
		seen := make([]bool, n)
		for s, err := range pollster.Seq(context.Background(), pollster.Unordered(fs...)) {
			if err != nil || s.Err != nil || s.Value != s.Index || seen[s.Index] {
				t.Errorf("got %+v, %v", s, err)
				return
			}
			seen[s.Index] = true
		}
		if slices.Contains(seen, false) {
			t.Error("a result is missing")
		}
	})
}

// After a panic of one member, Cancel still reaches all others, also those
// whose turn had not come in that poll.
func TestManyCancelReachesAllAfterAPanic(t *testing.T) {
	makers := map[string]func(fs ...pollster.Future[int]) any{
		"Join":      func(fs ...pollster.Future[int]) any { return pollster.Join(fs...) },
		"Race":      func(fs ...pollster.Future[int]) any { return pollster.Race(fs...) },
		"Select":    func(fs ...pollster.Future[int]) any { return pollster.Select(fs...) },
		"Unordered": func(fs ...pollster.Future[int]) any { return pollster.Unordered(fs...) },
		"Join3":     func(fs ...pollster.Future[int]) any { return pollster.Join3(fs[0], fs[1], fs[2]) },
	}
	poll := func(f any) error {
		var err error
		switch f := f.(type) {
		case pollster.Future[[]int]:
			_, _, err = f.Poll(newWaker())
		case pollster.Future[int]:
			_, _, err = f.Poll(newWaker())
		case pollster.Future[pollster.Selected[int]]:
			_, _, err = f.Poll(newWaker())
		case pollster.Future[pollster.Triple[int, int, int]]:
			_, _, err = f.Poll(newWaker())
		case pollster.Stream[pollster.Selected[int]]:
			_, _, err = f.PollNext(newWaker())
		default:
			panic(fmt.Sprintf("%T", f))
		}
		return err
	}
	for name, make := range makers {
		t.Run(name, func(t *testing.T) {
			ms, fs := manuals(t, 3)
			f := make(fs...)
			ms[1].onPoll = func() { panic("poll") }
			if v := panics(func() { poll(f) }); v != "poll" {
				t.Fatalf("panic value %v", v)
			}
			if poll(f) == nil {
				t.Error("it lets itself be polled on")
			}
			pollster.Cancel(f)
			for i, m := range ms {
				if m.cancels.Load() != 1 || m.polls.Load() > 1 {
					t.Errorf("future %d: %d cancels, %d polls", i, m.cancels.Load(), m.polls.Load())
				}
			}
		})
	}
}
