package goroutine

import (
	"context"
	"sync"
	"sync/atomic"
)

// Hooks is how a registered goroutine takes part in its own waiting. All
// methods are called on the registered goroutine.
type Hooks interface {
	// BeforeWait is called when the goroutine is about to wait, with nothing
	// of the waiting code locked. It returns the Parker the wait must go
	// through, or nil for the ordinary way: the goroutine parks.
	BeforeWait() Parker
	// AfterWait is called when the wait is over, whatever ended it. It may
	// block, for instance until a slot is free again.
	AfterWait()
}

// A Parker suspends what runs on a goroutine in its owner's own way, for
// instance by switching from a task's coroutine back to the worker.
type Parker interface {
	// Park returns after one Unpark.
	Park()
	// Unpark is called exactly once for each Park, before it or during it,
	// from any goroutine, and must not block.
	Unpark()
}

// A Watcher is a Parker that is told, before each Park, which context the wait
// watches. When what it suspends is to end, it then knows whether the end of
// that context will Unpark it, or whether it has to end the goroutine's code
// itself, by runtime.Goexit in Park.
type Watcher interface {
	Parker
	Watch(ctx context.Context)
}

// A Place is the registration of one goroutine by one owner, who embeds it in
// a record of its own. The zero value is ready. One goroutine at a time may
// use a Place.
//
// Places nest: a job may run inside a poll that runs on a worker. Each
// remembers the one around it.
type Place struct {
	hooks Hooks
	outer *Place
	cell  *cell
	id    uintptr
}

// Enter registers the calling goroutine. It does not block or allocate,
// except when thousands of goroutines are registered at the same time.
//
// Preconditions: p is not entered. The caller calls Leave on the same
// goroutine, in reverse order of Enter.
func (p *Place) Enter(h Hooks) {
	id := Current()
	c, outer := find(id)
	p.hooks, p.id, p.outer = h, id, outer
	if c == nil {
		c = claim(id)
	}
	p.cell = c
	c.store(id, p)
}

// Leave undoes Enter.
func (p *Place) Leave() {
	if p.outer != nil {
		p.cell.store(p.id, p.outer)
	} else {
		p.cell.release(p.id)
	}
	p.hooks, p.outer, p.cell = nil, nil, nil
}

// Hooks returns what p was entered with.
func (p *Place) Hooks() Hooks { return p.hooks }

// Outer returns the Place that was current when p was entered, or nil.
func (p *Place) Outer() *Place { return p.outer }

// Here returns the innermost Place of the calling goroutine, or nil. It does
// not block or allocate.
func Here() *Place {
	_, p := find(Current())
	return p
}

// The registry is a hash table in which a goroutine only ever touches its own
// entry, so there is nothing to lock:
//
//   - A bucket is one cache line of eight ids. A goroutine looks for its own
//     id there; nobody else adds or removes that id.
//   - 0 in ids[i] means cell i is free. The claiming goroutine moves it to
//     its id by CAS; only that goroutine moves it back to 0.
//   - places[i] belongs to the goroutine whose id stands in ids[i].
//
// Only goroutines that are running (or in a system call) are registered, so a
// few thousand cells are plenty; when a bucket is full the id goes to the
// overflow map, and `overflowed` tells lookups that the map is worth a look.
// It is read by the goroutine that added to it, so a plain count suffices.
const (
	bucketBits = 8
	bucketSize = 8
)

type bucket struct {
	ids    [bucketSize]atomic.Uintptr
	places [bucketSize]*Place
}

// A cell is where one goroutine's registration stands: a position in a
// bucket, or the overflow map.
type cell struct {
	b *bucket
	i int
}

var (
	table      [1 << bucketBits]bucket
	cells      [1 << bucketBits][bucketSize]cell
	overflow   sync.Map // uintptr → *Place
	overflowed atomic.Int64
	spill      = &cell{}
)

func init() {
	for i := range table {
		for j := range bucketSize {
			cells[i][j] = cell{&table[i], j}
		}
	}
}

// home returns the bucket of id. A g is at least 256-byte aligned in
// practice; multiplying spreads whatever bits differ (Knuth's multiplicative
// hashing, TAOCP 6.4).
func home(id uintptr) int {
	return int(uint32(id>>3) * 2654435769 >> (32 - bucketBits))
}

// find returns the cell and the Place of id, or nil and nil.
func find(id uintptr) (*cell, *Place) {
	h := home(id)
	b := &table[h]
	for i := range b.ids {
		if b.ids[i].Load() == id {
			return &cells[h][i], b.places[i]
		}
	}
	if overflowed.Load() != 0 {
		if v, ok := overflow.Load(id); ok {
			return spill, v.(*Place)
		}
	}
	return nil, nil
}

// claim finds a free cell for id.
func claim(id uintptr) *cell {
	h := home(id)
	b := &table[h]
	for i := range b.ids {
		if b.ids[i].Load() == 0 && b.ids[i].CompareAndSwap(0, id) {
			return &cells[h][i]
		}
	}
	overflowed.Add(1)
	return spill
}

func (c *cell) store(id uintptr, p *Place) {
	if c == spill {
		overflow.Store(id, p)
		return
	}
	c.b.places[c.i] = p
}

func (c *cell) release(id uintptr) {
	if c == spill {
		overflow.Delete(id)
		overflowed.Add(-1)
		return
	}
	c.b.places[c.i] = nil
	c.b.ids[c.i].Store(0)
}
