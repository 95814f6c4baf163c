package main

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/causeway-go/causeway/bench/kit"
	"github.com/causeway-go/causeway/pollster"
)

var wakeScenarios = []kit.Scenario{
	{
		Name: "wake/goroutines",
		Doc:  "Two goroutines wake each other in turn, each inside one BlockOn; over two channels. An operation is a round trip of two wakes.",
		Impls: []kit.Impl{
			{Name: kit.Ours, Measure: wakePair{}.measure},
			{Name: "channel", Measure: channelPair{}.measure},
		},
	},
	{
		Name: "blockon/pingpong",
		Doc:  "The same with a whole BlockOn for every turn.",
		Impls: []kit.Impl{
			{Name: kit.Ours, Measure: turnPair{}.measure},
			{Name: "channel", Measure: channelPair{}.measure},
		},
	},
	{
		Name: "wake/threads-idle",
		Doc:  "Two goroutines locked to OS threads wake each other in turn, each inside one BlockOnThread; over two channels. Nothing else runs.",
		Impls: []kit.Impl{
			{Name: kit.Ours, Measure: wakePair{locked: true}.measure},
			{Name: "channel", Measure: channelPair{locked: true}.measure},
		},
	},
	{
		Name: "wake/threads-busy",
		Doc:  "The same while twice GOMAXPROCS goroutines compute.",
		Impls: []kit.Impl{
			{Name: kit.Ours, Measure: busily(wakePair{locked: true}.measure)},
			{Name: "channel", Measure: busily(channelPair{locked: true}.measure)},
		},
	},
}

// busily wraps a measurement in background load.
func busily(measure func(*kit.Rep) (kit.Figures, error)) func(*kit.Rep) (kit.Figures, error) {
	return func(r *kit.Rep) (kit.Figures, error) {
		defer kit.Busy(2 * runtime.GOMAXPROCS(0))()
		r.Target = 200 * time.Millisecond // each wake may cost a time slice of the others
		return measure(r)
	}
}

// A pair is two goroutines that take turns. Both are started before the clock
// and end after it, so that n turns are all that is timed.
type pair struct {
	locked bool
	orders [2]chan int // how many turns to take; closed at the end
	done   sync.WaitGroup
	ended  sync.WaitGroup
}

// newPair starts two goroutines that call take(side, n) for each order.
func newPair(locked bool, take func(side, n int)) *pair {
	p := &pair{locked: locked}
	for side := range p.orders {
		p.orders[side] = make(chan int, 1)
		p.ended.Go(func() {
			if locked {
				runtime.LockOSThread()
				defer runtime.UnlockOSThread()
			}
			for n := range p.orders[side] {
				take(side, n)
				p.done.Done()
			}
		})
	}
	return p
}

// run has n round trips made.
func (p *pair) run(n int) {
	p.done.Add(len(p.orders))
	for _, order := range p.orders {
		order <- n
	}
	p.done.Wait()
}

func (p *pair) close() {
	for _, order := range p.orders {
		close(order)
	}
	p.ended.Wait()
}

// channelPair takes turns over two channels of capacity 1.
type channelPair struct{ locked bool }

func (c channelPair) measure(r *kit.Rep) (kit.Figures, error) {
	there, back := make(chan int, 1), make(chan int, 1)
	p := newPair(c.locked, func(side, n int) {
		for i := range n {
			if side == 0 {
				there <- i
				<-back
			} else {
				<-there
				back <- i
			}
		}
	})
	defer p.close()
	return r.Loop(p.run), nil
}

// wakePair takes turns inside one BlockOn on each side.
type wakePair struct{ locked bool }

func (c wakePair) measure(r *kit.Rep) (kit.Figures, error) {
	block := pollster.BlockOn[int]
	if c.locked {
		block = pollster.BlockOnThread[int]
	}
	var errs [2]error
	var t table
	p := newPair(c.locked, func(side, n int) {
		_, errs[side] = block(context.Background(), &player{table: &t, side: uint32(side), left: n})
	})
	defer p.close()
	f := r.Loop(func(n int) {
		t.turn.Store(0)
		p.run(n)
	})
	return f, firstError(errs)
}

// A table is what two players share: whose turn it is and their wakers.
type table struct {
	turn  atomic.Uint32
	waker [2]atomic.Pointer[pollster.Waker]
}

// A player is a future that answers each turn of its own by giving the turn to
// the other side and waking it. It is ready after the last one.
type player struct {
	table *table
	side  uint32
	left  int
}

func (p *player) Poll(w *pollster.Waker) (int, bool, error) {
	t := p.table
	if t.waker[p.side].Load() != w {
		t.waker[p.side].Store(w)
	}
	if t.turn.Load() != p.side {
		return 0, false, nil
	}
	other := 1 - p.side
	t.turn.Store(other)
	t.waker[other].Load().Wake() // nil wakes nobody: the other will look first
	p.left--
	return 0, p.left == 0, nil
}

// turnPair takes turns with a BlockOn for each.
type turnPair struct{}

func (turnPair) measure(r *kit.Rep) (kit.Figures, error) {
	var errs [2]error
	var t table
	p := newPair(false, func(side, n int) {
		f := player{table: &t, side: uint32(side)}
		for range n {
			f.left = 1
			if _, err := pollster.BlockOn(context.Background(), &f); err != nil {
				errs[side] = err
			}
		}
	})
	defer p.close()
	f := r.Loop(func(n int) {
		t.turn.Store(0)
		p.run(n)
	})
	return f, firstError(errs)
}

func firstError(errs [2]error) error {
	if errs[0] != nil {
		return errs[0]
	}
	return errs[1]
}
