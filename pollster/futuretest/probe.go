package futuretest

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"testing"
	"time"

	"github.com/causeway-go/causeway/pollster"
)

// patience is how long the suite waits for what must happen soon.
const patience = 10 * time.Second

// A suite is one check under way.
type suite[T any] struct {
	testing.TB
	make     func() Subject[T]
	patience time.Duration
}

// A check is one demand on a future.
type check[T any] struct {
	name string
	run  func(s *suite[T])
}

// A probe is a waker that counts and can be waited for.
type probe struct {
	pollster.Waker
	n     atomic.Int64
	woken chan struct{} // holds a token after a wake
}

func newProbe() *probe {
	p := &probe{woken: make(chan struct{}, 1)}
	p.Init(p)
	return p
}

// OnWake implements pollster.Wakeable.
func (p *probe) OnWake() {
	p.n.Add(1)
	select {
	case p.woken <- struct{}{}:
	default:
	}
}

// wait waits for a wake since the last wait.
func (p *probe) wait(d time.Duration) bool {
	select {
	case <-p.woken:
		return true
	default:
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-p.woken:
		return true
	case <-t.C:
		return false
	}
}

// quick reports whether p has been woken since the last wait.
func (p *probe) quick() bool { return p.wait(0) }

// A result is what one poll returned.
type result[T any] struct {
	v     T
	ready bool
	err   error
}

func (r result[T]) ended() bool { return r.ready || r.err != nil }

func (r result[T]) String() string { return fmt.Sprintf("%v, %v, %v", r.v, r.ready, r.err) }

// poll polls f once and fails the test if that blocks or panics. It does so on
// another goroutine: the contract allows that, and a future that blocks does
// not hang the suite.
func (s *suite[T]) poll(f pollster.Future[T], w *pollster.Waker) result[T] {
	s.Helper()
	var r result[T]
	s.bounded("Poll", func() { r.v, r.ready, r.err = f.Poll(w) })
	return r
}

// cancel cancels f, likewise.
func (s *suite[T]) cancel(f pollster.Future[T]) {
	s.Helper()
	s.bounded("Cancel", func() { pollster.Cancel(f) })
}

// bounded runs f, which must return soon and not panic.
func (s *suite[T]) bounded(what string, f func()) {
	s.Helper()
	s.async(what, f)()
}

// async runs f on another goroutine. The function it returns waits for its end
// and fails the test if that does not come soon, or if f panicked.
func (s *suite[T]) async(what string, f func()) (wait func()) {
	done := make(chan string, 1)
	go func() {
		complaint := "called runtime.Goexit"
		defer func() { done <- complaint }()
		defer func() {
			if v := recover(); v != nil {
				complaint = fmt.Sprintf("panicked: %v\n%s", v, debug.Stack())
			}
		}()
		f()
		complaint = ""
	}()
	return func() {
		s.Helper()
		t := time.NewTimer(s.patience)
		defer t.Stop()
		select {
		case complaint := <-done:
			if complaint != "" {
				s.Fatalf("%s %s", what, complaint)
			}
		case <-t.C:
			s.Fatalf("%s blocks: it has not returned for %v", what, s.patience)
		}
	}
}

// pending polls and fails the test if f has ended.
func (s *suite[T]) pending(f pollster.Future[T], w *pollster.Waker) {
	s.Helper()
	if r := s.poll(f, w); r.ended() {
		s.Fatalf("Poll = %v before the future was complete", r)
	}
}

// finish polls f whenever p is woken until it ends, and checks the result. The
// last poll, if there was one, used p.
func (s *suite[T]) finish(x Subject[T], p *probe) result[T] {
	s.Helper()
	for polls := 0; polls < maxPolls; polls++ {
		r := s.poll(x.Future, &p.Waker)
		if r.ended() {
			s.right(x, r)
			s.released(x, "the end")
			return r
		}
		if !p.wait(s.patience) {
			s.Fatalf("the wake-up is lost: the future is complete, its latest Poll said not ready, and its waker has not been woken for %v", s.patience)
		}
	}
	s.Fatalf("a complete future has not ended after %d polls", maxPolls)
	panic("unreachable")
}

// maxPolls is how many polls a future may need that makes progress with each.
const maxPolls = 10_000

// right checks a result.
func (s *suite[T]) right(x Subject[T], r result[T]) {
	s.Helper()
	if x.Check == nil {
		return
	}
	if err := x.Check(r.v, r.err); err != nil {
		s.Fatalf("wrong result: %v", err)
	}
}

// released checks that nothing is held any more.
func (s *suite[T]) released(x Subject[T], after string) {
	s.Helper()
	if x.Held == nil {
		return
	}
	if !eventually(s.patience, func() bool { return x.Held() == 0 }) {
		s.Fatalf("the future still holds %d after %s", x.Held(), after)
	}
}

// eventually waits until cond holds, looking again and again.
func eventually(d time.Duration, cond func() bool) bool {
	end := time.Now().Add(d)
	for pause := time.Microsecond; !cond(); pause = min(2*pause, 50*time.Millisecond) {
		if time.Now().After(end) {
			return false
		}
		runtime.Gosched()
		time.Sleep(pause)
	}
	return true
}

// complete calls Complete.
func (s *suite[T]) complete(x Subject[T]) {
	s.Helper()
	if x.Complete != nil {
		s.bounded("Complete", x.Complete)
	}
}

// settle polls until the future has nothing more to do by itself. It returns
// false if the future has ended, which only one without Complete may.
func (s *suite[T]) settle(x Subject[T], p *probe) bool {
	s.Helper()
	for range maxPolls {
		r := s.poll(x.Future, &p.Waker)
		switch {
		case r.ended() && x.Complete == nil:
			s.right(x, r)
			return false
		case r.ended():
			s.Fatalf("Poll = %v before the future was complete", r)
		case !p.quick():
			return true
		}
	}
	s.Fatalf("the future wakes its waker without end, though nothing happens: %d polls", maxPolls)
	panic("unreachable")
}
