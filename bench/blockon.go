package main

import (
	"context"
	"time"

	"github.com/causeway-go/causeway/bench/kit"
	"github.com/causeway-go/causeway/pollster"
)

var blockOnScenarios = []kit.Scenario{
	{
		Name: "blockon/ready",
		Doc:  "BlockOn of a future that is ready; receiving from a channel that has a value; an indirect call.",
		Impls: []kit.Impl{
			{Name: kit.Ours, Measure: func(r *kit.Rep) (kit.Figures, error) {
				return blockOnEach(r, pollster.Ready(1))
			}},
			{Name: "causeway-custom", Measure: func(r *kit.Rep) (kit.Figures, error) {
				return blockOnEach(r, readyNow{})
			}},
			{Name: "channel", Measure: receiveFilled},
			{Name: "call", Measure: callEach},
		},
	},
	{
		Name: "blockon/selfwake",
		Doc:  "BlockOn of a future that wakes itself in its first poll and is ready in the second; a send to a channel and the receive of it.",
		Impls: []kit.Impl{
			{Name: kit.Ours, Measure: func(r *kit.Rep) (kit.Figures, error) {
				return blockOnEach(r, new(selfWaking))
			}},
			{Name: "channel", Measure: sendToSelf},
		},
	},
}

// blockOnEach measures one BlockOn of f.
func blockOnEach(r *kit.Rep, f pollster.Future[int]) (figures kit.Figures, err error) {
	ctx := context.Background()
	figures = r.Loop(func(n int) {
		for range n {
			if _, e := pollster.BlockOn(ctx, f); e != nil {
				err = e
			}
		}
	})
	return figures, err
}

// readyNow is a future as users write it, ready at the first poll.
type readyNow struct{}

func (readyNow) Poll(*pollster.Waker) (int, bool, error) { return 1, true, nil }

// selfWaking is ready at every second poll and wakes itself at the others.
type selfWaking struct{ polled bool }

func (s *selfWaking) Poll(w *pollster.Waker) (int, bool, error) {
	if s.polled {
		s.polled = false
		return 1, true, nil
	}
	s.polled = true
	w.Wake()
	return 0, false, nil
}

// receiveFilled measures one receive from a channel with a value in it. It
// fills the channel between batches, off the clock.
func receiveFilled(r *kit.Rep) (kit.Figures, error) {
	ch := make(chan int, 1024)
	return r.Timed(func(n int) (d time.Duration) {
		for n > 0 {
			batch := min(n, cap(ch))
			for i := range batch {
				ch <- i
			}
			start := time.Now()
			for range batch {
				<-ch
			}
			d += time.Since(start)
			n -= batch
		}
		return d
	}), nil
}

// callEach measures one Poll through the interface: what BlockOn cannot avoid.
func callEach(r *kit.Rep) (kit.Figures, error) {
	f := future(pollster.Ready(1))
	sum := 0
	return r.Loop(func(n int) {
		for range n {
			v, _, _ := f.Poll(nil)
			sum += v
		}
	}), nil
}

// future keeps the compiler from knowing what is behind the interface.
//
//go:noinline
func future(f pollster.Future[int]) pollster.Future[int] { return f }

// sendToSelf measures one send and one receive by the same goroutine.
func sendToSelf(r *kit.Rep) (kit.Figures, error) {
	ch := make(chan int, 1)
	return r.Loop(func(n int) {
		for i := range n {
			ch <- i
			<-ch
		}
	}), nil
}
