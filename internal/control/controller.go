package control

import (
	"math"
	"slices"
	"time"
)

// Config holds the bounds of a Controller. The zero value is useful.
type Config struct {
	Min     int // smallest limit; 0 means 1
	Max     int // largest limit; 0 means 512
	Initial int // first limit; 0 means 8
}

// A Decision is what the pool is to do.
type Decision struct {
	Limit  int
	Reason Reason        // of the last change of the limit
	Next   time.Duration // when to call Tick again, if the queue is not empty
}

type mode uint8

const (
	ramping mode = iota
	testing
	holding
)

// A Controller computes the limit. It has no clock, no goroutine and no
// pointer: a copy is an independent Controller in the same state. Make it
// with New. Its methods are not safe for concurrent use.
type Controller struct {
	min, max, initial int
	sizes             [maxLevels]int
	last              int // index of max in sizes
	levels            [maxLevels]level

	limit   int
	at      int // index of limit in sizes
	reason  Reason
	log     eventLog
	mode    mode
	started bool
	prev    Input
	now     float64 // seconds

	// Since the last change of the limit.
	changed    float64
	sinceCount float64
	shrunk     bool // the last change was to fewer
	since      sums
	settled    bool
	slice      sums
	batch      sums

	counts, littles dispersion
	late            [lateTicks]float64
	lateAt          int
	lateness        float64 // their median
	busy            bool
	limitedAt       int     // the level at which that was so
	limited         bool    // the processors were what limited the jobs
	slow            float64 // load, smoothed more
	refilled        float64 // what it must reach for another refill
	load            float64 // share of the processors in use, smoothed
	age             float64 // mean age of the running jobs
	peak            float64 // its largest value, fading

	lastDone  float64 // when a job last ended
	stallStep float64
	rate      float64 // completions per second, smoothed
	seenAny   bool

	ramp   rampState
	search searchState
	hold   holdState
}

// New returns a Controller at its first limit.
func New(cfg Config) *Controller {
	c := &Controller{min: max(cfg.Min, 1), max: cfg.Max, initial: cfg.Initial}
	if c.max <= 0 {
		c.max = 512
	}
	c.max = max(c.max, c.min)
	if c.initial <= 0 {
		c.initial = firstLimit
	}
	c.initial = min(max(c.initial, c.min), c.max)
	c.makeSizes()
	c.limit = c.initial
	c.at = c.index(c.initial)
	c.limit = c.sizes[c.at]
	c.reason = Start
	c.stallStep = 1.25
	c.load = -1
	c.ramp.begin(c)
	return c
}

// makeSizes lays out the limits that are tried: four per doubling.
func (c *Controller) makeSizes() {
	n := 0
	for x := float64(c.min); n < maxLevels-1; x = max(x*math.Pow(2, 0.25), math.Round(x)) {
		v := int(math.Round(x))
		if v >= c.max {
			break
		}
		if n == 0 || v > c.sizes[n-1] {
			c.sizes[n] = v
			n++
		}
	}
	c.sizes[n] = c.max
	c.last = n
}

// index is that of the size nearest to n on a logarithmic axis.
func (c *Controller) index(n int) int {
	i, found := slices.BinarySearch(c.sizes[:c.last+1], n)
	if found || i == 0 {
		return min(i, c.last)
	}
	if i > c.last {
		return c.last
	}
	if float64(c.sizes[i])*float64(c.sizes[i-1]) > float64(n)*float64(n) {
		return i - 1
	}
	return i
}

// scaled is the index of the size nearest to f times that of i, and another
// one than i where there is one.
func (c *Controller) scaled(i int, f float64) int {
	x := min(max(float64(c.sizes[i])*f, 1), float64(c.max))
	j := c.index(int(math.Round(x)))
	if j == i && f > 1 {
		j++
	} else if j == i && f < 1 {
		j--
	}
	return min(max(j, 0), c.last)
}

