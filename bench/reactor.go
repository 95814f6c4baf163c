package main

import (
	"context"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/causeway-go/causeway/bench/kit"
	"github.com/causeway-go/causeway/executor"
	"github.com/causeway-go/causeway/pollster"
	"github.com/causeway-go/causeway/reactor"
)

// reactorScenarios are those of connections; more are in the files beside this one.
var reactorScenarios = []kit.Scenario{
	pingPong("net/pingpong-unix-1", "unix", 1, message{size: 64}, 0),
	pingPong("net/pingpong-unix-100", "unix", 100, message{size: 64}, 0),
	pingPong("net/pingpong-tcp-1", "tcp", 1, message{size: 64}, 0),
	pingPong("net/pingpong-tcp-100", "tcp", 100, message{size: 64}, 0),
	pingPong("net/pingpong-unix-1-64k", "unix", 1, message{size: 64 << 10}, 0),
	pingPong("net/pingpong-unix-100-64k", "unix", 100, message{size: 64 << 10}, 0),
	pingPong("net/pingpong-tcp-100-room", "tcp", 100, message{size: 64, room: 4 << 10}, 0),
	pingPong("net/busy", "unix", 10, message{size: 64}, 2),
	busyP50,
	echo1k,
	idle20k,
	timerArm,
	timerMemory,
	timerGrowth,
	fileRead10k,
	fileRead10k4,
	fileRead10k64,
	fileDirect10k,
	processWait200,
}

// A message is what goes to and fro: so many bytes, in a buffer to read with that has
// room for more if that is asked for.
type message struct{ size, room int }

// buffer makes a buffer to write from as it is, and to read into to its capacity.
func (m message) buffer() []byte { return make([]byte, m.size, max(m.size, m.room)) }

// receive waits for a message. Never are there two.
func receive(c io.Reader, p []byte) error {
	_, err := io.ReadAtLeast(c, p[:cap(p)], len(p))
	return err
}

// pingPong compares round trips of a message over so many connections at once,
// while busy goroutines for each P compute.
func pingPong(name, network string, connections int, m message, busy int) kit.Scenario {
	doc := "One round trip of a message over a connection, with both ends in this process: stackless tasks; goroutines on our connections; goroutines on package net."
	if m.room > 0 {
		doc += " The buffers to read with have room for more than the message, as those of most protocols do."
	}
	if busy > 0 {
		doc += " Twice GOMAXPROCS goroutines compute meanwhile."
	}
	measure := func(run func(network, dir string, connections int, m message) (rounds func(n int), stop func(), err error)) func(*kit.Rep) (kit.Figures, error) {
		return func(r *kit.Rep) (kit.Figures, error) {
			dir, err := r.Dir()
			if err != nil {
				return nil, err
			}
			rounds, stop, err := run(network, dir, connections, m)
			if err != nil {
				return nil, err
			}
			defer stop()
			if busy > 0 {
				defer kit.Busy(busy * runtime.GOMAXPROCS(0))()
				r.Target = 500 * time.Millisecond // each wake may take as long as the others compute
			}
			return r.Loop(func(n int) { rounds((n + connections - 1) / connections) }), nil
		}
	}
	rounds := 0
	if busy > 0 {
		rounds = 2
	}
	return kit.Scenario{
		Name: name, Doc: doc, Rounds: rounds,
		Impls: []kit.Impl{
			{Name: kit.Ours, Measure: measure(pingTasks(reactor.Options{}))},
			{Name: "causeway-thread", Measure: measure(pingTasks(reactor.Options{Thread: true}))},
			{Name: "causeway-blocking", Measure: measure(pingBlocking)},
			{Name: "net", Measure: measure(pingNet)},
		},
	}
}

// address returns where to listen.
func address(network, dir string) string {
	if network == "unix" {
		path := filepath.Join(dir, "socket")
		_ = os.Remove(path)
		return path
	}
	return "127.0.0.1:0"
}

// closers are what stop has to close.
type closers []io.Closer

func (c *closers) add(x ...io.Closer) { *c = append(*c, x...) }

func (c closers) close() {
	for _, x := range c {
		_ = x.Close()
	}
}

// pingNet has a goroutine at each end of each connection.
func pingNet(network, dir string, connections int, m message) (func(int), func(), error) {
	l, err := net.Listen(network, address(network, dir))
	if err != nil {
		return nil, nil, err
	}
	ends, stop, err := echoOver(l, net.Dial, connections, m)
	if err != nil {
		return nil, nil, err
	}
	return pingers(ends, m), stop, nil
}

// ourPairs connects through reactor r.
func ourPairs(r *reactor.Reactor, network, dir string, connections int) (all closers, as, bs []*reactor.Conn, err error) {
	ctx := context.Background()
	l, err := r.Listen(ctx, network, address(network, dir))
	if err != nil {
		return nil, nil, nil, err
	}
	defer l.Close()
	for range connections {
		a, err := r.Dial(ctx, network, l.Addr().String())
		if err != nil {
			return nil, nil, nil, err
		}
		b, err := pollster.BlockOn(ctx, l.AcceptFuture())
		if err != nil {
			return nil, nil, nil, err
		}
		all.add(a, b)
		as, bs = append(as, a), append(bs, b)
	}
	return all, as, bs, nil
}

