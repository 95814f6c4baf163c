package threadpool_test

import (
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/causeway-go/causeway/threadpool"
)

// A clan is a pool with classes, and what an obvious bookkeeper knows of them. It
// lives in a bubble, where everything that can happen has happened when Wait
// returns; so after each operation the books must agree with the pool.
type clan struct {
	t       *testing.T
	total   int
	members []*kin
	jobs    int
}

// A kin is a member of a clan.
type kin struct {
	pool                     *threadpool.Pool
	limit, reserve, priority int
	closed                   bool
	queued                   []*clanJob // in the order in which they came
	mu                       sync.Mutex
	started                  []*clanJob // and not ended; written by workers
	completed, dropped       uint64
}

type clanJob struct {
	threadpool.Job
	id   int
	of   *kin
	end  chan bool // true for a panic
	drop chan error
}

// RunJob implements Runner.
func (j *clanJob) RunJob() {
	j.of.mu.Lock()
	j.of.started = append(j.of.started, j)
	j.of.mu.Unlock()
	if <-j.end {
		panic("boom")
	}
}

// DropJob implements Runner.
func (j *clanJob) DropJob(err error) { j.drop <- err }

func newClan(t *testing.T, total int) *clan {
	p := mustNew(t, threadpool.Options{Limit: total, OnPanic: func(any, []byte) {}})
	return &clan{t: t, total: total, members: []*kin{{pool: p, limit: total, reserve: 1}}}
}

// do does what three bytes say.
func (c *clan) do(op, a, b byte) {
	k := c.members[int(a)%len(c.members)]
	switch op % 8 {
	case 0, 1, 2:
		c.start(k)
	case 3, 4:
		c.finish(int(b), b >= 200)
	case 5:
		if n := len(k.queued); n > 0 {
			j := k.queued[int(b)%n]
			if !j.Cancel() {
				c.t.Errorf("job %d has not been cancelled", j.id)
			}
			k.queued = slices.DeleteFunc(k.queued, func(o *clanJob) bool { return o == j })
			k.dropped++
		}
	case 6:
		c.resize(k, 1+int(b)%c.total)
	case 7:
		if b < 180 {
			c.add(int(a), int(b))
		} else if k != c.members[0] {
			c.close(k)
		}
	}
	synctest.Wait()
	c.check()
}

func (c *clan) start(k *kin) {
	c.jobs++
	j := &clanJob{id: c.jobs, of: k, end: make(chan bool, 1), drop: make(chan error, 1)}
	err := k.pool.Start(&j.Job, j)
	if k.closed != errors.Is(err, threadpool.ErrClosed) || err != nil && !k.closed {
		c.t.Errorf("start in a member, closed %v: %v", k.closed, err)
	}
	if err == nil {
		k.queued = append(k.queued, j)
	}
}

func (c *clan) finish(n int, panics bool) {
	var running []*clanJob
	for _, k := range c.members {
		running = append(running, k.started...)
	}
	if len(running) == 0 {
		return
	}
	j := running[n%len(running)]
	j.of.started = slices.DeleteFunc(j.of.started, func(o *clanJob) bool { return o == j })
	j.of.completed++
	j.end <- panics // from here on its worker writes to started
}

func (c *clan) resize(k *kin, n int) {
	err := k.pool.Resize(n)
	least := k.reserve
	if k == c.members[0] {
		least = c.reserved()
	}
	if n < least && len(c.members) > 1 {
		if !errors.Is(err, threadpool.ErrOptions) {
			c.t.Errorf("resize below the reserve: %v", err)
		}
		return
	}
	if k == c.members[0] {
		c.total = n
	}
	if err != nil {
		c.t.Errorf("resize to %d: %v", n, err)
	}
	k.limit = n
}

func (c *clan) reserved() (n int) {
	for _, k := range c.members {
		if !k.gone() {
			n += k.reserve
		}
	}
	return n
}

func (k *kin) gone() bool { return k.closed && len(k.started)+len(k.queued) == 0 }

