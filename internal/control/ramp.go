package control

import "math"

// rampState is the search for the order of magnitude.
type rampState struct {
	have      bool // prev… are of the level before this one
	prevAt    int
	mean      float64 // of ln(service time)
	variance  float64
	rate      float64
	validated float64 // the last limit whose doubling was justified
}

func (r *rampState) begin(c *Controller) {
	c.mode = ramping
	r.have = false
	r.validated = float64(c.limit)
}

// patient doubles without evidence while little has completed.
func (r *rampState) unsettled(c *Controller) { r.patient(c) }

func (r *rampState) patient(c *Controller) bool {
	l := float64(c.limit)
	if c.now-c.changed < patience || c.sinceCount >= l/4 || c.busy || c.at == c.last ||
		l >= patienceGrow*max(r.validated, float64(c.initial)) {
		return false
	}
	c.set(c.scaled(c.at, 2), Patience)
	return true
}

func (r *rampState) step(c *Controller) {
	if r.patient(c) {
		return
	}
	s := &c.slice
	l := float64(c.limit)
	if !s.valid() || s.count < 8 || s.count < max(60, l/2) && s.time < 0.15 {
		return
	}
	mean, variance := s.logMean()
	x := s.counted()
	if c.now-c.changed-s.time >= min(settleAges*c.age, settleCap) {
		c.note()
	}
	if !r.have {
		r.remember(c, mean, variance, x)
		r.grow(c)
		return
	}
	step := math.Log(l / float64(c.sizes[r.prevAt]))
	eS := 1 - (mean-r.mean)/step
	se := math.Sqrt(variance+r.variance) / step
	eX := math.Log(x/r.rate) / step
	var more bool
	if c.busy {
		more = eS-se > 0.4
	} else {
		more = eS > 0.4 && eX > -0.3 || eS+se > 0.4 && eX > 0
	}
	if more {
		r.remember(c, mean, variance, x)
		r.grow(c)
		return
	}
	step = min(step, math.Ln2*3)
	k := c.index(int(float64(c.sizes[r.prevAt])*math.Exp(step*min(max(0, eS), 1)) + 0.5))
	r.end(c, k)
}

func (r *rampState) remember(c *Controller, mean, variance, rate float64) {
	r.have = true
	r.prevAt, r.mean, r.variance, r.rate = c.at, mean, variance, rate
	r.validated = float64(c.limit)
}

func (r *rampState) grow(c *Controller) {
	if c.at == c.last || c.busy {
		r.end(c, c.at)
		return
	}
	f := 2.0
	if c.load > 0.6 {
		f = min(max(1.2/c.load, 1.2), 2)
	}
	c.set(c.scaled(c.at, f), Ramp)
}

func (r *rampState) end(c *Controller, k int) {
	c.set(k, RampEnd)
	c.search.begin(c, true)
}
