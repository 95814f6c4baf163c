package main

import (
	"context"
	"fmt"
	"net"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/causeway-go/causeway/bench/kit"
	"github.com/causeway-go/causeway/executor"
	"github.com/causeway-go/causeway/pollster"
	"github.com/causeway-go/causeway/reactor"
)

const (
	echoConnections = 1000
	echoEach        = 20
)

var echo1k = kit.Scenario{
	Name:  "net/echo-1k",
	Doc:   fmt.Sprintf("The 99th percentile of the time of a round trip, with %d connections at it at once. Only the echo differs: tasks; goroutines on our connections; goroutines on package net. The others are goroutines on package net.", echoConnections),
	Child: true,
	Impls: []kit.Impl{
		{Name: kit.Ours, Measure: echoTimes(echoEach, 99, echoByTasks(reactor.Options{}))},
		{Name: "causeway-blocking", Measure: echoTimes(echoEach, 99, echoByGoroutines(reactor.Options{}, echoConnections))},
		{Name: "net", Measure: echoTimes(echoEach, 99, echoByNet(echoConnections))},
	},
}

var busyP50 = kit.Scenario{
	Name:  "net/busy-p50",
	Doc:   "The median of the time of a round trip between two goroutines, while twice GOMAXPROCS goroutines compute: a reactor with its own thread; without; package net.",
	Child: true,
	Impls: []kit.Impl{
		{Name: "causeway-thread", Measure: busyTimes(echoByGoroutines(reactor.Options{Thread: true}, 1))},
		{Name: kit.Ours, Measure: busyTimes(echoByGoroutines(reactor.Options{}, 1))},
		{Name: "net", Measure: busyTimes(echoByNet(1))},
	},
}

// An opener connects pairs, and has something answer at one end of each.
type opener func(dir string) (ends []net.Conn, stop func(), err error)

func echoByTasks(o reactor.Options) opener {
	return func(string) ([]net.Conn, func(), error) {
		r, err := reactor.New(o)
		if err != nil {
			return nil, nil, err
		}
		l, err := r.Listen(context.Background(), "tcp", "127.0.0.1:0")
		if err != nil {
			return nil, nil, err
		}
		defer l.Close()
		ex, stop, err := runExecutor()
		if err != nil {
			return nil, nil, err
		}
		var all closers
		var ends []net.Conn
		for range echoConnections {
			a, err := net.Dial("tcp", l.Addr().String())
			if err != nil {
				return nil, nil, err
			}
			b, err := pollster.BlockOn(context.Background(), l.AcceptFuture())
			if err != nil {
				return nil, nil, err
			}
			all.add(a, b)
			ends = append(ends, a)
			executor.Spawn(ex, pollster.Future[struct{}](&echoTask{c: b, p: make([]byte, 64)})).Detach()
		}
		all.add(r)
		return ends, func() { all.close(); stop() }, nil
	}
}

// echoByGoroutines has our connections at both ends if there is one connection, and
// at the answering end if there are more.
func echoByGoroutines(o reactor.Options, connections int) opener {
	return func(string) ([]net.Conn, func(), error) {
		r, err := reactor.New(o)
		if err != nil {
			return nil, nil, err
		}
		l, err := r.Listen(context.Background(), "tcp", "127.0.0.1:0")
		if err != nil {
			return nil, nil, err
		}
		dial := net.Dial
		if connections == 1 {
			dial = func(network, address string) (net.Conn, error) { return r.Dial(context.Background(), network, address) }
		}
		ends, stop, err := echoOver(l, dial, connections, message{size: 64})
		return ends, func() { stop(); _ = r.Close() }, err
	}
}

func echoByNet(connections int) opener {
	return func(string) ([]net.Conn, func(), error) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, nil, err
		}
		return echoOver(l, net.Dial, connections, message{size: 64})
	}
}

// echoOver has a goroutine answer at each connection to l, which it closes.
func echoOver(l net.Listener, dial func(network, address string) (net.Conn, error), connections int, m message) ([]net.Conn, func(), error) {
	defer l.Close()
	var all closers
	var ends []net.Conn
	for range connections {
		a, err := dial(l.Addr().Network(), l.Addr().String())
		if err != nil {
			return nil, nil, err
		}
		b, err := l.Accept()
		if err != nil {
			return nil, nil, err
		}
		all.add(a, b)
		ends = append(ends, a)
		go echoBlocking(b, m)
	}
	return ends, all.close, nil
}

// busyTimes is echoTimes while every processor is busy.
func busyTimes(open opener) func(*kit.Rep) (kit.Figures, error) {
	measure := echoTimes(100, 50, open)
	return func(r *kit.Rep) (kit.Figures, error) {
		defer kit.Busy(2 * runtime.GOMAXPROCS(0))()
		return measure(r)
	}
}

// echoTimes has a goroutine at each end that measures, so often, and returns that
// percentile.
func echoTimes(each, percentile int, open opener) func(*kit.Rep) (kit.Figures, error) {
	return func(r *kit.Rep) (kit.Figures, error) {
		dir, err := r.Dir()
		if err != nil {
			return nil, err
		}
		ends, stop, err := open(dir)
		if err != nil {
			return nil, err
		}
		defer stop()
		times := make([][]time.Duration, len(ends))
		var all sync.WaitGroup
		for i, c := range ends {
			all.Go(func() {
				round := pingers([]net.Conn{c}, message{size: 64})
				for range each {
					start := time.Now()
					round(1)
					times[i] = append(times[i], time.Since(start))
				}
			})
		}
		all.Wait()
		flat := slices.Concat(times...)
		slices.Sort(flat)
		return kit.Figures{{Metric: kit.NsPerOp, Value: float64(flat[len(flat)*percentile/100])}}, nil
	}
}
