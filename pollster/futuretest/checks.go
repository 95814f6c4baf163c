package futuretest

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/causeway-go/causeway/pollster"
)

// futureChecks returns all checks of a future.
func futureChecks[T any]() []check[T] {
	return []check[T]{
		{"not ready before it is complete", notReadyEarly[T]},
		{"complete before the first poll", completeFirst[T]},
		{"woken when complete", wokenWhenComplete[T]},
		{"only the latest waker counts", latestWaker[T]},
		{"a nil waker is allowed", nilWaker[T]},
		{"spurious polls are harmless", spuriousPolls[T]},
		{"completes during polls", duringPolls[T]},
		{"polled after the end", afterEnd[T]},
		{"cancel at every step", cancelSteps[T]},
		{"cancel while it completes", cancelRace[T]},
		{"BlockOn waits for it", blockOn[T]},
		{"BlockOn with an ended context", blockOnEnded[T]},
		{"BlockOn leaves it when the context ends", blockOnLeaves[T]},
		{"abandoned without cancel", abandoned[T]},
		{"no goroutine is left", goroutinesLeft[T]},
	}
}

func notReadyEarly[T any](s *suite[T]) {
	x, p := s.make(), newProbe()
	if x.Complete == nil {
		s.finish(x, p)
		return
	}
	s.settle(x, p)
	s.cancel(x.Future)
}

func completeFirst[T any](s *suite[T]) {
	x := s.make()
	s.complete(x)
	s.finish(x, newProbe())
}

func wokenWhenComplete[T any](s *suite[T]) {
	for polls := range 3 {
		x, p := s.make(), newProbe()
		if x.Complete == nil {
			return
		}
		for range polls {
			s.pending(x.Future, &p.Waker)
		}
		s.settle(x, p)
		s.complete(x)
		if !p.wait(s.patience) {
			s.Fatalf("the waker was not woken when the future was complete, after %d spurious polls", polls)
		}
		s.finish(x, p)
	}
}

// latestWaker polls with several wakers in turn. The earlier ones may be woken
// or not; the last one must be.
func latestWaker[T any](s *suite[T]) {
	for _, order := range [][]int{{0, 1}, {0, 1, 0}, {0, 1, 2}, {0, 0, 1, 1, 2, 2, 1}} {
		x := s.make()
		if x.Complete == nil {
			return
		}
		probes := []*probe{newProbe(), newProbe(), newProbe()}
		var last *probe
		for _, i := range order {
			last = probes[i]
			s.pending(x.Future, &last.Waker)
		}
		s.settle(x, last)
		s.complete(x)
		if !last.wait(s.patience) {
			s.Fatalf("polled with the wakers %v: the latest one was not woken", order)
		}
		s.finish(x, last)
	}
}

func nilWaker[T any](s *suite[T]) {
	x, p := s.make(), newProbe()
	if x.Complete == nil {
		s.poll(x.Future, nil)
		s.cancel(x.Future)
		return
	}
	s.pending(x.Future, nil)
	s.settle(x, p)
	s.pending(x.Future, nil)
	s.complete(x)
	s.finish(x, newProbe())
}

func spuriousPolls[T any](s *suite[T]) {
	x, p := s.make(), newProbe()
	if x.Complete == nil {
		return
	}
	for range 100 {
		s.pending(x.Future, &p.Waker)
	}
	s.settle(x, p)
	if n := p.n.Load(); n > 1000 {
		s.Fatalf("%d wakes for 100 polls of a future that is not complete", n)
	}
	s.complete(x)
	s.finish(x, p)
}

// duringPolls completes the future from another goroutine at all sorts of
// moments while it is being polled. Also tests what is visible afterwards:
// the race detector objects to the reading of written if nothing orders it.
func duringPolls[T any](s *suite[T]) {
	rounds := 300
	if testing.Short() {
		rounds = 30
	}
	for i := range rounds {
		x, p := s.make(), newProbe()
		if x.Complete == nil {
			return
		}
		var written int
		completed := s.async("Complete", func() {
			for range i % 7 {
				runtime.Gosched()
			}
			written = i
			x.Complete()
		})
		var r result[T]
		for polls := 0; ; polls++ {
			r = s.poll(x.Future, &p.Waker)
			if r.ended() {
				break
			}
			if i%3 == 0 && polls < 20 {
				continue // spurious
			}
			if !p.wait(s.patience) {
				s.Fatalf("round %d: the wake-up is lost when the future completes during a poll", i)
			}
		}
		if written != i {
			s.Fatalf("round %d: what was written before Complete is not visible", i)
		}
		s.right(x, r)
		completed()
	}
}

// afterEnd polls an ended future. It may be not ready for ever, fail, panic, or
// give the same result again, but not another one.
func afterEnd[T any](s *suite[T]) {
	x, p := s.make(), newProbe()
	s.complete(x)
	s.finish(x, p)
	for range 3 {
		s.bounded("Poll after the end", func() {
			var r result[T]
			func() {
				defer func() { _ = recover() }()
				r.v, r.ready, r.err = x.Future.Poll(&p.Waker)
			}()
			if r.err == nil && r.ready && x.Check != nil {
				if err := x.Check(r.v, nil); err != nil {
					panic(fmt.Sprintf("it ends a second time, with another result: %v", err))
				}
			}
		})
	}
	s.cancel(x.Future)
	s.released(x, "polls and Cancel after the end")
}

