package control

import (
	"math"
	"slices"
	"time"
)

type mode uint8

const (
	ramping mode = iota // looks for the order of magnitude: rampState
	testing             // compares neighbouring levels: searchState
	holding             // keeps the level and watches: holdState
)

var modeNames = [...]string{ramping: "ramp", testing: "test", holding: "hold"}

// A Controller computes the limit. It has no clock, no goroutine and no
// pointer: a copy is an independent Controller in the same state. Make it
// with New. Its methods are not safe for concurrent use.
type Controller struct {
	min, max        int
	wanted, initial int // first limit, before and after the bounds
	sizes           [maxLevels]int
	last            int // index of max in sizes
	levels          [maxLevels]level

	limit   int
	at      int // index of limit in sizes
	reason  Reason
	log     eventLog
	mode    mode
	started bool
	prev    Input
	now     float64 // seconds

	// Since the last change of the limit, which was at changed: everything in
	// since, what counts in slice (once settled), and the part of slice that
	// is not in a batch yet.
	changed             float64
	shrunk              bool // it was to fewer
	settled             bool
	since, slice, batch sums

	// What is observed beside the slices.
	counts, littles dispersion
	late            [lateTicks]float64 // a ring of the last ones
	lateAt          int                // ticks
	lateness        float64            // median of late
	procs           float64            // processors the process may use
	load            float64            // share of them in use, smoothed over 20 ms; -1 before the first tick
	slow            float64            // the same over 0.3 s
	busy            bool
	age             float64 // mean age of the running jobs
	peak            float64 // its largest value, fading

	// See refill.
	recent           sums    // fading over 0.3 s
	limited          bool    // the processors were what limited the jobs
	limitedMean      float64 // of ln(service time), then
	limitedAt        int     // the level at which that was so
	refilled         float64 // what slow must reach for another refill
	low              sums    // since the load has been below idleNow
	fullFrom, fullTo float64 // when slow was above fullLoad last
	rested           float64 // when the queue filled that had been empty for longer than fullGap

	ends      endings
	stalls    int     // steps of the present stall
	typical   float64 // ln(service time) of the jobs that ended last
	typicalOf float64 // how many that is from
	ended     float64 // jobs in all
	rate      float64 // completions per second, smoothed
	peakRate  float64 // its largest value, fading

	ramp   rampState
	search searchState
	hold   holdState
}

// New returns a Controller at its first limit.
func New(cfg Config) *Controller {
	c := &Controller{wanted: cfg.Initial, reason: Start}
	if cfg.Initial <= 0 {
		c.wanted = firstLimit
		if cfg.Procs > 0 {
			// So jobs that do nothing find hardly more slots than can be used.
			c.wanted = min(firstLimit, cfg.Procs+4)
		}
	}
	if cfg.Max <= 0 {
		cfg.Max = lastLimit
	}
	c.bound(cfg.Min, cfg.Max)
	c.at = c.index(c.initial)
	c.limit = c.sizes[c.at]
	c.procs = 1
	c.load = -1
	c.ramp.begin(c)
	return c
}

func (c *Controller) bound(least, most int) {
	c.min = max(least, 1)
	c.max = max(most, c.min)
	c.makeSizes()
	c.initial = min(max(c.wanted, c.min), c.max)
}

// Resize sets new bounds. What is known is forgotten, the limit stays as near
// as the bounds allow.
func (c *Controller) Resize(least, most int) {
	c.bound(least, most)
	was := c.limit
	c.at = c.index(was)
	c.limit = c.sizes[c.at]
	if c.limit != was {
		c.reason = Resize
		c.log.add(Event{c.prev.Now, was, c.limit, Resize})
	}
	c.forget()
	c.search, c.hold = searchState{}, holdState{}
	c.ramp.begin(c)
	c.restart()
}

