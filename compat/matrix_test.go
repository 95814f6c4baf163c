package compat_test

import (
	"context"
	"errors"
	"maps"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/causeway-go/causeway/executor"
	"github.com/causeway-go/causeway/internal/leak"
	"github.com/causeway-go/causeway/pollster"
)

// doors is all of them.
func doors() map[string]door {
	all := map[string]door{}
	for _, some := range []map[string]door{channelDoors, funcDoors, seqDoors, ioDoors, waitDoors, systemDoors} {
		maps.Copy(all, some)
	}
	return all
}

// A stand is a place to be in. start runs f there, as something that ends when
// the returned future is cancelled, if that is the way there.
type stand struct {
	start func(f func()) pollster.Future[struct{}]
	close func()
}

// stands are the places. None has a monitor or a second worker to help out.
var stands = map[string]func(t testing.TB) stand{
	"goroutine": func(testing.TB) stand {
		return stand{func(f func()) pollster.Future[struct{}] {
			p := new(pollster.Promise[struct{}])
			go func() { defer p.Resolve(struct{}{}); f() }()
			return p
		}, func() {}}
	},
	"job": func(t testing.TB) stand {
		return stand{func(f func()) pollster.Future[struct{}] {
			p := new(pollster.Promise[struct{}])
			go func() { defer p.Resolve(struct{}{}); onJob(t, f) }()
			return p
		}, func() {}}
	},
	"task": func(t testing.TB) stand {
		ex, err := executor.New(executor.Options{StuckAfter: -1})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan struct{})
		go func() { defer close(done); ex.Run(ctx) }()
		return stand{tasksOf(ex), func() { cancel(); <-done; ex.Close() }}
	},
	"Local": func(t testing.TB) stand {
		made := make(chan *executor.Local)
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan struct{})
		go func() {
			defer close(done)
			l, err := executor.NewLocal(executor.LocalOptions{})
			if err != nil {
				panic(err)
			}
			made <- l
			l.Run(ctx)
			l.Close()
		}()
		return stand{tasksOf(<-made), func() { cancel(); <-done }}
	},
}

func tasksOf(ex executor.Spawner) func(f func()) pollster.Future[struct{}] {
	return func(f func()) pollster.Future[struct{}] {
		return executor.Go(ex, func(context.Context) (struct{}, error) { f(); return struct{}{}, nil })
	}
}

// matrix runs test for each door and place.
func matrix(t *testing.T, test func(t *testing.T, d door, place string)) {
	for name, d := range doors() {
		t.Run(name, func(t *testing.T) {
			for place := range stands {
				t.Run(place, func(t *testing.T) { test(t, d, place) })
			}
		})
	}
}

// TestEveryDoorEverywhere goes through each door twice at the same time, from two
// tasks that share a worker where the place is one for tasks, and, in a bubble, wants
// that to take no longer than once: so neither holds up the other.
func TestEveryDoorEverywhere(t *testing.T) {
	twice := func(t *testing.T, d door, place string) time.Duration {
		s := stands[place](t)
		defer s.close()
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		start := time.Now()
		use := func() {
			if err := d.use(t, ctx); err != nil {
				t.Error(err)
			}
		}
		one, two := s.start(use), s.start(use)
		for _, f := range []pollster.Future[struct{}]{one, two} {
			if _, err := pollster.BlockOn(context.Background(), f); err != nil {
				t.Error(err)
			}
		}
		return time.Since(start)
	}
	matrix(t, func(t *testing.T, d door, place string) {
		leak.Check(t, leak.Options{Threads: -1})
		twice(t, d, place)
		if d.outside {
			return
		}
		synctest.Test(t, func(t *testing.T) {
			alone := func() time.Duration {
				start := time.Now()
				if err := d.use(t, context.Background()); err != nil {
					t.Error(err)
				}
				return time.Since(start)
			}()
			if d := twice(t, d, place); d != alone {
				t.Errorf("took %v, and %v alone: somebody was held up", d, alone)
			}
		})
	})
}

// TestEveryDoorCanBeLeftAtAnyPoint ends the context, or the task, before, during and
// after the use of each door.
func TestEveryDoorCanBeLeftAtAnyPoint(t *testing.T) {
	const points = 24
	matrix(t, func(t *testing.T, d door, place string) {
		leak.Check(t, leak.Options{Threads: -1})
		s := stands[place](t)
		defer s.close()
		for i := range points {
			ctx, cancel := context.WithCancel(context.Background())
			used := s.start(func() {
				if err := d.use(t, ctx); err != nil && !errors.Is(err, context.Canceled) {
					t.Errorf("left at point %d: %v", i, err)
				}
			})
			away(i)
			cancel()
			if _, err := pollster.BlockOn(context.Background(), used); err != nil {
				t.Error(err)
			}
			if place != "task" && place != "Local" {
				continue
			}
			used = s.start(func() {
				if err := d.use(t, context.Background()); err != nil {
					t.Errorf("ended at point %d: %v", i, err)
				}
			})
			away(i)
			pollster.Cancel(used)
			if _, err := pollster.BlockOn(context.Background(), used); err != nil && !errors.Is(err, executor.ErrCanceled) {
				t.Error(err)
			}
		}
	})
}

// away lets some time pass: yields at first, and later as long as a use takes.
func away(i int) {
	if i < 8 {
		for range i {
			runtime.Gosched()
		}
		return
	}
	time.Sleep(time.Duration(i-8) * soonish / 4)
}
