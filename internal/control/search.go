package control

import "math"

// searchState compares two levels, the base and the candidate, and moves the
// base to the better one, until no neighbour is better.
type searchState struct {
	base, cand int
	pairs      int
	stride     int // in steps of the table
	long       bool
	triedUp    bool
	triedDown  bool
	triedFar   bool // up, though the processors are full
	probe      bool // a single test from hold
	careful    bool // has come from one: what it leaves has been found good
}

// note adds the slice to what is known of the level.
func (c *Controller) note() {
	v := &c.levels[c.at]
	if c.now-v.at > 20 {
		v.sums = sums{}
	}
	if c.shrunk {
		c.peak = c.age
	}
	v.add(&c.slice)
	v.at = c.now
}

// known says that the level of index i was measured recently.
func (c *Controller) known(i int) bool {
	v := &c.levels[i]
	return v.valid() && (v.count >= sliceCount/2 || v.time > 1.5) && c.now-v.at < 8
}

// begin starts a search around the present limit.
func (q *searchState) begin(c *Controller, long bool) {
	*q = searchState{base: c.at, cand: -1, stride: 2, long: long}
	c.mode = testing
	c.restart()
	q.next(c)
}

// next picks the next candidate, or ends the search.
func (q *searchState) next(c *Controller) {
	q.pairs = 0
	if !c.known(q.base) && q.cand != q.base {
		q.cand = q.base
		c.set(q.base, Return)
		return
	}
	if q.long {
		q.long = false
		if j := q.far(c); j < q.base && !q.lowKnown(c) {
			q.try(c, j)
			return
		}
	}
	if !q.triedFar && c.crowded() && c.brief() && q.base < c.last {
		q.triedFar = true
		q.try(c, c.scaled(q.base, 1/farStep))
		return
	}
	if !q.triedUp && !c.crowded() && !c.nothing(&c.recent) && q.base < c.last {
		q.triedUp = true
		if j := q.neighbour(c, 1); j >= 0 {
			q.try(c, j)
			return
		}
	}
	if !q.triedDown && q.base > 0 {
		q.triedDown = true
		if j := q.neighbour(c, -1); j >= 0 {
			q.try(c, j)
			return
		}
	}
	q.end(c)
}

// neighbour is the next candidate in a direction: a stride away, or the small
// stride if that is known to be too far, or -1 if that is too far as well.
func (q *searchState) neighbour(c *Controller, sign float64) int {
	for ; ; q.stride = 2 {
		j := c.scaled(q.base, math.Exp2(sign*float64(q.stride)/4))
		if !q.hopeless(c, j) {
			return j
		}
		if q.stride == 2 {
			return -1
		}
	}
}

// hopeless says that j, or a level between it and the base, is known to be
// worse than the base.
func (q *searchState) hopeless(c *Controller, j int) bool {
	for i := min(j, q.base); i <= max(j, q.base); i++ {
		if i == q.base || !c.known(i) {
			continue
		}
		if d, se, dn, ok := c.compare(q.base, i); ok && d-beta*dn < -zScore*se {
			return true
		}
	}
	return false
}

// far is the candidate of a long step down: a quarter, or as many as there
// are processors if those are the limit.
func (q *searchState) far(c *Controller) int {
	j := c.scaled(q.base, farStep)
	if procs := int(math.Ceil(c.procs)); c.busy && c.limit <= 4*procs {
		j = max(j, c.index(procs))
	}
	return j
}

// lowKnown says that a level at half the base or less has been measured.
func (q *searchState) lowKnown(c *Controller) bool {
	for i := q.base - 4; i >= 0; i-- {
		if c.known(i) {
			return true
		}
	}
	return false
}

func (q *searchState) try(c *Controller, i int) {
	q.cand = i
	c.set(i, Probe)
}

func (q *searchState) end(c *Controller) {
	c.set(q.base, Return)
	c.hold.begin(c)
}

func (c *Controller) sliceDone() bool {
	s := &c.slice
	if s.time < max(sliceTicks*tick.Seconds(), 0.7*c.settleTime()) {
		return false
	}
	if s.time >= sliceCap {
		return true
	}
	if q := &c.search; q.probe && s.time < 0.2 || q.pairs > 0 && s.time < 0.1 {
		return false
	}
	longer := float64(int(1) << (c.search.pairs / 2))
	if s.time >= 0.4 {
		longer = 1
	}
	return s.count >= longer*max(sliceCount, float64(c.limit))
}

func (q *searchState) step(c *Controller) {
	if q.aborts(c) {
		return
	}
	if !c.sliceDone() {
		return
	}
	c.note()
	if c.at == q.base && q.cand == q.base {
		c.restart()
		q.next(c)
		return
	}
	q.judge(c)
}

// aborts leaves a candidate that is plainly bad.
func (q *searchState) aborts(c *Controller) bool {
	if c.at != q.cand || q.cand == q.base || c.slice.time < 0.15 || !c.known(q.base) {
		return false
	}
	b := &c.levels[q.base]
	x := c.slice.count / c.slice.time
	if x > 0.6*b.counted() || b.counted()*c.slice.time < 10 {
		return false
	}
	c.note()
	q.rejected(c, true)
	return true
}

