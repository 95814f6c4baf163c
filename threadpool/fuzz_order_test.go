package threadpool_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/causeway-go/causeway/threadpool"
)

// A diary is what an obvious bookkeeper knows of a pool whose order is that of
// deadlines. It lives in a bubble, and compares after each operation.
type diary struct {
	t       *testing.T
	pool    *threadpool.Pool
	limit   int
	family  bool
	calls   []*dated
	queued  []*dated
	running []*dated
	dropped int

	mu      sync.Mutex
	started []*dated // in that order, since the last look
	told    []*dated // DropJob
}

// The ways of such calls; further ones are jobs with a context.
const (
	byQueueing = iota
	byFunction
)

// A dated is a call with a deadline.
type dated struct {
	threadpool.Job
	d        *diary
	id       int
	deadline time.Time
	ctx      context.Context
	cancel   context.CancelFunc
	way      byte
	end      chan struct{}
}

// RunJob implements Runner.
func (c *dated) RunJob() {
	c.d.mu.Lock()
	c.d.started = append(c.d.started, c)
	c.d.mu.Unlock()
	<-c.end
}

// DropJob implements Runner.
func (c *dated) DropJob(err error) {
	if !errors.Is(err, context.Canceled) {
		c.d.t.Errorf("job %d: %v", c.id, err)
	}
	c.d.mu.Lock()
	c.d.told = append(c.d.told, c)
	c.d.mu.Unlock()
}

func (d *diary) call(way, after byte) {
	c := &dated{d: d, id: len(d.calls), end: make(chan struct{}), way: way % 4}
	c.ctx, c.cancel = context.WithCancel(background)
	c.deadline = time.Now().Add(time.Second)
	if after%5 != 0 {
		// It is the context's deadline, but does not end it.
		c.deadline = time.Now().Add(time.Duration(after) * 17 * time.Millisecond)
		c.ctx = laterContext{c.ctx, c.deadline}
	}
	d.calls = append(d.calls, c)
	d.queued = append(d.queued, c)
	var err error
	switch c.way {
	case byQueueing:
		go func() {
			s, err := d.pool.Enter(c.ctx)
			if err == nil {
				c.RunJob()
				s.Leave()
			} else if !errors.Is(err, context.Canceled) {
				d.t.Error(err)
			}
		}()
	case byFunction: // has no context in the queue
		c.deadline = time.Now().Add(time.Second)
		err = d.pool.Submit(background, c.RunJob)
	default:
		err = d.pool.StartContext(c.ctx, &c.Job, c)
	}
	if err != nil {
		d.t.Error(err)
	}
}

// do does what three bytes say.
func (d *diary) do(op, a, b byte) {
	switch op % 8 {
	case 0, 1, 2, 3:
		d.call(a, b)
	case 4, 5:
		if n := len(d.running); n > 0 {
			i := int(a) % n
			close(d.running[i].end)
			d.running = slices.Delete(d.running, i, i+1)
		}
	case 6:
		if n := len(d.calls); n > 0 { // its turn will not come
			c := d.calls[int(a)%n]
			c.cancel()
			if i := slices.Index(d.queued, c); i >= 0 && c.way == byQueueing {
				d.queued = slices.Delete(d.queued, i, i+1)
			}
		}
	case 7:
		if b%2 == 0 && !d.family {
			d.limit = 1 + int(a)%4
			if err := d.pool.Resize(d.limit); err != nil {
				d.t.Error(err)
			}
			break
		}
		if n := len(d.queued); n > 0 {
			c := d.queued[int(a)%n]
			if c.Cancel() {
				d.dropped++
				d.queued = slices.DeleteFunc(d.queued, func(o *dated) bool { return o == c })
			}
		}
	}
	d.check()
	if a%2 == 0 { // else there are equal deadlines
		time.Sleep(time.Microsecond)
	}
}

// check moves what has started, and compares.
func (d *diary) check() {
	synctest.Wait()
	slices.SortStableFunc(d.queued, func(a, b *dated) int { return a.deadline.Compare(b.deadline) })
	var started, told []*dated
	for len(started)+len(d.running) < d.limit && len(d.queued) > 0 {
		c := d.queued[0]
		d.queued = d.queued[1:]
		if c.way > byFunction && c.ctx.Err() != nil {
			told = append(told, c)
		} else {
			started = append(started, c)
		}
	}
	byAge := func(a, b *dated) int { return a.id - b.id }
	for _, l := range [][]*dated{started, told, d.started, d.told} { // workers are not in order
		slices.SortFunc(l, byAge)
	}
	if !slices.Equal(started, d.started) || !slices.Equal(told, d.told) {
		d.t.Fatalf("%s have started, %s been dropped; want %s and %s", ids(d.started), ids(d.told), ids(started), ids(told))
	}
	d.dropped += len(told)
	d.running = append(d.running, started...)
	d.started, d.told = nil, nil
	if s := d.pool.Stats(); s.Running != len(d.running) || s.Queued != len(d.queued) || int(s.Dropped) != d.dropped {
		d.t.Fatalf("%+v; %d run, %d wait, %d dropped", s, len(d.running), len(d.queued), d.dropped)
	}
}

func ids(l []*dated) (s string) {
	for _, c := range l {
		s += fmt.Sprint(c.id, " ")
	}
	return "[" + s + "]"
}

// FuzzOrder compares a pool whose order is that of deadlines with a bookkeeper, after
// every operation.
func FuzzOrder(f *testing.F) {
	addSeeds(f, rand.NewPCG(7, 8), 1)
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) < 4 || len(data) > 400 {
			return
		}
		synctest.Test(t, func(t *testing.T) {
			d := &diary{t: t, limit: 1 + int(data[0])%3, family: data[0]&128 != 0}
			d.pool = mustNew(t, threadpool.Options{Limit: d.limit, Order: threadpool.EarliestDeadline})
			if d.family {
				d.pool = mustClass(t, mustNew(t, threadpool.Options{Limit: 5, Order: threadpool.EarliestDeadline}), threadpool.ClassOptions{Limit: d.limit})
			}
			for ops := data[1:]; len(ops) >= 3 && !t.Failed(); ops = ops[3:] {
				d.do(ops[0], ops[1], ops[2])
			}
			for len(d.running) > 0 {
				close(d.running[0].end)
				d.running = d.running[1:]
				d.check()
			}
			for _, c := range d.calls {
				c.cancel()
			}
			if err := d.pool.Shutdown(background); err != nil {
				t.Error(err)
			}
		})
	})
}
