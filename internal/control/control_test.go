package control_test

import (
	"math"
	"testing"
	"time"

	"github.com/causeway-go/causeway/internal/control"
)

// A load feeds a Controller with a perfectly regular world: x gives the
// completions per second for a limit.
type load struct {
	in control.Input
	c  *control.Controller
	x  func(n int) float64
	cp func(n int) float64 // processors in use
	f  float64             // completions not yet whole

	late time.Duration // of the ticks, beside what is usual
	held int           // slots that are held by jobs as old as age, which do not end
	age  time.Duration
}

func newLoad(cfg control.Config, x, cpu func(int) float64) *load {
	l := &load{c: control.New(cfg), x: x, cp: cpu}
	l.in.Procs = 8
	l.c.Tick(l.in)
	return l
}

func (l *load) tick() control.Decision {
	const dt = 10 * time.Millisecond
	n := l.c.Limit()
	x := l.x(n)
	service := float64(n-l.held) / x
	l.in.Now += dt
	l.f += x * dt.Seconds()
	whole := math.Floor(l.f)
	l.f -= whole
	l.in.Completions += uint64(whole)
	l.in.ServiceSum += time.Duration(whole * service * 1e9)
	l.in.LogSum += whole * math.Log(service)
	l.in.LogSquareSum += whole * math.Log(service) * math.Log(service)
	l.in.Running, l.in.Queued = n, 1000
	l.in.StartSum = time.Duration(n)*l.in.Now - time.Duration(float64(n-l.held)*service/2*1e9) - time.Duration(l.held)*l.age
	l.in.CPU += time.Duration(l.cp(n) * float64(dt))
	l.in.Lateness = 200*time.Microsecond + l.late
	return l.c.Tick(l.in)
}

func (l *load) run(d time.Duration) int {
	for t := time.Duration(0); t < d; t += 10 * time.Millisecond {
		l.tick()
	}
	return l.c.Limit()
}

// rest lets d pass with an empty queue.
func (l *load) rest(d time.Duration) {
	if d == 0 {
		return
	}
	l.in.Now += d
	l.in.StartSum += time.Duration(l.in.Running) * d
	l.in.Resumed = true
	l.c.Tick(l.in)
	l.in.Resumed = false
}

func idle(int) float64 { return 0.1 }

func TestSleepersGetAllTheyMayHave(t *testing.T) {
	for _, service := range []float64{0.002, 0.02, 0.2, 1} {
		l := newLoad(control.Config{}, func(n int) float64 { return float64(n) / service }, idle)
		if got := l.run(10 * time.Second); got < 490 {
			t.Errorf("service %v s: limit %d after 10 s, want near 512", service, got)
		}
	}
}

func TestAConvoyGetsFew(t *testing.T) {
	x := func(n int) float64 {
		if n <= 6 {
			return 100 * float64(n)
		}
		return 600 / (1 + 0.05*float64(n-6))
	}
	l := newLoad(control.Config{}, x, idle)
	if got := l.run(10 * time.Second); got < 5 || got > 8 {
		t.Errorf("limit %d after 10 s, best is 6", got)
	}
}

func TestComputingGetsAsManyAsProcessors(t *testing.T) {
	x := func(n int) float64 { return 500 * float64(min(n, 8)) }
	l := newLoad(control.Config{Initial: 32}, x, func(n int) float64 { return float64(min(n, 8)) })
	if got := l.run(10 * time.Second); got < 8 || got > 10 {
		t.Errorf("limit %d after 10 s, want 8", got)
	}
}

// Jobs that end sooner than a blocked call gives its processor away need no more
// slots, even if more seem to pay because other programs have the processors.
func TestJobsThatDoNothingGetNoMore(t *testing.T) {
	for _, c := range []struct {
		service time.Duration
		grows   bool
	}{{time.Microsecond, false}, {10 * time.Microsecond, false}, {30 * time.Microsecond, true}} {
		l := newLoad(control.Config{Procs: 2}, func(n int) float64 { return float64(n) / c.service.Seconds() }, idle)
		if first := l.c.Limit(); first != 6 {
			t.Errorf("%d slots at first, want 2 and 4", first)
		}
		if got := l.run(10 * time.Second); (got > 6) != c.grows {
			t.Errorf("service %v: limit %d after 10 s", c.service, got)
		}
	}
}

// Full processors do not say that short jobs compute; long ones do.
func TestShortJobsMayFillTheProcessorsByBeingHandedOver(t *testing.T) {
	full := func(int) float64 { return 8 }
	for _, c := range []struct {
		rate        float64
		least, most int
	}{{20_000, 24, 512}, {500, 1, 16}} {
		x := func(n int) float64 { return c.rate * math.Pow(float64(n), 0.05) }
		l := newLoad(control.Config{}, x, full)
		if got := l.run(10 * time.Second); got < c.least || got > c.most {
			t.Errorf("%v jobs/s: limit %d after 10 s", c.rate, got)
		}
	}
}

