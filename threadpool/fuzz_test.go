package threadpool_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/causeway-go/causeway/internal/park"
	"github.com/causeway-go/causeway/threadpool"
)

// A driver carries operations out on a pool and on the oracle, one after the
// other, and compares after each.
type driver struct {
	t       *testing.T
	pool    *threadpool.Pool
	oracle  *oracle
	calls   []*call
	history []string

	mu      sync.Mutex
	started []int
	results map[int]string
	panics  int // reported to OnPanic
	lost    int // panics that should be
}

type call struct {
	ctx    context.Context
	cancel context.CancelFunc
	orders chan string // what the job is to do
	job    recorder
	note   *park.Notifier
	use    uint64
}

func (d *driver) newCall() (id int, c *call) {
	c = &call{orders: make(chan string), note: park.New()}
	c.ctx, c.cancel = context.WithCancel(background)
	d.calls = append(d.calls, c)
	return len(d.calls) - 1, c
}

// work is what the jobs do: as they are told.
func (d *driver) work(id int) {
	d.mu.Lock()
	d.started = append(d.started, id)
	d.mu.Unlock()
	for order := range d.calls[id].orders {
		switch order {
		case "":
			return
		case "panic":
			panic(order)
		case "goexit":
			runtime.Goexit()
		case "pause":
			d.calls[id].note.Wait(background, false)
		}
	}
}

// run makes a call and keeps its result.
func (d *driver) run(id, way int) {
	c, result := d.calls[id], "goexit"
	defer func() {
		if v := recover(); v != nil {
			result = "panic"
		}
		d.mu.Lock()
		d.results[id] = result
		d.mu.Unlock()
	}()
	work := func() { d.work(id) }
	var err error
	switch way {
	case byEnter:
		var s threadpool.Slot
		if s, err = d.pool.Enter(c.ctx); err == nil {
			defer s.Leave()
			work()
		}
	case byDo:
		err = d.pool.Do(c.ctx, work)
	case byDoHere:
		err = d.pool.Do(background, work)
	case bySubmit:
		err = d.pool.Submit(c.ctx, work)
	case byTrySubmit:
		err = d.pool.TrySubmit(work)
	case byStart:
		c.job.f, c.job.done = work, make(chan struct{})
		err = d.pool.Start(&c.job.Job, &c.job)
	default:
		err = d.pool.Shutdown(c.ctx)
	}
	result = nameOf(err)
}

func nameOf(err error) string {
	for name, e := range map[string]error{
		"closed": threadpool.ErrClosed, "full": threadpool.ErrFull,
		"canceled": context.Canceled, "goexit": threadpool.ErrGoexit,
	} {
		if errors.Is(err, e) {
			return name
		}
	}
	return map[bool]string{true: "", false: "other"}[err == nil]
}

// pick returns one of the ids, chosen by n.
func pick(ids []int, n byte) (id int, ok bool) {
	if len(ids) == 0 {
		return 0, false
	}
	return ids[int(n)%len(ids)], true
}

// step carries out one operation. The low four bits of op say which, and the
// high four on what.
func (d *driver) step(op byte) {
	o, n := d.oracle, op>>4
	switch kind := int(op & 15); kind {
	case byEnter, byDo, byDoHere, bySubmit, byTrySubmit, byStart:
		id, _ := d.newCall()
		d.note("call", id, kind)
		go d.run(id, kind)
		o.call(id, kind)
	case 6, 7, 8: // a job ends
		if id, ok := pick(o.running, n); ok {
			how := []string{"", "panic", "goexit"}[kind-6]
			d.note("end", id, how)
			if how == "panic" && (o.way[id] >= bySubmit || slices.Contains(o.gone, id)) {
				d.lost++
			}
			d.calls[id].orders <- how
			o.end(id, how)
		}
	case 9:
		if id, ok := pick(o.running, n); ok {
			d.note("pause", id)
			c := d.calls[id]
			c.use = c.note.Begin()
			c.orders <- "pause"
			o.pause(id)
		}
	case 10:
		if id, ok := pick(o.paused, n); ok {
			d.note("resume", id)
			d.calls[id].note.Notify(d.calls[id].use)
			o.resume(id)
		}
	case 11, 12: // the more recent ones
		id := len(d.calls) - 1 - int(n)
		if id >= 0 {
			d.note("cancel", id)
			d.calls[id].cancel()
			if o.way[id] == byStart {
				d.calls[id].job.Cancel()
			}
			o.cancel(id)
		}
	case 13:
		d.note("resize", int(n%5)+1)
		if err := d.pool.Resize(int(n%5) + 1); err != nil {
			d.t.Error(err)
		}
		o.resize(int(n%5) + 1)
	default:
		d.endOf(n)
	}
	d.compare()
}