// Limit is the present limit.
func (c *Controller) Limit() int { return c.limit }

// Reason is that of the last change of the limit.
func (c *Controller) Reason() Reason { return c.reason }

// AppendLog appends the last changes of the limit to dst, oldest first.
func (c *Controller) AppendLog(dst []Event) []Event { return c.log.appendTo(dst) }

// set moves the limit to the size of index i.
func (c *Controller) set(i int, why Reason) {
	i = min(max(i, 0), c.last)
	if i == c.at {
		c.restart()
		return
	}
	c.shrunk = i < c.at
	c.log.add(Event{c.prev.Now, c.limit, c.sizes[i], why})
	c.at, c.limit, c.reason = i, c.sizes[i], why
	c.restart()
}

// restart begins to settle and then a new slice.
func (c *Controller) restart() {
	c.changed = c.now
	c.sinceCount = 0
	c.since = sums{}
	c.settled = false
	c.slice, c.batch = sums{}, sums{}
}

// Tick takes what was measured since the last call and decides. It is to be
// called about every Decision.Next while the queue is never empty, and once
// with Resumed set when it fills.
func (c *Controller) Tick(in Input) Decision {
	d, ok := c.difference(&in)
	if ok {
		c.signals(&in, &d)
		c.step(&d)
	}
	return Decision{Limit: c.limit, Reason: c.reason, Next: tick}
}

// difference takes in, and returns what happened since the last call; not ok
// if that says nothing.
func (c *Controller) difference(in *Input) (d sums, ok bool) {
	p := c.prev
	c.prev = *in
	now := in.Now.Seconds()
	if !c.started || in.Resumed || in.Now <= p.Now || in.Completions < p.Completions {
		c.rebase(p.Now, now)
		return d, false
	}
	c.now = now
	d.time = (in.Now - p.Now).Seconds()
	d.count = float64(in.Completions - p.Completions)
	d.service = (in.ServiceSum - p.ServiceSum).Seconds()
	ages := time.Duration(in.Running)*in.Now - in.StartSum
	before := time.Duration(p.Running)*p.Now - p.StartSum
	d.area = d.service + (ages - before).Seconds()
	d.log = in.LogSum - p.LogSum
	d.logSquare = in.LogSquareSum - p.LogSquareSum
	d.cpu = (in.CPU - p.CPU).Seconds()
	if in.CPU < 0 || p.CPU < 0 {
		d.cpu = 0
	}
	if d.service < 0 || d.area < 0 || d.cpu < 0 || !finite(d.log) || !finite(d.logSquare) {
		c.rebase(p.Now, now)
		return d, false
	}
	c.age = 0
	if in.Running > 0 {
		c.age = max(ages.Seconds()/float64(in.Running), 0)
	}
	return d, true
}

func finite(x float64) bool { return x-x == 0 }

// rebase forgets the unfinished slice: the pool was not saturated.
func (c *Controller) rebase(before time.Duration, now float64) {
	idle := now - before.Seconds()
	c.now = now
	c.lastDone = now
	if c.started && idle >= idleHalf {
		i := c.at
		for ; idle >= idleHalf && c.sizes[i] > c.initial; idle -= idleHalf {
			i = max(c.scaled(i, 0.5), c.index(c.initial))
		}
		if i != c.at {
			c.set(i, Idle)
			c.forget()
			c.ramp.begin(c)
		}
	}
	c.started = true
	c.restart()
}

// forget drops what was learned about the levels.
func (c *Controller) forget() {
	c.levels = [maxLevels]level{}
	c.counts, c.littles = dispersion{}, dispersion{}
}

