package poller_test

import (
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/causeway-go/causeway/internal/poller"
)

const (
	R = poller.Read
	W = poller.Write
)

func TestBasicInputAndOutput(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		p := b.add(7, R, poller.OneShot)
		b.nothing()
		p.feed()
		b.want(7, R)
		b.nothing()
		b.modify(p, 8, R|W, poller.OneShot)
		b.want(8, R|W)
		p.drain()
		b.modify(p, 9, R|W, poller.OneShot)
		b.want(9, W)
		p.fill()
		b.modify(p, 10, R|W, poller.OneShot)
		b.nothing()
		p.feed()
		b.want(10, R)
	})
}

func TestInsertTwiceFailsAndTheFirstIsIntact(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		p := b.add(1, R, poller.OneShot)
		for range 2 {
			if err := b.Add(p.fd, 2, R|W, poller.Level); !errors.Is(err, poller.ErrExists) {
				t.Errorf("the second Add: %v", err)
			}
		}
		b.nothing()
		p.feed()
		b.want(1, R)
		if err := b.Delete(p.fd); err != nil {
			t.Errorf("Delete: %v", err)
		}
		if err := b.Add(p.fd, 3, R, poller.OneShot); err != nil {
			t.Errorf("Add after Delete: %v", err)
		}
		b.want(3, R)
	})
}

func TestDeleteUnrecognizedIsNotFound(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		p := b.pair()
		if err := b.Delete(p.fd); !errors.Is(err, poller.ErrNotFound) {
			t.Errorf("Delete: %v", err)
		}
		if err := b.Modify(p.fd, 1, R, poller.Level); !errors.Is(err, poller.ErrNotFound) {
			t.Errorf("Modify: %v", err)
		}
		p.close()
		if err := b.Delete(p.fd); !errors.Is(err, poller.ErrDescriptor) {
			t.Errorf("Delete of a closed one: %v", err)
		}
		if err := b.Modify(p.fd, 1, R, poller.Level); !errors.Is(err, poller.ErrDescriptor) {
			t.Errorf("Modify of a closed one: %v", err)
		}
		if err := b.Add(p.fd, 1, R, poller.Level); !errors.Is(err, poller.ErrDescriptor) {
			t.Errorf("Add of a closed one: %v", err)
		}
		if _, err := b.Look(p.fd, R); !errors.Is(err, poller.ErrDescriptor) {
			t.Errorf("Look at a closed one: %v", err)
		}
	})
}

func TestManyConnectionsInRandomOrder(t *testing.T) {
	const n = 100
	each(t, func(t *testing.T, b *bench) {
		pairs := make([]*pair, n)
		for i := range pairs {
			pairs[i] = b.add(uint64(i), R, poller.OneShot)
		}
		for _, i := range rand.Perm(n) {
			pairs[i].feed()
			b.want(uint64(i), R)
		}
		// All at once, and less room than events.
		for i, p := range pairs {
			b.modify(p, uint64(i), R, poller.OneShot)
		}
		seen := map[uint64]int{}
		for len(seen) < n {
			var buf [32]poller.Event
			k, err := b.Wait(buf[:], 10*time.Second)
			if k == 0 || err != nil {
				t.Fatalf("Wait: %d, %v after %d of %d", k, err, len(seen), n)
			}
			for _, e := range buf[:k] {
				if seen[e.Key]++; seen[e.Key] > 1 {
					t.Errorf("key %d twice", e.Key)
				}
			}
		}
		b.nothing()
	})
}

func TestLevelReportsWhileItLasts(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		p := b.add(1, R, poller.Level)
		b.nothing()
		p.feed()
		for range 3 {
			b.want(1, R)
		}
		p.drain()
		b.nothing()
		p.feed()
		b.want(1, R)
		// To one-shot, and then to nothing.
		b.modify(p, 2, R, poller.OneShot)
		b.want(2, R)
		b.nothing()
		b.modify(p, 3, R, poller.Level)
		for range 2 {
			b.want(3, R)
		}
		b.modify(p, 4, 0, poller.Level)
		b.nothing()
		if err := b.Delete(p.fd); err != nil {
			t.Errorf("Delete: %v", err)
		}
		p.feed()
		b.nothing()
	})
}

