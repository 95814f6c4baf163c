package pollster_test

import (
	"context"
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/causeway-go/causeway/pollster"
)

func TestTimeoutCutsOffAtTheTimeAndNotBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, d := range []time.Duration{1, time.Millisecond, time.Hour, 1000 * time.Hour} {
			m := newManual[int](t)
			start := time.Now()
			_, err := pollster.BlockOn(t.Context(), pollster.Timeout(m, d))
			if took := time.Since(start); err != pollster.ErrTimeout || took != d {
				t.Errorf("%v: %v after %v", d, err, took)
			}
			if !m.canceled() || m.polls.Load() != 2 {
				t.Errorf("%v: canceled %v, %d polls", d, m.canceled(), m.polls.Load())
			}
		}
	})
}

func TestErrTimeoutIsWhatOthersLookFor(t *testing.T) {
	err := pollster.ErrTimeout
	var n net.Error
	if !errors.Is(err, context.DeadlineExceeded) || !errors.As(err, &n) || !n.Timeout() || err.Error() == "" {
		t.Errorf("%#v", err)
	}
	if errors.Is(err, context.Canceled) {
		t.Error("it is context.Canceled too")
	}
}

func TestTimeoutCountsFromTheFirstPoll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := pollster.Timeout(never(), time.Second)
		time.Sleep(time.Minute)
		start := time.Now()
		if _, err := pollster.BlockOn(t.Context(), f); err != pollster.ErrTimeout || time.Since(start) != time.Second {
			t.Errorf("%v after %v", err, time.Since(start))
		}
	})
}

func TestTimeoutPollsAtLeastOnceAndAResultStands(t *testing.T) {
	for _, d := range []time.Duration{0, -time.Second} {
		if v := ended(t, pollster.Timeout(pollster.Ready(1), d), newWaker()); v != 1 {
			t.Errorf("%v: %d", d, v)
		}
		fails(t, pollster.Timeout(never(), d), newWaker(), pollster.ErrTimeout)
	}
	past := time.Now().Add(-time.Hour)
	if v := ended(t, pollster.Deadline(pollster.Ready(1), past), newWaker()); v != 1 {
		t.Errorf("%d", v)
	}
	fails(t, pollster.Deadline(never(), past), newWaker(), pollster.ErrTimeout)
	synctest.Test(t, func(t *testing.T) {
		m := newManual[int](t)
		f := pollster.Timeout(m, time.Second)
		pending(t, f, newWaker())
		time.Sleep(time.Minute) // the timer has fired
		m.end(2, nil)
		if v := ended(t, f, newWaker()); v != 2 {
			t.Errorf("%d", v)
		}
	})
}

func TestTimeoutStopsItsTimer(t *testing.T) {
	for name, end := range map[string]func(f pollster.Future[int], m *manual[int]){
		"end":    func(f pollster.Future[int], m *manual[int]) { m.end(1, nil); f.Poll(newWaker()) },
		"error":  func(f pollster.Future[int], m *manual[int]) { m.end(1, errTest); f.Poll(newWaker()) },
		"cancel": func(f pollster.Future[int], m *manual[int]) { pollster.Cancel(f) },
		"ended context": func(f pollster.Future[int], m *manual[int]) {
			ctx, cancel := context.WithCancel(context.Background())
			cancel()
			pollster.BlockOn(ctx, f)
		},
	} {
		m := newManual[int](t)
		f := pollster.Timeout(m, time.Hour)
		pending(t, f, newWaker())
		end(f, m)
		if !pollster.TimerStopped(f) {
			t.Errorf("%s: the timer runs on", name)
		}
	}
	m := newManual[int](t)
	f := pollster.Timeout(m, time.Hour)
	pending(t, f, newWaker())
	if pollster.TimerStopped(f) {
		t.Error("there was no timer to begin with")
	}
}

func TestDeadlineIsTimeoutForAPointInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		at := time.Now().Add(3 * time.Second)
		f := pollster.Deadline(never(), at)
		time.Sleep(2 * time.Second)
		if _, err := pollster.BlockOn(t.Context(), f); err != pollster.ErrTimeout || !time.Now().Equal(at) {
			t.Errorf("%v at %v, want %v", err, time.Now(), at)
		}
		// A wall clock time, without a monotonic reading.
		at = time.Now().Add(time.Second).Round(0)
		if _, err := pollster.BlockOn(t.Context(), pollster.Deadline(never(), at)); err != pollster.ErrTimeout || time.Now().Before(at) {
			t.Errorf("%v at %v, want %v", err, time.Now(), at)
		}
	})
}

func TestTimeoutTooLongNeverFires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := pollster.Timeout(pollster.Timeout(never(), 1000*time.Hour), 1<<63-1)
		start := time.Now()
		if _, err := pollster.BlockOn(t.Context(), f); err != pollster.ErrTimeout || time.Since(start) != 1000*time.Hour {
			t.Errorf("%v after %v", err, time.Since(start))
		}
	})
}

// On the real clock: a thousand short ones, none early.
func TestTimeoutIsNeverEarly(t *testing.T) {
	n := 200
	if testing.Short() {
		n = 20
	}
	for i := range n {
		d := time.Duration(i%10) * 100 * time.Microsecond
		start := time.Now()
		_, err := pollster.BlockOn(t.Context(), pollster.Timeout(never(), d))
		if took := time.Since(start); err != pollster.ErrTimeout || took < d {
			t.Fatalf("%v after %v, want at least %v", err, took, d)
		}
	}
}
