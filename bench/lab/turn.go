package lab

import (
	"context"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/causeway-go/causeway/bench/kit"
	"github.com/causeway-go/causeway/threadpool"
)

// Clients is how many goroutines have jobs at once: more than any size that is
// tried, so that there is always somebody waiting.
const Clients = 768

// A Tally is what a turn achieved.
type Tally struct {
	Jobs    int
	Took    time.Duration
	Limit   int   // of the pool, at the end
	Threads int   // most of the process
	Sizes   []int // of the pool, every 20 ms
}

// Rate is the jobs per second.
func (t Tally) Rate() float64 {
	if t.Took <= 0 {
		return 0
	}
	return float64(t.Jobs) / t.Took.Seconds()
}

// Turn keeps p full of jobs of l for about d.
func Turn(p Pool, l *Load, d time.Duration) Tally { return TurnOf(p, Clients, l.Job, d) }

// TurnOf is [Turn] with another number of clients.
func TurnOf(p Pool, clients int, job func(*rand.Rand, *atomic.Bool), d time.Duration) Tally {
	c := start(p, clients, job)
	var t Tally
	look := func() {
		t.Threads = max(t.Threads, kit.Threads())
		t.Sizes = append(t.Sizes, p.Limit())
	}
	watch(look, func() {
		begun := time.Now()
		close(c.begin)
		time.Sleep(d)
		t.Jobs = int(c.jobs.Load())
		t.Took = time.Since(begun)
		t.Limit = p.Limit()
	})
	c.end()
	return t
}

// A crowd is clients that have one job run after the other.
type crowd struct {
	begin  chan struct{} // closed when they may
	jobs   atomic.Int64  // that have ended
	stop   atomic.Bool
	cancel context.CancelFunc
	all    sync.WaitGroup
}

// start starts clients, which wait for begin.
func start(p Pool, clients int, job func(*rand.Rand, *atomic.Bool)) *crowd {
	ReapThreads()
	ctx, cancel := context.WithCancel(context.Background())
	c := &crowd{begin: make(chan struct{}), cancel: cancel}
	for i := range clients {
		c.all.Go(func() {
			r := Random(i)
			<-c.begin
			for !c.stop.Load() {
				p.Do(ctx, func() { c.once(r, job) })
			}
		})
	}
	return c
}

// once does a job and counts it, unless the turn is over.
func (c *crowd) once(r *rand.Rand, job func(*rand.Rand, *atomic.Bool)) {
	if c.stop.Load() {
		return // of a pool that does not know that it is over
	}
	job(r, &c.stop)
	if !c.stop.Load() {
		c.jobs.Add(1)
	}
}

// end stops the clients and waits for the jobs that are on the way.
func (c *crowd) end() {
	c.stop.Store(true)
	c.cancel()
	c.all.Wait()
}

// lookEvery is the time between two looks at the number of threads. They stay
// longer than that after they have been used.
const lookEvery = 20 * time.Millisecond

// PeakThreads runs f and returns the most threads the process was seen to have.
func PeakThreads(f func()) (most int) {
	watch(func() { most = max(most, kit.Threads()) }, f)
	return most
}

// watch runs f, and look now and then meanwhile, also at the beginning and the end.
func watch(look, f func()) {
	quit, over := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(over)
		tick := time.NewTicker(lookEvery)
		defer tick.Stop()
		for {
			look()
			select {
			case <-tick.C:
			case <-quit:
				look()
				return
			}
		}
	}()
	f()
	close(quit)
	<-over
}

// ReapThreads ends the threads that nobody uses, so that everybody begins with
// as few.
func ReapThreads() { threadpool.Reap(runtime.GOMAXPROCS(0) + 4) }
