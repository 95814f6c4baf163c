package control

import "math"

// holdState keeps the limit and looks out for changes.
type holdState struct {
	last     float64 // time of the last addition to the budget
	budget   float64 // seconds of lost throughput that probes may cost
	interval float64 // between probes
	nextAt   float64
	turn     int
	ref      sums // of the time in hold
	doubted  bool
}

func (h *holdState) begin(c *Controller) {
	budget := h.budget
	*h = holdState{last: c.now, interval: holdFirst, nextAt: c.now + holdFirst, budget: budget, turn: h.turn}
	c.mode = holding
	if v := &c.levels[c.at]; c.known(c.at) {
		h.ref = v.sums
	}
	c.restart()
}

// resume goes on after a probe that failed.
func (h *holdState) resume(c *Controller, sure bool) {
	c.mode = holding
	grow := 1.2
	if sure {
		grow = 1.5
	}
	h.interval = min(grow*h.interval, holdLast)
	h.nextAt = c.now + h.interval
	h.doubted = false
	c.restart()
}

func (h *holdState) step(c *Controller) {
	h.budget += rho * (c.now - h.last)
	h.last = c.now
	s := &c.slice
	if s.count < sliceCount || s.time < 0.3 {
		if s.time < sliceCap {
			return
		}
	}
	if s.valid() && h.changedLoad(c) {
		return
	}
	if s.valid() {
		v := &c.levels[c.at]
		if v.time > 4 {
			v.scale(4 / v.time)
		}
		c.note()
		h.ref.add(s)
		if h.ref.time > 4 {
			h.ref.scale(4 / h.ref.time)
		}
	}
	c.slice, c.batch = sums{}, sums{}
	if c.now >= h.nextAt {
		h.probe(c)
	}
}

// changedLoad compares the slice with the time before.
func (h *holdState) changedLoad(c *Controller) bool {
	if !h.ref.valid() || h.ref.count < sliceCount {
		return false
	}
	s := &c.slice
	d := math.Log(s.counted() / h.ref.counted())
	disp := c.counts.value()
	se := math.Sqrt(disp/s.count + disp/h.ref.count)
	if math.Abs(d) < max(0.25, 4*se) {
		h.doubted = false
		return false
	}
	if !h.doubted {
		h.doubted = true // once may be chance
		c.slice, c.batch = sums{}, sums{}
		return true
	}
	h.doubted = false
	ms, _ := s.logMean()
	mr, _ := h.ref.logMean()
	load := h.ref.cpu / h.ref.time / c.procs
	c.forget()
	h.ref = sums{}
	if d < 0 && ms-mr < 0.4 {
		// Other jobs than before. More of them at once may help.
		h.ref = sums{}
		if c.busy || c.at == c.last {
			c.restart()
			return true
		}
		c.search.begin(c, false)
		return true
	}
	if d < 0 && c.crowdedOut(s) {
		h.begin(c) // other programs than before
		return true
	}
	if d < 0 {
		c.set(c.scaled(c.at, 0.5), Change)
		c.search.begin(c, true)
		return true
	}
	if c.at == c.last {
		h.begin(c)
		return true
	}
	if d < 1 && c.load > 0.8*load {
		c.search.begin(c, false)
		return true
	}
	c.restart()
	c.ramp.begin(c)
	c.ramp.warm = true
	return true
}

// probeSteps are the trials of hold, in turn: small steps for what the search
// did not resolve, and a long one against a local maximum.
var probeSteps = [...]float64{math.Sqrt2 / 2, math.Sqrt2, 1 / 1.19, 1.19, farStep}

// probe tries a neighbour if the budget covers what it may cost.
func (h *holdState) probe(c *Controller) {
	turn := h.turn % len(probeSteps)
	f := probeSteps[turn]
	j, share := c.scaled(c.at, f), min(1-f, 0.25)
	if f > 1 {
		share = 0.1
		if c.crowded() || c.nothing(&c.recent) {
			j = c.at
		}
	} else if f == farStep {
		share = 0.75
	}
	if j == c.at {
		h.turn++
		return
	}
	x := max(h.ref.counted(), 1e-3)
	if _, se, _, ok := c.compare(c.at, j); ok && se < 0.1 && c.now-c.levels[j].at < 20 {
		share = min(max(1-c.levels[j].counted()/x+se/2, 0.02), share)
	}
	cost := share * (c.settleTime() + min(max(sliceCount, float64(c.limit))/x, sliceCap))
	if f == farStep {
		cost = share * (c.settleTime() + 0.15)
	}
	if cost > h.budget {
		return
	}
	h.turn++
	h.budget -= cost
	q := &c.search
	*q = searchState{base: c.at, cand: j, stride: 2, probe: true, careful: true}
	c.mode = testing
	c.set(j, Probe)
}

