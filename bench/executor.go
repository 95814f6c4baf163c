package main

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/sourcegraph/conc"

	"github.com/causeway-go/causeway/bench/kit"
	"github.com/causeway-go/causeway/executor"
	"github.com/causeway-go/causeway/executor/meet"
	"github.com/causeway-go/causeway/pollster"
)

var executorScenarios = []kit.Scenario{
	{
		Name: "executor/spawn",
		Doc:  "Start something that does nothing, and see its end, a hundred at a time, from inside one worker; the same with goroutines on any number of threads.",
		Impls: []kit.Impl{
			{Name: kit.Ours, Measure: spawnTasks},
			{Name: "causeway-detached", Measure: spawnDetached},
			{Name: "causeway-all", Measure: spawnTogether},
			{Name: "causeway-function", Measure: spawnFunctions},
			{Name: "goroutine", Measure: spawnGroups(func() group { return &waitGroup{} })},
			{Name: "goroutine-each", Measure: spawnGoroutineEach},
			{Name: "errgroup", Measure: spawnGroups(func() group { return &errGroupOf{} })},
			{Name: "conc", Measure: spawnGroups(func() group { return conc.NewWaitGroup() })},
		},
	},
	{
		Name: "executor/yield",
		Doc:  "Let others go first, when there is nobody: a task that wakes itself; runtime.Gosched.",
		Impls: []kit.Impl{
			{Name: kit.Ours, Measure: yieldTasks(1)},
			{Name: "causeway-among-100", Measure: yieldTasks(100)},
			{Name: "goroutine", Measure: func(r *kit.Rep) (kit.Figures, error) {
				return r.Loop(func(n int) {
					for range n {
						runtime.Gosched()
					}
				}), nil
			}},
		},
	},
	{
		Name:  "executor/parked-memory",
		Doc:   "What one of 1,000,000 parked activities costs, with its handle and its waker.",
		Child: true,
		Impls: []kit.Impl{
			{Name: kit.Ours, Measure: parkTasks},
			{Name: "goroutine", Measure: parkGoroutines},
		},
	},
	{
		Name: "executor/await",
		Doc:  "Wait inside a function task for a future that is ready at its second poll, and for one that another task makes ready; ask another goroutine over channels.",
		Impls: []kit.Impl{
			{Name: kit.Ours, Measure: awaitSoon},
			{Name: "causeway-suspended", Measure: awaitSuspended},
			{Name: "goroutine", Measure: askGoroutine},
		},
	},
	doScenario,
	{
		Name:  "executor/growth",
		Doc:   "One round of n tasks that each wait once and are woken once, for each task: n is 1,000,000, and 1,000 beside it.",
		Child: true,
		Impls: []kit.Impl{
			{Name: kit.Ours, Measure: rounds(1_000_000)},
			{Name: "causeway-1000", Measure: rounds(1_000)},
		},
	},
	{
		Name: "thread/call-idle",
		Doc:  "Call an empty function on a locked OS thread, while nothing else happens.",
		Impls: []kit.Impl{
			{Name: kit.Ours, Measure: callThread},
			{Name: "channel", Measure: callChannel},
		},
	},
	{
		Name: "thread/call-busy",
		Doc:  "Call an empty function on a locked OS thread, while every processor is busy with goroutines.",
		Impls: []kit.Impl{
			{Name: kit.Ours, Measure: busily(callThread)},
			{Name: "channel", Measure: busily(callChannel)},
		},
	},
	{
		Name: "executor/channel",
		Doc:  "Pass a value from one task to another through a channel of 16, on one worker; the same with goroutines and Go's channel.",
		Impls: []kit.Impl{
			{Name: kit.Ours, Measure: passTasks},
			{Name: "goroutine", Measure: passGoroutines},
		},
	},
}

var executorBackground = context.Background()

// withWorkers runs f with an executor that has that many workers.
func withWorkers(workers int, f func(ex *executor.Executor)) error {
	ex, err := executor.New(executor.Options{})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(executorBackground)
	var running sync.WaitGroup
	for range workers {
		running.Go(func() { _ = ex.Run(ctx) })
	}
	f(ex)
	cancel()
	running.Wait()
	return ex.Close()
}

// onWorker measures f, as one task of an executor with one worker.
func onWorker(r *kit.Rep, f func(ex *executor.Executor, n int)) (figures kit.Figures, err error) {
	err = withWorkers(1, func(ex *executor.Executor) {
		figures = r.Loop(func(n int) { f(ex, n) })
	})
	return figures, err
}

// polled has f polled as a task until it is done, and waits for that.
func polled(ex *executor.Executor, f func(w *pollster.Waker) (done bool)) {
	_, _ = executor.Spawn(ex, pollster.Future[int](pollster.Func[int](func(w *pollster.Waker) (int, bool, error) {
		return 0, f(w), nil
	}))).Wait(executorBackground)
}

