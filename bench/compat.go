package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"sync"

	"github.com/causeway-go/causeway/bench/kit"
	"github.com/causeway-go/causeway/compat"
	"github.com/causeway-go/causeway/compat/nethttp"
	"github.com/causeway-go/causeway/executor"
	"github.com/causeway-go/causeway/pollster"
)

var compatScenarios = []kit.Scenario{
	{
		Name:   "http/handler-overhead",
		Doc:    "One request over TCP, kept alive, from one client of ours to a server in this process, whose handler answers 64 bytes: as a function task on connections of a reactor; the same on those of net; net/http alone.",
		Rounds: 15,
		Impls: []kit.Impl{
			{Name: kit.Ours, Measure: httpRequests(1, taskServer)},
			{Name: "causeway-handler", Measure: httpRequests(1, taskHandler)},
			{Name: "causeway-server", Measure: httpRequests(1, reactorServer)},
			{Name: "net/http", Measure: httpRequests(1, plainServer)},
		},
	},
	{
		Name:   "http/handler-overhead-32",
		Doc:    "The same with 32 clients at once.",
		Rounds: 15,
		Impls: []kit.Impl{
			{Name: kit.Ours, Measure: httpRequests(32, taskServer)},
			{Name: "causeway-handler", Measure: httpRequests(32, taskHandler)},
			{Name: "causeway-server", Measure: httpRequests(32, reactorServer)},
			{Name: "net/http", Measure: httpRequests(32, plainServer)},
		},
	},
	{
		Name:   "http/handler-overhead-work",
		Doc:    "The same with 32 clients, and a handler that hashes 64 KiB before it answers, which takes 30 to 60 µs where the processor has instructions for that.",
		Rounds: 15,
		Impls: []kit.Impl{
			{Name: kit.Ours, Measure: httpRequestsOf(hashes, 32, taskServer)},
			{Name: "causeway-handler", Measure: httpRequestsOf(hashes, 32, taskHandler)},
			{Name: "causeway-server", Measure: httpRequestsOf(hashes, 32, reactorServer)},
			{Name: "net/http", Measure: httpRequestsOf(hashes, 32, plainServer)},
		},
	},
	{
		Name:   "compat/chan",
		Doc:    "One value through a channel of 64 between two goroutines: received as a stream by a range loop, by Next, and by a plain receive.",
		Rounds: 15,
		Impls: []kit.Impl{
			{Name: kit.Ours, Measure: chanThrough(func(ch <-chan int) (sum int) {
				for v := range pollster.Seq(context.Background(), compat.FromChan(ch)) {
					sum += v
				}
				return sum
			})},
			{Name: "causeway-next", Measure: chanThrough(func(ch <-chan int) (sum int) {
				r := compat.FromChan(ch)
				for {
					v, err := r.Next(context.Background())
					if err != nil {
						return sum
					}
					sum += v
				}
			})},
			{Name: "channel", Measure: chanThrough(func(ch <-chan int) (sum int) {
				for v := range ch {
					sum += v
				}
				return sum
			})},
		},
	},
	{
		Name:   "compat/chan-and-back",
		Doc:    "One value through a channel of 64, a goroutine, and another such channel: as a stream that is fed to the second; by receive and send.",
		Rounds: 15,
		Impls: []kit.Impl{
			{Name: kit.Ours, Measure: chanAndBack(func(from <-chan int, to chan<- int) {
				_ = compat.Feed(context.Background(), compat.FromChan(from), to)
			})},
			{Name: "channel", Measure: chanAndBack(func(from <-chan int, to chan<- int) {
				for v := range from {
					to <- v
				}
			})},
		},
	},
}

func chanThrough(drain func(<-chan int) int) func(*kit.Rep) (kit.Figures, error) {
	return func(r *kit.Rep) (kit.Figures, error) {
		return r.Loop(func(n int) {
			ch := make(chan int, 64)
			go func() {
				for i := range n {
					ch <- i
				}
				close(ch)
			}()
			drain(ch)
		}), nil
	}
}

