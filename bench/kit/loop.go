package kit

import (
	"os"
	"runtime"
	"time"
)

// A Rep is what a measurement needs to know about the run it is part of.
type Rep struct {
	// Target is how long one Loop should take.
	Target time.Duration

	// ops is how many operations took about Target the last time. It is kept
	// from round to round, one for each implementation.
	ops int

	base string // where Dir makes its directory
	dir  string
}

// Dir returns an empty directory for this implementation's files. All its
// measurements in this process share it; it is removed at the end.
func (r *Rep) Dir() (string, error) {
	if r.dir == "" {
		d, err := os.MkdirTemp(r.base, "causeway-bench-")
		if err != nil {
			return "", err
		}
		r.dir = d
	}
	return r.dir, nil
}

func (r *Rep) close() {
	if r.dir != "" {
		// What cannot be removed is a temporary file left behind.
		_ = os.RemoveAll(r.dir)
	}
}

// Loop measures f, which does the operation n times. It finds an n that takes
// about r.Target and returns the time, the allocations and the bytes allocated
// for one operation. Allocations by other goroutines meanwhile are counted too.
func (r *Rep) Loop(f func(n int)) Figures {
	return r.Timed(func(n int) time.Duration {
		start := time.Now()
		f(n)
		return time.Since(start)
	})
}

// Timed is [Rep.Loop] for an f that takes the time itself, because a part of
// what it does is not to be timed.
func (r *Rep) Timed(f func(n int) time.Duration) Figures {
	if r.ops == 0 {
		r.calibrate(f)
	}
	n := r.ops
	f(n/16 + 1) // warm again what the garbage collector has emptied since
	var d time.Duration
	allocs, bytes := allocated(func() { d = f(n) })
	r.ops = scale(n, d, r.Target)
	return Figures{
		{NsPerOp, float64(d.Nanoseconds()) / float64(n)},
		{AllocsPerOp, allocs / float64(n)},
		{BytesPerOp, bytes / float64(n)},
	}
}

// calibrate finds r.ops. The calls that it takes also serve to warm up.
func (r *Rep) calibrate(f func(n int) time.Duration) {
	for n := 1; ; {
		d := f(n)
		r.ops = scale(n, d, r.Target)
		if d >= r.Target/2 || r.ops <= n {
			return
		}
		n = r.ops
	}
}

// scale returns how many operations will take target, given that n took d. It
// changes n a hundredfold at most, since a short measurement says little.
func scale(n int, d, target time.Duration) int {
	const most = 100
	if d <= 0 {
		return n * most
	}
	next := float64(n) * float64(target) / float64(d)
	return max(1, int(min(next, float64(n)*most)), n/most)
}

// Once measures one call of f, which does ops operations.
func Once(ops int, f func()) Figures {
	var d time.Duration
	allocs, bytes := allocated(func() {
		start := time.Now()
		f()
		d = time.Since(start)
	})
	return Figures{
		{NsPerOp, float64(d.Nanoseconds()) / float64(ops)},
		{AllocsPerOp, allocs / float64(ops)},
		{BytesPerOp, bytes / float64(ops)},
	}
}

// Throughput measures one call of f, which moves the given number of bytes.
func Throughput(bytes int64, f func()) Figures {
	start := time.Now()
	f()
	return Figures{{MBPerS, float64(bytes) / 1e6 / time.Since(start).Seconds()}}
}

// allocated runs f and returns how many objects and bytes were allocated by
// the process meanwhile.
func allocated(f func()) (objects, bytes float64) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return float64(after.Mallocs - before.Mallocs), float64(after.TotalAlloc - before.TotalAlloc)
}

// PerItem measures what it costs to hold items: make makes and holds that many
// and returns a function that lets go of them. It needs a process without
// other work ([Scenario.Child]) and enough items to make the noise small.
func PerItem(items int, make func() (release func())) Figures {
	heap, rss := held()
	release := make()
	heapAfter, rssAfter := held()
	release()
	f := Figures{{BytesItem, max(0, heapAfter-heap) / float64(items)}}
	if rssAfter > 0 {
		f = f.With(RSSItem, max(0, rssAfter-rss)/float64(items))
	}
	return f
}

// held returns the bytes of live heap and stacks, and the resident set, or 0.
func held() (heap, rss float64) {
	runtime.GC()
	runtime.GC() // what the first one's finalizers and pools let go of
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc + m.StackInuse), residentSet()
}

// Busy keeps n goroutines computing until stop is called, which returns when
// they have ended.
func Busy(n int) (stop func()) {
	quit := make(chan struct{})
	ended := make(chan struct{})
	for range n {
		go func() {
			defer func() { ended <- struct{}{} }()
			x := uint64(88172645463325252)
			for {
				select {
				case <-quit:
					return
				default:
				}
				for range 1 << 14 { // xorshift, about 20 µs
					x ^= x << 13
					x ^= x >> 7
					x ^= x << 17
				}
				sink.Store(x)
			}
		}()
	}
	return func() {
		close(quit)
		for range n {
			<-ended
		}
	}
}
