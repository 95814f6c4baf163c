package main

import (
	"context"

	"github.com/causeway-go/causeway/bench/kit"
	"github.com/causeway-go/causeway/unblock"
)

var unblockScenarios = []kit.Scenario{
	{
		Name: "unblock/roundtrip",
		Doc:  "A call of a function that does nothing, with a context that cannot end; a go statement and a receive of its result.",
		Impls: []kit.Impl{
			{Name: kit.Ours, Measure: func(r *kit.Rep) (kit.Figures, error) {
				return callThrough(r, context.Background())
			}},
			{Name: "go+channel", Measure: goAndReceive},
		},
	},
	{
		Name: "unblock/roundtrip-ctx",
		Doc:  "The same with a context that can end. The rival makes a channel for each call, as it must where a call may be left: go+channel only receives from it, go+select selects on the end of the context too. go+one-channel cannot leave at all.",
		Impls: []kit.Impl{
			{Name: kit.Ours, Measure: func(r *kit.Rep) (kit.Figures, error) {
				ctx, cancel := context.WithCancel(context.Background())
				defer cancel()
				return callThrough(r, ctx)
			}},
			{Name: "go+channel", Measure: goAndReceiveFresh},
			{Name: "go+select", Measure: goAndSelect},
			{Name: "go+one-channel", Measure: goAndReceive},
		},
	},
	noop100k,
	sleep20k,
}

// work is the function that is called. It is a variable so that nobody can
// look into it.
var work = func() (int, error) { return 1, nil }

// callThrough measures one call through the default pool.
func callThrough(r *kit.Rep, ctx context.Context) (f kit.Figures, err error) {
	f = r.Loop(func(n int) {
		for range n {
			if _, e := unblock.Call(ctx, work); e != nil {
				err = e
			}
		}
	})
	return f, err
}

// outcome is what a channel has to carry where a function returns two values.
type outcome struct {
	value int
	err   error
}

// goAndReceive measures one go statement and the receive of what it sends. The
// channel is used again and again, which is possible only where nobody leaves
// early, and favours the rival.
func goAndReceive(r *kit.Rep) (f kit.Figures, err error) {
	ch := make(chan outcome, 1)
	f = r.Loop(func(n int) {
		for range n {
			go func() {
				v, err := work()
				ch <- outcome{v, err}
			}()
			if o := <-ch; o.err != nil {
				err = o.err
			}
		}
	})
	return f, err
}

// goAndReceiveFresh is goAndReceive with a channel for each call, which is what
// can be left: with one channel for all, the next call would receive what a call
// that was left sends late.
func goAndReceiveFresh(r *kit.Rep) (f kit.Figures, err error) {
	f = r.Loop(func(n int) {
		for range n {
			ch := make(chan outcome, 1)
			go func() {
				v, err := work()
				ch <- outcome{v, err}
			}()
			if o := <-ch; o.err != nil {
				err = o.err
			}
		}
	})
	return f, err
}

// goAndSelect measures what people write who may have to leave early: with a
// channel for each call, since nobody knows when it will be sent to.
func goAndSelect(r *kit.Rep) (f kit.Figures, err error) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	f = r.Loop(func(n int) {
		for range n {
			ch := make(chan outcome, 1)
			go func() {
				v, err := work()
				ch <- outcome{v, err}
			}()
			select {
			case o := <-ch:
				if o.err != nil {
					err = o.err
				}
			case <-ctx.Done():
				err = ctx.Err()
			}
		}
	})
	return f, err
}