// State describes c.
func (c *Controller) State() State {
	return State{
		Limit: c.limit, Reason: c.reason, Mode: modeNames[c.mode], Rate: c.rate,
		Age: time.Duration(c.age * 1e9), Load: max(c.load, 0), Lateness: time.Duration(c.lateness * 1e9),
		Busy: c.busy,
	}
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
	next := tick
	if c.min == c.max {
		next = 0
	}
	return Decision{Limit: c.limit, Reason: c.reason, Next: next}
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
	if d.time <= 0 || d.service < 0 || d.area < 0 || d.cpu < 0 || !finite(d.log) || !finite(d.logSquare) {
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
	c.ends.begin(now)
	if c.started && idle > fullGap {
		c.rested = now
	}
	if c.started && idle >= idleHalf && c.decay(idle) {
		return
	}
	if c.started && c.mode == ramping && idle > 0 {
		// The ramp goes on where it was: bursts may all be shorter than a step.
		c.changed += idle
		c.ramp.began += idle
		return
	}
	c.started = true
	c.restart()
}

// decay halves the limit for each idleHalf of idle, down to the first one, and reports
// whether that has begun a ramp: from now, whatever is left of idle.
func (c *Controller) decay(idle float64) bool {
	i, first := c.at, c.index(c.initial)
	for ; idle >= idleHalf && i > first; idle -= idleHalf {
		i = max(c.scaled(i, 0.5), first)
	}
	if i == c.at {
		return false
	}
	c.set(i, Idle)
	c.forget()
	c.ramp.begin(c)
	return true
}

// forget drops what was learned about the levels.
func (c *Controller) forget() {
	c.levels = [maxLevels]level{}
	c.counts, c.littles = dispersion{}, dispersion{}
}

// signals updates what is observed beside the slices.
func (c *Controller) signals(in *Input, d *sums) {
	c.procs = 1
	if in.Procs > 0 {
		c.procs = min(max(in.Procs, 0.01), 1<<16)
	}
	c.late[c.lateAt%lateTicks] = in.Lateness.Seconds()
	c.lateAt++
	sorted, n := c.late, min(c.lateAt, lateTicks)
	slices.Sort(sorted[:n])
	c.lateness = sorted[n/2]
	d.late = c.lateness * d.time
	f := 1 - math.Exp(-d.time/0.02)
	if c.load < 0 {
		f = 1
	}
	c.load += f * (min(d.cpu/d.time/c.procs, 1) - c.load)
	c.slow += (1 - math.Exp(-d.time/0.3)) * (c.load - c.slow)
	c.busy = c.load > busyLoad || c.lateness > busyLateness
	c.peak = max(c.age, c.peak*math.Exp(-d.time/peakFade))
	f = 1 - math.Exp(-d.time/0.3)
	c.recent.scale(1 - f)
	c.recent.add(d)
	c.rate += f * (d.count/d.time - c.rate)
	if d.count > 0 {
		c.typicalOf = min(c.typicalOf+d.count, stallMemory)
		c.typical += min(d.count/c.typicalOf, 1) * (d.log/d.count - c.typical)
		c.ended += d.count
		c.ends.add(c.now, d.count, c.peakRate*stallTime*strayShare)
		if c.ends.total >= stallEnds {
			c.stalls = 0
		}
	}
	c.peakRate = max(c.rate, c.peakRate*math.Exp(-d.time/strayFade))
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

// nothing says that jobs are over before they could let others in: a goroutine in
// a system call keeps its processor until the monitor has seen it there twice, and
// that looks every 20 us at best. More slots than there are at first are of no use to
// such jobs, and if they seem to be, then because other programs have the processors.
func (c *Controller) nothing(s *sums) bool {
	mean, _ := s.logMean()
	return mean < math.Log(quickJob) && s.service < quickMean*s.count
}

// brief says that jobs are so short that handing processors and slots over is a
// part of what they cost. Then full processors do not say that jobs compute: the more
// calls are on the way at once, the fewer goroutines have to be woken for each.
func (c *Controller) brief() bool {
	return c.typicalOf > 0 && c.typical > math.Log(quickJob) && c.typical < math.Log(briefJob)
}

// crowded is busy for longer: there is no use in more.
func (c *Controller) crowded() bool { return c.slow > busyLoad || c.lateness > 2*busyLateness }

// step runs the mode.
func (c *Controller) step(d *sums) {
	if c.stalled() {
		return
	}
	c.since.add(d)
	if c.others(d) {
		return
	}
	if c.mode == holding || c.mode == testing && c.search.cand == c.search.base || c.mode == ramping && c.ramp.warm {
		if c.ramp.regrets(c) || c.refill() || c.unclog() {
			return
		}
	}
	if !c.settled {
		if c.mode == ramping {
			if c.ramp.patient(c) {
				return
			}
			c.settled = c.ramp.settled(c)
			if !c.settled {
				c.ramp.step(c)
				return
			}
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

// stallWait is how long nothing may end before that is no chance: as long as the
// last sixteen took to end, and four service times. What the last to end says
// about the rate is no guide, as a stall makes it next to nothing: then the wait
// would be endless. Before sixteen have ended at all there is nothing to go by.
func (c *Controller) stallWait() float64 {
	if c.prev.Running > c.limit {
		return stallCap // the limit is not what they wait for
	}
	if c.ended < stallEnds {
		return stallTime
	}
	return min(max(4*math.Exp(c.typical), c.ends.span(), stallTime), stallCap)
}

// stalled grows the limit when nothing ends any more, and faster each time.
func (c *Controller) stalled() bool {
	idle := c.now - max(c.ends.last, c.changed)
	if idle < stallTime {
		return false
	}
	wait := c.stallWait()
	if idle < wait {
		return false
	}
	if c.busy && c.load > idleLoad {
		if idle < max(wait, 1) || float64(c.limit) >= 4*max(c.procs, 1) {
			return false
		}
		c.set(c.index(c.limit+1), Stall)
		return true
	}
	if c.at == c.last {
		return false
	}
	f := min(1.5+0.5*float64(c.stalls), 3)
	c.set(c.index(int(float64(c.limit)*f)+1), Stall)
	c.stalls++
	c.ends.total = 0
	if c.mode != ramping {
		c.forget()
		c.ramp.again(c)
	}
	c.ramp.bounded(c)
	c.ramp.stalled = true
	return true
}