func TestEdgeReportsOnceEachTime(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		p := b.pair()
		if !b.Supports(poller.Edge) {
			for _, mode := range []poller.Mode{poller.Edge, poller.EdgeOneShot} {
				if err := b.Add(p.fd, 1, R, mode); !errors.Is(err, poller.ErrMode) {
					t.Errorf("Add in a mode that is not supported: %v", err)
				}
			}
			return
		}
		p.feed()
		if err := b.Add(p.fd, 1, R, poller.Edge); err != nil {
			t.Fatal(err)
		}
		b.want(1, R) // ready when it was added
		b.nothing()
		p.feed()
		b.want(1, R) // more data are an edge too
		b.nothing()
		b.modify(p, 2, R, poller.Edge)
		b.want(2, R) // ready when it was modified
		b.nothing()
		p.drain()
		b.modify(p, 3, R, poller.EdgeOneShot)
		b.nothing()
		p.feed()
		b.want(3, R)
		p.feed()
		b.nothing()
		b.modify(p, 4, R, poller.EdgeOneShot)
		b.want(4, R)
		b.modify(p, 5, R, poller.Level)
		for range 2 {
			b.want(5, R)
		}
	})
}

func TestOneShotReportsNothingAfterItsShot(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		p := b.add(1, R|W, poller.OneShot)
		b.want(1, W)
		p.feed()
		b.nothing()
		p.hangUp()
		b.nothing()
		b.modify(p, 2, R, poller.OneShot)
		b.want(2, R|poller.HangUp)
		b.nothing()
	})
}

func TestHangUpIsReportedUnasked(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		p := b.add(1, 0, poller.Level)
		p.feed()
		b.nothing()
		p.hangUp()
		b.want(1, R|W|poller.HangUp)
		if e, err := b.Look(p.fd, 0); err != nil || e&(R|W|poller.HangUp) != R|W|poller.HangUp {
			t.Errorf("Look: %b, %v", e, err)
		}
	})
}

func TestLookTellsWhatIsSo(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		p := b.pair()
		for _, c := range []struct {
			do   func()
			in   poller.Events
			want poller.Events
		}{
			{func() {}, R, 0},
			{func() {}, R | W, W},
			{p.feed, R | W, R | W},
			{func() {}, R, R},
			{func() {}, W, W},
			{p.drain, R | W, W},
			{p.fill, R | W, 0},
		} {
			c.do()
			if e, err := b.Look(p.fd, c.in); e != c.want || err != nil {
				t.Errorf("Look for %b: %b, %v, want %b", c.in, e, err, c.want)
			}
		}
	})
}

func TestBadEventsAndModesAreRefused(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		p := b.pair()
		if err := b.Add(p.fd, 1, poller.HangUp, poller.Level); !errors.Is(err, poller.ErrMode) {
			t.Errorf("Add for hang-up: %v", err)
		}
		if err := b.Add(p.fd, 1, R, poller.Level); err != nil {
			t.Fatal(err)
		}
		if err := b.Modify(p.fd, 1, poller.Failed|R, poller.Level); !errors.Is(err, poller.ErrMode) {
			t.Errorf("Modify for failure: %v", err)
		}
	})
}

func TestADescriptorClosedUnderneathIsForgotten(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		p := b.add(1, R, poller.Level)
		p.close()
		b.nothing()
		b.nothing()
		q := b.pair() // with the same number, most likely
		if err := b.Add(q.fd, 2, R, poller.Level); err != nil {
			t.Fatalf("Add of the same number: %v", err)
		}
		q.feed()
		b.want(2, R)
	})
}