// endOf closes the pool or begins to shut it down, or does nothing most of the
// time: there is not much to see afterwards.
func (d *driver) endOf(n byte) {
	switch n {
	case 0:
		d.note("close")
		if err := d.pool.Close(); err != nil {
			d.t.Error(err)
		}
		d.oracle.close()
	case 1:
		id, _ := d.newCall()
		d.note("shutdown", id)
		go d.run(id, -1)
		d.oracle.shutdown(id)
	}
}

func (d *driver) note(what ...any) { d.history = append(d.history, fmt.Sprintln(what...)) }

// compare waits until nothing moves any more.
func (d *driver) compare() {
	synctest.Wait()
	slices.Sort(d.started)
	slices.Sort(d.oracle.started)
	switch diff := d.oracle.compare(d.pool.Stats()); {
	case diff != "":
		d.t.Errorf("%s", diff)
	case !slices.Equal(d.started, d.oracle.started):
		d.t.Errorf("started: %v, want %v", d.started, d.oracle.started)
	case !maps.Equal(d.results, d.oracle.results):
		d.t.Errorf("results: %v, want %v", d.results, d.oracle.results)
	case d.panics != d.lost:
		d.t.Errorf("%d panics reported, want %d", d.panics, d.lost)
	}
	d.started, d.oracle.started = nil, nil
	if d.t.Failed() {
		d.t.Fatalf("after:\n%s", d.history)
	}
}

// finish ends everything.
func (d *driver) finish() {
	id, _ := d.newCall()
	go d.run(id, -1)
	d.oracle.shutdown(id)
	d.compare()
	for len(d.oracle.paused) > 0 {
		d.step(10)
	}
	for len(d.oracle.running) > 0 {
		d.step(6)
	}
	for _, c := range d.calls {
		c.cancel()
	}
	if s := d.pool.Stats(); s.Running+s.Waiting+s.Queued+s.Abandoned != 0 {
		d.t.Errorf("left: %+v", s)
	}
}

func FuzzPool(f *testing.F) {
	for _, seed := range [][]byte{
		{0, 0}, {1, 0, 0, 1, 2, 3, 4, 5, 6, 6, 6, 6, 6, 6},
		{0x12, 0, 1, 1, 1, 0x0b, 0x1b, 0x06, 3, 3, 3, 3, 0x0b, 6, 6},
		{0x10, 3, 3, 3, 3, 7, 7, 8, 8, 6}, {0x11, 0, 0, 0, 9, 9, 10, 10, 6, 6, 6},
		{0, 1, 5, 5, 0x1b, 0x0b, 0x0e, 6}, {1, 1, 1, 1, 0x1e, 6, 6, 6}, {1, 1, 1, 1, 3, 0x1e, 0x0b, 6},
		{0x20, 0, 0, 3, 3, 3, 0x4d, 6, 6, 0x0d, 6}, {2, 1, 9, 1, 9, 1, 9, 0x0d, 10, 10, 10, 0x2b, 7, 8, 6},
		{0x10, 0, 4, 4, 4, 3, 0, 0x2d, 6, 6, 6, 0x0e, 4},
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) == 0 || len(data) > 200 {
			return
		}
		play(t, data)
	})
}

// play carries out what data says on a new pool: its first byte is the limit and
// the bound of the queue, each of the others an operation.
func play(t *testing.T, data []byte) {
	synctest.Test(t, func(t *testing.T) {
		limit, bound := int(data[0]&3)+1, int(data[0]>>4&3)
		d := &driver{t: t, oracle: newOracle(limit, bound), results: map[int]string{}}
		d.pool = mustNew(t, threadpool.Options{Hint: threadpool.WillBlock, Limit: limit, Queue: bound, OnPanic: func(any, []byte) {
			d.mu.Lock()
			d.panics++
			d.mu.Unlock()
		}})
		for _, op := range data[1:] {
			d.step(op)
		}
		d.finish()
	})
}

func TestThePoolIsLikeTheOracle(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range map[bool]int{true: 50, false: 300}[testing.Short()] {
		data := make([]byte, 150)
		for i := range data {
			data[i] = byte(random.Uint32())
		}
		play(t, data)
	}
}