// cancelSteps cancels after 0, 1, 2… polls, before and after completion, once
// and twice, and completes the future afterwards.
func cancelSteps[T any](s *suite[T]) {
	for polls := range 4 {
		for _, complete := range []bool{false, true} {
			for times := 1; times <= 2; times++ {
				x, p := s.make(), newProbe()
				ended := false
				for range polls {
					if r := s.poll(x.Future, &p.Waker); r.ended() {
						ended = true
						break
					}
				}
				if complete {
					s.complete(x)
				}
				for range times {
					s.cancel(x.Future)
				}
				s.released(x, fmt.Sprintf("%d polls and Cancel", polls))
				if !complete && !ended {
					s.complete(x)
				}
			}
		}
	}
	x, p := s.make(), newProbe()
	s.complete(x)
	s.finish(x, p)
	s.cancel(x.Future)
	s.cancel(x.Future)
	s.released(x, "Cancel after the end")
}

func cancelRace[T any](s *suite[T]) {
	rounds := 200
	if testing.Short() {
		rounds = 20
	}
	for i := range rounds {
		x, p := s.make(), newProbe()
		if x.Complete == nil {
			return
		}
		s.poll(x.Future, &p.Waker)
		completed := s.async("Complete", x.Complete)
		for range i % 5 {
			runtime.Gosched()
		}
		s.cancel(x.Future)
		completed()
		s.released(x, "Cancel while it completes")
	}
}

// blockOn waits for the future with BlockOn, completed before, during and after
// its first poll.
func blockOn[T any](s *suite[T]) {
	for i := range 20 {
		x := s.make()
		polled := make(chan struct{}, 4)
		completed := func() {}
		switch {
		case i%3 == 0:
			s.complete(x)
		case x.Complete != nil:
			completed = s.async("Complete", func() {
				if i%3 == 1 {
					<-polled
				}
				x.Complete()
			})
		}
		var r result[T]
		s.bounded("BlockOn", func() {
			r.v, r.err = pollster.BlockOn(context.Background(), noting(x.Future, polled))
		})
		completed()
		s.right(x, r)
		s.released(x, "BlockOn")
	}
}

// noting returns f, with a note to polled at each poll.
func noting[T any](f pollster.Future[T], polled chan<- struct{}) pollster.Future[T] {
	return &noted[T]{f: f, polled: polled}
}

type noted[T any] struct {
	f      pollster.Future[T]
	polled chan<- struct{}
	polls  int
}

func (n *noted[T]) Poll(w *pollster.Waker) (T, bool, error) {
	n.polls++
	defer func() {
		select {
		case n.polled <- struct{}{}:
		default:
		}
	}()
	return n.f.Poll(w)
}

func (n *noted[T]) Cancel() { pollster.Cancel(n.f) }

func blockOnEnded[T any](s *suite[T]) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	x := s.make()
	f := &noted[T]{f: x.Future}
	var err error
	s.bounded("BlockOn", func() { _, err = pollster.BlockOn(ctx, f) })
	if !errors.Is(err, context.Canceled) || f.polls != 0 {
		s.Fatalf("BlockOn with an ended context: %v after %d polls", err, f.polls)
	}
	s.released(x, "BlockOn with an ended context")
	s.complete(x)
}

func blockOnLeaves[T any](s *suite[T]) {
	for _, polls := range []int{1, 2} {
		x := s.make()
		if x.Complete == nil {
			return
		}
		ctx, cancel := context.WithCancel(context.Background())
		polled := make(chan struct{}, 4)
		go func() {
			for range polls {
				<-polled
				time.Sleep(time.Microsecond) // any moment will do
			}
			cancel()
		}()
		f := &nudged[T]{noted[T]{f: x.Future, polled: polled}, polls}
		var err error
		s.bounded("BlockOn", func() { _, err = pollster.BlockOn(ctx, f) })
		cancel()
		if !errors.Is(err, context.Canceled) {
			s.Fatalf("BlockOn returned %v when its context ended", err)
		}
		s.released(x, "BlockOn left it")
		s.complete(x)
	}
}

// nudged wakes itself until it has been polled so often.
type nudged[T any] struct {
	noted[T]
	least int
}

func (n *nudged[T]) Poll(w *pollster.Waker) (T, bool, error) {
	if n.polls+1 < n.least {
		defer w.Wake()
	}
	return n.noted.Poll(w)
}

// abandoned drops a future that is waiting, with its waker, and completes it.
func abandoned[T any](s *suite[T]) {
	x, p := s.make(), newProbe()
	if x.Complete == nil {
		return
	}
	s.settle(x, p)
	s.complete(x)
	// Whoever sees to it that goroutines end may need a poll or a Cancel.
	s.cancel(x.Future)
}

func goroutinesLeft[T any](s *suite[T]) {
	before := runtime.NumGoroutine()
	for i := range 20 {
		x, p := s.make(), newProbe()
		switch i % 4 {
		case 0:
			s.complete(x)
			s.finish(x, p)
		case 1:
			if s.poll(x.Future, &p.Waker).ended() {
				break
			}
			s.complete(x)
			s.finish(x, p)
		case 2:
			s.poll(x.Future, &p.Waker)
			s.cancel(x.Future)
		case 3:
			s.cancel(x.Future)
		}
	}
	if !eventually(s.patience, func() bool { return runtime.NumGoroutine() <= before }) {
		s.Fatalf("%d goroutines, %d before 20 futures were made and ended or cancelled", runtime.NumGoroutine(), before)
	}
}
