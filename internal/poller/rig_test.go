package poller_test

import (
	"testing"
	"time"

	"github.com/causeway-go/causeway/internal/poller"
)

// A rig is one implementation and how to get descriptors for it. Every
// behaviour is tested on each of them.
type rig struct {
	name string
	open func(t *testing.T) poller.Poller
	pair func(t *testing.T, p poller.Poller) *pair
	real bool // asks the system
}

// A pair is a descriptor and what its other end does with it.
type pair struct {
	fd     int
	feed   func() // makes it readable
	drain  func() // makes it not readable
	fill   func() // makes it not writable
	hangUp func() // the other end closes
	close  func()
}

// each runs f on a fresh poller of each rig.
func each(t *testing.T, f func(t *testing.T, b *bench)) {
	t.Helper()
	for _, r := range rigs() {
		t.Run(r.name, func(t *testing.T) {
			p := r.open(t)
			t.Cleanup(func() { p.Close() })
			f(t, &bench{t: t, rig: r, Poller: p})
		})
	}
}

// A bench is a poller on the test bench.
type bench struct {
	poller.Poller
	rig rig
	t   *testing.T
}

func (b *bench) pair() *pair {
	b.t.Helper()
	p := b.rig.pair(b.t, b.Poller)
	b.t.Cleanup(p.close)
	return p
}

// add adds the descriptor of a fresh pair.
func (b *bench) add(key uint64, in poller.Events, mode poller.Mode) *pair {
	b.t.Helper()
	p := b.pair()
	if err := b.Add(p.fd, key, in, mode); err != nil {
		b.t.Fatalf("Add: %v", err)
	}
	return p
}

func (b *bench) modify(p *pair, key uint64, in poller.Events, mode poller.Mode) {
	b.t.Helper()
	if err := b.Modify(p.fd, key, in, mode); err != nil {
		b.t.Fatalf("Modify: %v", err)
	}
}

// events returns those of one Wait with room for many. Those that are due are
// there at once, or a moment later.
func (b *bench) events(timeout time.Duration) map[uint64]poller.Events {
	b.t.Helper()
	var buf [64]poller.Event
	n, err := b.Wait(buf[:], timeout)
	if err != nil {
		b.t.Fatalf("Wait: %v", err)
	}
	found := map[uint64]poller.Events{}
	for _, e := range buf[:n] {
		if _, twice := found[e.Key]; twice {
			b.t.Errorf("key %d twice in one Wait", e.Key)
		}
		found[e.Key] = e.Ready
	}
	return found
}

// want waits for exactly one event, with the given key, and with what.
func (b *bench) want(key uint64, what poller.Events) {
	b.t.Helper()
	found := b.events(10 * time.Second)
	if got, ok := found[key]; !ok || len(found) != 1 || got&what != what {
		b.t.Errorf("events %v, want key %d with %b", found, key, what)
	}
}

// nothing wants no event.
func (b *bench) nothing() {
	b.t.Helper()
	if found := b.events(time.Millisecond); len(found) != 0 {
		b.t.Errorf("events %v, want none", found)
	}
}

// fakeRig is the fake: its descriptors are of memory.
func fakeRig() rig {
	return rig{
		name: "fake",
		open: func(*testing.T) poller.Poller { return poller.NewFake() },
		pair: func(_ *testing.T, p poller.Poller) *pair {
			f := p.(*poller.Fake)
			fd := f.Open()
			state := poller.Write
			set := func(e poller.Events) {
				state = e
				f.Set(fd, state)
			}
			set(poller.Write)
			return &pair{
				fd:     fd,
				feed:   func() { set(state | poller.Read) },
				drain:  func() { f.Drop(fd, poller.Read); state &^= poller.Read },
				fill:   func() { f.Drop(fd, poller.Write); state &^= poller.Write },
				hangUp: func() { set(state | poller.HangUp) },
				close:  func() { f.CloseFD(fd) },
			}
		},
	}
}
