package executor

import (
	"sync"
	"sync/atomic"
	"testing"

	"github.com/causeway-go/causeway/internal/hammer"
)

// number makes cores that can be told apart.
func number(n int) []core { return make([]core, n) }

// order returns the positions of a chain in all.
func order(all []core, chain *core) (positions []int) {
	at := make(map[*core]int)
	for i := range all {
		at[&all[i]] = i
	}
	for c := chain; c != nil; c = c.next {
		positions = append(positions, at[c])
	}
	return positions
}

func equal(a, b []int) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

func TestAStackGivesItsTasksInTheOrderTheyCame(t *testing.T) {
	all := number(5)
	var s stack
	if s.takeAll() != nil {
		t.Error("an empty stack gives something")
	}
	for i := range all {
		if first := s.push(&all[i]); first != (i == 0) {
			t.Errorf("push %d was first: %v", i, first)
		}
	}
	if got := order(all, s.takeAll()); !equal(got, []int{0, 1, 2, 3, 4}) {
		t.Errorf("order %v", got)
	}
}

func TestAnInjectorIsDividedAmongWorkers(t *testing.T) {
	all := number(10)
	var q injector
	for i := range all {
		q.push(&all[i])
	}
	for _, step := range []struct {
		want, share int
		positions   []int
	}{
		{100, 2, []int{0, 1, 2, 3, 4, 5}}, // half, and one
		{1, 1, []int{6}},
		{2, 1, []int{7, 8}},
		{100, 4, []int{9}},
		{100, 1, nil},
	} {
		if got := order(all, q.take(step.want, step.share)); !equal(got, step.positions) {
			t.Errorf("take(%d, %d): %v, want %v", step.want, step.share, got, step.positions)
		}
	}
	if !q.empty() {
		t.Error("not empty at the end")
	}
}

func TestARingIsFullAtItsSizeAndGoesRound(t *testing.T) {
	all := number(ringSize + 1)
	var r ring
	// Start near the end of what the counters hold, so that they wrap.
	r.head.Store(^uint32(0) - 100)
	r.tail.Store(^uint32(0) - 100)
	for round := range 3 {
		for i := range ringSize {
			if !r.push(&all[i]) {
				t.Fatalf("round %d: full at %d", round, i)
			}
		}
		if r.push(&all[ringSize]) || r.len() != ringSize {
			t.Fatalf("round %d: took one too many", round)
		}
		for i := range ringSize {
			if r.pop() != &all[i] {
				t.Fatalf("round %d: not in order at %d", round, i)
			}
		}
		if r.pop() != nil {
			t.Fatal("an empty ring gives something")
		}
	}
}

func TestAThiefTakesTheOlderHalf(t *testing.T) {
	for n := range 8 {
		all := number(8)
		var victim, own ring
		for i := range n {
			victim.push(&all[i])
		}
		first := victim.stealInto(&own)
		if n == 0 {
			if first != nil {
				t.Error("stole from an empty ring")
			}
			continue
		}
		if first != &all[0] || own.len() != (n+1)/2-1 || victim.len() != n/2 {
			t.Errorf("of %d: own %d, left %d", n, own.len(), victim.len())
		}
		for i := 1; i < (n+1)/2; i++ {
			if own.pop() != &all[i] {
				t.Errorf("of %d: not in order", n)
			}
		}
	}
}

func TestAThiefTakesNoMoreThanItHasRoomFor(t *testing.T) {
	all := number(2 * ringSize)
	var victim, own ring
	for i := range ringSize {
		victim.push(&all[i])
		if i < ringSize-3 {
			own.push(&all[ringSize+i])
		}
	}
	if first := victim.stealInto(&own); first != &all[0] || own.len() != ringSize || victim.len() != ringSize-4 {
		t.Errorf("own %d, left %d", own.len(), victim.len())
	}
}

func TestNoTaskIsLostOrDoubledByThieves(t *testing.T) {
	const thieves = 3
	var victim ring
	var taken sync.Map
	var pushed, got atomic.Int64
	take := func(c *core) {
		if c == nil {
			return
		}
		if _, twice := taken.LoadOrStore(c, true); twice {
			t.Error("a task was taken twice")
		}
		got.Add(1)
	}
	owns := make([]ring, thieves)
	hammer.Run(t, thieves+1, func(g, i int) {
		if g == thieves { // the owner
			c := new(core)
			if victim.push(c) {
				pushed.Add(1)
			}
			if i%3 == 0 {
				take(victim.pop())
			}
			return
		}
		take(victim.stealInto(&owns[g]))
		for c := owns[g].pop(); c != nil; c = owns[g].pop() {
			take(c)
		}
	})
	for c := victim.pop(); c != nil; c = victim.pop() {
		take(c)
	}
	if pushed.Load() != got.Load() {
		t.Errorf("%d pushed, %d taken", pushed.Load(), got.Load())
	}
}

