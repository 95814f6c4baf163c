package poolsim

import "fmt"

// The random suite. POOL.md's prototype was judged on 180 workloads drawn
// from these nine kinds on five core counts; the ranges are logarithmic
// between the ends given, unless stated otherwise, and contain every case
// its text names.
//
//	cpu         0.3 to 200 ms of computing
//	sleep       2 ms to 2 s blocked
//	mixed       0.1 to 10 ms of computing and 2 to 200 ms blocked
//	disk        4 to 128 channels, requests of 0.5 to 20 ms, 0.02 to 0.2 ms of computing
//	thrash      2 to 32 channels, requests of 1 to 20 ms, each slowed by 0.3 to 10 % per request waiting
//	convoy      a lock held 0.5 to 14 ms, 0.5 to 10 times as long outside, of which a uniform share computes;
//	            held 0.5 to 10 % longer per waiter
//	spin        a spin lock held for 0.05 to 2 ms of computing, 1 to 8 times as long outside; 0.5 to 10 % per waiter
//	heavy-tail  1 to 20 ms blocked and up to a fifth of that computing; 0.5 to 5 % of the jobs block for 0.1 to 2 s
//	two-class   two different of cpu, sleep, mixed, disk, thrash and convoy, as above but with times up to 50 ms,
//	            and uniform shares of 20 to 80 % of the arrivals
//
// Every distribution is one of constant, uniform (0.5 to 1.5), log-normal
// (sigma 0.6) and exponential. All but the two-class kind have one class.
var (
	SuiteCores = []int{1, 2, 4, 8, 16}
	SuiteKinds = []string{"cpu", "sleep", "mixed", "disk", "thrash", "convoy", "spin", "heavy-tail", "two-class"}
)

// Suite draws n workloads; kinds and core counts take turns.
func Suite(seed uint64, n int) []Workload {
	ws := make([]Workload, n)
	for i := range ws {
		kind := SuiteKinds[i%len(SuiteKinds)]
		cores := SuiteCores[i/len(SuiteKinds)%len(SuiteCores)]
		ws[i] = Random(kind, cores, seed<<20+uint64(i))
		ws[i].Name = fmt.Sprintf("%s-%d-%d", kind, cores, i)
	}
	return ws
}

// Random draws one workload of a kind.
func Random(kind string, cores int, seed uint64) Workload {
	source := newRNG(seed)
	r := &source
	w := Workload{Name: kind, Cores: cores}
	var classes []Class
	if kind != "two-class" {
		classes = []Class{w.randomClass(kind, r, false)}
	} else {
		kinds := []string{"cpu", "sleep", "mixed", "disk", "thrash", "convoy"}
		a := r.intn(len(kinds))
		b := (a + 1 + r.intn(len(kinds)-1)) % len(kinds)
		share := r.uniform(0.2, 0.8)
		ca, cb := w.randomClass(kinds[a], r, true), w.randomClass(kinds[b], r, true)
		ca.Weight, cb.Weight = share, 1-share
		classes = []Class{ca, cb}
		w.Name = kind + " " + kinds[a] + "|" + kinds[b]
	}
	w.Segments = []Segment{{Until: 1e9, Classes: classes}}
	return w
}

func (w *Workload) randomClass(kind string, r *rng, mixed bool) Class {
	limit := func(x float64) float64 {
		if mixed {
			return min(x, 0.05)
		}
		return x
	}
	shape := Shape(r.intn(4))
	dist := func(lo, hi float64) Dist { return Dist{Shape: shape, Mean: r.logUniform(lo, limit(hi))} }
	c := Class{Name: kind, Weight: 1}
	switch kind {
	case "cpu":
		c.Phases = []Phase{{CPU, 0, dist(0.3e-3, 0.2)}}
	case "sleep":
		c.Phases = []Phase{{Sleep, 0, dist(2e-3, 2)}}
	case "mixed":
		c.Phases = []Phase{{CPU, 0, dist(0.1e-3, 10e-3)}, {Sleep, 0, dist(2e-3, 0.2)}}
	case "disk", "thrash":
		d := Device{Channels: int(r.logUniform(4, 128) + 0.5)}
		lo := 0.5e-3
		if kind == "thrash" {
			d = Device{Channels: int(r.logUniform(2, 32) + 0.5), Thrash: r.logUniform(0.003, 0.1)}
			lo = 1e-3
		}
		w.Devices = append(w.Devices, d)
		c.Phases = []Phase{{CPU, 0, dist(0.02e-3, 0.2e-3)}, {Disk, len(w.Devices) - 1, dist(lo, 20e-3)}}
	case "convoy":
		w.Mutexes = append(w.Mutexes, Mutex{Convoy: r.logUniform(0.005, 0.1)})
		hold := dist(0.5e-3, 14e-3)
		outside := hold.Mean * r.logUniform(0.5, 10)
		share := r.float()
		c.Phases = []Phase{
			{CPU, 0, Dist{Shape: shape, Mean: outside * share}},
			{Sleep, 0, Dist{Shape: shape, Mean: outside * (1 - share)}},
			{Hold, len(w.Mutexes) - 1, hold}}
	case "spin":
		w.Mutexes = append(w.Mutexes, Mutex{Convoy: r.logUniform(0.005, 0.1), Spin: true})
		hold := dist(0.05e-3, 2e-3)
		c.Phases = []Phase{
			{CPU, 0, Dist{Shape: shape, Mean: hold.Mean * r.logUniform(1, 8)}},
			{HoldCPU, len(w.Mutexes) - 1, hold}}
	case "heavy-tail":
		base := dist(1e-3, 20e-3)
		base.Tail, base.TailMean = r.logUniform(0.005, 0.05), r.logUniform(0.1, 2)
		cpu := Dist{Shape: shape, Mean: base.Mean * r.uniform(0, 0.2)}
		c.Phases = []Phase{{CPU, 0, cpu}, {Sleep, 0, base}}
	}
	return c
}
