package threadpool_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/causeway-go/causeway/internal/leak"
	"github.com/causeway-go/causeway/threadpool"
)

// A named job says when it runs or is dropped.
type named struct {
	threadpool.Job
	run  func()
	drop func(error)
}

// RunJob implements Runner.
func (n *named) RunJob() { n.run() }

// DropJob implements Runner.
func (n *named) DropJob(err error) { n.drop(err) }

func TestTheEarliestDeadlineGoesFirst(t *testing.T) {
	leak.Check(t)
	p := newPool(t, threadpool.Options{Limit: 1, Order: threadpool.EarliestDeadline})
	release := hold(t, p)
	var (
		mu    sync.Mutex
		order []int
		all   sync.WaitGroup
	)
	did := func(i int) func() {
		return func() { mu.Lock(); order = append(order, i); mu.Unlock(); all.Done() }
	}
	start := time.Now()
	for i, in := range []time.Duration{0, 300 * time.Hour, 100 * time.Millisecond, 40 * time.Hour, 500 * time.Millisecond, 2 * time.Hour, 20 * time.Minute} {
		all.Add(1)
		if in == 0 { // the default is a second after it came
			if err := p.Submit(background, did(i)); err != nil {
				t.Fatal(err)
			}
			continue
		}
		// Contexts that have such deadlines, and do not end by them.
		ctx := laterContext{background, start.Add(in)}
		if i%2 == 0 {
			j := &named{run: did(i)}
			if err := p.StartContext(ctx, &j.Job, j); err != nil {
				t.Fatal(err)
			}
			continue
		}
		go func() {
			s, err := p.Enter(ctx)
			if err != nil {
				t.Error(err)
				return
			}
			did(i)()
			s.Leave()
		}()
	}
	waitFor(t, "all in the queue", func() bool { return p.Stats().Queued == 7 })
	release()
	all.Wait()
	want := []int{2, 4, 0, 6, 5, 3, 1}
	for i := range want {
		if order[i] != want[i] {
			t.Fatalf("order %v, want %v", order, want)
		}
	}
}

type laterContext struct {
	context.Context
	at time.Time
}

func (c laterContext) Deadline() (time.Time, bool) { return c.at, true }

// With many jobs of equal deadlines, cancelled ones among them, the heap keeps its
// order and loses nothing.
func TestDeadlinesWithCancellations(t *testing.T) {
	leak.Check(t)
	p := newPool(t, threadpool.Options{Limit: 1, Order: threadpool.EarliestDeadline})
	release := hold(t, p)
	var order []int
	var jobs []*named
	start := time.Now()
	for i := range 300 {
		j := &named{run: func() { order = append(order, i) }}
		jobs = append(jobs, j)
		ctx := laterContext{background, start.Add(time.Duration(i*7919%50+100) * time.Second)}
		if err := p.StartContext(ctx, &j.Job, j); err != nil {
			t.Fatal(err)
		}
	}
	want := 0
	for i, j := range jobs {
		if i%3 == 0 {
			if !j.Cancel() {
				t.Error("not cancelled:", i)
			}
			continue
		}
		want++
	}
	release()
	if err := p.Shutdown(background); err != nil {
		t.Fatal(err)
	}
	if len(order) != want {
		t.Errorf("%d have run of %d", len(order), want)
	}
	for k := 1; k < len(order); k++ {
		if a, b := order[k-1]*7919%50, order[k]*7919%50; a > b {
			t.Fatalf("a deadline of %d before one of %d", a, b)
		}
	}
}

// A job whose context has ended by its turn does not run.
func TestAJobIsSkippedWhoseContextHasEnded(t *testing.T) {
	leak.Check(t)
	for _, classes := range []bool{false, true} {
		p := newPool(t, threadpool.Options{Limit: 2, Hint: threadpool.WillBlock})
		q := p
		if classes {
			q = mustClass(t, p, threadpool.ClassOptions{Limit: 1})
		} else if err := p.Resize(1); err != nil {
			t.Fatal(err)
		}
		release := hold(t, q)
		ctx, cancel := context.WithCancel(background)
		dropped := make(chan error, 1)
		j := &named{run: func() { t.Error("it runs") }, drop: func(err error) { dropped <- err }}
		if err := q.StartContext(ctx, &j.Job, j); err != nil {
			t.Fatal(err)
		}
		ran := make(chan struct{})
		if err := q.Submit(background, func() { close(ran) }); err != nil {
			t.Fatal(err)
		}
		cancel()
		release()
		<-ran
		if err := <-dropped; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		if s := q.Stats(); s.Dropped != 1 {
			t.Errorf("%+v", s)
		}
	}
}

// A job is refused at once if the jobs before it take longer than it has.
func TestAJobIsRefusedThatWouldComeTooLate(t *testing.T) {
	leak.Check(t)
	for _, o := range []threadpool.Options{{Limit: 1, RefuseLate: true}, {Limit: 1}} {
		p := newPool(t, o)
		release := hold(t, p)
		start := time.Now()
		// The one job has been running for some time, and so it is with the next.
		waitFor(t, "some time to pass", func() bool { return time.Since(start) > 30*time.Millisecond })
		for _, enter := range []bool{true, false} {
			try := func(ctx context.Context) error {
				if enter {
					s, err := p.Enter(ctx)
					if err == nil {
						s.Leave()
					}
					return err
				}
				return p.Do(ctx, func() {})
			}
			// A context that has a deadline and has not ended by itself, however
			// late it is: or else this might not be the reason.
			ctx, cancel := context.WithTimeout(background, 10*time.Millisecond)
			soon := context.Context(ctx)
			if o.RefuseLate {
				soon = laterContext{background, time.Now().Add(10 * time.Millisecond)}
			}
			err := try(soon)
			if late := errors.Is(err, threadpool.ErrLate); late != o.RefuseLate || !late && !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%+v: %v", o, err)
			}
			cancel()
			ctx, cancel = context.WithTimeout(background, time.Hour)
			done := make(chan error)
			go func() { done <- try(ctx) }()
			waitFor(t, "it to be queued", func() bool { return p.Stats().Queued == 1 })
			cancel()
			if err := <-done; !errors.Is(err, context.Canceled) {
				t.Errorf("with time enough: %v", err)
			}
		}
		if n := p.Stats().Refused; (n == 2) != o.RefuseLate {
			t.Errorf("%d refused", n)
		}
		release()
	}
}