func (c *clan) add(a, b int) {
	o := threadpool.ClassOptions{Limit: 1 + a%4, Reserve: 1 + b%2, Priority: b%3 - 1, Weight: 1 + a%3}
	made, err := c.members[0].pool.Class(o)
	reserved := c.reserved()
	if bad := o.Limit > c.total || o.Reserve > o.Limit || reserved+o.Reserve > c.total; bad || err != nil {
		if !bad || !errors.Is(err, threadpool.ErrOptions) {
			c.t.Errorf("class %+v with %d of %d reserved: %v", o, reserved, c.total, err)
		}
		return
	}
	c.members = append(c.members, &kin{pool: made, limit: o.Limit, reserve: o.Reserve, priority: o.Priority})
}

func (c *clan) close(k *kin) {
	_ = k.pool.Close()
	k.closed = true
	for _, j := range k.queued {
		if err := <-j.drop; !errors.Is(err, threadpool.ErrClosed) {
			c.t.Errorf("job %d: %v", j.id, err)
		}
		k.dropped++
	}
	k.queued = nil
}

// check compares the books with the pool, after moving what has started.
func (c *clan) check() {
	shared, sharedLimit := 0, max(c.total-c.reserved(), 0)
	running := 0
	for _, k := range c.members {
		k.queued = slices.DeleteFunc(k.queued, func(j *clanJob) bool { return slices.Contains(k.started, j) })
		for _, j := range k.started {
			if len(k.queued) > 0 && k.queued[0].id < j.id {
				c.t.Errorf("job %d has started before %d", j.id, k.queued[0].id)
			}
		}
		running += len(k.started)
		shared += max(len(k.started)-k.reserve, 0)
		s := k.pool.Stats()
		if s.Running != len(k.started) || s.Queued != len(k.queued) || s.Limit != k.limit ||
			s.Completed != k.completed || s.Dropped != k.dropped || s.Closed != k.closed || s.Waiting+s.Abandoned != 0 {
			c.t.Errorf("pool %+v; books: %d running, %d queued, limit %d, %d completed, %d dropped", s, len(k.started), len(k.queued), k.limit, k.completed, k.dropped)
		}
	}
	if s := c.members[0].pool.Stats(); s.All > running {
		c.t.Errorf("all %d, running %d", s.All, running)
	}
	for _, k := range c.members {
		if len(k.queued) == 0 || len(k.started) >= k.limit {
			continue
		}
		if len(k.started) < k.reserve || shared < sharedLimit {
			c.t.Errorf("job %d waits: %d of %d run, reserve %d, %d of %d shared", k.queued[0].id, len(k.started), k.limit, k.reserve, shared, sharedLimit)
		}
	}
}

// end lets everything come to its end.
func (c *clan) end() {
	for {
		running := 0
		for _, k := range c.members {
			running += len(k.started)
		}
		if running == 0 {
			break
		}
		c.finish(0, false)
		synctest.Wait()
		c.check()
	}
	if err := c.members[0].pool.Shutdown(background); err != nil {
		c.t.Error(err)
	}
	if s := c.members[0].pool.Stats(); s.All != 0 {
		c.t.Errorf("at the end: %+v", s)
	}
}

// addSeeds gives f sixty inputs of up to sixty operations of three bytes each, and some
// bytes more.
func addSeeds(f *testing.F, source rand.Source, more int) {
	r := rand.New(source)
	for range 60 {
		data := make([]byte, more+3*r.IntN(60))
		for i := range data {
			data[i] = byte(r.Uint32())
		}
		f.Add(data)
	}
}

// FuzzFamily compares a pool with classes with a bookkeeper, after every operation.
func FuzzFamily(f *testing.F) {
	addSeeds(f, rand.NewPCG(5, 6), 3)
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) < 4 || len(data) > 400 {
			return
		}
		synctest.Test(t, func(t *testing.T) {
			c := newClan(t, 2+int(data[0])%6)
			for ops := data[1:]; len(ops) >= 3 && !t.Failed(); ops = ops[3:] {
				c.do(ops[0], ops[1], ops[2])
			}
			c.end()
		})
	})
}
