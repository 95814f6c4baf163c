// Echo holds 20,000 connections open and sends back what comes over them.
//
//	go run ./examples/echo [-connections n] [-rounds n] [-net]
//
// The program starts itself again as the client, so that each process has one end
// of each connection. At both ends a connection is a stackless task: a few hundred
// bytes with all that belongs to it, and no goroutine. The server's task has a
// buffer only while there is something to echo. With -net the server is plain Go, a
// goroutine with a buffer for each connection on package net, for comparison.
//
// It prints how long it took to connect, what one idle connection costs the
// server, and how long a round trip over each of them takes, all at once. As many
// connections are made as the limit on descriptors allows, which it raises as far as
// it may.
//
// It needs Linux. The exit status is 0 if every byte came back, 1 if not, 2 for
// wrong usage.
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"time"

	"github.com/causeway-go/causeway/executor"
	"github.com/causeway-go/causeway/reactor"
)

func main() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }

type options struct {
	connections, rounds int
	net                 bool
	client              string
	self                []string // how to start the client; os.Executable if empty
}

func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	var o options
	f := flag.NewFlagSet("echo", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.IntVar(&o.connections, "connections", 20_000, "make `n` connections")
	f.IntVar(&o.rounds, "rounds", 3, "send `n` messages over each")
	f.BoolVar(&o.net, "net", false, "serve with a goroutine for each connection, in plain Go")
	f.StringVar(&o.client, "client", "", "be the client of the server at `address`")
	if err := f.Parse(args); err != nil || o.connections < 1 || o.rounds < 1 || f.NArg() > 0 {
		return 2
	}
	limit, err := descriptors()
	if err != nil {
		_, _ = fmt.Fprintln(stderr, "echo:", err)
		return 1
	}
	if most := limit - 100; o.connections > most {
		_, _ = fmt.Fprintf(stdout, "only %d connections: there may be no more descriptors\n", most)
		o.connections = most
	}
	if o.client != "" {
		err = client(o, stdin, stdout)
	} else {
		err = server(o, stdout, stderr)
	}
	if err != nil {
		_, _ = fmt.Fprintln(stderr, "echo:", err)
		return 1
	}
	return 0
}

// server listens, starts the client, and tells what the connections cost.
func server(o options, stdout, stderr io.Writer) error {
	before := held()
	address, connected, stop, err := serve(o)
	if err != nil {
		return err
	}
	defer stop()
	self := o.self
	if len(self) == 0 {
		path, err := os.Executable()
		if err != nil {
			return err
		}
		self = []string{path}
	}
	cmd := exec.Command(self[0], append(self[1:], "-client", address,
		"-connections", fmt.Sprint(o.connections), "-rounds", fmt.Sprint(o.rounds))...)
	cmd.Stderr = stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	lines := bufio.NewScanner(out)
	if lines.Scan() { // all are connected
		_, _ = fmt.Fprintln(stdout, lines.Text())
		for deadline := time.Now().Add(10 * time.Second); connected() < o.connections && time.Now().Before(deadline); {
			time.Sleep(time.Millisecond)
		}
		each := (held() - before) / float64(connected())
		_, _ = fmt.Fprintf(stdout, "server: %d connections, %.0f bytes each, %d goroutines\n", connected(), each, runtime.NumGoroutine())
	}
	_ = in.Close() // go on
	for lines.Scan() {
		_, _ = fmt.Fprintln(stdout, lines.Text())
	}
	return cmd.Wait()
}

// serve starts the server that was chosen. connected counts.
func serve(o options) (address string, connected func() int, stop func(), err error) {
	if o.net {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return "", nil, nil, err
		}
		s := &plainServer{}
		go s.accept(l)
		return l.Addr().String(), s.connected, func() { _ = l.Close() }, nil
	}
	r, err := reactor.New(reactor.Options{})
	if err != nil {
		return "", nil, nil, err
	}
	l, err := r.Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, nil, errors.Join(err, r.Close())
	}
	ex, wait, err := tasks()
	if err != nil {
		return "", nil, nil, errors.Join(err, l.Close(), r.Close())
	}
	s := &taskServer{l: l, ex: ex}
	executor.Spawn(ex, s.future()).Detach()
	return l.Addr().String(), s.connected, func() { _ = l.Close(); wait(); _ = r.Close() }, nil
}

// tasks starts an executor with a worker for each processor.
func tasks() (ex *executor.Executor, stop func(), err error) {
	if ex, err = executor.New(executor.Options{}); err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	for range runtime.GOMAXPROCS(0) {
		go func() { _ = ex.Run(ctx) }()
	}
	return ex, func() { cancel(); _ = ex.Close() }, nil
}

// held returns the bytes of live heap and stacks.
func held() float64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc + m.StackInuse)
}
