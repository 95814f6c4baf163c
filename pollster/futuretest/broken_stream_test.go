package futuretest

import (
	"errors"
	"fmt"
	"io"
	"sync"
	"testing"

	"github.com/causeway-go/causeway/pollster"
)

// A belt is a stream that conforms, unless it is told to break one rule.
type belt struct {
	broken string
	err    error
	waker  pollster.AtomicWaker

	mu       sync.Mutex
	fed, out int
	polls    int
	ended    bool
	over     bool
	canceled bool
}

const beltValues = 5

func (b *belt) PollNext(w *pollster.Waker) (int, bool, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.polls++
	if !(b.broken == "wakes only for the first value" && b.out > 0) {
		b.waker.Register(w)
	}
	if b.broken == "keeps its first waker" && b.polls > 1 {
		b.waker.Take()
	}
	if b.broken == "goes on after its end" && b.over {
		return 0, true, nil
	}
	switch {
	case b.out < b.fed && !(b.broken == "ends too early" && b.out == beltValues-1):
		v := b.out
		b.out++
		if b.broken == "repeats a value" && v == 2 {
			v = 1
		}
		return v, true, nil
	case b.ended && b.broken != "never ends" || b.broken == "ends too early" && b.out < b.fed:
		b.over = true
		if b.broken == "ends with another error" {
			return 0, false, errors.New("broken belt")
		}
		return 0, false, b.err
	}
	return 0, false, nil
}

func (b *belt) Cancel() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.canceled = b.broken != "does not release on Cancel"
}

func (b *belt) held() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.polls == 0 || b.over || b.canceled {
		return 0
	}
	return 1
}

func belts(broken string, err error) func() StreamSubject[int] {
	return func() StreamSubject[int] {
		b := &belt{broken: broken, err: err}
		return StreamSubject[int]{
			Stream: b,
			Feed: func() {
				b.mu.Lock()
				b.fed++
				b.mu.Unlock()
				b.waker.Wake()
			},
			End: func() {
				b.mu.Lock()
				b.ended = true
				b.mu.Unlock()
				b.waker.Wake()
			},
			Values: beltValues,
			Err:    err,
			Check: func(i, v int) error {
				if i != v {
					return fmt.Errorf("got %d", v)
				}
				return nil
			},
			Held: b.held,
		}
	}
}

func TestSuiteAcceptsABeltThatConforms(t *testing.T) {
	TestStream(t, belts("", io.EOF))
	TestStream(t, belts("", errors.New("belt torn")))
}

func TestSuiteAcceptsAStreamThatNobodyFeeds(t *testing.T) {
	TestStream(t, func() StreamSubject[pollster.Selected[int]] {
		return StreamSubject[pollster.Selected[int]]{
			Stream: pollster.Unordered(pollster.Ready(0), pollster.Ready(1)),
			Values: 2,
			Check: func(i int, s pollster.Selected[int]) error {
				if s.Index != i || s.Value != i {
					return fmt.Errorf("got %+v", s)
				}
				return nil
			},
		}
	})
}

func TestSuiteCatchesEachBrokenBelt(t *testing.T) {
	for broken, complaint := range map[string]string{
		"wakes only for the first value": "lost",
		"keeps its first waker":          "lost",
		"goes on after its end":          "another value after its end",
		"ends too early":                 "error EOF",
		"repeats a value":                "got 1",
		"never ends":                     "lost",
		"ends with another error":        "want error EOF",
		"does not release on Cancel":     "still holds",
	} {
		t.Run(broken, func(t *testing.T) {
			wantLast(t, streamComplaints(belts(broken, io.EOF), complaint), complaint)
		})
	}
}
