package park_test

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/causeway-go/causeway/internal/park"
)

// BenchmarkRoundTrip lets two goroutines wake each other in turn, ours beside
// what plain Go offers, in four situations. Read the figures of one run as
// ratios; several short runs (-count) tell more than a long one. Inside a test
// binary each park of ours also asks whether it is in a bubble (20 ns).
func BenchmarkRoundTrip(b *testing.B) {
	for _, s := range []struct {
		name   string
		locked bool
		hogs   int
	}{
		{"goroutines", false, 0},
		{"goroutines-busy", false, 2 * runtime.GOMAXPROCS(0)},
		{"threads", true, 0},
		{"threads-1hog", true, 1},
		{"threads-busy", true, 2 * runtime.GOMAXPROCS(0)},
	} {
		for _, w := range ends {
			if w.locked != "" && (w.locked == "threads") != s.locked {
				continue
			}
			b.Run(s.name+"/"+w.name, func(b *testing.B) {
				defer hogs(s.hogs)()
				x, y := newEnd(w.end()), newEnd(w.end())
				roundTrip(b, x, y, s.locked)
			})
		}
	}
}

// ends are ways to wait and to wake.
var ends = []struct {
	name   string
	locked string // only with threads, only with goroutines, or both
	end    func() (wait, wake func())
}{
	{"Park", "goroutines", func() (wait, wake func()) {
		n := park.New()
		g := n.Begin()
		return func() { n.Park() }, func() { n.Notify(g) }
	}},
	{"ParkThread", "threads", func() (wait, wake func()) {
		n := park.New()
		g := n.Begin()
		return func() { n.ParkThread() }, func() { n.Notify(g) }
	}},
	{"channel", "", func() (wait, wake func()) {
		c := make(chan struct{}, 1)
		return func() { <-c }, func() { c <- struct{}{} }
	}},
	{"Cond", "", func() (wait, wake func()) {
		var mu sync.Mutex
		c := sync.NewCond(&mu)
		permit := false
		wait = func() {
			mu.Lock()
			for !permit {
				c.Wait()
			}
			permit = false
			mu.Unlock()
		}
		wake = func() {
			mu.Lock()
			permit = true
			mu.Unlock()
			c.Signal()
		}
		return wait, wake
	}},
	{"Mutex", "", func() (wait, wake func()) {
		var mu sync.Mutex
		mu.Lock()
		return mu.Lock, mu.Unlock
	}},
}

// hogs starts goroutines that only compute, and returns what ends them.
func hogs(n int) (stop func()) {
	var end atomic.Bool
	var all sync.WaitGroup
	for range n {
		all.Go(func() {
			for x := 1; !end.Load(); {
				for range 100 {
					x = x*3 + 1
				}
			}
		})
	}
	return func() {
		end.Store(true)
		all.Wait()
	}
}

type end struct{ wait, wake func() }

func newEnd(wait, wake func()) end { return end{wait, wake} }

func roundTrip(b *testing.B, x, y end, lock bool) {
	var both sync.WaitGroup
	side := func(first bool, me, other end) {
		both.Go(func() {
			if lock {
				runtime.LockOSThread()
				defer runtime.UnlockOSThread()
			}
			for range b.N {
				if first {
					other.wake()
				}
				me.wait()
				if !first {
					other.wake()
				}
			}
		})
	}
	b.ReportAllocs()
	b.ResetTimer()
	side(true, x, y)
	side(false, y, x)
	both.Wait()
}

func BenchmarkNotifyThenConsume(b *testing.B) {
	n := park.New()
	g := n.Begin()
	b.ReportAllocs()
	for b.Loop() {
		n.Notify(g)
		n.Consume()
	}
}

func BenchmarkChannelSendThenReceive(b *testing.B) {
	c := make(chan struct{}, 1)
	b.ReportAllocs()
	for b.Loop() {
		c <- struct{}{}
		<-c
	}
}