// signals updates what is observed beside the slices.
func (c *Controller) signals(in *Input, d *sums) {
	c.late[c.lateAt] = in.Lateness.Seconds()
	c.lateAt = (c.lateAt + 1) % lateTicks
	sorted := c.late
	slices.Sort(sorted[:])
	c.lateness = sorted[lateTicks/2]
	procs := in.Procs
	if !(procs > 0) {
		procs = 1
	}
	f := 1 - math.Exp(-d.time/0.02)
	if c.load < 0 {
		f = 1
	}
	c.load += f * (min(d.cpu/d.time/procs, 1) - c.load)
	c.slow += (1 - math.Exp(-d.time/0.3)) * (c.load - c.slow)
	c.busy = c.load > busyLoad || c.lateness > busyLateness
	c.peak = max(c.age, c.peak*math.Exp(-d.time/peakFade))
	f = 1 - math.Exp(-d.time/0.3)
	c.rate += f * (d.count/d.time - c.rate)
	if d.count > 0 {
		c.lastDone = c.now
		c.seenAny = true
		c.stallStep = 1.25
	}
	c.sinceCount += d.count
	c.ramp.total += d.count
}

// settleTime is how long a change of the limit takes to show in full.
func (c *Controller) settleTime() float64 { return min(settleAges*c.peak, settleCap) }

// settles says whether the last change shows in full. After a step down that
// is when the jobs from before have gone: then the mean age has come down,
// while a step up makes it small at once, so that it must be remembered.
func (c *Controller) settles() bool {
	t := c.now - c.changed
	if !c.shrunk {
		return t >= max(c.settleTime(), stepTime*float64(c.limit))
	}
	if t < settleCap && (c.prev.Running > c.limit || t < settleAges*c.age) {
		return false
	}
	c.peak = c.age
	return true
}

// crowded is busy for longer: there is no use in more.
func (c *Controller) crowded() bool { return c.slow > busyLoad || c.lateness > busyLateness }

// step runs the mode.
func (c *Controller) step(d *sums) {
	if c.stalled() {
		return
	}
	c.since.add(d)
	if c.mode == holding || c.mode == testing && c.search.cand == c.search.base {
		if c.ramp.regrets(c) || c.refill() {
			return
		}
	}
	if !c.settled {
		if c.mode == ramping {
			if c.ramp.patient(c) {
				return
			}
			c.settled = c.ramp.settled(c)
		} else {
			c.settled = c.settles()
		}
		if !c.settled {
			return
		}
		if c.mode != ramping {
			return
		}
	}
	c.slice.add(d)
	c.batch.add(d)
	c.endBatch()
	switch c.mode {
	case ramping:
		c.ramp.step(c)
	case testing:
		c.search.step(c)
	case holding:
		c.hold.step(c)
	}
}

// endBatch compares a batch with the slice it is part of.
func (c *Controller) endBatch() {
	if c.batch.count < max(16, float64(c.limit)) || c.batch.time < 0.035 || !c.batch.valid() || !c.slice.valid() {
		return
	}
	if c.slice.count > 1.5*c.batch.count {
		n := c.batch.count
		c.counts.observe(c.batch.counted()/c.slice.counted(), n)
		c.littles.observe(c.batch.little()/c.slice.little(), n)
	}
	c.batch = sums{}
}

// stalled grows the limit when nothing ends any more.
func (c *Controller) stalled() bool {
	wait := max(stallTime, 16/max(c.rate, 1e-3))
	wait = min(wait, stallCap)
	if !c.seenAny {
		wait = stallTime
	}
	idle := c.now - max(c.lastDone, c.changed)
	if idle < wait {
		return false
	}
	if c.busy {
		if idle < max(wait, 1) || float64(c.limit) >= 4*max(c.prev.Procs, 1) {
			return false
		}
		c.set(c.index(c.limit+1), Stall)
		return true
	}
	if c.at == c.last {
		return false
	}
	c.set(c.index(int(float64(c.limit)*c.stallStep)+1), Stall)
	c.stallStep = min(c.stallStep+0.25, 2)
	if c.mode != ramping {
		c.forget()
		c.ramp.begin(c)
	}
	c.ramp.bounded(c)
	return true
}
