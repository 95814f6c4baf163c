package goroutine_test

import (
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/causeway-go/causeway/internal/goroutine"
	"github.com/causeway-go/causeway/internal/hammer"
	"github.com/causeway-go/causeway/internal/leak"
)

// hooks are Hooks that can be told apart.
type hooks struct{ _ int }

func (*hooks) BeforeWait() goroutine.Parker { return nil }
func (*hooks) AfterWait()                   {}

// empty fails the test if the registry is not as it is without any Place.
func empty(t *testing.T) {
	t.Helper()
	count, entries := goroutine.Overflowed()
	if n := goroutine.Occupied(); n != 0 || count != 0 || entries != 0 {
		t.Errorf("left: %d cells, overflow count %d, overflow entries %d", n, count, entries)
	}
}

// on runs f on a goroutine of its own and waits for the end of it.
func on(f func()) {
	var wg sync.WaitGroup
	wg.Go(f)
	wg.Wait()
}

func TestAGoroutineWithoutAPlaceIsNowhere(t *testing.T) {
	empty(t)
	if p := goroutine.Here(); p != nil {
		t.Errorf("Here: %v", p)
	}
}

func TestPlacesNest(t *testing.T) {
	defer empty(t)
	h := []*hooks{{}, {}, {}}
	places := make([]goroutine.Place, len(h))
	for round := range 2 { // a Place can be used again
		for i := range places {
			places[i].Enter(h[i])
			p := goroutine.Here()
			if p != &places[i] || p.Hooks() != h[i] {
				t.Fatalf("round %d, entered %d: Here is %v", round, i, p)
			}
			for j := i; p != nil; j, p = j-1, p.Outer() {
				if p != &places[j] {
					t.Fatalf("round %d, entered %d: place %d is wrong", round, i, j)
				}
			}
		}
		for i := len(places) - 1; i >= 0; i-- {
			if goroutine.Here() != &places[i] {
				t.Fatalf("round %d, leaving %d: Here is another", round, i)
			}
			places[i].Leave()
			if places[i].Hooks() != nil || places[i].Outer() != nil {
				t.Errorf("round %d: %d has kept something", round, i)
			}
		}
		if goroutine.Here() != nil {
			t.Errorf("round %d: still somewhere", round)
		}
	}
}

func TestAnotherGoroutineIsNotHere(t *testing.T) {
	defer empty(t)
	var p goroutine.Place
	p.Enter(&hooks{})
	defer p.Leave()
	on(func() {
		if goroutine.Here() != nil {
			t.Error("the started goroutine has the place of the starting one")
		}
	})
}

func TestAPlaceIsLeftByPanicAndGoexit(t *testing.T) {
	leak.Check(t)
	defer empty(t)
	for name, end := range map[string]func(){"panic": func() { panic("") }, "Goexit": runtime.Goexit} {
		on(func() {
			defer func() {
				recover()
				if goroutine.Here() != nil {
					t.Errorf("%s: still somewhere", name)
				}
			}()
			var outer, inner goroutine.Place
			outer.Enter(&hooks{})
			defer outer.Leave()
			inner.Enter(&hooks{})
			defer inner.Leave()
			end()
		})
		// The next goroutines get the g of the ended one.
		for range 10 {
			on(func() {
				if goroutine.Here() != nil {
					t.Errorf("%s: inherited", name)
				}
			})
		}
	}
}

func TestMisuseOfAPlacePanics(t *testing.T) {
	defer empty(t)
	var outer, inner, never goroutine.Place
	outer.Enter(&hooks{})
	inner.Enter(&hooks{})
	for name, misuse := range map[string]func(){
		"Enter twice":                     func() { outer.Enter(&hooks{}) },
		"Leave without Enter":             func() { never.Leave() },
		"Leave of the outer before inner": func() { outer.Leave() },
		"Leave on another goroutine": func() {
			var v any
			on(func() {
				defer func() { v = recover() }()
				inner.Leave()
			})
			if v != nil {
				panic(v)
			}
		},
	} {
		if !panics(misuse) {
			t.Errorf("%s: no panic", name)
		}
	}
	// Nothing has changed.
	if goroutine.Here() != &inner || inner.Outer() != &outer {
		t.Error("misuse has changed something")
	}
	inner.Leave()
	outer.Leave()
}

func panics(f func()) (yes bool) {
	defer func() { yes = recover() != nil }()
	f()
	return false
}

