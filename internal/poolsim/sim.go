package poolsim

import (
	"math"
	"time"

	"github.com/causeway-go/causeway/internal/control"
)

const (
	threadStart = 100e-6 // Go starts blocked calls one after the other, about so fast
	switchCost  = 0.0005 // share of a core lost for each runnable thread per core beyond the first
	unfair      = 0.5    // spread of the share that a job gets of crowded cores
	bucket      = 0.1    // seconds of a bucket of the time line
)

// A Policy sets the limit of the simulated pool.
type Policy interface {
	// Start returns the first limit and the time between ticks; zero means
	// that the policy never wants to be called.
	Start(cores, max int) (limit int, tick time.Duration)
	// Tick returns the new limit. With resumed set it is the first call
	// after a pause; pauses are made while the queue is empty.
	Tick(o *Observation) int
}

// An Observation is what a policy may look at: what the real pool can measure
// and, for the rules of others, some of what their systems can.
type Observation struct {
	control.Input
	Limit    int
	Runnable int // threads on or waiting for a core
	Starts   uint64
	Cores    int
	Idle     bool // the queue has been empty since the last tick
}

type job struct {
	class   *Class
	phases  []Phase
	work    [maxPhase]float64
	phase   int8
	classNo int8
	parked  bool
	child   bool
	parent  int32
	lane    int32
	arrived float64
	resumed float64 // when it last got a slot
	service float64 // time with a slot before resumed
}

type queued struct {
	job     int32 // -1: not made yet
	arrived float64
}

type device struct {
	Device
	busy    int
	waiting fifo[int32]
}

type mutex struct {
	Mutex
	held    bool
	waiting fifo[int32]
}

// sim is one run.
type sim struct {
	w     *Workload
	seed  uint64
	r     rng    // of everything but the jobs
	draws rng    // of the job being made
	made  uint64 // jobs so far
	res   *Result

	now      float64
	virtual  float64 // work given to each runnable job so far
	rate     float64 // of virtual per second
	cpuUsed  float64
	cores    heap
	spinners int
	timers   heap
	seq      uint32

	jobs    []job
	free    []int32
	devices []device
	mutexes []mutex
	lanes   []lane

	running     int // of all lanes
	parked      int
	warm        int // threads started so far
	starterFree float64
	segment     int
}

// Run simulates w under policy p: one queue and one limit for all jobs.
func Run(w *Workload, p Policy, seed uint64) *Result { return run(w, seed, []Policy{p}) }

// RunClasses simulates w with a queue and a limit for each class, whose
// policies come from each. A limit is at most three quarters of the total of w, and together
// the classes have at most all of it. A queue that never empties is replaced by
// a population of twice that total.
func RunClasses(w *Workload, each func() Policy, seed uint64) *Result {
	v := *w
	if v.Population == 0 && !v.open() {
		v.Population = 2 * v.max()
	}
	ps := make([]Policy, v.classes())
	for i := range ps {
		ps[i] = each()
	}
	return run(&v, seed, ps)
}

func run(w *Workload, seed uint64, ps []Policy) *Result {
	s := &sim{w: w, seed: seed, r: newRNG(seed), rate: 1}
	s.res = newResult(w)
	for _, d := range w.Devices {
		s.devices = append(s.devices, device{Device: d})
	}
	for _, m := range w.Mutexes {
		s.mutexes = append(s.mutexes, mutex{Mutex: m})
	}
	s.lanes = make([]lane, len(ps))
	for i, p := range ps {
		most := w.max()
		if len(ps) > 1 {
			most = (3*most + 3) / 4 // what the real pool gives a class by default
		}
		limit, tick := p.Start(w.Cores, most)
		s.lanes[i] = lane{no: int32(i), policy: p, limit: limit, tick: tick.Seconds(), paused: tick > 0}
		s.res.first += limit
	}
	s.prime()
	s.dispatch()
	s.loop()
	s.res.finish(s)
	return s.res
}

// prime makes the first arrivals.
func (s *sim) prime() {
	for range s.w.Population {
		s.arrive()
	}
	if s.w.Rate > 0 {
		s.schedule(s.r.exp()/s.w.Rate, evArrive, 0)
	}
	if s.w.Burst > 0 {
		s.schedule(s.w.BurstAt, evBurst, 0)
	}
}

func (s *sim) loop() {
	end := s.w.horizon()
	for {
		at := math.Inf(1)
		core := false
		if len(s.timers.es) > 0 {
			at = s.timers.es[0].at
		}
		if len(s.cores.es) > 0 {
			done := s.now + (s.cores.es[0].at-s.virtual)/s.rate
			if done <= at {
				at, core = max(done, s.now), true
			}
		}
		if at >= end {
			s.advance(end)
			return
		}
		s.advance(at)
		if core {
			e := s.cores.pop()
			s.virtual = e.at
			s.setRate()
			s.phaseDone(e.job)
		} else {
			s.timer(s.timers.pop())
		}
		s.dispatch()
	}
}

// advance moves the clock; nothing happens in between.
func (s *sim) advance(to float64) {
	dt := to - s.now
	if dt <= 0 {
		return
	}
	s.virtual += dt * s.rate
	s.cpuUsed += dt * min(float64(s.runnable()), s.share())
	s.res.area += dt * float64(s.running)
	s.now = to
}

func (s *sim) runnable() int { return len(s.cores.es) + s.spinners }

// others is how many threads of other programs want to run now.
func (s *sim) others() int {
	if s.w.OthersFor > 0 && int(s.now/s.w.OthersFor)%2 == 1 {
		return 0
	}
	return s.w.Others
}