func TestTheLimitFollowsAShift(t *testing.T) {
	sleeping := true
	x := func(n int) float64 {
		if sleeping {
			return float64(n) / 0.02
		}
		return 500 * float64(min(n, 8)) / (1 + 0.001*float64(n))
	}
	cpu := func(n int) float64 {
		if sleeping {
			return 0.1
		}
		return float64(min(n, 8))
	}
	l := newLoad(control.Config{}, x, cpu)
	l.run(5 * time.Second)
	sleeping = false
	l.run(5 * time.Second)
	sleeping = true
	if got := l.run(2 * time.Second); got < 400 {
		t.Errorf("limit %d 2 s after the jobs became sleepers again", got)
	}
}

// Jobs that computed give way to jobs that wait: every slot is soon held by one of
// those, and the first that end are no guide to what more slots would do.
func TestIdleProcessorsAfterAComputingLoadBeginAnew(t *testing.T) {
	const most = 12 // ticks until there are as many slots as patience gives
	for _, c := range []struct {
		name          string
		full          time.Duration // for how long it computes
		service, late time.Duration // afterwards
		load          float64
		soon          bool
		rest          time.Duration // how long the queue is empty, each fifth of a second while it computes
	}{
		{"a shift", 3 * time.Second, 25 * time.Millisecond, 0, 0.02, true, 0},
		{"the queue was empty now and then", 3 * time.Second, 25 * time.Millisecond, 0, 0.02, true, 100 * time.Millisecond},
		{"the queue was empty for long", 3 * time.Second, 25 * time.Millisecond, 0, 0.02, true, time.Second},
		{"the queue was empty for long, the jobs are as before", 3 * time.Second, 3 * time.Millisecond, 0, 0.02, false, time.Second},
		{"a shift to jobs that hang", 3 * time.Second, time.Minute, 0, 0, true, 0},
		{"it has not computed for a second", 500 * time.Millisecond, 25 * time.Millisecond, 0, 0.02, false, 0},
		{"the processors stay half in use", 3 * time.Second, 25 * time.Millisecond, 0, 0.5, false, 0},
		{"as many jobs end as before", 3 * time.Second, 3 * time.Millisecond, 0, 0.02, false, 0},
		{"other programs have the processors", 3 * time.Second, 25 * time.Millisecond, 5 * time.Millisecond, 0.02, false, 0},
	} {
		x, cpu := func(n int) float64 { return 4000 }, func(int) float64 { return 8 }
		l := newLoad(control.Config{Procs: 8}, func(n int) float64 { return x(n) }, func(n int) float64 { return cpu(n) })
		before := 0
		for l.in.Now < c.full {
			before = l.run(200 * time.Millisecond)
			l.rest(c.rest)
		}
		if before >= 4*8 {
			t.Fatalf("%s: %d slots for jobs that compute", c.name, before)
		}
		x = func(n int) float64 { return float64(n) / c.service.Seconds() }
		cpu = func(int) float64 { return 8 * c.load }
		l.late = c.late
		n := 0
		for n < most && l.c.Limit() < 4*8 {
			l.tick()
			n++
		}
		if soon := l.c.Limit() >= 4*8; soon != c.soon {
			t.Errorf("%s: %d slots after %d ticks", c.name, l.c.Limit(), n)
		}
	}
}

// Most slots are held all at once by jobs that take long; those that still end are as fast as before.
func TestSlotsHeldByLongJobsAreMadeUpFor(t *testing.T) {
	for _, c := range []struct {
		name        string
		free        func(n, before int) int // slots that are left
		service     time.Duration           // of the jobs that end then
		least, most float64                 // of the limit before, soon afterwards
	}{
		{"a fixed number", func(n, before int) int { return n - before*9/10 }, time.Millisecond, 1.9, 4},
		{"more as well", func(n, _ int) int { return max(n/10, 1) }, time.Millisecond, 2, 4},
		{"but jobs slow each other down", func(n, before int) int { return n - before*9/10 }, 2 * time.Millisecond, 0, 1.5},
	} {
		const enough = 48
		service := time.Millisecond
		l := newLoad(control.Config{}, nil, idle)
		l.x = func(n int) float64 { return float64(min(n-l.held, enough)) / service.Seconds() }
		before := l.run(10 * time.Second)
		service, l.age = c.service, time.Second
		for range 70 {
			l.held = l.c.Limit() - c.free(l.c.Limit(), before)
			l.tick()
		}
		if n := float64(l.c.Limit()) / float64(before); n < c.least || n > c.most {
			t.Errorf("%s: from %d to %d slots: %v", c.name, before, l.c.Limit(), l.c.AppendLog(nil))
		}
	}
}

func TestSteadyStateStaysWithinTenPercentButForTrials(t *testing.T) {
	x := func(n int) float64 { return 5000 * min(1, float64(n)/48) / (1 + 0.002*float64(max(0, n-48))) }
	l := newLoad(control.Config{}, x, idle)
	l.run(15 * time.Second)
	base := l.c.Limit()
	away := 0
	for range 2000 {
		l.tick()
		if n := float64(l.c.Limit()) / float64(base); n < 0.9 || n > 1.1 {
			away++
		}
	}
	if away > 200 {
		t.Errorf("away from %d for %d of 2000 ticks: %v", base, away, l.c.AppendLog(nil))
	}
}

