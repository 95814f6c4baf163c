package threadpool

import (
	"runtime"
	"runtime/metrics"
	"sync"
	"sync/atomic"
	"time"
)

// A reaper gives OS threads back to the system. Go itself never ends a thread
// that it has once made: after a burst of 500 blocking calls a process keeps
// 500 threads for good (golang/go#14592). But a goroutine that ends while it is
// locked to its thread takes the thread with it, so that is how: see Reap.
//
// The reaper is asleep until more than reapAbove slots are taken at once. Then
// it looks twice in every KeepAlive, and ends as many threads as neither the
// program holds at the moment nor the pool has needed since it looked the last
// time but one, nor another pool whose reaper is awake. So a thread is gone one KeepAlive after its last use at the
// earliest and one and a half at the latest. When the pool has come down to
// reapAbove the reaper goes to sleep again.
type reaper struct {
	pool   *Pool
	base   int // threads when the pool was made
	armed  atomic.Bool
	reaped atomic.Uint64
	looks  atomic.Int64

	last  atomic.Int64 // most slots taken at once between the last two looks
	mu    sync.Mutex   // one look at a time
	short int          // looks in a row that have left more threads than they should
}

const (
	reapAbove = 2
	// spare is how many threads more than it needs right now Go is left with:
	// one that spins for work, one for the collector, one to start others.
	spare = 3
	// patience is for how many looks the reaper tries to end threads that do
	// not end: they may be busy for a moment, or locked for ever.
	patience = 4
)

func (r *reaper) init(p *Pool) {
	r.pool = p
	r.base = readThreads().total
}

// grown is called when n slots are taken, more than the reaper knows of.
func (r *reaper) grown(n int) {
	p := r.pool
	if n <= reapAbove || p.bubble || p.opts.KeepAlive < 0 || r.armed.Load() {
		return
	}
	if r.armed.CompareAndSwap(false, true) {
		watched.Store(r, nil)
		time.AfterFunc(r.period(), r.look)
	}
}

// period is the time between two looks. Looking all the time would cost more
// than threads do.
func (r *reaper) period() time.Duration { return max(r.pool.opts.KeepAlive/2, time.Millisecond) }

// look ends threads that are not needed, and decides whether to look again.
func (r *reaper) look() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.looks.Add(1)
	p := r.pool
	running := int64(p.state.load().running())
	recent := p.burst.Swap(running)
	needed := max(recent, r.last.Swap(recent))
	keep := func() int { return r.keep(needed) }
	r.reaped.Add(uint64(reap(keep)))
	if r.short++; readThreads().total <= keep() {
		r.short = 0
	}
	if needed > reapAbove || 0 < r.short && r.short < patience {
		time.AfterFunc(r.period(), r.look)
		return
	}
	r.short = 0
	watched.Delete(r)
	// A pool that grows between the swap above and this store has found armed
	// set, and is looked at once more here.
	r.armed.Store(false)
	r.grown(int(p.burst.Load()))
}

// keep returns how many threads are to be left now, if the pool has needed that
// many of late.
func (r *reaper) keep(needed int64) int {
	p := r.pool
	soon := max(needed, p.burst.Load()) - int64(p.state.load().running())
	return max(readThreads().held+int(max(0, soon))+r.others()+runtime.GOMAXPROCS(0)+spare, r.base)
}

// watched has the reapers (*reaper) that are going to look. Threads are the
// business of the whole process: what another pool has needed of late is not
// surplus.
var watched sync.Map

// others returns how many threads the other pools may need soon, beyond those
// that are held now.
func (r *reaper) others() (n int) {
	watched.Range(func(key, _ any) bool {
		if o := key.(*reaper); o != r {
			p := o.pool
			n += int(max(0, p.burst.Load()-int64(p.state.load().running()), o.last.Load()-int64(p.state.load().running())))
		}
		return true
	})
	return n
}

// Reap ends idle OS threads of the process until no more than keep are left,
// and returns how many it has ended. Threads that are in use, in a system call
// or a C function or locked to a goroutine, are never ended, so it may have to
// leave more. It takes about 20 µs a thread. Where there are no threads to end
// (js, wasip1), or none can be ended (plan9), it does nothing.
//
// Do not use it in a program that starts children with Pdeathsig: that signal
// is sent when the thread that forked them ends.
func Reap(keep int) (ended int) {
	return reap(func() int { return keep })
}

// reap is Reap with a number of threads to keep that may change while others are
// ended: it is asked for before each batch.
func reap(keep func() int) (ended int) {
	if !threadsEnd {
		return 0
	}
	reaping.Lock() // two at a time would each end what one should
	defer reaping.Unlock()
	before := readThreads().total
	now := before
	for stuck := 0; stuck < 3; {
		batch := min(now-max(keep(), 1), 64)
		if batch <= 0 {
			break
		}
		var wg sync.WaitGroup
		wg.Add(batch)
		rest := make(chan struct{})
		for range batch {
			go endThread(&wg, rest)
		}
		wg.Wait()
		close(rest)
		n := settledThreads(now - batch)
		if n >= now {
			stuck++
		}
		now = n
	}
	return max(before-now, 0)
}

var reaping sync.Mutex

// endThread ends the thread it runs on by returning while locked to it. The
// main thread cannot end: Go would only park it for good. It is kept out of the
// way until the rest is done, else it would run through all these goroutines
// itself while the other threads are still being woken.
func endThread(wg *sync.WaitGroup, rest <-chan struct{}) {
	runtime.LockOSThread()
	wg.Done()
	if onMainThread() {
		<-rest
		runtime.UnlockOSThread()
	}
}

// settledThreads waits a moment for threads that are ending to be gone from the
// count, and returns it.
func settledThreads(want int) int {
	n := readThreads().total
	for pause := 10 * time.Microsecond; n > want && pause < 10*time.Millisecond; pause *= 2 {
		time.Sleep(pause)
		n = readThreads().total
	}
	return n
}

// threads is what Go's scheduler says of its threads.
type threads struct {
	total int // all
	held  int // held by goroutines in system calls and C functions
}

var threadSamples = sync.Pool{New: func() any {
	return &[2]metrics.Sample{
		{Name: "/sched/threads/total:threads"},
		{Name: "/sched/goroutines/not-in-go:goroutines"},
	}
}}

// readThreads takes about 100 ns.
func readThreads() threads {
	s := threadSamples.Get().(*[2]metrics.Sample)
	defer threadSamples.Put(s)
	metrics.Read(s[:])
	return threads{total: int(s[0].Value.Uint64()), held: int(s[1].Value.Uint64())}
}
