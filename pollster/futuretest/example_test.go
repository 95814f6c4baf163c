package futuretest_test

import (
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

// This would be TestFlagConforms(t *testing.T) in a test file.
func ExampleTestFuture() {
	_ = func(t *testing.T) {
		futuretest.TestFuture(t, func() futuretest.Subject[string] {
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
		})
	}
}

func TestFlagConforms(t *testing.T) {
	futuretest.TestFuture(t, func() futuretest.Subject[string] {
		f := new(Flag)
		return futuretest.Subject[string]{Future: f, Complete: f.Raise}
	})
}
