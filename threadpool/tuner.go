package threadpool

import (
	"runtime"
	"time"

	"go.uber.org/atomic"

	"github.com/causeway-go/causeway/internal/control"
)

// A tuner moves the limit of a pool, as package control decides. It works only
// while somebody stands in the queue: then it looks every ten milliseconds. All
// of it is guarded by the mutex of the pool.
type tuner struct {
	pool    *Pool
	ctl     *control.Controller
	timer   *time.Timer
	due     time.Duration // when the timer is to fire
	awake   bool          // the timer is set, or tick is running
	emptied bool          // the queue has been empty since the last look
}

func newTuner(p *Pool, limit int) *tuner {
	return &tuner{pool: p, ctl: control.New(control.Config{Max: limit, Procs: runtime.GOMAXPROCS(0)})}
}

// wakeLocked begins to look. Somebody stands in the queue.
func (t *tuner) wakeLocked() {
	if t.awake || t.pool.opts.Limit == 1 || t.pool.foreign() {
		return // there is no choice, or a timer made in a bubble would be part of it
	}
	t.awake, t.emptied = true, false
	in := t.observe()
	in.Resumed = true
	d := t.decideLocked(in)
	// After a long rest there may be fewer slots, never more.
	t.pool.state.update(func(w word) word { return w.withLimit(d.Limit) })
	t.sleepLocked(in.Now, d.Next)
}

func (t *tuner) sleepLocked(now, next time.Duration) {
	if next <= 0 {
		t.awake = false
		return
	}
	t.due = now + next
	if t.timer == nil {
		t.timer = time.AfterFunc(next, t.tick)
	} else {
		t.timer.Reset(next)
	}
}

// tick looks once.
func (t *tuner) tick() {
	refreshQuota()
	in := t.observe()
	p := t.pool
	var wake wakeList
	p.mu.Lock()
	in.Lateness = max(in.Now-t.due, 0)
	// A class whose jobs wait for shared slots is not limited by its own limit.
	in.Resumed = t.emptied || p.state.load().free() > 0 && p.family != nil
	if p.standing() == 0 {
		t.awake = false
		p.mu.Unlock()
		return
	}
	t.emptied = false
	d := t.decideLocked(in)
	if d.Limit != p.state.load().limit() {
		p.state.update(func(w word) word { return w.withLimit(d.Limit) })
	}
	p.dispatchLocked(&wake)
	t.sleepLocked(in.Now, d.Next)
	p.mu.Unlock()
	wake.run()
}

// decideLocked asks the controller.
func (t *tuner) decideLocked(in control.Input) control.Decision {
	in.Queued = t.pool.standing()
	return t.ctl.Tick(in)
}

// observe reads the meter and the clocks. It does not need the mutex.
func (t *tuner) observe() control.Input {
	s := t.pool.meter.sums()
	return control.Input{
		Now:          clock(),
		Running:      s.running,
		Parked:       int(t.pool.waiting.Load()),
		StartSum:     s.startSum,
		Completions:  s.measured,
		ServiceSum:   s.service,
		LogSum:       s.log,
		LogSquareSum: s.log2,
		CPU:          processCPU(),
		Procs:        processors(),
	}
}

// processors returns how many processors the process may use, which is not a
// whole number if a control group bounds the time.
func processors() float64 {
	n := float64(min(runtime.GOMAXPROCS(0), runtime.NumCPU()))
	if q := quota.Load(); q > 0 {
		n = min(n, q)
	}
	return n
}

// What the control groups allow, or 0, is read again now and then: it can be
// changed at any time.
var (
	quota   atomic.Float64
	quotaAt atomic.Duration
)

const quotaFor = 2 * time.Second

func refreshQuota() {
	at, now := quotaAt.Load(), clock()
	if (at == 0 || now-at > quotaFor) && quotaAt.CompareAndSwap(at, now) {
		quota.Store(cpuQuota())
	}
}
