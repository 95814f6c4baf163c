package pollster_test

import (
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/causeway-go/causeway/pollster"
	"github.com/causeway-go/causeway/pollster/futuretest"
)

// A held is a future that its maker completes and that holds itself while it
// waits.
type held struct {
	pollster.Promise[int]
	polled bool
}

func (h *held) Poll(w *pollster.Waker) (int, bool, error) {
	h.polled = true
	return h.Promise.Poll(w)
}

func (h *held) waiting() int {
	if !h.polled || h.Done() {
		return 0
	}
	return 1
}

// conforms runs the suite against futures made of one that is completed with
// 21, or fails with errTest if fail is set.
func conforms[T any](t *testing.T, fail bool, check func(T) bool, make func(f pollster.Future[int]) pollster.Future[T]) {
	t.Helper()
	futuretest.TestFuture(t, func() futuretest.Subject[T] {
		h := &held{}
		return futuretest.Subject[T]{
			Future: make(h),
			Complete: func() {
				if fail {
					h.Reject(errTest)
				} else {
					h.Resolve(21)
				}
			},
			Held: h.waiting,
			Check: func(v T, err error) error {
				if fail && err != errTest || !fail && (err != nil || !check(v)) {
					return fmt.Errorf("got %v, %v", v, err)
				}
				return nil
			},
		}
	})
}

func isFortyTwo(v int) bool { return v == 42 }

func is21(v int) bool { return v == 21 }

func TestPromiseConforms(t *testing.T) {
	for _, fail := range []bool{false, true} {
		conforms(t, fail, is21, func(f pollster.Future[int]) pollster.Future[int] { return f })
	}
}

func TestPromiseFutureConforms(t *testing.T) {
	for _, others := range []int{0, 3} {
		futuretest.TestFuture(t, func() futuretest.Subject[int] {
			p := new(pollster.Promise[int])
			for range others {
				p.Future().Poll(pollster.NewWaker(func() {}))
			}
			return futuretest.Subject[int]{Future: p.Future(), Complete: func() { p.Resolve(21) }}
		})
	}
}

func TestMapsConform(t *testing.T) {
	for _, fail := range []bool{false, true} {
		conforms(t, fail, isFortyTwo, func(f pollster.Future[int]) pollster.Future[int] {
			return pollster.Map(f, double)
		})
		conforms(t, fail, is21, func(f pollster.Future[int]) pollster.Future[int] {
			return pollster.MapErr(f, func(err error) (int, error) { return 0, err })
		})
		conforms(t, fail, isFortyTwo, func(f pollster.Future[int]) pollster.Future[int] {
			return pollster.Then(f, func(v int) pollster.Future[int] {
				return pollster.Map(pollster.Yield(), func(struct{}) int { return 2 * v })
			})
		})
		conforms(t, fail, isFortyTwo, func(f pollster.Future[int]) pollster.Future[int] {
			return pollster.Then(pollster.Yield(), func(struct{}) pollster.Future[int] {
				return pollster.Map(f, double)
			})
		})
	}
}

func TestJoinsConform(t *testing.T) {
	yields := func(v int) pollster.Future[int] {
		return pollster.Map(pollster.Yield(), func(struct{}) int { return v })
	}
	for _, fail := range []bool{false, true} {
		conforms(t, fail, func(p pollster.Pair[int, string]) bool { return p.First == 21 && p.Second == "x" },
			func(f pollster.Future[int]) pollster.Future[pollster.Pair[int, string]] {
				return pollster.Join2(f, pollster.Ready("x"))
			})
		conforms(t, fail, func(p pollster.Triple[int, int, int]) bool { return p.First+p.Second+p.Third == 24 },
			func(f pollster.Future[int]) pollster.Future[pollster.Triple[int, int, int]] {
				return pollster.Join3(yields(1), f, yields(2))
			})
		for _, n := range []int{1, 2, 5, 50} {
			conforms(t, fail, func(v []int) bool { return len(v) == n && v[n/2] == 21 },
				func(f pollster.Future[int]) pollster.Future[[]int] {
					fs := make([]pollster.Future[int], n)
					for i := range fs {
						fs[i] = yields(i)
					}
					fs[n/2] = f
					return pollster.Join(fs...)
				})
		}
	}
}

