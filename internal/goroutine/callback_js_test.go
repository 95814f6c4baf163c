package goroutine_test

import (
	"sync"
	"syscall/js"
	"testing"

	"github.com/causeway-go/causeway/internal/goroutine"
)

func TestACallbackIsFoundAtAnyDepth(t *testing.T) {
	if goroutine.InCallback() || goroutine.Waiting() != nil {
		t.Error("in a callback outside of one")
	}
	for _, depth := range []int{0, 1, 40, 62, 63, 64, 65, 127, 128, 129, 200} {
		called := false
		f := js.FuncOf(func(js.Value, []js.Value) any {
			called = true
			grow(depth, func() {
				if !goroutine.InCallback() {
					t.Errorf("depth %d: not found", depth)
				}
			})
			var other sync.WaitGroup
			other.Go(func() {
				if goroutine.InCallback() {
					t.Error("another goroutine is in it too")
				}
			})
			other.Wait()
			return nil
		})
		f.Invoke()
		f.Release()
		if !called {
			t.Error("not called")
		}
	}
}

func TestARegisteredCallbackIsFoundAtEveryDepth(t *testing.T) {
	f := js.FuncOf(func(js.Value, []js.Value) any {
		var ours goroutine.Place
		ours.Enter(goroutine.Callback{})
		defer ours.Leave()
		grow(1000, func() {
			if !goroutine.InCallback() || goroutine.Waiting() != &ours {
				t.Error("not found")
			}
		})
		return nil
	})
	defer f.Release()
	f.Invoke()
}

func TestWaitingKeepsThePlacesAround(t *testing.T) {
	defer empty(t)
	var outer, ours goroutine.Place
	outer.Enter(&hooks{})
	defer outer.Leave()
	f := js.FuncOf(func(js.Value, []js.Value) any {
		p := goroutine.Waiting()
		if _, ok := p.Hooks().(goroutine.Callback); !ok || p.Outer() != &outer {
			t.Errorf("Waiting: %v", p)
		}
		ours.Enter(goroutine.Callback{})
		defer ours.Leave()
		if p := goroutine.Waiting(); p != &ours {
			t.Errorf("Waiting, entered: %v", p)
		}
		return nil
	})
	defer f.Release()
	f.Invoke()
	if goroutine.Waiting() != &outer {
		t.Error("afterwards: another place")
	}
}

func TestARefusedWaitHasLetTheOthersRun(t *testing.T) {
	ran := 0
	err := refusal(t, func() {
		for range 100 {
			go func() { ran++ }()
		}
		goroutine.Callback{}.BeforeWait().Park(nil)
	})
	if err != goroutine.ErrCallback || ran != 100 {
		t.Errorf("%v, %d of 100 have run", err, ran)
	}
	err = refusal(t, func() {
		p := goroutine.Callback{}.BeforeWait()
		go p.Unpark()
		p.Park(nil)
		p.Unpark()
		p.Park(nil)
	})
	if err != nil {
		t.Error(err)
	}
}

// refusal runs f in a callback and returns the error it was refused with.
func refusal(t *testing.T, f func()) (err error) {
	t.Helper()
	fn := js.FuncOf(func(js.Value, []js.Value) any {
		defer func() { err = goroutine.Refused(recover()) }()
		f()
		return nil
	})
	defer fn.Release()
	fn.Invoke()
	return err
}

func BenchmarkInCallback(b *testing.B) {
	for b.Loop() {
		goroutine.InCallback()
	}
}
