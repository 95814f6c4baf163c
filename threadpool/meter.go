package threadpool

import (
	"math"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// A meter keeps the sums from which the controller and Stats learn what the jobs
// of a pool do. It is split into parts, so that processors do not fight for it: a
// goroutine always writes to the same one.
type meter struct {
	parts []meterPart
}

// A meterPart is written under its lock, which is held for some ten nanoseconds
// and never while anything else is locked or called.
type meterPart struct {
	mu sync.Mutex
	meterSums
	windows [2]window // the recent one and the one before it
	recent  int
	_       [64]byte
}

// meterSums are the sums over the jobs that a part has seen. A job may begin in
// one part and end in another, so only the sums over all parts mean something.
type meterSums struct {
	running   int           // jobs that hold a slot
	startSum  time.Duration // over these: when they got it
	completed uint64        // jobs that have ended
	measured  uint64        // those of them that have been measured
	service   time.Duration // over the measured: for how long they held a slot
	log, log2 float64       // of ln(seconds) of that, and its square
	moved     time.Duration // when the last of them got a slot or ended
}

// A window has the durations of some time.
type window struct {
	since         time.Duration
	service, wait histogram // those that did not wait are not in wait
}

// windowLength is what Stats looks back, at least; at most twice that.
const windowLength = 10 * time.Second

// A gauge measures one job after another, on one goroutine.
type gauge struct {
	part  uint32
	state uint8
	start time.Duration // running: since when the job holds its slot
	held  time.Duration // for how long it has held one before
	ended time.Duration // when the last job ended
}

// The state of a gauge.
const (
	gaugeOff     = iota // no job is being measured
	gaugeRunning        // the job holds a slot, and is in the sums
	gaugePaused         // it has given it up
)

var nextPart atomic.Uint32

func newGauge() gauge { return gauge{part: nextPart.Add(1)} }

func (m *meter) init(now time.Duration) {
	n := 1
	for n < runtime.GOMAXPROCS(0) && n < 8 {
		n *= 2
	}
	m.parts = make([]meterPart, n)
	for i := range m.parts {
		m.parts[i].moved = now
		m.parts[i].windows[0].since = now
	}
}

func (m *meter) part(g *gauge) *meterPart { return &m.parts[int(g.part)&(len(m.parts)-1)] }

// begin starts to measure a job, which got its slot at now.
func (m *meter) begin(g *gauge, now time.Duration) {
	g.held = 0
	m.run(g, now)
}

func (m *meter) run(g *gauge, now time.Duration) {
	g.state, g.start = gaugeRunning, now
	p := m.part(g)
	p.mu.Lock()
	p.running++
	p.startSum += now
	p.moved = now
	p.mu.Unlock()
}

// pause is told when a job gives its slot up to wait for something, and resume
// when it has one again.
func (m *meter) pause(g *gauge) {
	if g.state != gaugeRunning {
		return
	}
	g.state = gaugePaused
	g.held += clock() - g.start
	p := m.part(g)
	p.mu.Lock()
	p.running--
	p.startSum -= g.start
	p.mu.Unlock()
}

func (m *meter) resume(g *gauge) {
	if g.state == gaugePaused {
		m.run(g, clock())
	}
}

// end counts a job that has ended at now. One that is not being measured, or
// whose goroutine ends in a pause, is only counted.
func (m *meter) end(g *gauge, now time.Duration) {
	p := m.part(g)
	running := g.state == gaugeRunning
	g.state, g.ended = gaugeOff, now
	if !running {
		p.mu.Lock()
		p.completed++
		p.mu.Unlock()
		return
	}
	service := max(g.held+now-g.start, 1)
	ln := math.Log(float64(service)) - lnSecond
	bucket := bucketOf(service)
	p.mu.Lock()
	p.completed++
	p.measured++
	p.running--
	p.startSum -= g.start
	p.service += service
	p.moved = now
	p.log += ln
	p.log2 += ln * ln
	p.window(now).service[bucket]++
	p.mu.Unlock()
}

var lnSecond = math.Log(1e9)

// waited counts a job that has got its slot at now after a time in the queue.
func (m *meter) waited(g *gauge, wait, now time.Duration) {
	bucket := bucketOf(wait)
	p := m.part(g)
	p.mu.Lock()
	p.window(now).wait[bucket]++
	p.mu.Unlock()
}

// window returns the recent window, or a new one when that is full.
func (p *meterPart) window(now time.Duration) *window {
	w := &p.windows[p.recent]
	if now-w.since < windowLength {
		return w
	}
	p.recent = 1 - p.recent
	w = &p.windows[p.recent]
	w.clear(now)
	return w
}

// clear is not inlined: a window on the stack would make the stack of every
// goroutine grow that ends a job.
//
//go:noinline
func (w *window) clear(now time.Duration) { *w = window{since: now} }

// sums adds up the parts.
func (m *meter) sums() (t meterSums) {
	t.moved = math.MinInt64
	for i := range m.parts {
		p := &m.parts[i]
		p.mu.Lock()
		s := p.meterSums
		p.mu.Unlock()
		t.running += s.running
		t.startSum += s.startSum
		t.completed += s.completed
		t.measured += s.measured
		t.service += s.service
		t.log += s.log
		t.log2 += s.log2
		t.moved = max(t.moved, s.moved)
	}
	return t
}

// times adds up the windows that are not too old at now.
func (m *meter) times(now time.Duration) (service, wait histogram) {
	for i := range m.parts {
		p := &m.parts[i]
		p.mu.Lock()
		p.window(now)
		for j := range p.windows {
			w := &p.windows[j]
			if now-w.since < 2*windowLength {
				service.add(&w.service)
				wait.add(&w.wait)
			}
		}
		p.mu.Unlock()
	}
	waited, all := wait.total(), service.total()
	wait[0] += uint32(max(all, waited) - waited)
	return service, wait
}
