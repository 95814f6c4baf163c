package waitlist_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/causeway-go/causeway/internal/waitlist"
)

// A guest is one who waits. The links are not at its beginning, so that a list which
// takes one for the other does not pass.
type guest struct {
	name int
	waitlist.Links[guest]
}

type line = waitlist.List[guest, *guest]

func Example() {
	var l waitlist.List[guest, *guest]
	a, b, c := &guest{name: 1}, &guest{name: 2}, &guest{name: 3}
	l.Push(a)
	l.Push(b)
	l.Push(c)
	l.Remove(b) // no longer wants to wait
	for g := l.Pop(); g != nil; g = l.Pop() {
		fmt.Println(g.name)
	}
	// Output:
	// 1
	// 3
}

// drain pops all there are, at most limit.
func drain(l *line, limit int) (names []int) {
	for g := l.Pop(); g != nil && len(names) < limit; g = l.Pop() {
		names = append(names, g.name)
	}
	return names
}

func TestRemoveAnywhere(t *testing.T) {
	for _, c := range []struct {
		n      int
		remove []int
		left   []int
	}{
		{0, nil, nil},
		{1, nil, []int{0}},
		{1, []int{0}, nil},
		{2, []int{0}, []int{1}},
		{2, []int{1}, []int{0}},
		{3, []int{0}, []int{1, 2}},
		{3, []int{1}, []int{0, 2}},
		{3, []int{2}, []int{0, 1}},
		{3, []int{2, 0}, []int{1}},
		{3, []int{1, 0, 2}, nil},
		{4, []int{1, 2}, []int{0, 3}},
		{4, []int{3, 2}, []int{0, 1}},
	} {
		var l line
		guests := make([]guest, c.n)
		for i := range guests {
			guests[i].name = i
			l.Push(&guests[i])
		}
		for _, i := range c.remove {
			l.Remove(&guests[i])
		}
		// Those that were removed may come again, behind the others.
		for _, i := range c.remove {
			l.Push(&guests[i])
		}
		want := append(slices.Clone(c.left), c.remove...)
		if got := drain(&l, c.n+1); !slices.Equal(got, want) {
			t.Errorf("%d in line, without %v, then these again: %v, not %v", c.n, c.remove, got, want)
		}
		if l.First() != nil {
			t.Errorf("%d in line, without %v: not empty after all were popped", c.n, c.remove)
		}
	}
}

func TestNothingIsAllocated(t *testing.T) {
	var l line
	guests := make([]guest, 3)
	n := testing.AllocsPerRun(100, func() {
		for i := range guests {
			l.Push(&guests[i])
		}
		l.Remove(&guests[1])
		l.Pop()
		l.Pop()
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// FuzzOracle does the same to two lists, between which guests move, and to two
// slices. The low three bits of a byte are a guest, the next says which list, the
// next whether to pop.
func FuzzOracle(f *testing.F) {
	f.Add([]byte{0, 1, 2, 16})
	f.Add([]byte{0, 1, 2, 1, 9, 24, 16, 16, 16})
	f.Add([]byte{0, 8, 1, 9, 2, 2, 1, 0, 24, 24})
	f.Add([]byte{7, 6, 5, 4, 5, 15, 7, 4, 13, 16, 24, 16, 24})
	f.Fuzz(func(t *testing.T, ops []byte) {
		var lists [2]line
		var want [2][]int
		guests := make([]guest, 8)
		for i := range guests {
			guests[i].name = i
		}
		for at, op := range ops {
			i, which := int(op&7), int(op>>3&1)
			if op&16 != 0 {
				g := lists[which].Pop()
				if (g == nil) != (len(want[which]) == 0) || g != nil && g.name != want[which][0] {
					t.Fatalf("operation %d: popped %+v, wanted the first of %v", at, g, want[which])
				}
				if g != nil {
					want[which] = want[which][1:]
				}
				continue
			}
			in := slices.IndexFunc(want[:], func(names []int) bool { return slices.Contains(names, i) })
			if in >= 0 {
				lists[in].Remove(&guests[i])
				want[in] = slices.DeleteFunc(slices.Clone(want[in]), func(name int) bool { return name == i })
			} else {
				lists[which].Push(&guests[i])
				want[which] = append(want[which], i)
			}
			for k := range lists {
				g := lists[k].First()
				if (g == nil) != (len(want[k]) == 0) || g != nil && g.name != want[k][0] {
					t.Fatalf("operation %d: the first of list %d is %+v, not that of %v", at, k, g, want[k])
				}
			}
		}
		for k := range lists {
			if got := drain(&lists[k], len(guests)+1); !slices.Equal(got, want[k]) {
				t.Fatalf("list %d ends with %v, not %v", k, got, want[k])
			}
		}
	})
}
