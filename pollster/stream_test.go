package pollster_test

import (
	"context"
	"errors"
	"io"
	"runtime"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/causeway-go/causeway/pollster"
)

// A tape is a stream of 0, 1, 2… up to n, then err. Every other poll is not
// ready and wakes from a goroutine of its own.
type tape struct {
	n, at   int
	err     error
	waited  bool
	polls   int
	cancels int
	over    bool
	bad     bool
}

func (s *tape) PollNext(w *pollster.Waker) (int, bool, error) {
	s.polls++
	s.bad = s.bad || s.over
	if !s.waited {
		s.waited = true
		go w.Wake()
		return 0, false, nil
	}
	s.waited = false
	if s.at == s.n {
		s.over = true
		return 0, false, s.err
	}
	s.at++
	return s.at - 1, true, nil
}

func (s *tape) Cancel() { s.cancels++; s.over = true }

func TestSeqGivesAllValuesInOrder(t *testing.T) {
	s := &tape{n: 100, err: io.EOF}
	var got []int
	seq := pollster.Seq(t.Context(), s)
	for v, err := range seq {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, v)
	}
	if len(got) != 100 || !slices.IsSorted(got) || s.bad {
		t.Errorf("got %v, bad %v", got, s.bad)
	}
	for range seq {
		t.Fatal("a second loop has values")
	}
	if s.bad {
		t.Error("polled after the end")
	}
}

func TestSeqStopsAndCancelsWhenTheLoopIsLeft(t *testing.T) {
	leave := map[string]func(s *tape){
		"break": func(s *tape) {
			for v := range pollster.Seq(t.Context(), s) {
				if v == 3 {
					break
				}
			}
		},
		"panic": func(s *tape) {
			panics(func() {
				for v := range pollster.Seq(t.Context(), s) {
					if v == 3 {
						panic("loop")
					}
				}
			})
		},
		"goexit": func(s *tape) {
			goexits(func() {
				for v := range pollster.Seq(t.Context(), s) {
					if v == 3 {
						runtime.Goexit()
					}
				}
			})
		},
	}
	for name, f := range leave {
		s := &tape{n: 100, err: io.EOF}
		f(s)
		if s.at != 4 || s.cancels != 1 || s.bad {
			t.Errorf("%s: at %d, %d cancels, bad %v", name, s.at, s.cancels, s.bad)
		}
	}
}

func TestSeqEndsWithAnErrorOnce(t *testing.T) {
	s := &tape{n: 2, err: errTest}
	var values, errs int
	for _, err := range pollster.Seq(t.Context(), s) {
		if err != nil {
			errs++
			if err != errTest {
				t.Error(err)
			}
		} else {
			values++
		}
	}
	if values != 2 || errs != 1 || s.bad {
		t.Errorf("%d values, %d errors, bad %v", values, errs, s.bad)
	}
}

func TestSeqEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		c := new(pollster.Promise[int])
		s := pollster.Unordered(pollster.Ready(1), pollster.Future[int](c))
		var values int
		var last error
		for _, err := range pollster.Seq(ctx, s) {
			if last = err; err == nil {
				values++
			}
		}
		if values != 1 || !errors.Is(last, context.DeadlineExceeded) {
			t.Errorf("%d values, %v", values, last)
		}
		if !c.Canceled() {
			t.Error("the stream was not cancelled")
		}
	})
}

func TestSeqOfANilStreamIsAnError(t *testing.T) {
	n := 0
	for _, err := range pollster.Seq[int](t.Context(), nil) {
		n++
		if err != pollster.ErrNilFuture {
			t.Error(err)
		}
	}
	if n != 1 {
		t.Errorf("%d turns", n)
	}
}

func TestNextLeavesTheStreamAlone(t *testing.T) {
	s := &tape{n: 1, err: io.EOF}
	f := pollster.Next(s)
	pollster.Cancel(f)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := pollster.BlockOn(ctx, f); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if v, err := pollster.BlockOn(t.Context(), pollster.Timeout(pollster.Next(s), time.Hour)); v != 0 || err != nil {
		t.Errorf("%d, %v", v, err)
	}
	if _, err := pollster.BlockOn(t.Context(), pollster.Next(s)); err != io.EOF {
		t.Error(err)
	}
	if s.cancels != 0 {
		t.Errorf("%d cancels", s.cancels)
	}
	if _, err := pollster.BlockOn(t.Context(), pollster.Next[int](nil)); err != pollster.ErrNilFuture {
		t.Error(err)
	}
}

func TestPollOnceLooksAndLeavesTheFutureAlive(t *testing.T) {
	m := newManual[int](t)
	for range 3 {
		if v, ready, err := pollster.PollOnce(m); v != 0 || ready || err != nil {
			t.Errorf("%d, %v, %v", v, ready, err)
		}
	}
	m.end(3, nil)
	if v, ready, err := pollster.PollOnce(m); v != 3 || !ready || err != nil || m.polls.Load() != 4 {
		t.Errorf("%d, %v, %v, %d polls", v, ready, err, m.polls.Load())
	}
	if m.canceled() {
		t.Error("cancelled")
	}
}

func TestYieldIsReadyAtItsSecondPoll(t *testing.T) {
	f, w := pollster.Yield(), newCounter()
	pending(t, f, &w.Waker)
	if n := w.take(); n != 1 {
		t.Errorf("%d wakes", n)
	}
	ended(t, f, &w.Waker)
	if n := w.take(); n != 0 {
		t.Errorf("%d wakes", n)
	}
	if _, err := pollster.BlockOn(t.Context(), pollster.Yield()); err != nil {
		t.Error(err)
	}
}

func TestFuseIsNeverReadyAgain(t *testing.T) {
	m, w := newManual[int](t), newCounter()
	f := pollster.Fuse(m)
	m.end(1, nil)
	if v := ended(t, f, &w.Waker); v != 1 {
		t.Errorf("value %d", v)
	}
	w.take()
	for range 3 {
		pending(t, f, &w.Waker)
	}
	g := pollster.Fuse(newManual[int](t))
	pollster.Cancel(g)
	pending(t, g, &w.Waker)
	if w.take() != 0 || m.polls.Load() != 1 {
		t.Errorf("%d polls", m.polls.Load())
	}
}

// A loop over the same futures, each fused: everyone is selected once.
func TestFuseMakesASelectLoopEnd(t *testing.T) {
	fs := make([]pollster.Future[int], 3)
	for i := range fs {
		fs[i] = pollster.Fuse(pollster.Ready(i))
	}
	for i := range fs {
		s, err := pollster.BlockOn(t.Context(), pollster.Select(fs...))
		if err != nil || s.Index != i || s.Value != i {
			t.Errorf("turn %d: %+v, %v", i, s, err)
		}
	}
	pending(t, pollster.Select(fs...), newWaker())
}
