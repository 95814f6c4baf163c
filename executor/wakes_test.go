package executor_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"runtime"
	"runtime/pprof"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/causeway-go/causeway/executor"
	"github.com/causeway-go/causeway/internal/hammer"
	"github.com/causeway-go/causeway/pollster"
	"github.com/causeway-go/causeway/pollster/futuretest"
)

var wakes = flag.Int("wakes", 1_000_000, "how many wakes TestNoWakeOfManyIsLost makes")

// Wakers wake their tasks as fast as they can, and now and then wait until the
// task has seen the latest value. A lost wake stops the test for good.
//
//	go test -run NoWakeOfMany ./executor -wakes 100000000
func TestNoWakeOfManyIsLost(t *testing.T) {
	for _, target := range []string{"executor", "local"} {
		t.Run(target, func(t *testing.T) {
			var in executor.Spawner
			if target == "executor" {
				in = start(t, 2, executor.Options{})
			} else {
				th := newThread(t, executor.LocalOptions{})
				in = th
			}
			const wakers = 4
			var tasks []*executor.Task[int]
			var wg sync.WaitGroup
			for range wakers {
				var want, seen atomic.Int64
				var waker pollster.AtomicWaker
				var self *pollster.Waker
				registered := make(chan struct{})
				tasks = append(tasks, executor.Spawn(in, future(func(w *pollster.Waker) (int, bool, error) {
					if self == nil {
						self = w
						close(registered)
					}
					n := want.Load()
					seen.Store(n)
					waker.Wake()
					return 0, n < 0, nil
				})))
				wg.Go(func() {
					<-registered
					last := int64(*wakes / wakers)
					for i := int64(1); i <= last; i++ {
						want.Store(i)
						self.Wake()
						if i%1000 == 0 || i == last {
							pollster.BlockOn(background, future(func(w *pollster.Waker) (int, bool, error) {
								waker.Register(w)
								return 0, seen.Load() >= i, nil
							}))
						}
					}
					want.Store(-1)
					self.Wake()
				})
			}
			wg.Wait()
			for _, task := range tasks {
				task.Wait(background)
			}
		})
	}
}

func TestCloseOfALocalAgainstEverything(t *testing.T) {
	hammer.Run(t, 1, func(_, i int) {
		l := newLocal(t, executor.LocalOptions{})
		ctx, cancel := context.WithCancel(background)
		var wg sync.WaitGroup
		wg.Go(func() {
			l.Run(ctx)
			l.Close()
		})
		var mu sync.Mutex
		var probes []*probe
		var tasks []*executor.Task[int]
		spawn := func(j int) {
			p := &probe{}
			var task *executor.Task[int]
			if j%2 == 0 {
				task = executor.Spawn(l, pollster.Future[int](p))
			} else {
				task = executor.Go(l, func(context.Context) (int, error) {
					return pollster.BlockOn(background, pollster.Future[int](p))
				})
			}
			mu.Lock()
			probes, tasks = append(probes, p), append(tasks, task)
			mu.Unlock()
			switch (i + j) % 3 {
			case 0:
				p.Open()
			case 1:
				task.Cancel()
			}
		}
		for g := range 3 {
			wg.Go(func() {
				for j := range 5 {
					spawn(g + j)
				}
			})
		}
		wg.Go(cancel)
		wg.Wait()
		for j, task := range tasks {
			if _, err := task.Wait(background); err != nil {
				if n := probes[j].cancels.Load(); n > 1 || n == 0 && probes[j].polls.Load() > 0 {
					t.Errorf("ended with %v after %d polls and %d cancels", err, probes[j].polls.Load(), n)
				}
			}
		}
		if !l.IsEmpty() {
			t.Error("tasks are left")
		}
	})
}

func TestTasksOfAThreadConform(t *testing.T) {
	th := newThread(t, executor.LocalOptions{})
	futuretest.TestFuture(t, func() futuretest.Subject[int] {
		p := &probe{value: 5}
		return futuretest.Subject[int]{
			Future:   executor.Spawn(th, pollster.Future[int](p)),
			Complete: p.Open,
			Check: func(v int, err error) error {
				if v != 5 || err != nil {
					return fmt.Errorf("%d, %v", v, err)
				}
				return nil
			},
		}
	})
}

func TestANamedFunctionHasALabel(t *testing.T) {
	ex := start(t, 1, executor.Options{})
	labels := func(ctx context.Context) (string, error) {
		var b strings.Builder
		err := pprof.Lookup("goroutine").WriteTo(&b, 1)
		return b.String(), err
	}
	named := executor.GoAttr(ex, executor.Attr{Name: "pump"}, labels)
	if s, err := named.Wait(background); err != nil || !strings.Contains(s, `"task":"pump"`) {
		t.Errorf("no label: %v", err)
	}
	if s, _ := executor.Go(ex, labels).Wait(background); strings.Contains(s, `"task":"pump"`) {
		t.Error("the next function has the label, too")
	}
}

func TestARawSystemCallDoesNotStopTheOthers(t *testing.T) {
	ex := start(t, 1, executor.Options{})
	release := make(chan struct{})
	task := executor.Go(ex, func(context.Context) (int, error) {
		<-release // as good as a system call: the worker is gone
		return 1, nil
	})
	run(t, ex)
	close(release)
	if v, err := task.Wait(background); v != 1 || err != nil {
		t.Errorf("%d, %v", v, err)
	}
	if _, err := executor.Go(ex, func(context.Context) (int, error) {
		runtime.Goexit()
		return 0, nil
	}).Wait(background); !errors.Is(err, executor.ErrGoexit) {
		t.Errorf("ended with %v", err)
	}
}