// share is how many of the cores the jobs have. They compete for them with at most one
// thread per core, as goroutines that compute do.
func (s *sim) share() float64 {
	cores, o := float64(s.w.Cores), float64(s.others())
	mine := min(float64(s.runnable()), cores)
	if mine+o <= cores {
		return cores
	}
	return cores * mine / (mine + o)
}

func (s *sim) setRate() {
	over := float64(s.runnable()) / s.share()
	if over <= 1 {
		s.rate = 1
		return
	}
	s.rate = 1 / over
	if r := s.runnable(); r > s.w.Cores {
		s.rate /= 1 + switchCost*(float64(r)/float64(s.w.Cores)-1)
	}
}

func (s *sim) schedule(at float64, k eventKind, job int32) {
	s.seq++
	s.timers.push(event{at: at, seq: s.seq, job: job, kind: k})
}

func (s *sim) compute(j int32, work float64) {
	s.seq++
	if r := s.runnable(); r >= s.w.Cores {
		// Who gets the core first is chance: without this, jobs of equal
		// length that start together would stay together for ever.
		crowd := 1 - float64(s.w.Cores)/float64(r+1)
		work *= 1 + unfair*crowd*(2*s.r.float()-1)
	}
	s.cores.push(event{at: s.virtual + work, seq: s.seq, job: j})
	s.setRate()
}

func (s *sim) timer(e event) {
	switch e.kind {
	case evWake:
		s.phaseDone(e.job)
	case evStart:
		s.enter(e.job)
	case evDisk:
		s.diskDone(e.job)
	case evHold:
		s.phaseDone(e.job)
	case evArrive:
		s.arrive()
		s.schedule(s.now+s.r.exp()/s.w.Rate, evArrive, 0)
	case evBurst:
		for range s.w.Burst {
			s.arrive()
		}
		if s.w.BurstEvery > 0 {
			s.schedule(s.now+s.w.BurstEvery, evBurst, 0)
		}
	case evTick:
		s.onTick(&s.lanes[e.job])
	}
}

func (s *sim) start(l *lane, q queued) {
	l.running++
	s.running++
	l.starts++
	j := q.job
	if j < 0 {
		j = s.newJob(q.arrived)
		s.jobs[j].lane = l.no
	}
	b := &s.jobs[j]
	if !b.parked {
		s.res.started(int(b.classNo), b.child, s.now-b.arrived, s.now)
	}
	b.resumed = s.now
	l.startSum += s.now
	if s.running+s.parked > s.warm {
		s.warm = s.running + s.parked
		s.starterFree = max(s.starterFree, s.now) + threadStart
		s.schedule(s.starterFree, evStart, j)
		return
	}
	s.enter(j)
}

// newJob makes the next job. What it does depends on its number and the seed
// alone, so that every policy is given the same jobs in the same order.
func (s *sim) newJob(arrived float64) int32 {
	s.made++
	s.draws = newRNG(s.seed + s.made*0x9e3779b97f4a7c15)
	for s.now >= s.w.Segments[s.segment].Until && s.segment < len(s.w.Segments)-1 {
		s.segment++
	}
	classes := s.w.Segments[s.segment].Classes
	c := 0
	if len(classes) > 1 {
		total := 0.0
		for i := range classes {
			total += classes[i].Weight
		}
		x := s.draws.float() * total
		for x -= classes[0].Weight; x > 0 && c < len(classes)-1; x -= classes[c].Weight {
			c++
		}
	}
	return s.makeJob(&classes[c], classes[c].Phases, c, arrived)
}

func (s *sim) makeJob(c *Class, phases []Phase, no int, arrived float64) int32 {
	var j int32
	if n := len(s.free); n > 0 {
		j = s.free[n-1]
		s.free = s.free[:n-1]
	} else {
		s.jobs = append(s.jobs, job{})
		j = int32(len(s.jobs) - 1)
	}
	b := &s.jobs[j]
	*b = job{class: c, phases: phases, classNo: int8(no), parent: -1, arrived: arrived}
	for i := range phases {
		b.work[i] = phases[i].Time.draw(&s.draws)
	}
	return j
}

// enter begins the current phase of j, on a thread.
func (s *sim) enter(j int32) {
	b := &s.jobs[j]
	b.parked = false
	if int(b.phase) == len(b.phases) {
		s.end(j)
		return
	}
	p, work := &b.phases[b.phase], b.work[b.phase]
	switch p.Kind {
	case CPU:
		s.compute(j, work)
	case Sleep:
		s.schedule(s.now+work, evWake, j)
	case Disk:
		d := &s.devices[p.Res]
		if d.busy < d.Channels {
			s.diskStart(d, j, work)
		} else {
			d.waiting.push(j)
		}
	case Hold, HoldCPU:
		s.lock(j, p)
	case WaitJob:
		s.submitChild(j)
	}
}

// phaseDone ends the current phase of j.
func (s *sim) phaseDone(j int32) {
	b := &s.jobs[j]
	p := &b.phases[b.phase]
	if p.Kind == Hold || p.Kind == HoldCPU {
		s.unlock(&s.mutexes[p.Res])
	}
	b.phase++
	s.enter(j)
}

// end completes j.
func (s *sim) end(j int32) {
	b := &s.jobs[j]
	l := &s.lanes[b.lane]
	service := b.service + s.now - b.resumed
	l.running--
	s.running--
	l.startSum -= b.resumed
	l.completions++
	l.serviceSum += service
	ln := math.Log(max(service, 1e-9))
	l.logSum += ln
	l.logSquare += ln * ln
	s.res.completed(int(b.classNo), s.now)
	if b.parent >= 0 {
		s.childDone(b.parent)
	} else if s.w.Population > 0 {
		s.arrive()
	}
	s.free = append(s.free, j)
}
