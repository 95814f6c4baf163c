package main

import (
	"context"
	"math/rand/v2"
	"os"
	"os/exec"
	"runtime"
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
			t := x.Sleep(time.Minute)
			return r.Loop(func(n int) {
				for range n {
					t.Reset(time.Minute)
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