// compare returns ln(XB/XA), its standard error and ln(nB/nA).
func (c *Controller) compare(a, b int) (d, se, dn float64, ok bool) {
	la, lb := &c.levels[a], &c.levels[b]
	if !la.valid() || !lb.valid() {
		return 0, 0, 0, false
	}
	dn = math.Log(lb.running() / la.running())
	dc, dl := c.counts.value(), c.littles.value()
	d = math.Log(lb.counted() / la.counted())
	if dl < dc {
		d = math.Log(lb.little() / la.little())
		dc = dl
	}
	se = math.Sqrt(dc/la.count + dc/lb.count)
	if loadA, loadB := la.cpu/la.time/c.procs, lb.cpu/lb.time/c.procs; min(loadA, loadB) > 0.3 {
		// The processor time used says the same, if jobs compute about as
		// long at both levels; with few completions it says it better.
		e := math.Log(loadB / loadA)
		w, v := 1/(se*se), 1/(loadError*loadError)
		d, se = (w*d+v*e)/(w+v), 1/math.Sqrt(w+v)
	}
	return d, se, dn, true
}

func (q *searchState) judge(c *Controller) {
	d, se, dn, ok := c.compare(q.base, q.cand)
	if !ok {
		q.rejected(c, true)
		return
	}
	up := q.cand > q.base
	gain := d - beta*dn
	if !up && q.idles(c) && gain < 3*se {
		gain = min(gain, 0)
	}
	enough := zScore * se
	if q.careful {
		enough = zHold * se
	}
	switch {
	case gain > enough, q.fewerDo(c, gain, se):
		if q.soars(c, d/dn) {
			return
		}
		q.accepted(c)
	case gain < -zScore*se:
		q.rejected(c, true)
	case max(q.base-q.cand, q.cand-q.base) > 4 && q.pairs >= 1:
		// As good a long way off: if there is a better one, it is in between.
		q.pairs = 0
		q.try(c, (q.base+q.cand)/2)
	case q.pairs < pairsMax || (!q.probe || gain > zScore*se) && q.pairs < 2*pairsMax:
		q.pairs++
		if c.at == q.base {
			c.set(q.cand, Probe)
		} else {
			c.set(q.base, Return)
		}
	case gain > 0.5*se && !q.probe:
		q.accepted(c)
	default:
		q.rejected(c, false)
	}
}

// fewerDo says that fewer slots may be taken at once: the processors are what limits, and
// as far as has been seen nothing is lost.
func (q *searchState) fewerDo(c *Controller, gain, se float64) bool {
	if q.cand > q.base || c.at != q.cand || c.brief() || q.careful && se > carefulError {
		return false
	}
	return (c.slow > busyLoad || q.computes(c)) && gain > -0.5*se
}

// soars goes on by ramping if the throughput grew nearly as much as the limit
// and nothing is busy: the search is far from where it has to be.
func (q *searchState) soars(c *Controller, e float64) bool {
	if c.at != q.cand || q.cand < q.base || e < 0.6 || c.load > 0.6 || c.at == c.last || !c.slice.valid() {
		return false
	}
	c.ramp.begin(c)
	c.ramp.climbed, c.ramp.sure = 1, true
	c.ramp.remember(c)
	c.ramp.grow(c, 2)
	return true
}

// idles says that the processors are busy at the base and not at the candidate.
// Only jobs that hinder each other, as by spinning, are better off so.
func (q *searchState) idles(c *Controller) bool {
	a, b := &c.levels[q.base], &c.levels[q.cand]
	return a.cpu > 0.9*a.time*c.procs && b.cpu/b.time < 0.93*a.cpu/a.time
}

// crowdedOut says that jobs computed and got less than they wanted, because
// other programs have a part of the processors: then timers are late though the
// load is not full.
func (c *Controller) crowdedOut(s *sums) bool {
	return s.late > busyLateness*s.time && s.cpu > computeLoad*s.time*c.procs && s.cpu < 0.85*s.time*c.procs
}

// computes says that processors, if not all of them, are what limits at the base or
// at the candidate. There fewer are to win where nothing is lost.
func (q *searchState) computes(c *Controller) bool {
	return c.crowdedOut(&c.levels[q.base].sums) || c.crowdedOut(&c.levels[q.cand].sums)
}

func (q *searchState) accepted(c *Controller) {
	up := q.cand > q.base
	far := q.base-q.cand > 4
	q.base = q.cand
	c.set(q.base, Accept)
	q.stride = min(2*q.stride, 8)
	q.triedUp, q.triedDown = !up && !far, up
	q.triedFar = q.triedFar && !up
	if q.probe {
		q.probe = false
	}
	q.next(c)
}

func (q *searchState) rejected(c *Controller, sure bool) {
	if q.probe {
		c.set(q.base, Reject)
		c.hold.resume(c, sure)
		return
	}
	if q.stride > 2 {
		q.stride = 2
		if q.cand > q.base {
			q.triedUp = false
		} else {
			q.triedDown = false
		}
	}
	q.next(c)
}
