package reactor_test

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/causeway-go/causeway/internal/interleave"
	"github.com/causeway-go/causeway/reactor"
)

// The model of a fileLife: two who use the descriptor and two who close the File.

type lifeWorld struct {
	count   int
	closing bool
	seen    [2]int // what each user has loaded, or -1 for closing
	inside  [2]bool
	closed  int // how often the descriptor has been closed
	firsts  int // who were told that they are the first to close
	broken  bool
}

func (s *lifeWorld) shut() {
	s.closed++
	s.broken = s.broken || s.inside[0] || s.inside[1]
}

func lifeUser(i int, mistake string) interleave.Thread[lifeWorld] {
	const (
		load = iota
		swap
		use
		exit
		shut
	)
	return interleave.Thread[lifeWorld]{
		Name:  fmt.Sprintf("user %d", i),
		Steps: []string{"load", "swap", "use", "exit", "shut"},
		Step: func(s *lifeWorld, pc int) int {
			switch pc {
			case load:
				if s.closing {
					return interleave.Done
				}
				s.seen[i] = s.count
				return swap
			case swap:
				if mistake != "blind" && (s.closing || s.count != s.seen[i]) {
					return load
				}
				s.seen[i] = 0
				s.count++
				s.inside[i] = true
				return use
			case use:
				s.broken = s.broken || s.closed > 0
				return exit
			case exit:
				s.inside[i] = false
				s.count--
				if s.closing && (s.count == 0 || mistake == "any") {
					return shut
				}
				return interleave.Done
			default:
				s.shut()
				return interleave.Done
			}
		},
	}
}

func lifeCloser(i int) interleave.Thread[lifeWorld] {
	return interleave.Thread[lifeWorld]{
		Name:  fmt.Sprintf("closer %d", i),
		Steps: []string{"or", "shut"},
		Step: func(s *lifeWorld, pc int) int {
			if pc == 0 {
				was, idle := s.closing, s.count == 0
				s.closing = true
				if !was {
					s.firsts++
				}
				if !was && idle {
					return 1
				}
				return interleave.Done
			}
			s.shut()
			return interleave.Done
		},
	}
}

func lifeModel(mistake string) interleave.Model[lifeWorld] {
	return interleave.Model[lifeWorld]{
		Threads: []interleave.Thread[lifeWorld]{lifeUser(0, mistake), lifeUser(1, mistake), lifeCloser(0), lifeCloser(1)},
		Invariant: func(s lifeWorld) error {
			if s.broken || s.closed > 1 {
				return fmt.Errorf("used after close, or closed twice: %+v", s)
			}
			return nil
		},
		Final: func(s lifeWorld) error {
			if s.closed != 1 || s.firsts != 1 || s.count != 0 {
				return fmt.Errorf("the descriptor is closed once, by the last one out: %+v", s)
			}
			return nil
		},
	}
}

func TestModelOfTheLifeOfAFile(t *testing.T) {
	interleave.Check(t, lifeModel(""))
	for _, mistake := range []string{"blind", "any"} {
		if err := lifeModel(mistake).Explore().Err(); !errors.Is(err, interleave.ErrViolation) {
			t.Errorf("%s: %v", mistake, err)
		}
	}
}

// TestLifeOfAFileHammered has many who come and go, and some who close.
func TestLifeOfAFileHammered(t *testing.T) {
	for range 200 {
		var l reactor.FileLife
		var inside, closed, firsts atomic.Int32
		shut := func() {
			if closed.Add(1) > 1 || inside.Load() > 0 {
				t.Error("closed twice, or under somebody")
			}
		}
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				for n := 1; l.Enter(); n++ {
					if n%64 == 0 {
						runtime.Gosched() // with one processor the others have their turn
					}
					inside.Add(1)
					if closed.Load() > 0 {
						t.Error("entered after the end")
					}
					inside.Add(-1)
					if l.Exit() {
						shut()
					}
				}
			})
		}
		for range 2 {
			all.Go(func() {
				runtime.Gosched()
				first, idle := l.Close()
				if first {
					firsts.Add(1)
				}
				if idle {
					shut()
				}
			})
		}
		all.Wait()
		if closed.Load() != 1 || firsts.Load() != 1 {
			t.Fatalf("closed %d times, by %d", closed.Load(), firsts.Load())
		}
	}
}
