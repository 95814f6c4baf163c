package futuretest_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/causeway-go/causeway/pollster"
	"github.com/causeway-go/causeway/pollster/futuretest"
)

// A Flag is a future that ends when it is raised: the smallest one that others
// can complete.
type Flag struct {
	raised atomic.Bool
	waker  pollster.AtomicWaker
}

// Poll registers first and looks afterwards, so that Raise cannot fall between.
func (f *Flag) Poll(w *pollster.Waker) (string, bool, error) {
	f.waker.Register(w)
	return "raised", f.raised.Load(), nil
}

// Raise makes it true first and wakes afterwards.
func (f *Flag) Raise() {
	f.raised.Store(true)
	f.waker.Wake()
}

// flag describes a fresh Flag to the suite.
func flag() futuretest.Subject[string] {
	f := new(Flag)
	return futuretest.Subject[string]{
		Future:   f,
		Complete: f.Raise,
		Check: func(v string, err error) error {
			if v != "raised" || err != nil {
				return fmt.Errorf("got %q, %v", v, err)
			}
			return nil
		},
	}
}

// This is all that a test file needs.
func TestFlagConforms(t *testing.T) { futuretest.TestFuture(t, flag) }

// A Subject says how to complete a future and what must come out. The suite
// makes many of them and does to each something else; this is the simplest.
func ExampleSubject() {
	s := flag()
	_, ready, _ := s.Future.Poll(nil)
	fmt.Println("ready before:", ready)
	s.Complete()
	v, err := pollster.BlockOn(context.Background(), s.Future)
	fmt.Println("complaint:", s.Check(v, err))
	// Output:
	// ready before: false
	// complaint: <nil>
}
