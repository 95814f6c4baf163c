package control

import "math"

// A trace is what the ramp saw of a level in passing.
type trace struct{ rate, mean, paid float64 }

// rampState is the search for the order of magnitude.
type rampState struct {
	have      bool // prev… are of the level before this one
	prevAt    int
	meanAt    int     // the level of mean
	mean      float64 // of ln(service time)
	variance  float64
	rate      float64
	count     float64 // of completions that rate was found from
	service   float64 // mean service time
	validated float64 // the last limit that evidence led to
	climbed   int     // steps up that evidence justified
	sure      bool    // one of them was by more than chance
	seen      [maxLevels]trace
	began     float64
	total     float64 // completions since then
	bound     float64 // above the rate before the last change
	stalled   bool    // that was by a stall
	warm      bool    // jobs have ended before: no patience
	calm      bool    // the running jobs were hardly older than those that ended
	unclogged float64 // what the rate must reach for another unclog
}

func (r *rampState) begin(c *Controller) {
	c.mode = ramping
	*r = rampState{validated: float64(c.limit), began: c.now}
}

// again begins from a limit that jobs have run at: what was seen of lower ones
// still counts, and patience would be a step back.
func (r *rampState) again(c *Controller) {
	seen, unclogged := r.seen, r.unclogged
	r.begin(c)
	r.warm, r.seen, r.unclogged = true, seen, unclogged
}

// settled says whether the slice may begin: half a service time after the
// change.
func (r *rampState) settled(c *Controller) bool {
	return c.now-c.changed >= min(r.service/2, settleCap)
}

// patient doubles without evidence while nearly nothing has completed.
func (r *rampState) patient(c *Controller) bool {
	l := float64(c.limit)
	if c.now-c.changed < patience || c.since.count > max(1, l/16) || c.busy || c.load > 0.3 || c.at == c.last || r.have || r.warm ||
		l >= patienceGrow*max(r.validated, float64(c.initial)) {
		return false
	}
	r.bounded(c)
	r.stalled = false
	c.set(c.scaled(c.at, 2), Patience)
	return true
}

// bounded notes how few jobs ended up to now: the limit is about to grow
// without evidence.
func (r *rampState) bounded(c *Controller) {
	r.bound = (r.total + 1) / max(c.now-r.began, patience)
}

// ready says whether the slice is long enough to decide.
func (r *rampState) ready(c *Controller) bool {
	s := &c.slice
	if !s.valid() {
		return r.have && r.rate*s.time >= 16
	}
	service := r.service
	if !r.have {
		service = s.service / s.count
	}
	if c.now-c.changed < 1.5*min(max(service, min(c.age, 2*service)), settleCap) {
		return false
	}
	if c.now-c.changed < stepTime*float64(c.limit) {
		return false
	}
	if s.count < 8 && r.rate*s.time < 16 {
		return false
	}
	return s.count >= max(60, float64(c.limit)/2) || s.time >= 0.15
}

// early says that more jobs end already, before the change shows in full. That
// is enough where jobs do not end sooner the younger they are: there the new
// ones can only add later what they do not add yet.
func (r *rampState) early(c *Controller) bool {
	s := &c.since
	if !r.have || !r.calm || r.service < earlyService || c.busy || s.count < earlyCount || !s.valid() {
		return false
	}
	step := math.Log(float64(c.limit) / float64(c.sizes[r.prevAt]))
	e := math.Log(s.counted()/r.rate) / step
	se := math.Sqrt(1/s.count+1/r.count) / step
	mean, _ := s.logMean()
	return e-se > 0.5 && r.held(c, mean) > 0.4
}

// young says that the level before was left while most of its long jobs were not at their
// end: those that had ended were the short ones, and service times say nothing.
func (r *rampState) young(c *Controller) bool {
	t := &r.seen[r.prevAt]
	return c.load < 0.3 && r.service > earlyService && t.rate > 0 && t.paid < 0.8
}

// first takes the first level of which there is evidence.
func (r *rampState) first(c *Controller, x float64) {
	bound := r.bound
	r.remember(c)
	switch {
	case c.nothing(&c.slice):
		r.end(c, c.at)
	case bound > 0 && !r.stalled && x < 2*bound && bound*(c.changed-r.began) > 6:
		r.end(c, c.at)
	case bound > 0 && x > 4*bound:
		r.climbed++
		r.sure = true
		r.grow(c, 4)
	default:
		r.grow(c, 2)
	}
}

