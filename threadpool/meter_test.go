package threadpool

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

func TestBucketsHoldWhatTheySay(t *testing.T) {
	last := -1
	for _, d := range []time.Duration{-5, 0, 1, 2, 3, 4, 5, 7, 8, 9, 10, 15, 16, 17, 100, 1000, time.Microsecond, time.Millisecond,
		time.Second, time.Minute, 17 * time.Minute} {
		i := bucketOf(d)
		if i < last || bucketEnd(i) < d || d > 8 && float64(bucketEnd(i)) > 1.25*float64(d) {
			t.Errorf("%d is in bucket %d, which ends at %d", d, i, bucketEnd(i))
		}
		if i > 0 && bucketEnd(i-1) >= max(d, 0) {
			t.Errorf("%d is in bucket %d, but the one before ends at %d", d, i, bucketEnd(i-1))
		}
		last = i
	}
	if i := bucketOf(math.MaxInt64); i != histogramSize-1 {
		t.Errorf("for ever: bucket %d", i)
	}
}

func TestQuantilesAgainstASortedList(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		var h histogram
		var all []time.Duration
		for range 1 + r.IntN(1000) {
			d := time.Duration(math.Exp(r.Float64() * 25))
			h[bucketOf(d)]++
			all = append(all, d)
		}
		slices.Sort(all)
		for _, q := range []float64{0, 0.5, 0.9, 0.99} {
			want, got := all[int(q*float64(len(all)))], h.quantile(q)
			if got < want || float64(got) > 1.25*float64(want)+4 {
				t.Errorf("quantile %v of %d: %d, want %d", q, len(all), got, want)
			}
		}
	}
	if d := new(histogram).quantile(0.5); d != 0 {
		t.Errorf("of nothing: %v", d)
	}
}

// The sums say what a list of the jobs would, through any order of begins, pauses
// and ends, in whichever part.
func TestTheSumsAgainstAList(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	var m meter
	m.init(0)
	m.parts = make([]meterPart, 4)
	type job struct {
		g       gauge
		start   time.Duration
		running bool
	}
	jobs := make([]*job, 20)
	for i := range jobs {
		jobs[i] = &job{g: newGauge()}
	}
	var now, service time.Duration
	var ended, counted uint64
	for range 5000 {
		now += time.Duration(r.IntN(1000) + 1)
		j := jobs[r.IntN(len(jobs))]
		switch {
		case !j.running && r.IntN(10) == 0: // one that is not measured
			m.end(&j.g, now)
			counted++
		case !j.running:
			m.begin(&j.g, now)
			j.start, j.running = now, true
		default:
			m.end(&j.g, now)
			service += now - j.start
			j.running = false
			ended++
		}
		if r.IntN(50) > 0 {
			continue
		}
		var startSum time.Duration
		running := 0
		for _, j := range jobs {
			if j.running {
				running++
				startSum += j.start
			}
		}
		s := m.sums()
		if s.running != running || s.startSum != startSum || s.service != service || s.measured != ended || s.completed != ended+counted {
			t.Fatalf("%+v, want running %d, starts %d, service %d, ended %d, counted %d", s, running, startSum, service, ended, counted)
		}
	}
	s := m.sums()
	if mean := s.log / float64(s.measured); mean > math.Log(service.Seconds()/float64(ended)) || s.log2 < 0 {
		t.Errorf("the mean of the logarithms is above the logarithm of the mean: %v", mean)
	}
}

// A job's pause does not count as service, and a pause that nobody ends does not
// leave a job behind.
func TestPausesDoNotCount(t *testing.T) {
	var m meter
	m.init(0)
	g := newGauge()
	m.resume(&g) // of a job that is not measured
	m.pause(&g)
	if s := m.sums(); s.running != 0 {
		t.Errorf("%+v", s)
	}
	m.begin(&g, clock())
	m.pause(&g)
	if s := m.sums(); s.running != 0 || s.startSum != 0 {
		t.Errorf("in a pause: %+v", s)
	}
	m.resume(&g)
	if s := m.sums(); s.running != 1 {
		t.Errorf("after it: %+v", s)
	}
	m.pause(&g)
	m.end(&g, clock())
	if s := m.sums(); s.running != 0 || s.completed != 1 || s.measured != 0 {
		t.Errorf("ended in it: %+v", s)
	}
}

// Old durations are forgotten.
func TestTimesAreThoseOfLate(t *testing.T) {
	var m meter
	m.init(0)
	g := newGauge()
	job := func(at, d time.Duration) {
		m.begin(&g, at)
		m.end(&g, at+d)
	}
	for i := range 100 {
		job(time.Duration(i)*time.Millisecond, time.Second)
	}
	m.waited(&g, time.Minute, 2*time.Second)
	service, wait := m.times(3 * time.Second)
	if p := service.quantile(0.5); p < time.Second || p > 2*time.Second {
		t.Errorf("%v", p)
	}
	if wait.quantile(0.5) != 0 || wait.quantile(0.995) < time.Minute || wait.total() != 100 {
		t.Errorf("waits: %v %v of %d", wait.quantile(0.5), wait.quantile(0.995), wait.total())
	}
	job(windowLength+2*time.Second, time.Microsecond)
	if service, _ = m.times(windowLength + 3*time.Second); service.total() != 101 {
		t.Errorf("%d jobs", service.total())
	}
	job(4*windowLength, time.Microsecond)
	if service, _ = m.times(4 * windowLength); service.total() != 1 || service.quantile(0.5) > 2*time.Microsecond {
		t.Errorf("%d jobs, %v", service.total(), service.quantile(0.5))
	}
}
