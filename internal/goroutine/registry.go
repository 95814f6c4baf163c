package goroutine

import (
	"math/bits"
	"sync"
	"sync/atomic"
)

// The registry is a hash table in which a goroutine only ever touches its own
// entry, so there is nothing to lock:
//
//   - The cells of a bucket are all there is to look at for an id; there is no
//     probing further. A goroutine looks for its own id there, and nobody else
//     adds or removes that id, so what it finds cannot change under its eyes.
//   - 0 as a cell's id means that the cell is free. The claiming goroutine
//     moves it to its id by CAS; only that goroutine moves it back to 0.
//   - A cell's place belongs to the goroutine whose id stands there. The store
//     of 0 by its last owner publishes its last write, a nil, to the next
//     owner's CAS.
//
// Only goroutines that are running (or in a system call, or waiting with a
// place in a pool) are registered, so a few thousand cells are plenty; when a
// bucket is full the id goes to the overflow map, and overflowed tells lookups
// that the map is worth a look. A goroutine need only see its own additions to
// overflowed, which it does.
//
// A goroutine in the map stays there until it leaves its outermost Place, even
// if a cell becomes free, for it is looked up in both.
const (
	bucketBits = 10
	bucketSize = 8
)

// A cell is where one goroutine's registration stands.
type cell struct {
	id    atomic.Uintptr
	place *Place
}

type bucket [bucketSize]cell

var (
	table      [1 << bucketBits]bucket
	overflow   sync.Map // uintptr → *Place
	overflowed atomic.Int64
	spill      cell // stands for an entry of overflow
)

// golden is 2 to the power of the word size, divided by the golden ratio.
const golden = 0x9E3779B97F4A7C15>>(64-bits.UintSize) | 1

// home returns the bucket of id. Multiplying by golden and taking the highest
// bits (Fibonacci hashing, Knuth, TAOCP 6.4) spreads numbers that follow each
// other, but addresses of g stand at several distances at once, those of the
// elements and those of the spans, and some of them fall in step with golden.
// Folding the product and multiplying again leaves no distance that does.
func home(id uintptr) *bucket {
	h := id * golden
	h ^= h >> (bits.UintSize / 2)
	return &table[h*golden>>(bits.UintSize-bucketBits)]
}

// find returns the cell and the Place of id, or nil and nil.
func find(id uintptr) (*cell, *Place) {
	b := home(id)
	for i := range b {
		if c := &b[i]; c.id.Load() == id {
			return c, c.place
		}
	}
	if overflowed.Load() != 0 {
		if p := spill.load(id); p != nil {
			return &spill, p
		}
	}
	return nil, nil
}

// claim finds a free cell for id.
func claim(id uintptr) *cell {
	b := home(id)
	for i := range b {
		if c := &b[i]; c.id.Load() == 0 && c.id.CompareAndSwap(0, id) {
			return c
		}
	}
	overflowed.Add(1)
	return &spill
}

// load returns the innermost Place of id.
func (c *cell) load(id uintptr) *Place {
	if c != &spill {
		return c.place
	}
	p, _ := overflow.Load(id)
	place, _ := p.(*Place)
	return place
}

// store makes p the innermost Place of id.
func (c *cell) store(id uintptr, p *Place) {
	if c == &spill {
		overflow.Store(id, p)
		return
	}
	c.place = p
}

// release makes id have no Place. The cell may be another goroutine's after
// that.
func (c *cell) release(id uintptr) {
	if c == &spill {
		overflow.Delete(id)
		overflowed.Add(-1)
		return
	}
	c.place = nil
	c.id.Store(0)
}
