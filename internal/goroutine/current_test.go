package goroutine_test

import (
	"iter"
	"runtime"
	"sync"
	"testing"

	"github.com/causeway-go/causeway/internal/goroutine"
	"github.com/causeway-go/causeway/internal/hammer"
	"github.com/causeway-go/causeway/internal/leak"
)

// crowd starts n goroutines that live at the same time, and returns what each
// got from f.
func crowd[T any](n int, f func() T) []T {
	all := make([]T, n)
	var have, ended sync.WaitGroup
	have.Add(n)
	for i := range n {
		ended.Go(func() {
			all[i] = f()
			have.Done()
			have.Wait()
		})
	}
	ended.Wait()
	return all
}

func TestLiveGoroutinesDifferAndNoneIsZero(t *testing.T) {
	leak.Check(t)
	for name, current := range map[string]func() uintptr{"Current": goroutine.Current, "Parse": goroutine.Parse} {
		seen := map[uintptr]bool{0: true}
		for _, id := range crowd(1000, current) {
			if seen[id] {
				t.Fatalf("%s: %#x is 0 or there twice", name, id)
			}
			seen[id] = true
		}
	}
}

//go:noinline
func grow(depth int, f func()) byte {
	var frame [1024]byte
	if depth == 0 {
		f()
		return 0
	}
	frame[depth%len(frame)] = grow(depth-1, f)
	return frame[0]
}

func TestIdentityIsStable(t *testing.T) {
	leak.Check(t)
	done := make(chan struct{})
	go func() {
		defer close(done)
		id := goroutine.Current()
		same := func(when string) {
			t.Helper()
			if now := goroutine.Current(); now != id {
				t.Errorf("%s: %#x, was %#x", when, now, id)
			}
		}
		same("at once")
		grow(500, func() { same("with a large stack") })
		runtime.GC()
		same("after GC has shrunk the stack")
		runtime.LockOSThread()
		same("locked to a thread")
		runtime.Gosched()
		same("locked to a thread and after a switch")
		runtime.UnlockOSThread()
		for range 100 {
			runtime.Gosched()
			same("after a switch")
		}
		func() {
			defer func() {
				recover()
				same("after a panic")
			}()
			defer func() { same("in a panic") }()
			panic("")
		}()
	}()
	<-done
}

func TestACoroutineHasAnIdentityOfItsOwn(t *testing.T) {
	leak.Check(t)
	outside := goroutine.Current()
	next, stop := iter.Pull(iter.Seq[uintptr](func(yield func(uintptr) bool) {
		for yield(goroutine.Current()) {
		}
	}))
	inside, _ := next()
	if inside == outside {
		t.Fatal("the same inside as outside")
	}
	var wg sync.WaitGroup
	for range 3 {
		if id, _ := next(); id != inside {
			t.Errorf("inside: %#x, was %#x", id, inside)
		}
		if id := goroutine.Current(); id != outside {
			t.Errorf("outside: %#x, was %#x", id, outside)
		}
		// Resumed by another goroutine it is still the same coroutine.
		wg.Go(func() {
			if id, _ := next(); id != inside {
				t.Errorf("resumed elsewhere: %#x, was %#x", id, inside)
			}
		})
		wg.Wait()
	}
	stop()
}

func TestIdentityIsStableUnderLoad(t *testing.T) {
	leak.Check(t)
	const goroutines = 8
	var ids [goroutines]uintptr
	hammer.Run(t, goroutines, func(g, i int) {
		id := goroutine.Current()
		if i == 0 {
			ids[g] = id
		}
		if id != ids[g] {
			t.Errorf("goroutine %d: %#x, was %#x", g, id, ids[g])
		}
		if i%32 == 0 {
			runtime.Gosched()
			grow(i%64, func() {})
		}
	})
}

// What identities are in practice: addresses of g, and numbers that follow
// each other. Thrown into the buckets at random, 1 % of them would have no room
// in a table that is half full, and next to none in one that is filled to a
// sixteenth. Addresses come in runs with gaps that are not random: 5 % have been
// seen once. A hash that does not spread leaves most of them without room.
func TestIdentitiesSpreadOverTheTable(t *testing.T) {
	for _, c := range []struct{ n, most int }{
		{goroutine.Cells / 2, goroutine.Cells / 2 / 8},
		{goroutine.Cells / 16, 2},
	} {
		numbers := make([]uintptr, c.n)
		for i := range numbers {
			numbers[i] = uintptr(1_000_000 + i)
		}
		for name, ids := range map[string][]uintptr{"as they are": crowd(c.n, goroutine.Current), "numbers": numbers} {
			if s := goroutine.Surplus(ids); s > c.most {
				t.Errorf("%s: no room for %d of %d, want at most %d", name, s, c.n, c.most)
			} else {
				t.Logf("%s: no room for %d of %d", name, s, c.n)
			}
		}
	}
}

// Wherever the allocator puts them: every size of element, in spans of every
// usual size, one after the other. Evenly drawn buckets would leave no room for
// 34 of so many on average.
func TestNoLayoutOfAddressesFallsInStep(t *testing.T) {
	worst := 0
	for size := uintptr(16); size <= 8192; size += 16 {
		for _, span := range []uintptr{8 << 10, 16 << 10, 24 << 10, 32 << 10, 64 << 10, 80 << 10} {
			ids := make([]uintptr, goroutine.Cells/2)
			for i := range ids {
				i, per := uintptr(i), span/size
				ids[i] = 1<<30 + i/per*span + i%per*size
			}
			if s := goroutine.Surplus(ids); s > worst {
				worst = s
				t.Logf("elements of %d in spans of %d: no room for %d of %d", size, span, s, len(ids))
			}
		}
	}
	if worst > 256 {
		t.Errorf("no room for %d, want at most 256", worst)
	}
}

func BenchmarkCurrent(b *testing.B) {
	for b.Loop() {
		goroutine.Current()
	}
}

func BenchmarkCurrentParsed(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		goroutine.Parse()
	}
}
