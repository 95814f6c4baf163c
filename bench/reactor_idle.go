package main

import (
	"context"
	"fmt"
	"net"
	"runtime"
	"time"

	"github.com/causeway-go/causeway/bench/kit"
	"github.com/causeway-go/causeway/executor"
	"github.com/causeway-go/causeway/pollster"
	"github.com/causeway-go/causeway/reactor"
)

const idleConnections = 20_000

var idle20k = kit.Scenario{
	Name:  "net/idle-20k",
	Doc:   fmt.Sprintf("What one idle connection costs that has a reader: %d of them, as a stackless task; as a goroutine on package net. The other ends are in another process. Where the limit on descriptors is no more than that, 50 less than the limit.", idleConnections),
	Child: true,
	Impls: []kit.Impl{
		{Name: kit.Ours, Measure: idleTasks},
		{Name: "net", Measure: idleNet},
	},
}

// idleTasks has a task for each connection.
func idleTasks(r *kit.Rep) (kit.Figures, error) {
	far, err := newFarEnds(r)
	if err != nil {
		return nil, err
	}
	defer far.close()
	x, err := reactor.New(reactor.Options{})
	if err != nil {
		return nil, err
	}
	l, err := x.Listen(context.Background(), "unix", far.path)
	if err != nil {
		return nil, err
	}
	defer l.Close()
	ex, err := executor.NewLocal(executor.LocalOptions{})
	if err != nil {
		return nil, err
	}
	if err := far.connect(); err != nil {
		return nil, err
	}
	return kit.PerItem(far.n, func() func() {
		for range far.n {
			var c *reactor.Conn
			if c, err = pollster.BlockOn(context.Background(), l.AcceptFuture()); err != nil {
				break
			}
			executor.Spawn(ex, pollster.Future[struct{}](&idleTask{c: c})).Detach()
		}
		for ex.Poll(1 << 20) {
		}
		return func() { runtime.KeepAlive(ex); runtime.KeepAlive(x) }
	}), err
}

// An idleTask has a buffer only when there is something to read.
type idleTask struct {
	c  *reactor.Conn
	at reactor.Waiter
}

// Poll implements pollster.Future.
func (t *idleTask) Poll(w *pollster.Waker) (v struct{}, ready bool, err error) {
	var p [512]byte
	_, ready, err = t.c.PollRead(&t.at, w, p[:])
	return v, ready, err
}

// Cancel implements pollster.Canceler.
func (t *idleTask) Cancel() { t.at.Cancel() }

// idleNet has a goroutine for each connection.
func idleNet(r *kit.Rep) (kit.Figures, error) {
	far, err := newFarEnds(r)
	if err != nil {
		return nil, err
	}
	defer far.close()
	l, err := net.Listen("unix", far.path)
	if err != nil {
		return nil, err
	}
	defer l.Close()
	if err := far.connect(); err != nil {
		return nil, err
	}
	return kit.PerItem(far.n, func() func() {
		var all closers
		for range far.n {
			var c net.Conn
			if c, err = l.Accept(); err != nil {
				break
			}
			all.add(c)
			go func() {
				var p [512]byte
				_, _ = c.Read(p[:])
			}()
		}
		time.Sleep(100 * time.Millisecond) // until they wait
		return all.close
	}), err
}