func TestChoicesConform(t *testing.T) {
	for _, fail := range []bool{false, true} {
		conforms(t, fail, is21, func(f pollster.Future[int]) pollster.Future[int] {
			return pollster.Race(never(), f, never())
		})
		conforms(t, fail, is21, func(f pollster.Future[int]) pollster.Future[int] {
			return pollster.Timeout(f, time.Hour)
		})
		conforms(t, fail, is21, func(f pollster.Future[int]) pollster.Future[int] {
			return pollster.Fuse(f)
		})
	}
	conforms(t, false, func(s pollster.Selected[int]) bool { return s.Index == 1 && s.Value == 21 },
		func(f pollster.Future[int]) pollster.Future[pollster.Selected[int]] {
			return pollster.Select(never(), f)
		})
}

func TestTimeoutsThatFireConform(t *testing.T) {
	for _, d := range []time.Duration{0, time.Microsecond, time.Millisecond} {
		futuretest.TestFuture(t, func() futuretest.Subject[int] {
			h := &held{}
			return futuretest.Subject[int]{
				Future: pollster.Timeout(h, d),
				Held:   h.waiting,
				Check: func(v int, err error) error {
					if err != pollster.ErrTimeout {
						return fmt.Errorf("got %d, %v", v, err)
					}
					return nil
				},
			}
		})
	}
}

func TestSettledFuturesConform(t *testing.T) {
	for _, f := range []pollster.Future[int]{pollster.Ready(1), pollster.Failed[int](errTest)} {
		futuretest.TestFuture(t, func() futuretest.Subject[int] { return futuretest.Subject[int]{Future: f} })
	}
	futuretest.TestFuture(t, func() futuretest.Subject[struct{}] {
		return futuretest.Subject[struct{}]{Future: pollster.Yield()}
	})
}

func TestUnorderedConforms(t *testing.T) {
	for _, n := range []int{1, 2, 20} {
		futuretest.TestStream(t, func() futuretest.StreamSubject[pollster.Selected[int]] {
			hs := make([]held, n)
			fs := make([]pollster.Future[int], n)
			for i := range hs {
				fs[i] = &hs[i]
			}
			fed := 0
			return futuretest.StreamSubject[pollster.Selected[int]]{
				Stream: pollster.Unordered(fs...),
				Values: n,
				Feed: func() {
					fed++
					if fed%5 == 0 {
						hs[n-fed].Reject(errTest)
					} else {
						hs[n-fed].Resolve(n - fed)
					}
				},
				Check: func(_ int, s pollster.Selected[int]) error {
					if s.Err == nil && s.Index != s.Value || s.Err != nil && s.Err != errTest {
						return fmt.Errorf("got %+v", s)
					}
					return nil
				},
				Err: io.EOF,
				Held: func() (waiting int) {
					for i := range hs {
						waiting += hs[i].waiting()
					}
					return waiting
				},
			}
		})
	}
}

func TestNextConforms(t *testing.T) {
	conforms(t, false, func(s pollster.Selected[int]) bool { return s.Value == 21 },
		func(f pollster.Future[int]) pollster.Future[pollster.Selected[int]] {
			s := pollster.Unordered(f)
			return &nextAndStream{pollster.Next(s), s}
		})
}

// Next borrows its stream, so the one who made it cancels the stream.
type nextAndStream struct {
	pollster.Future[pollster.Selected[int]]
	s pollster.Stream[pollster.Selected[int]]
}

func (n *nextAndStream) Cancel() { pollster.Cancel(n.s) }
