package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/causeway-go/causeway/bench/kit"
	"github.com/causeway-go/causeway/executor"
	"github.com/causeway-go/causeway/pollster"
	"github.com/causeway-go/causeway/reactor"
)

var timerArm = kit.Scenario{
	Name: "timer/arm-cancel",
	Doc:  "Arm a timer of a minute and take it back: our timer used again; made anew; time.AfterFunc and Stop; a time.Timer that is Reset.",
	Impls: []kit.Impl{
		{Name: kit.Ours, Measure: func(r *kit.Rep) (kit.Figures, error) {
			x, err := reactor.New(reactor.Options{})
			if err != nil {
				return nil, err
			}
			defer x.Close()
			w := pollster.NewWaker(func() {})
			t := x.Sleep(time.Minute)
			return r.Loop(func(n int) {
				for range n {
					t.Reset(time.Minute)
					t.Poll(w)
					t.Cancel()
				}
			}), nil
		}},
		{Name: "causeway-anew", Measure: func(r *kit.Rep) (kit.Figures, error) {
			x, err := reactor.New(reactor.Options{})
			if err != nil {
				return nil, err
			}
			defer x.Close()
			w := pollster.NewWaker(func() {})
			return r.Loop(func(n int) {
				for range n {
					t := x.Sleep(time.Minute)
					t.Poll(w)
					t.Cancel()
				}
			}), nil
		}},
		{Name: "time.AfterFunc", Measure: func(r *kit.Rep) (kit.Figures, error) {
			return r.Loop(func(n int) {
				for range n {
					time.AfterFunc(time.Minute, func() {}).Stop()
				}
			}), nil
		}},
		{Name: "time.Timer", Measure: func(r *kit.Rep) (kit.Figures, error) {
			t := time.AfterFunc(time.Minute, func() {})
			return r.Loop(func(n int) {
				for range n {
					t.Reset(time.Minute)
					t.Stop()
				}
			}), nil
		}},
	},
}

const timers = 1_000_000

var timerMemory = kit.Scenario{
	Name:  "timer/memory",
	Doc:   "What one of 1,000,000 sleeping activities costs: a stackless task with a timer; a goroutine in time.Sleep.",
	Child: true,
	Impls: []kit.Impl{
		{Name: kit.Ours, Measure: sleepTasks},
		{Name: "time.AfterFunc", Measure: func(*kit.Rep) (kit.Figures, error) {
			return kit.PerItem(timers, func() func() {
				all := make([]*time.Timer, timers)
				for i := range all {
					all[i] = time.AfterFunc(time.Hour, func() {})
				}
				return func() { runtime.KeepAlive(all) }
			}), nil
		}},
		{Name: "goroutine", Measure: func(*kit.Rep) (kit.Figures, error) {
			return kit.PerItem(timers/10, func() func() {
				for range timers / 10 {
					go time.Sleep(time.Hour)
				}
				time.Sleep(time.Second) // until they sleep
				return func() {}
			}), nil
		}},
	},
}

// sleepTasks has a task for each timer.
func sleepTasks(*kit.Rep) (kit.Figures, error) {
	x, err := reactor.New(reactor.Options{})
	if err != nil {
		return nil, err
	}
	l, err := executor.NewLocal(executor.LocalOptions{})
	if err != nil {
		return nil, err
	}
	return kit.PerItem(timers, func() func() {
		for range timers {
			executor.Spawn(l, pollster.Future[struct{}](x.Sleep(time.Hour))).Detach()
		}
		for l.Poll(1 << 20) {
		}
		return func() { runtime.KeepAlive(l); runtime.KeepAlive(x) }
	}), nil
}

var timerGrowth = kit.Scenario{
	Name:  "timer/growth",
	Doc:   "Arm a timer and take it back while 1,000,000 others are pending.",
	Child: true,
	Impls: []kit.Impl{
		{Name: kit.Ours, Measure: func(r *kit.Rep) (kit.Figures, error) {
			x, err := reactor.New(reactor.Options{})
			if err != nil {
				return nil, err
			}
			w := pollster.NewWaker(func() {})
			for range timers {
				x.Sleep(time.Hour + rand.N(time.Hour)).Poll(w)
			}
			return r.Loop(func(n int) {
				for range n {
					t := x.Sleep(time.Minute)
					t.Poll(w)
					t.Cancel()
				}
			}), nil
		}},
		{Name: "time.AfterFunc", Measure: func(r *kit.Rep) (kit.Figures, error) {
			for range timers {
				time.AfterFunc(time.Hour+rand.N(time.Hour), func() {})
			}
			return r.Loop(func(n int) {
				for range n {
					time.AfterFunc(time.Minute, func() {}).Stop()
				}
			}), nil
		}},
	},
}

const (
	fileReads = 10_000
	fileBlock = 16 << 10
	fileSize  = 64 << 20
)

var fileRead10k = kit.Scenario{
	Name:  "file/read-10k",
	Doc:   "10,000 reads of 16 KiB at random places of a file in the page cache, all under way at once: futures on io_uring, futures on the pool, a goroutine each on os.File.",
	Child: true,
	Impls: []kit.Impl{
		{Name: kit.Ours, Measure: readFutures(reactor.FileAuto)},
		{Name: "causeway-pool", Measure: readFutures(reactor.FilePool)},
		{Name: "os.File", Measure: readGoroutines},
	},
}

// readOrder makes the file and chooses where to read.
func readOrder(r *kit.Rep) (path string, offsets []int64, buffers []byte, err error) {
	dir, err := r.Dir()
	if err != nil {
		return "", nil, nil, err
	}
	path = filepath.Join(dir, "data")
	if err := os.WriteFile(path, make([]byte, fileSize), 0o600); err != nil {
		return "", nil, nil, err
	}
	for range fileReads {
		offsets = append(offsets, rand.N(int64(fileSize/fileBlock))*fileBlock)
	}
	buffers = make([]byte, fileReads*fileBlock)
	for i := 0; i < len(buffers); i += 4096 {
		buffers[i] = 1
	}
	return path, offsets, buffers, nil
}

