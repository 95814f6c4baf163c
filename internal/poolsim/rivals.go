package poolsim

import (
	"math"
	"time"
)

// The rules of other pools, written anew from POOL.md's description of them,
// with its starting values. They are here for scale, not as ports: each is
// the law alone, without what surrounds it in its own home.

// window gives the differences of the counters between two ticks.
type window struct{ last Observation }

func (w *window) next(o *Observation) (seconds, count, service float64, ok bool) {
	l := w.last
	w.last = *o
	seconds = (o.Now - l.Now).Seconds()
	count = float64(o.Completions - l.Completions)
	if count > 0 {
		service = (o.ServiceSum - l.ServiceSum).Seconds() / count
	}
	return seconds, count, service, !o.Resumed && l.Now > 0 && count > 0
}

// KeepRunnable is the rule of libdispatch at a faster pace: as many runnable
// threads as cores.
type KeepRunnable struct{ limit float64 }

// Start implements Policy: the first limit, and the time between two ticks.
func (k *KeepRunnable) Start(cores, _ int) (int, time.Duration) {
	k.limit = float64(cores)
	return cores, 20 * time.Millisecond
}

// Tick implements Policy: the limit from now on.
func (k *KeepRunnable) Tick(o *Observation) int {
	switch {
	case o.Runnable < o.Cores && o.Running >= o.Limit:
		k.limit = math.Ceil(k.limit * 1.25)
	case o.Runnable > 2*o.Cores:
		k.limit = math.Floor(k.limit * 0.8)
	}
	k.limit = min(max(k.limit, 1), 512)
	return int(k.limit)
}

// Vegas keeps a few jobs queued inside, judged by the shortest service time.
type Vegas struct {
	w        window
	limit    float64
	shortest float64
}

// Start implements Policy: the first limit, and the time between two ticks.
func (v *Vegas) Start(_, _ int) (int, time.Duration) {
	v.limit = 20
	return 20, 100 * time.Millisecond
}

// Tick implements Policy: the limit from now on.
func (v *Vegas) Tick(o *Observation) int {
	_, _, s, ok := v.w.next(o)
	if !ok {
		return int(v.limit)
	}
	if v.shortest == 0 || s < v.shortest {
		v.shortest = s
	}
	queue := v.limit * (1 - v.shortest/s)
	lg := max(1, math.Log10(v.limit))
	switch {
	case queue < 3*lg:
		v.limit += lg
	case queue > 6*lg:
		v.limit -= lg
	}
	v.limit = min(max(v.limit, 1), 512)
	return int(v.limit)
}

// Gradient2 follows the ratio of the long to the short mean service time.
type Gradient2 struct {
	w     window
	limit float64
	long  float64
}

// Start implements Policy: the first limit, and the time between two ticks.
func (g *Gradient2) Start(_, _ int) (int, time.Duration) {
	g.limit = 20
	return 20, 100 * time.Millisecond
}

// Tick implements Policy: the limit from now on.
func (g *Gradient2) Tick(o *Observation) int {
	_, _, s, ok := g.w.next(o)
	if !ok {
		return int(g.limit)
	}
	if g.long == 0 {
		g.long = s
	}
	g.long += (s - g.long) * 2 / 601
	if g.long > 2*s {
		g.long *= 0.95
	}
	grad := min(max(1.5*g.long/s, 0.5), 1)
	g.limit = 0.8*g.limit + 0.2*(g.limit*grad+4)
	g.limit = min(max(g.limit, 1), 512)
	return int(g.limit)
}

// HillClimb is the law of .NET's pool: a square wave on the limit, and the
// part of the throughput at the frequency of the wave says which way to go.
type HillClimb struct {
	w       window
	base    float64
	wave    float64
	samples [][2]float64 // throughput, limit
	n       int
	elapsed float64
	count   float64
}

// Start implements Policy: the first limit, and the time between two ticks.
func (h *HillClimb) Start(cores, _ int) (int, time.Duration) {
	h.base = float64(cores)
	return cores, 50 * time.Millisecond
}

const hillPeriod, hillHistory = 4, 32

// Tick implements Policy: the limit from now on.
func (h *HillClimb) Tick(o *Observation) int {
	dt, c, _, _ := h.w.next(o)
	if o.Resumed {
		return int(h.base)
	}
	h.elapsed += dt
	h.count += c
	if h.count == 0 || float64(o.Running-1)/h.count >= 0.15 && h.elapsed < 1 {
		return o.Limit // too few completions for a sample
	}
	h.samples = append(h.samples, [2]float64{h.count / h.elapsed, float64(o.Limit)})
	if len(h.samples) > hillHistory {
		h.samples = h.samples[1:]
	}
	elapsed := h.elapsed
	h.elapsed, h.count = 0, 0
	h.n++
	if len(h.samples) >= 2*hillPeriod {
		h.move(elapsed)
	}
	h.wave = 1
	if h.n/(hillPeriod/2)%2 == 0 {
		h.wave = 0
	}
	return int(min(max(h.base+h.wave*max(1, h.base*0.1), 1), 512))
}

func (h *HillClimb) move(elapsed float64) {
	n := len(h.samples) / hillPeriod * hillPeriod
	s := h.samples[len(h.samples)-n:]
	tr, ti, meanT := component(s, 0, hillPeriod)
	lr, li, meanL := component(s, 1, hillPeriod)
	nr, ni, _ := component(s, 0, hillPeriod*2)
	noise := math.Hypot(nr, ni) / meanT
	tr, ti, lr, li = tr/meanT, ti/meanT, lr/meanL, li/meanL
	d := lr*lr + li*li
	if d == 0 || meanT == 0 {
		return
	}
	ratio := (tr*lr+ti*li)/d - 0.15
	confidence := 1.0
	if noise > 0 {
		confidence = min(math.Hypot(tr, ti)/noise/3, 1)
	}
	move := min(max(ratio, -1), 1) * confidence
	move = math.Copysign(move*move, move) * 20
	h.base = min(max(h.base+min(move, max(4*elapsed, 1)), 1), 512)
}

// component is the part of a series at a period, and its mean.
func component(s [][2]float64, i, period int) (re, im, mean float64) {
	for k, x := range s {
		a := 2 * math.Pi * float64(k) / float64(period)
		re += x[i] * math.Cos(a)
		im += x[i] * math.Sin(a)
		mean += x[i]
	}
	n := float64(len(s))
	return re / n, im / n, mean / n
}
