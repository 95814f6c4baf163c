package park_test

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/causeway-go/causeway/internal/hammer"
	"github.com/causeway-go/causeway/internal/leak"
	"github.com/causeway-go/causeway/internal/park"
)

// A post is one end of a conversation: a Notifier whose owner waits for the
// number that the other end sends. The number is not atomic, so that the race
// detector sees whether Notify publishes it.
type post struct {
	n          *park.Notifier
	generation atomic.Uint64
	number     int
	sent       atomic.Int64
	done       atomic.Pointer[chan struct{}]
}

func newPost() *post {
	p := &post{n: park.New()}
	p.generation.Store(p.n.Begin())
	return p
}

func (p *post) send(i int) {
	p.number = i
	p.sent.Store(int64(i))
	p.n.Notify(p.generation.Load())
}

// await waits for number i. Others notify without having sent anything, so a
// permit is only a reason to look again.
func (p *post) await(t *testing.T, i int, wait func(p *post)) {
	for p.sent.Load() != int64(i) {
		if !p.n.Consume() {
			wait(p)
		}
	}
	if p.number != i {
		t.Errorf("number %d instead of %d", p.number, i)
	}
}

// handoffs sends numbers to and fro, with other goroutines notifying for
// nothing, with current and stale generations.
func handoffs(t *testing.T, rounds int, lock bool, waits [2]func(p *post)) {
	posts := [2]*post{newPost(), newPost()}
	var end atomic.Bool
	var ends, noise sync.WaitGroup
	for g := range 2 {
		noise.Go(func() {
			for i := 0; !end.Load(); i++ {
				p := posts[i%2]
				if g == 0 {
					p.n.Notify(p.generation.Load() - 1)
				} else if d := p.done.Swap(nil); d != nil {
					close(*d)
				} else if i%64 == 0 {
					p.n.Notify(p.generation.Load())
				}
				for range 200 {
					if end.Load() {
						return
					}
				}
				runtime.Gosched()
			}
		})
	}
	for side := range 2 {
		ends.Go(func() {
			if lock {
				runtime.LockOSThread()
				defer runtime.UnlockOSThread()
			}
			for i := 1; i <= rounds; i++ {
				if side == 0 {
					posts[1].send(i)
				}
				posts[side].await(t, i, waits[side])
				if side == 1 {
					posts[0].send(i)
				}
			}
		})
	}
	ends.Wait()
	end.Store(true)
	noise.Wait()
	for _, p := range posts {
		if p.n.Tokens() != 0 || p.n.Asleep() {
			t.Errorf("left: %s, %d tokens", p.n.Kind(), p.n.Tokens())
		}
	}
}

func waitPark(p *post)   { p.n.Park() }
func waitThread(p *post) { p.n.ParkThread() }

// waitOr parks with a channel that one of the noisy goroutines may close.
func waitOr(p *post) {
	done := make(chan struct{})
	p.done.Store(&done)
	p.n.ParkOr(done)
	p.done.Store(nil)
}

// waitVia returns a way to park that always uses the same Parker.
func waitVia() func(p *post) {
	parker := newParker()
	return func(p *post) { p.n.ParkVia(parker) }
}

// waitMixed takes all ways in turn.
func waitMixed() func(p *post) {
	ways := []func(p *post){waitPark, waitOr, waitVia(), waitThread}
	i := 0
	return func(p *post) {
		i++
		ways[i%len(ways)](p)
	}
}

func prefer(w park.Way) func(p *post) {
	return func(p *post) {
		p.n.Prefer(w)
		p.n.ParkThread()
	}
}

func TestHammerHandoffsLoseNothing(t *testing.T) {
	leak.Check(t, leak.Options{Threads: 24}) // the runtime keeps some
	for _, c := range []struct {
		name   string
		rounds int // two handoffs each: a million in all
		lock   bool
		waits  [2]func(p *post)
	}{
		{"Park", 170_000, false, [2]func(p *post){waitPark, waitPark}},
		{"ParkOr", 120_000, false, [2]func(p *post){waitOr, waitOr}},
		{"ParkVia", 100_000, false, [2]func(p *post){waitVia(), waitVia()}},
		{"ParkThread", 40_000, true, [2]func(p *post){waitThread, waitThread}},
		{"futex", 8_000, true, [2]func(p *post){prefer(park.ByFutex), prefer(park.ByFutex)}},
		{"scheduler", 8_000, true, [2]func(p *post){prefer(park.ByScheduler), prefer(park.ByScheduler)}},
		{"futex, not locked", 2_000, false, [2]func(p *post){prefer(park.ByFutex), waitPark}},
		{"mixed", 52_000, false, [2]func(p *post){waitMixed(), waitMixed()}},
	} {
		t.Run(c.name, func(t *testing.T) {
			rounds := c.rounds
			if testing.Short() {
				rounds /= 20
			}
			handoffs(t, rounds, c.lock, c.waits)
		})
	}
}

func TestHammerManyNotifiersGiveOnePermit(t *testing.T) {
	// Everyone notifies the one owner; it must see at least one permit after
	// the last Notify, and never more first ones than permits consumed.
	n := park.New()
	g := n.Begin()
	var firsts, consumed, last atomic.Int64
	stop := make(chan struct{})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for n.ParkOr(stop) {
			consumed.Add(1)
		}
	}()
	hammer.Run(t, 8, func(goroutine, i int) {
		last.Add(1)
		if n.Notify(g) {
			firsts.Add(1)
		}
	})
	close(stop)
	<-ended
	if n.Consume() {
		consumed.Add(1)
	}
	if firsts.Load() != consumed.Load() {
		t.Fatalf("%d first notifications, %d permits consumed", firsts.Load(), consumed.Load())
	}
}

func TestHammerPooledNotifiersIgnoreTheirPast(t *testing.T) {
	// Notifiers go from goroutine to goroutine, as BlockOn's do; each use
	// leaves one late notifier behind.
	leak.Check(t, leak.Options{Threads: 24}) // the runtime keeps some
	pool := sync.Pool{New: func() any { return park.New() }}
	var late sync.WaitGroup
	hammer.Run(t, 4, func(goroutine, i int) {
		n := pool.Get().(*park.Notifier)
		g := n.Begin()
		told := false
		late.Go(func() {
			told = true
			n.Notify(g)
			n.Notify(g)
		})
		switch i % 3 {
		case 0:
			n.Park()
		case 1:
			n.ParkOr(make(chan struct{}))
		case 2:
			n.ParkThread()
		}
		if !told {
			t.Error("woken by someone else's notifier")
		}
		pool.Put(n)
	})
	late.Wait()
}