// pingBlocking is pingNet on our connections.
func pingBlocking(network, dir string, connections int, m message) (func(int), func(), error) {
	r, err := reactor.New(reactor.Options{})
	if err != nil {
		return nil, nil, err
	}
	all, as, bs, err := ourPairs(r, network, dir, connections)
	if err != nil {
		return nil, nil, err
	}
	all.add(r)
	var ends []net.Conn
	for i, a := range as {
		ends = append(ends, a)
		go echoBlocking(bs[i], m)
	}
	return pingers(ends, m), all.close, nil
}

func echoBlocking(c net.Conn, m message) {
	p := m.buffer()
	for {
		if receive(c, p) != nil {
			return
		}
		if _, err := c.Write(p); err != nil {
			return
		}
	}
}

// pingers makes rounds on all ends at once.
func pingers(ends []net.Conn, m message) func(n int) {
	buffers := make([][]byte, len(ends))
	for i := range buffers {
		buffers[i] = m.buffer()
	}
	return func(n int) {
		var done sync.WaitGroup
		for i, c := range ends {
			done.Go(func() {
				p := buffers[i]
				for range n {
					if _, err := c.Write(p); err != nil {
						return
					}
					if receive(c, p) != nil {
						return
					}
				}
			})
		}
		done.Wait()
	}
}

// pingTasks has a stackless task at each end, on an executor with a worker for each
// P.
func pingTasks(o reactor.Options) func(network, dir string, connections int, m message) (func(int), func(), error) {
	return func(network, dir string, connections int, m message) (func(int), func(), error) {
		r, err := reactor.New(o)
		if err != nil {
			return nil, nil, err
		}
		all, as, bs, err := ourPairs(r, network, dir, connections)
		if err != nil {
			return nil, nil, err
		}
		all.add(r)
		ex, stop, err := runExecutor()
		if err != nil {
			return nil, nil, err
		}
		for _, b := range bs {
			executor.Spawn(ex, pollster.Future[struct{}](&echoTask{c: b, p: m.buffer()})).Detach()
		}
		tasks := make([]pingTask, connections)
		for i, a := range as {
			tasks[i].c, tasks[i].p, tasks[i].x.writing = a, m.buffer(), true
		}
		rounds := func(n int) {
			var left atomic.Int64
			left.Store(int64(connections))
			done := make(chan struct{})
			for i := range tasks {
				t := &tasks[i]
				t.rounds, t.left, t.done = n, &left, done
				executor.Spawn(ex, pollster.Future[struct{}](t)).Detach()
			}
			<-done
		}
		return rounds, func() { all.close(); stop() }, nil
	}
}

// runExecutor starts one with a worker for each P.
func runExecutor() (ex *executor.Executor, stop func(), err error) {
	if ex, err = executor.New(executor.Options{}); err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() { _ = ex.Run(ctx) })
	}
	return ex, func() { cancel(); workers.Wait(); _ = ex.Close() }, nil
}

// A transfer moves the whole of a buffer, in one direction and then the other.
type transfer struct {
	at      reactor.Waiter
	n       int // done so far
	writing bool
}

// step goes on with the transfer and reports whether the whole has been moved.
func (x *transfer) step(c *reactor.Conn, w *pollster.Waker, p []byte) (done bool, err error) {
	for x.n < len(p) {
		var n int
		var ready bool
		if x.writing {
			n, ready, err = c.PollWrite(&x.at, w, p[x.n:])
		} else {
			n, ready, err = c.PollRead(&x.at, w, p[x.n:cap(p)])
		}
		if !ready {
			return false, err
		}
		x.n += n
	}
	x.n, x.writing = 0, !x.writing
	return true, nil
}

// An echoTask sends back what it gets.
type echoTask struct {
	c *reactor.Conn
	p []byte
	x transfer
}

// Poll implements pollster.Future.
func (t *echoTask) Poll(w *pollster.Waker) (v struct{}, ready bool, err error) {
	for {
		done, err := t.x.step(t.c, w, t.p)
		if err != nil {
			return v, true, nil // the connection has ended, and so does this
		}
		if !done {
			return v, false, nil
		}
	}
}

// Cancel implements pollster.Canceler.
func (t *echoTask) Cancel() { t.x.at.Cancel() }

// A pingTask makes rounds.
type pingTask struct {
	c      *reactor.Conn
	p      []byte
	x      transfer
	rounds int
	left   *atomic.Int64
	done   chan struct{}
}

// Poll implements pollster.Future.
func (t *pingTask) Poll(w *pollster.Waker) (v struct{}, ready bool, err error) {
	for t.rounds > 0 {
		done, err := t.x.step(t.c, w, t.p)
		if err != nil {
			break
		}
		if !done {
			return v, false, nil
		}
		if t.x.writing { // the answer has been read
			t.rounds--
		}
	}
	if t.left.Add(-1) == 0 {
		close(t.done)
	}
	return v, true, nil
}

// Cancel implements pollster.Canceler.
func (t *pingTask) Cancel() { t.x.at.Cancel() }