// refill grows the limit if the processors were what limited it and are not
// any more: as long as they were, the throughput was proportional to their
// load, and what holds the slots now does not compute.
func (c *Controller) refill() bool {
	if c.slow > 0.93 {
		c.limited, c.limitedAt, c.refilled = true, c.at, 0
		if c.recent.count > 0 {
			c.limitedMean = c.recent.log / c.recent.count
		}
	}
	if !c.limited || c.at < c.limitedAt || c.slow > 0.8 || c.at == c.last || c.busy || c.now-c.changed < 0.45 {
		return false
	}
	mean, variance := c.since.logMean()
	if c.limitedMean != 0 && mean-c.limitedMean > 0.1+2*math.Sqrt(variance) {
		return false // they do not only hold slots
	}
	slower := c.since.count < sliceCount || !c.ramp.have || mean-c.ramp.mean > 0.1
	if c.slow < c.refilled && slower {
		c.limited, c.refilled = false, 0 // it did not help
		return false
	}
	f := min(max(0.9/c.slow, 1.2), 2)
	c.refilled = c.slow * (1 + 0.3*(f-1))
	c.forget()
	c.set(c.scaled(c.at, f), Freed)
	if c.load < 0.4 {
		c.ramp.again(c)
	} else {
		c.search.begin(c, false)
	}
	return true
}

// unclog grows the limit if far more jobs ended before with no more slots, those that end now
// are as fast, and those that run are far older: jobs that take long hold the slots.
func (c *Controller) unclog() bool {
	s := &c.since
	if c.at == c.last || c.busy || s.time < clogTime || !s.valid() {
		return false
	}
	mean, variance := s.logMean()
	if c.age < clogAge*math.Exp(mean) {
		return false
	}
	x := s.counted()
	if x < c.ramp.unclogged {
		return false // it did not help
	}
	for i := range c.at + 1 {
		t := &c.ramp.seen[i]
		if t.rate*s.time < 16 || x > clogShare*t.rate || mean-t.mean > 0.1+2*math.Sqrt(variance) {
			continue
		}
		f := min(t.rate/x, clogGrow)
		c.forget()
		c.set(c.scaled(c.at, f), Freed)
		c.ramp.again(c)
		c.ramp.unclogged = x * (1 + clogGain*(f-1))
		return true
	}
	return false
}

// others begins anew when jobs that computed have given way to jobs that wait: the
// processors, that were the limit, idle all at once, or nobody has waited for long, and
// now every slot is held and next to nothing ends. What is known of the levels is of the jobs that are gone, and growth goes
// at once as far as patience goes at the start.
func (c *Controller) others(d *sums) bool {
	if c.slow > fullLoad {
		if c.now-c.fullTo > fullGap {
			c.fullFrom = c.now
		}
		c.fullTo = c.now
	}
	if c.load > idleNow || c.late[(c.lateAt-1)%lateTicks] > busyLateness {
		c.low = sums{}
		return false
	}
	c.low.add(d)
	rate := c.low.counted()
	full := c.fullTo-c.fullFrom > 1 && c.now-c.fullTo < fullGap
	rested := c.rested > 0 && c.now-c.rested < fullGap && c.low.time > 4*math.Exp(c.typical)
	if !full && !rested || c.low.time < patience || c.prev.Running < c.limit || rate > othersShare*c.peakRate {
		return false
	}
	c.low = sums{}
	c.limited, c.refilled = false, 0
	c.forget()
	c.rate, c.peakRate = rate, rate
	c.ramp.begin(c)
	c.set(max(c.at, c.scaled(c.index(c.initial), patienceGrow)), Freed)
	c.ramp.bound = rate
	return true
}