func TestManyMoreGoroutinesThanCellsAreAllFound(t *testing.T) {
	leak.Check(t)
	defer empty(t)
	const n = goroutine.Cells * 5 / 4
	var entered, checked, ended sync.WaitGroup
	entered.Add(n)
	checked.Add(n + 1) // and this test
	for range n {
		ended.Go(func() {
			outer, inner := new(goroutine.Place), new(goroutine.Place)
			outer.Enter(&hooks{})
			entered.Done()
			entered.Wait()
			if goroutine.Here() != outer {
				t.Error("not found")
			}
			inner.Enter(&hooks{})
			if goroutine.Here() != inner || inner.Outer() != outer {
				t.Error("inner not found")
			}
			checked.Done()
			checked.Wait()
			inner.Leave()
			if goroutine.Here() != outer {
				t.Error("not found after the inner")
			}
			outer.Leave()
			if goroutine.Here() != nil {
				t.Error("still there")
			}
		})
	}
	entered.Wait()
	count, entries := goroutine.Overflowed()
	if count < n-goroutine.Cells || entries != count {
		t.Errorf("overflow: count %d, entries %d, want at least %d", count, entries, n-goroutine.Cells)
	}
	on(func() {
		if goroutine.Here() != nil {
			t.Error("an unregistered goroutine is somewhere")
		}
	})
	checked.Done()
	ended.Wait()
}

func TestCellsAreReusedByManyGoroutinesAtOnce(t *testing.T) {
	leak.Check(t)
	defer empty(t)
	hammer.Run(t, 8, func(g, i int) {
		var wg sync.WaitGroup
		for range 20 { // new goroutines, on old cells and gs
			wg.Go(func() {
				var outer, inner goroutine.Place
				h := &hooks{}
				if goroutine.Here() != nil {
					t.Error("somewhere before Enter")
				}
				outer.Enter(h)
				inner.Enter(h)
				runtime.Gosched()
				if goroutine.Here() != &inner || inner.Outer() != &outer || outer.Hooks() != h {
					t.Error("not where it should be")
				}
				inner.Leave()
				outer.Leave()
			})
		}
		wg.Wait()
	})
}

func TestAPlaceMayBeHandedFromGoroutineToGoroutine(t *testing.T) {
	defer empty(t)
	var p goroutine.Place
	for range 100 {
		on(func() {
			p.Enter(&hooks{})
			defer p.Leave()
			if goroutine.Here() != &p {
				t.Error("not here")
			}
		})
	}
}

func TestEnterLeaveAndHereDoNotAllocate(t *testing.T) {
	outer, inner, h := new(goroutine.Place), new(goroutine.Place), new(hooks)
	if n := testing.AllocsPerRun(100, func() {
		outer.Enter(h)
		inner.Enter(h)
		if goroutine.Here() != inner {
			t.Error("not here")
		}
		inner.Leave()
		outer.Leave()
		goroutine.Here()
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// BenchmarkEnterLeave has a sync.Map beside it, the plain way to keep
// something by goroutine.
func BenchmarkEnterLeave(b *testing.B) {
	b.Run("place", func(b *testing.B) {
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			p, h := new(goroutine.Place), new(hooks)
			for pb.Next() {
				p.Enter(h)
				p.Leave()
			}
		})
	})
	b.Run("sync.Map", func(b *testing.B) {
		b.ReportAllocs()
		var m sync.Map
		b.RunParallel(func(pb *testing.PB) {
			p := new(goroutine.Place)
			for pb.Next() {
				id := goroutine.Current()
				m.Store(id, p)
				m.Delete(id)
			}
		})
	})
}

func BenchmarkHere(b *testing.B) {
	var found atomic.Pointer[goroutine.Place]
	b.Run("nowhere", func(b *testing.B) {
		for b.Loop() {
			if p := goroutine.Here(); p != nil {
				found.Store(p)
			}
		}
	})
	b.Run("somewhere", func(b *testing.B) {
		p := new(goroutine.Place)
		p.Enter(&hooks{})
		for b.Loop() {
			if goroutine.Here() != p {
				found.Store(p)
			}
		}
		p.Leave()
	})
	b.Run("sync.Map", func(b *testing.B) {
		var m sync.Map
		m.Store(goroutine.Current(), found.Load())
		for b.Loop() {
			if _, ok := m.Load(goroutine.Current()); !ok {
				b.Error("not found")
			}
		}
	})
}

func TestRefusedTakesRefusalsOnly(t *testing.T) {
	because := errors.New("not here")
	attempt := func(v any) (err error) {
		defer func() { err = goroutine.Refused(recover()) }()
		if v != nil {
			panic(v)
		}
		return nil
	}
	if err := attempt(nil); err != nil {
		t.Errorf("nothing: %v", err)
	}
	if err := attempt(&goroutine.Refusal{Err: because}); err != because {
		t.Errorf("a refusal: %v", err)
	}
	if r := (&goroutine.Refusal{Err: because}); !errors.Is(r, because) || r.Error() != "not here" {
		t.Errorf("as an error: %v", r)
	}
	defer func() {
		if v := recover(); v != 3 {
			t.Errorf("another panic: %v", v)
		}
	}()
	attempt(3)
}
