// Package leak checks that a test leaves nothing behind: no goroutine, no open
// descriptor, and no more OS threads than a stated few.
//
// It looks at the whole process, so it is of no use in a test that runs in
// parallel with others.
package leak

import (
	"fmt"
	"maps"
	"regexp"
	"runtime"
	"runtime/metrics"
	"slices"
	"strings"
	"testing"
	"time"
)

// Options adjust a Check. The zero value is what most tests want.
type Options struct {
	// Threads is by how many OS threads there may be more at the end than at
	// the start. Go keeps the threads it has made for later use, so there has
	// to be some slack. 0 means GOMAXPROCS + 4, a negative number any.
	Threads int
	// Wait is how long to wait for what is on its way out. 0 means 5 s.
	Wait time.Duration
}

// Check looks at goroutines, descriptors and threads now, and again when the
// test and its later cleanups have ended, and fails the test if something is
// left, with its stacks. It waits for what is on its way out, looking again
// and again with growing pauses. A test that has failed already is not
// checked. Call it first in a test, outside synctest bubbles.
//
// Goroutines are compared one by one, so that the end of an older one does not
// hide a new one. The goroutine that os/signal keeps is not counted, nor
// are those in which js/wasm handles events.
func Check(t testing.TB, options ...Options) {
	t.Helper()
	o := Options{}
	if len(options) > 0 {
		o = options[0]
	}
	if o.Threads == 0 {
		o.Threads = runtime.GOMAXPROCS(0) + 4
	}
	if o.Wait == 0 {
		o.Wait = 5 * time.Second
	}
	warm()
	before := settled()
	t.Cleanup(func() {
		if !t.Failed() {
			before.check(t, o)
		}
	})
}

// Goroutines returns how many goroutines there are.
func Goroutines() int { return runtime.NumGoroutine() }

// Threads returns how many OS threads the process has: from the system where
// it tells, otherwise those that Go knows of.
func Threads() int {
	if n := systemThreads(); n >= 0 {
		return n
	}
	s := []metrics.Sample{{Name: "/sched/threads/total:threads"}}
	metrics.Read(s)
	if s[0].Value.Kind() != metrics.KindUint64 {
		return -1
	}
	return int(s[0].Value.Uint64())
}

// Descriptors returns how many descriptors the process has open, or -1 where
// the system does not tell.
func Descriptors() int {
	d := descriptors()
	if d == nil {
		return -1
	}
	return len(d)
}

// A view is the process at one moment.
type view struct {
	goroutines  map[string]string // number → stack
	descriptors map[string]string // number → what it is; nil if unknown
	threads     int
}

// settled looks when nothing seems to be on its way out any more of what tests
// before this one have closed: what ended later would look as if this one had
// closed what is not its own.
func settled() view {
	v := look()
	for range 50 {
		time.Sleep(time.Millisecond)
		was := v
		if v = look(); len(v.goroutines) == len(was.goroutines) && maps.Equal(v.descriptors, was.descriptors) {
			break
		}
	}
	return v
}

func look() view {
	return view{goroutines: stacks(), descriptors: descriptors(), threads: Threads()}
}

// check compares until nothing is left or the time is over.
func (before view) check(t testing.TB, o Options) {
	t.Helper()
	deadline := time.Now().Add(o.Wait)
	for pause := time.Millisecond; ; pause = min(2*pause, 250*time.Millisecond) {
		complaints := before.compare(look(), o)
		if complaints == "" {
			return
		}
		if time.Now().After(deadline) {
			t.Errorf("leak: after %v:\n%s\nAll goroutines:\n%s", o.Wait, complaints, allStacks())
			return
		}
		runtime.Gosched()
		time.Sleep(pause)
	}
}

// compare says what is too much in after, or "".
func (before view) compare(after view, o Options) string {
	var b strings.Builder
	for _, id := range slices.Sorted(maps.Keys(after.goroutines)) {
		if _, old := before.goroutines[id]; !old {
			fmt.Fprintf(&b, "goroutine %s is left:\n%s\n", id, after.goroutines[id])
		}
	}
	if n, was := len(after.descriptors), len(before.descriptors); n != was {
		fmt.Fprintf(&b, "%d descriptors, %d at the start\n", n, was)
		listNew(&b, "opened", after.descriptors, before.descriptors)
		listNew(&b, "closed", before.descriptors, after.descriptors)
	}
	if o.Threads >= 0 && after.threads > before.threads+o.Threads {
		fmt.Fprintf(&b, "%d threads, %d at the start and %d more allowed\n",
			after.threads, before.threads, o.Threads)
	}
	return b.String()
}

// listNew lists the descriptors that are in one view and not in the other.
func listNew(b *strings.Builder, verb string, in, notIn map[string]string) {
	for _, fd := range slices.Sorted(maps.Keys(in)) {
		if _, ok := notIn[fd]; !ok {
			fmt.Fprintf(b, "  %s: %s %s\n", verb, fd, in[fd])
		}
	}
}

var header = regexp.MustCompile(`^goroutine (\d+) `)

// stacks returns the stack of each goroutine by its number.
func stacks() map[string]string {
	all := make(map[string]string)
	for stack := range strings.SplitSeq(string(allStacks()), "\n\n") {
		m := header.FindStringSubmatch(stack)
		if m != nil && !strings.Contains(stack, "\nos/signal.loop(") && !strings.Contains(stack, "\nruntime.handleEvent(") {
			all[m[1]] = stack
		}
	}
	return all
}

func allStacks() []byte {
	for size := 1 << 16; ; size *= 2 {
		buf := make([]byte, size)
		if n := runtime.Stack(buf, true); n < size {
			return buf[:n]
		}
	}
}
