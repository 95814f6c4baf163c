package poolsim

import (
	"math"
	"math/bits"
)

// A PhaseKind says what a job does during a phase.
type PhaseKind uint8

const (
	CPU      PhaseKind = iota // computes: shares the cores
	Sleep                     // blocked, holding a thread and nothing else
	Disk                      // one request to Devices[Res]
	Hold                      // blocked while holding Mutexes[Res]
	HoldCPU                   // computes while holding Mutexes[Res]
	WaitJob                   // submits a job of Class.Child and waits for it
	maxPhase = 4              // phases a job may have
)

// A Shape is the form of a distribution around its mean.
type Shape uint8

const (
	Const   Shape = iota // always the mean
	Uniform              // 0.5 to 1.5 of the mean
	LogNorm              // sigma 0.6
	Exp                  // exponential
)

// A Dist is a distribution of durations in seconds: Mean and Shape for most,
// and with probability Tail a constant TailMean instead.
type Dist struct {
	Shape    Shape
	Mean     float64
	Tail     float64
	TailMean float64
}

func (d *Dist) draw(r *rng) float64 {
	if d.Tail > 0 && r.float() < d.Tail {
		return d.TailMean
	}
	switch d.Shape {
	case Uniform:
		return d.Mean * (0.5 + r.float())
	case LogNorm:
		const sigma = 0.6
		return d.Mean * math.Exp(sigma*r.normal()-sigma*sigma/2)
	case Exp:
		return d.Mean * r.exp()
	}
	return d.Mean
}

// A Phase is one step of a job.
type Phase struct {
	Kind PhaseKind
	Res  int
	Time Dist
}

// A Class is a kind of job: its share of the arrivals and its steps.
type Class struct {
	Name   string
	Weight float64
	Phases []Phase
	Child  []Phase // of the jobs that WaitJob submits
}

// A Device serves Channels requests at once, each slowed by 1 + Thrash for
// every request beyond Channels that is there when it starts.
type Device struct {
	Channels int
	Thrash   float64
}

// A Mutex is a first-come lock whose holding time grows by Convoy for every
// waiter at the time of acquisition. Waiters of a Spin lock compute.
type Mutex struct {
	Convoy float64
	Spin   bool
}

// A Segment is a part of the run with its own classes.
type Segment struct {
	Until   float64
	Classes []Class
}

// A Workload is everything that the pool cannot change.
type Workload struct {
	Name     string
	Cores    int
	Segments []Segment
	Devices  []Device
	Mutexes  []Mutex

	// Arrivals. All zero: the queue is never empty. Population: so many
	// clients, each submitting its next job when its last has ended.
	// Otherwise an open load: Rate jobs per second, and Burst jobs at once
	// at time BurstAt and then every BurstEvery (0: never again).
	Population int
	Rate       float64
	Burst      int
	BurstAt    float64
	BurstEvery float64

	// HiddenWaits: the pool does not see that a job waits for another, so
	// that it keeps its slot.
	HiddenWaits bool

	// Others is how many threads of other programs compute beside the pool:
	// always, or by turns for OthersFor seconds and then as long not.
	Others    int
	OthersFor float64

	Horizon float64 // seconds; 0 means 30
	Max     int     // 0 means 512
}

func (w *Workload) horizon() float64 {
	if w.Horizon > 0 {
		return w.Horizon
	}
	return 30
}

func (w *Workload) max() int {
	if w.Max > 0 {
		return w.Max
	}
	return 512
}

func (w *Workload) open() bool { return w.Rate > 0 || w.Burst > 0 }

// classes is the largest number of classes at a time.
func (w *Workload) classes() int {
	n := 1
	for i := range w.Segments {
		n = max(n, len(w.Segments[i].Classes))
	}
	return n
}

// rng is splitmix64: small, fast, and the same on every machine.
type rng struct{ s uint64 }

// newRNG spreads seed, so that neighbouring seeds share no part of a stream.
func newRNG(seed uint64) rng {
	a := rng{seed ^ 0x6a09e667f3bcc909}
	b := rng{a.next() ^ bits.RotateLeft64(seed, 32)}
	return rng{b.next()}
}

func (r *rng) next() uint64 {
	r.s += 0x9e3779b97f4a7c15
	z := r.s
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// float is uniform in (0, 1).
func (r *rng) float() float64 { return (float64(r.next()>>11) + 0.5) / (1 << 53) }

func (r *rng) exp() float64 { return -math.Log(r.float()) }

func (r *rng) normal() float64 {
	return math.Sqrt(-2*math.Log(r.float())) * math.Cos(2*math.Pi*r.float())
}

func (r *rng) intn(n int) int { return int(r.next() % uint64(n)) }

// logUniform is uniform on a logarithmic axis between lo and hi.
func (r *rng) logUniform(lo, hi float64) float64 {
	return lo * math.Exp(r.float()*math.Log(hi/lo))
}

func (r *rng) uniform(lo, hi float64) float64 { return lo + r.float()*(hi-lo) }