const together = 100

func spawnTasks(r *kit.Rep) (kit.Figures, error) {
	nothing := pollster.Ready(0)
	return onWorker(r, func(ex *executor.Executor, n int) {
		polled(ex, func(w *pollster.Waker) bool {
			for range together {
				executor.Spawn(ex, nothing)
			}
			n -= together
			w.Wake() // behind those just spawned
			return n <= 0
		})
	})
}

// spawnDetached keeps no handles, as a go statement does not.
func spawnDetached(r *kit.Rep) (kit.Figures, error) {
	nothing := pollster.Ready(struct{}{})
	return onWorker(r, func(ex *executor.Executor, n int) {
		polled(ex, func(w *pollster.Waker) bool {
			for range together {
				executor.SpawnDetached(ex, nothing)
			}
			n -= together
			w.Wake()
			return n <= 0
		})
	})
}

// spawnTogether spawns them all with one call.
func spawnTogether(r *kit.Rep) (kit.Figures, error) {
	nothing := make([]pollster.Future[int], together)
	for i := range nothing {
		nothing[i] = pollster.Ready(0)
	}
	return onWorker(r, func(ex *executor.Executor, n int) {
		polled(ex, func(w *pollster.Waker) bool {
			executor.SpawnAll(ex, nothing...)
			n -= together
			w.Wake()
			return n <= 0
		})
	})
}

func spawnFunctions(r *kit.Rep) (kit.Figures, error) {
	nothing := func(context.Context) (int, error) { return 0, nil }
	return onWorker(r, func(ex *executor.Executor, n int) {
		polled(ex, func(w *pollster.Waker) bool {
			for range together {
				executor.Go(ex, nothing)
			}
			n -= together
			w.Wake()
			return n <= 0
		})
	})
}

// A group is what the rivals have in common.
type group interface {
	Go(f func())
	Wait()
}

type waitGroup struct{ wg sync.WaitGroup }

func (g *waitGroup) Go(f func()) {
	g.wg.Add(1)
	go func() {
		f()
		g.wg.Done()
	}()
}

func (g *waitGroup) Wait() { g.wg.Wait() }

type errGroupOf struct{ g errgroup.Group }

func (g *errGroupOf) Go(f func()) {
	g.g.Go(func() error {
		f()
		return nil
	})
}

func (g *errGroupOf) Wait() { _ = g.g.Wait() }

func spawnGroups(make func() group) func(*kit.Rep) (kit.Figures, error) {
	return func(r *kit.Rep) (kit.Figures, error) {
		return r.Loop(func(n int) {
			for ; n > 0; n -= together {
				g := make()
				for range together {
					g.Go(func() {})
				}
				g.Wait()
			}
		}), nil
	}
}

// spawnGoroutineEach starts one and waits for it, as code that needs its result
// does.
func spawnGoroutineEach(r *kit.Rep) (kit.Figures, error) {
	return r.Loop(func(n int) {
		var wg sync.WaitGroup
		for range n {
			wg.Add(1)
			go wg.Done()
			wg.Wait()
		}
	}), nil
}

func yieldTasks(tasks int) func(*kit.Rep) (kit.Figures, error) {
	return func(r *kit.Rep) (kit.Figures, error) {
		return onWorker(r, func(ex *executor.Executor, n int) {
			var all []*executor.Task[int]
			for range tasks {
				all = append(all, executor.Spawn(ex, pollster.Future[int](pollster.Func[int](
					func(w *pollster.Waker) (int, bool, error) {
						n--
						w.Wake()
						return 0, n <= 0, nil
					}))))
			}
			for _, t := range all {
				_, _ = t.Wait(executorBackground)
			}
		})
	}
}

const parkedItems = 1_000_000

// A sleeper is a future that waits. All tasks share it: what is measured is the
// task.
type sleeper struct{}

func (sleeper) Poll(*pollster.Waker) (int, bool, error) { return 0, false, nil }

func parkTasks(*kit.Rep) (figures kit.Figures, err error) {
	err = withWorkers(1, func(ex *executor.Executor) {
		figures = kit.PerItem(parkedItems, func() (release func()) {
			handles := make([]*executor.Task[int], parkedItems)
			f := pollster.Future[int](sleeper{})
			for i := range handles {
				handles[i] = executor.Spawn(ex, f)
			}
			for ex.Stats().Idle == 0 {
				time.Sleep(time.Millisecond)
			}
			return func() { runtime.KeepAlive(handles) }
		})
	})
	return figures, err
}

func parkGoroutines(*kit.Rep) (kit.Figures, error) {
	return kit.PerItem(parkedItems, func() (release func()) {
		wake := make(chan struct{})
		var started sync.WaitGroup
		for range parkedItems {
			started.Add(1)
			go func() {
				started.Done()
				<-wake
			}()
		}
		started.Wait()
		return func() { close(wake) }
	}), nil
}