func (r *rampState) step(c *Controller) {
	if r.patient(c) {
		return
	}
	early := r.early(c)
	if early {
		c.slice = c.since
	} else if !r.settled(c) || !r.ready(c) {
		return
	}
	s := &c.slice
	if !s.valid() {
		r.end(c, r.prevAt)
		return
	}
	mean, variance := s.logMean()
	x := s.counted()
	if !r.have {
		r.first(c, x)
		return
	}
	step := math.Log(float64(c.limit) / float64(c.sizes[r.prevAt]))
	eS := r.held(c, mean)
	se := math.Sqrt(variance+r.variance) / r.span(c)
	eX := math.Log(x/r.rate) / step
	seX := math.Sqrt(1/s.count+1/r.count) / step
	var more bool
	if c.busy {
		more = eS-se > 0.4 && eX > 0.3
	} else {
		more = eS > 0.4 && eX > 0.3 || eS+se > 0.4 && eX > 0.5 || eS-se > 0.8 && (eX > -0.1 || c.load < 0.7) ||
			s.count < 60 && eX+0.7*seX > 0.5 || r.young(c) && eX-0.5*seX > 0.4
	}
	if !more && s.count < 60 && s.time < max(waitMore, min(1.5*r.service, settleCap)) && !c.busy && eX+1.3*seX > 0.5 {
		return // it may be
	}
	if more {
		r.climbed++
		r.sure = r.sure || eX-seX > 0.3
		before := *r
		r.remember(c)
		if early {
			// The long jobs of this level have not ended yet.
			r.meanAt, r.mean, r.variance, r.service = before.meanAt, before.mean, before.variance, before.service
			// Having stopped at the first good moment, it is likely to be too good.
			r.rate *= 1 - 1/math.Sqrt(r.count)
		}
		f := 2.0
		if eS > 0.8 && eX > 0.55 && c.age < 1.5*r.service {
			f = 4
		}
		r.grow(c, f)
		return
	}
	if eX < -0.1 {
		k := r.prevAt
		if eS-se > 0.8 {
			k = c.at // jobs are no slower: a few long ones take slots
		}
		r.end(c, k)
		return
	}
	k := c.index(int(float64(c.sizes[r.prevAt])*math.Exp(step*min(max(0, eS, eX), 1)) + 0.5))
	r.end(c, k)
}

// span is how far the limit is from that at which mean was found.
func (r *rampState) span(c *Controller) float64 {
	return math.Log(float64(c.limit) / float64(c.sizes[r.meanAt]))
}

// held is the elasticity by the service time: 1 if the jobs are as fast as
// they were, 0 if they are slower by as much as there are more.
func (r *rampState) held(c *Controller, mean float64) float64 {
	return 1 - (mean-r.mean)/r.span(c)
}

func (r *rampState) remember(c *Controller) {
	s := &c.slice
	r.have = true
	r.prevAt, r.rate, r.service = c.at, s.counted(), s.service/s.count
	r.meanAt = c.at
	r.mean, r.variance = s.logMean()
	r.count = s.count
	r.validated = float64(c.limit)
	r.calm = c.age < calmAge*r.service
	r.seen[c.at] = trace{r.rate, r.mean, s.service / s.area}
}

func (r *rampState) grow(c *Controller, f float64) {
	if c.at == c.last && r.climbed > 0 {
		c.hold.begin(c)
		return
	}
	if c.at == c.last || c.busy {
		r.end(c, c.at)
		return
	}
	if c.load > 0.3 {
		f = min(max(1.2/c.load, 1.2), f)
	}
	c.set(c.scaled(c.at, f), Ramp)
}

// paid says that growth up to the level of index k has paid for more than chance:
// in this ramp, or because much less was seen before at half the limit or less.
func (r *rampState) paid(x float64, k int) bool {
	if r.sure {
		return true
	}
	for i := range max(k-3, 0) {
		if t := &r.seen[i]; t.rate > 0 && t.rate < 0.7*x {
			return true
		}
	}
	return false
}

func (r *rampState) end(c *Controller, k int) {
	x := 0.0
	if c.slice.valid() {
		x = c.slice.counted()
	}
	c.set(k, RampEnd)
	c.limited, c.limitedAt, c.slow, c.refilled = c.busy || c.load > 0.85, c.at, c.load, 0
	c.search.begin(c, !r.paid(x, k))
}

// regrets goes back to a lower level of which the ramp saw more throughput
// than there is now, if jobs have become much slower since: with more
// of them, those that slow each other down have filled the slots.
func (r *rampState) regrets(c *Controller) bool {
	s := &c.since
	if !s.valid() || s.time < 0.4 {
		return false
	}
	x := s.counted()
	mean, variance := s.logMean()
	rise := 0.4 + 2*math.Sqrt(variance)
	for i := range c.at {
		t := &r.seen[i]
		need := rise
		if x < 0.5*t.rate {
			need = rise / 2
		}
		if t.paid < 0.8 || x > 0.7*t.rate || mean-t.mean < need || t.rate*s.time < 16 {
			continue
		}
		c.forget()
		c.peak = c.age
		c.set(i, Change)
		r.seen = [maxLevels]trace{}
		c.search.begin(c, false)
		return true
	}
	return false
}