func TestALimitDecaysWhileIdle(t *testing.T) {
	l := newLoad(control.Config{}, func(n int) float64 { return float64(n) / 0.02 }, idle)
	l.run(5 * time.Second)
	if l.c.Limit() < 490 {
		t.Fatalf("limit %d", l.c.Limit())
	}
	for i, want := range []int{256, 128, 64, 32, 16, 8, 8} {
		l.in.Now += 10 * time.Second
		l.in.Resumed = true
		d := l.c.Tick(l.in)
		if d.Limit != want {
			t.Errorf("after pause %d: limit %d, want %d", i, d.Limit, want)
		}
	}
	if d := l.c.Tick(l.in); d.Reason != control.Idle {
		t.Errorf("reason %v, want %v", d.Reason, control.Idle)
	}
}

// Whatever is left of the pause beyond whole tens of seconds.
func TestALimitGrowsAgainAtOnceAfterAPause(t *testing.T) {
	for _, pause := range []time.Duration{5 * time.Second, 10 * time.Second, 12 * time.Second, 19900 * time.Millisecond, 75 * time.Second} {
		l := newLoad(control.Config{}, func(n int) float64 { return float64(n) / 0.02 }, idle)
		l.run(5 * time.Second)
		l.rest(pause)
		if got := l.run(time.Second); got < 490 {
			t.Errorf("limit %d a second after a pause of %v", got, pause)
		}
	}
}

func TestNothingIsDecidedBetweenEqualBounds(t *testing.T) {
	l := newLoad(control.Config{Min: 5, Max: 5}, func(n int) float64 { return float64(n) / 0.02 }, idle)
	d := l.tick()
	if d.Limit != 5 || d.Next != 0 {
		t.Errorf("decision %+v, want limit 5 and no next tick", d)
	}
	if got := l.run(time.Second); got != 5 {
		t.Errorf("limit %d", got)
	}
}

func TestACopyIsAnIndependentController(t *testing.T) {
	l := newLoad(control.Config{}, func(n int) float64 { return float64(n) / 0.02 }, idle)
	l.run(100 * time.Millisecond)
	copied := *l.c
	before := copied.Limit()
	after := l.run(5 * time.Second)
	if after == before || copied.Limit() != before {
		t.Errorf("the copy went from %d to %d while the original went to %d", before, copied.Limit(), after)
	}
	again := *l
	again.c = &copied
}

func TestATickDoesNotAllocate(t *testing.T) {
	l := newLoad(control.Config{}, func(n int) float64 { return float64(n) / 0.02 }, idle)
	if n := testing.AllocsPerRun(1000, func() { l.tick() }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestTheLogHoldsTheLastChanges(t *testing.T) {
	l := newLoad(control.Config{}, func(n int) float64 { return float64(n) / 0.02 }, idle)
	l.run(3 * time.Second)
	events := l.c.AppendLog(nil)
	if len(events) == 0 || events[0].From != 8 || events[len(events)-1].To != l.c.Limit() {
		t.Fatalf("log %v with limit %d", events, l.c.Limit())
	}
	for i := 1; i < len(events); i++ {
		if events[i].From != events[i-1].To || events[i].At < events[i-1].At {
			t.Errorf("event %v follows %v", events[i], events[i-1])
		}
	}
	for range 500 {
		l.c.Resize(1, 100)
		l.c.Resize(200, 300)
	}
	if events = l.c.AppendLog(events[:0]); len(events) != 200 {
		t.Errorf("%d events, want 200", len(events))
	}
}

func TestResizeKeepsTheBounds(t *testing.T) {
	l := newLoad(control.Config{}, func(n int) float64 { return float64(n) / 0.02 }, idle)
	l.run(5 * time.Second)
	l.c.Resize(4, 20)
	if s := l.c.State(); s.Limit != 20 || s.Reason != control.Resize {
		t.Errorf("state %+v, want limit 20 by resize", s)
	}
	if got := l.run(2 * time.Second); got != 20 {
		t.Errorf("limit %d, want 20", got)
	}
	l.c.Resize(50, 0)
	if got := l.run(time.Second); got != 50 {
		t.Errorf("limit %d, want 50", got)
	}
}

func TestReasonsHaveNames(t *testing.T) {
	seen := map[string]bool{}
	for r := control.None; r <= control.Resize; r++ {
		if s := r.String(); s == "" || s == "unknown" || seen[s] {
			t.Errorf("reason %d is %q", r, s)
		} else {
			seen[s] = true
		}
	}
	if s := control.Reason(200).String(); s != "unknown" {
		t.Errorf("reason 200 is %q", s)
	}
}

func BenchmarkTick(b *testing.B) {
	l := newLoad(control.Config{}, func(n int) float64 { return float64(n) / 0.02 }, idle)
	for b.Loop() {
		l.tick()
	}
}