func awaitSoon(r *kit.Rep) (kit.Figures, error) {
	return onWorker(r, func(ex *executor.Executor, n int) {
		_, _ = executor.Go(ex, func(ctx context.Context) (int, error) {
			f := pollster.Future[int](new(selfWaking))
			for range n {
				if _, err := pollster.BlockOn(executorBackground, f); err != nil {
					return 0, err
				}
			}
			return 0, nil
		}).Wait(executorBackground)
	})
}

// An asked future is ready when a helper task has been polled.
type asked struct {
	helper, back *pollster.Waker
	waits, stop  bool
}

// Poll implements pollster.Future.
func (a *asked) Poll(w *pollster.Waker) (int, bool, error) {
	if a.waits = !a.waits; a.waits {
		a.back = w
		a.helper.Wake()
		return 0, false, nil
	}
	return 1, true, nil
}

func (a *asked) help(w *pollster.Waker) (int, bool, error) {
	a.helper = w
	a.back.Wake()
	return 0, a.stop, nil
}

func awaitSuspended(r *kit.Rep) (kit.Figures, error) {
	return onWorker(r, func(ex *executor.Executor, n int) {
		a := &asked{}
		helper := executor.Spawn(ex, pollster.Future[int](pollster.Func[int](a.help)))
		_, _ = executor.Go(ex, func(ctx context.Context) (int, error) {
			for range n {
				if _, err := pollster.BlockOn(executorBackground, pollster.Future[int](a)); err != nil {
					return 0, err
				}
			}
			a.stop = true
			a.helper.Wake()
			return 0, nil
		}).Wait(executorBackground)
		_, _ = helper.Wait(executorBackground)
	})
}

func askGoroutine(r *kit.Rep) (kit.Figures, error) {
	ask, answer := make(chan int), make(chan int)
	go func() {
		for range ask {
			answer <- 1
		}
	}()
	defer close(ask)
	return r.Loop(func(n int) {
		for range n {
			ask <- 1
			<-answer
		}
	}), nil
}

// rounds measures tasks that wait once each, by the task.
func rounds(tasks int) func(*kit.Rep) (kit.Figures, error) {
	return func(*kit.Rep) (figures kit.Figures, err error) {
		err = withWorkers(1, func(ex *executor.Executor) {
			const total = 1_000_000
			figures = kit.Once(total, func() {
				for range total / tasks {
					oneRound(ex, tasks)
				}
			})
		})
		if err == nil && len(figures) == 0 {
			err = errors.New("nothing measured")
		}
		return figures, err
	}
}

// A round is tasks that each wait once. The last to begin and the last to end
// wake the task that drives them.
type round struct {
	driver       *pollster.Waker
	tasks        []once
	begun, ended int
}

// A once waits at its first poll and is ready at the second.
type once struct {
	round *round
	waker *pollster.Waker
}

// Poll implements pollster.Future.
func (o *once) Poll(w *pollster.Waker) (int, bool, error) {
	r := o.round
	if o.waker == nil {
		o.waker = w
		if r.begun++; r.begun == len(r.tasks) {
			r.driver.Wake()
		}
		return 0, false, nil
	}
	if r.ended++; r.ended == len(r.tasks) {
		r.driver.Wake()
	}
	return 1, true, nil
}

func oneRound(ex *executor.Executor, tasks int) {
	r := &round{tasks: make([]once, tasks)}
	polled(ex, func(w *pollster.Waker) bool {
		switch {
		case r.driver == nil:
			r.driver = w
			for i := range r.tasks {
				r.tasks[i].round = r
				executor.Spawn(ex, pollster.Future[int](&r.tasks[i]))
			}
		case r.begun == tasks && r.ended == 0:
			for i := range r.tasks {
				r.tasks[i].waker.Wake()
			}
		}
		return r.ended == tasks
	})
}

func passTasks(r *kit.Rep) (kit.Figures, error) {
	return onWorker(r, func(ex *executor.Executor, n int) {
		c := meet.NewChan[int](16)
		in := executor.Go(ex, func(context.Context) (int, error) {
			for range n {
				if err := c.Send(executorBackground, 1); err != nil {
					return 0, err
				}
			}
			return 0, nil
		})
		_, _ = executor.Go(ex, func(context.Context) (int, error) {
			for range n {
				if _, err := c.Recv(executorBackground); err != nil {
					return 0, err
				}
			}
			return 0, nil
		}).Wait(executorBackground)
		_, _ = in.Wait(executorBackground)
	})
}

func passGoroutines(r *kit.Rep) (kit.Figures, error) {
	return r.Loop(func(n int) {
		c := make(chan int, 16)
		go func() {
			for range n {
				c <- 1
			}
		}()
		for range n {
			<-c
		}
	}), nil
}