func chanAndBack(move func(from <-chan int, to chan<- int)) func(*kit.Rep) (kit.Figures, error) {
	return func(r *kit.Rep) (kit.Figures, error) {
		return r.Loop(func(n int) {
			from, to := make(chan int, 64), make(chan int, 64)
			go func() {
				for i := range n {
					from <- i
				}
				close(from)
			}()
			go func() {
				defer close(to)
				move(from, to)
			}()
			for range to {
			}
		}), nil
	}
}

// A serverKind starts a server with a handler on a new listener.
type serverKind func(h http.Handler) (address string, stop func(), err error)

var httpAnswer = []byte("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")

// httpRequests measures requests by so many clients at once, each on its own
// connection of package net, without a http.Client, which would cost more than
// what is compared.
func httpRequests(clients int, serve serverKind) func(*kit.Rep) (kit.Figures, error) {
	return httpRequestsOf(answers, clients, serve)
}

func answers(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(httpAnswer) }

var hashed [64 << 10]byte

func hashes(w http.ResponseWriter, _ *http.Request) {
	sum := sha256.Sum256(hashed[:])
	_, _ = w.Write(sum[:])
	_, _ = w.Write(sum[:])
}

func httpRequestsOf(h http.HandlerFunc, clients int, serve serverKind) func(*kit.Rep) (kit.Figures, error) {
	return func(r *kit.Rep) (figures kit.Figures, err error) {
		address, stop, err := serve(h)
		if err != nil {
			return nil, err
		}
		defer stop()
		all := make([]*httpClient, clients)
		for i := range all {
			c, err := net.Dial("tcp", address)
			if err != nil {
				return nil, err
			}
			defer c.Close()
			all[i] = &httpClient{c: c}
			if err := all[i].measure(); err != nil {
				return nil, err
			}
		}
		figures = r.Loop(func(n int) {
			var wg sync.WaitGroup
			for _, c := range all {
				wg.Go(func() {
					for range (n + clients - 1) / clients {
						if e := c.request(); e != nil {
							c.err = e
							return
						}
					}
				})
			}
			wg.Wait()
		})
		for _, c := range all {
			if c.err != nil {
				return nil, c.err
			}
		}
		return figures, nil
	}
}

var httpQuestion = []byte("GET /x HTTP/1.1\r\nHost: bench\r\nUser-Agent: bench\r\nAccept: */*\r\n\r\n")

// An httpClient is one connection. All answers have the same length.
type httpClient struct {
	c      net.Conn
	answer int
	buf    [4096]byte
	err    error
}

// measure makes the first request, to learn how long answers are.
func (c *httpClient) measure() error {
	if _, err := c.c.Write(httpQuestion); err != nil {
		return err
	}
	n, err := c.c.Read(c.buf[:])
	c.answer = n
	if n < len(httpAnswer) {
		return fmt.Errorf("an answer of %d bytes: %v", n, err)
	}
	return err
}

func (c *httpClient) request() error {
	if _, err := c.c.Write(httpQuestion); err != nil {
		return err
	}
	_, err := io.ReadFull(c.c, c.buf[:c.answer])
	return err
}

func plainServer(h http.Handler) (string, func(), error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	s := &http.Server{Handler: h}
	go s.Serve(l)
	return l.Addr().String(), func() { s.Close() }, nil
}

func reactorServer(h http.Handler) (string, func(), error) {
	s := &nethttp.Server{Server: http.Server{Handler: h}}
	l, err := s.Listen(context.Background(), "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	go s.Serve(l)
	return l.Addr().String(), func() { s.Close() }, nil
}

func taskServer(h http.Handler) (string, func(), error) { return inTasks(h, reactorServer) }

func taskHandler(h http.Handler) (string, func(), error) { return inTasks(h, plainServer) }

func inTasks(h http.Handler, serve serverKind) (string, func(), error) {
	ex, err := executor.New(executor.Options{})
	if err != nil {
		return "", nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	for range runtime.GOMAXPROCS(0) {
		go ex.Run(ctx)
	}
	address, stop, err := serve(nethttp.Handler(ex, h))
	if err != nil {
		cancel()
		return "", nil, err
	}
	return address, func() { stop(); ex.Close(); cancel() }, nil
}