func readFutures(backend reactor.FileBackend) func(r *kit.Rep) (kit.Figures, error) {
	return func(r *kit.Rep) (kit.Figures, error) {
		path, offsets, buffers, err := readOrder(r)
		if err != nil {
			return nil, err
		}
		s, err := reactor.NewFiles(reactor.FilesOptions{Backend: backend})
		if err != nil {
			return nil, err
		}
		f, err := s.Open(context.Background(), path)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		figures := kit.Throughput(fileReads*fileBlock, func() {
			reads := make([]pollster.Future[int], fileReads)
			for i := range reads {
				reads[i] = f.ReadAtFuture(buffers[i*fileBlock:][:fileBlock], offsets[i])
			}
			_, err = pollster.BlockOn(context.Background(), pollster.Join(reads...))
		})
		return figures, err
	}
}

func readGoroutines(r *kit.Rep) (kit.Figures, error) {
	path, offsets, buffers, err := readOrder(r)
	if err != nil {
		return nil, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return kit.Throughput(fileReads*fileBlock, func() {
		var all sync.WaitGroup
		for i, at := range offsets {
			all.Go(func() { _, _ = f.ReadAt(buffers[i*fileBlock:][:fileBlock], at) })
		}
		all.Wait()
	}), nil
}

const children = 200

var processWait200 = kit.Scenario{
	Name:  "process/wait-200",
	Doc:   "200 child processes awaited at once; threads at most. They end when their input does.",
	Child: true,
	Impls: []kit.Impl{
		{Name: kit.Ours, Measure: waitChildren(func(cmds []*exec.Cmd) (func() error, error) {
			var all []pollster.Future[*os.ProcessState]
			for _, cmd := range cmds {
				c, err := reactor.StartChild(cmd, reactor.ChildOptions{})
				if err != nil {
					return nil, err
				}
				all = append(all, c.Future())
			}
			return func() error {
				_, err := pollster.BlockOn(context.Background(), pollster.Join(all...))
				return err
			}, nil
		})},
		{Name: "os/exec", Measure: waitChildren(func(cmds []*exec.Cmd) (func() error, error) {
			var all sync.WaitGroup
			for _, cmd := range cmds {
				if err := cmd.Start(); err != nil {
					return nil, err
				}
				all.Go(func() { _ = cmd.Wait() })
			}
			return func() error { all.Wait(); return nil }, nil
		})},
	},
}

func waitChildren(start func(cmds []*exec.Cmd) (wait func() error, err error)) func(*kit.Rep) (kit.Figures, error) {
	return func(*kit.Rep) (kit.Figures, error) {
		r, w, err := os.Pipe()
		if err != nil {
			return nil, err
		}
		defer r.Close()
		var cmds []*exec.Cmd
		for range children {
			cmd := exec.Command("/bin/cat")
			cmd.Stdin = r
			cmds = append(cmds, cmd)
		}
		wait, err := start(cmds)
		if err != nil {
			w.Close()
			return nil, err
		}
		time.Sleep(200 * time.Millisecond) // all of them are being waited for
		threads := kit.Threads()
		w.Close()
		err = wait()
		return kit.Figures{{Metric: kit.ThreadsPeak, Value: float64(threads)}}, err
	}
}

const (
	echoConnections = 1000
	echoEach        = 20
)

var echo1k = kit.Scenario{
	Name:  "net/echo-1k",
	Doc:   fmt.Sprintf("The 99th percentile of the time of a round trip, with %d connections at it at once.", echoConnections),
	Child: true,
	Impls: []kit.Impl{
		{Name: kit.Ours, Measure: echoP99(func(dir string) ([]net.Conn, func(), error) {
			r, err := reactor.New(reactor.Options{})
			if err != nil {
				return nil, nil, err
			}
			all, as, bs, err := ourPairs(r, "tcp", dir, echoConnections)
			if err != nil {
				return nil, nil, err
			}
			ex, stop, err := runExecutor()
			if err != nil {
				return nil, nil, err
			}
			var ends []net.Conn
			for i, b := range bs {
				executor.Spawn(ex, pollster.Future[struct{}](&echoTask{c: b, p: make([]byte, 64)})).Detach()
				ends = append(ends, as[i])
			}
			return ends, func() { all.close(); stop() }, nil
		})},
		{Name: "net", Measure: echoP99(func(string) ([]net.Conn, func(), error) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				return nil, nil, err
			}
			defer l.Close()
			var all closers
			var ends []net.Conn
			for range echoConnections {
				a, err := net.Dial("tcp", l.Addr().String())
				if err != nil {
					return nil, nil, err
				}
				b, err := l.Accept()
				if err != nil {
					return nil, nil, err
				}
				all.add(a, b)
				ends = append(ends, a)
				go echoBlocking(b, 64)
			}
			return ends, all.close, nil
		})},
	},
}

// echoP99 has a goroutine at each end that measures; what differs is the echo.
func echoP99(open func(dir string) (ends []net.Conn, stop func(), err error)) func(*kit.Rep) (kit.Figures, error) {
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
				round := pingers([]net.Conn{c}, 64)
				for range echoEach {
					start := time.Now()
					round(1)
					times[i] = append(times[i], time.Since(start))
				}
			})
		}
		all.Wait()
		flat := slices.Concat(times...)
		slices.Sort(flat)
		return kit.Figures{{Metric: kit.NsPerOp, Value: float64(flat[len(flat)*99/100])}}, nil
	}
}