func TestNothingIsLostInAnInjector(t *testing.T) {
	var q injector
	var pushed, got atomic.Int64
	count := func(c *core) {
		for ; c != nil; c = c.next {
			got.Add(1)
		}
	}
	hammer.Run(t, 4, func(g, i int) {
		if g < 2 {
			q.push(new(core))
			pushed.Add(1)
		} else {
			count(q.take(batch, 2))
		}
	})
	count(q.take(1<<30, 1))
	if pushed.Load() != got.Load() {
		t.Errorf("%d pushed, %d taken", pushed.Load(), got.Load())
	}
}

func TestAFifoGrowsInOrder(t *testing.T) {
	all := number(1000)
	var q fifo
	in, out := 0, 0
	for in < len(all) {
		for range 7 {
			if in < len(all) {
				q.push(&all[in])
				in++
			}
		}
		for range 3 {
			if q.pop() != &all[out] {
				t.Fatalf("not in order at %d", out)
			}
			out++
		}
	}
	for ; out < in; out++ {
		if q.pop() != &all[out] {
			t.Fatalf("not in order at %d", out)
		}
	}
	if q.pop() != nil || q.n != 0 {
		t.Error("not empty at the end")
	}
}

func TestAListKeepsItsOrder(t *testing.T) {
	all := number(3)
	var l list
	for range 2 {
		for i := range all {
			l.push(&all[i])
		}
		for i := range all {
			if l.n != 3-i || l.pop() != &all[i] {
				t.Fatalf("not in order at %d", i)
			}
		}
	}
	if l.pop() != nil {
		t.Error("an empty list gives something")
	}
}

// Every transition, in every state: what may never happen does not.
func TestTransitionsKeepTheirPromises(t *testing.T) {
	for s := range uint32(1) << 8 {
		check := func(name string, to uint32) {
			t.Helper()
			if s&done != 0 && to&done == 0 {
				t.Errorf("%s makes %08b undone: %08b", name, s, to)
			}
			if s&done != 0 && name != "finish" && (to^s)&(scheduled|running) != 0 {
				t.Errorf("%s changes %08b after the end: %08b", name, s, to)
			}
			if s&canceled != 0 && to&canceled == 0 {
				t.Errorf("%s takes a cancellation back: %08b to %08b", name, s, to)
			}
		}
		to, push := wakeState(s)
		check("wake", to)
		if push && (s&(scheduled|running|done) != 0 || to&scheduled == 0) {
			t.Errorf("wake pushes %08b", s)
		}
		to, ok := beginState(s)
		check("begin", to)
		if ok && (to&running == 0 || to&scheduled != 0 || s&running != 0) {
			t.Errorf("begin: %08b to %08b", s, to)
		}
		to, push = cancelState(s)
		check("cancel", to)
		if push && (s&(scheduled|running|done) != 0 || to&scheduled == 0) {
			t.Errorf("cancel pushes %08b", s)
		}
		to, taken := shutState(s)
		check("shut", to)
		if taken && (s&running != 0 || to&running == 0) {
			t.Errorf("shut takes %08b", s)
		}
		to, late := detachState(s)
		check("detach", to)
		if late != (s&done != 0) {
			t.Errorf("detach of %08b late: %v", s, late)
		}
		to, ok = awaitState(s)
		check("await", to)
		if ok == (s&done != 0) {
			t.Errorf("await of %08b: %v", s, ok)
		}
		if s&(running|done) == running { // what only the holder of running does
			to, v := suspendState(s)
			check("suspend", to)
			if (to&running != 0) != (v == retell) || (v == requeue) != (to&(running|scheduled) == scheduled) {
				t.Errorf("suspend: %08b to %08b, %d", s, to, v)
			}
			to, ok := againState(s)
			check("again", to)
			if ok && (to&running == 0 || s&scheduled == 0 || s&canceled != 0) {
				t.Errorf("again: %08b to %08b", s, to)
			}
			check("finish", finishState(s))
			check("tell", tellState(s))
		}
	}
}
