package poolsim

import (
	"math"
	"time"
)

func (s *sim) diskStart(d *device, j int32, work float64) {
	d.busy++
	there := d.busy + d.waiting.len()
	slow := 1 + d.Thrash*float64(max(0, there-d.Channels))
	s.schedule(s.now+work*slow, evDisk, j)
}

func (s *sim) diskDone(j int32) {
	b := &s.jobs[j]
	d := &s.devices[b.phases[b.phase].Res]
	d.busy--
	if d.waiting.len() > 0 {
		next := d.waiting.pop()
		n := &s.jobs[next]
		s.diskStart(d, next, n.work[n.phase])
	}
	s.phaseDone(j)
}

func (s *sim) lock(j int32, p *Phase) {
	m := &s.mutexes[p.Res]
	if !m.held {
		s.acquire(m, j)
		return
	}
	m.waiting.push(j)
	if m.Spin {
		s.spinners++
		s.setRate()
	}
}

func (s *sim) acquire(m *mutex, j int32) {
	m.held = true
	b := &s.jobs[j]
	p := &b.phases[b.phase]
	work := b.work[b.phase] * (1 + m.Convoy*float64(m.waiting.len()))
	if p.Kind == HoldCPU {
		s.compute(j, work)
		return
	}
	s.schedule(s.now+work, evHold, j)
}

func (s *sim) unlock(m *mutex) {
	m.held = false
	if m.waiting.len() == 0 {
		return
	}
	j := m.waiting.pop()
	if m.Spin {
		s.spinners--
		s.setRate()
	}
	s.acquire(m, j)
}

// submitChild queues the job that j waits for. Where the pool sees the wait,
// j gives its slot back meanwhile.
func (s *sim) submitChild(j int32) {
	c := s.jobs[j].class
	k := s.makeJob(c, c.Child, int(s.jobs[j].classNo), s.now)
	s.jobs[k].parent = j
	s.jobs[k].child = true
	s.queue.push(queued{k, s.now})
	if s.w.HiddenWaits {
		return
	}
	b := &s.jobs[j]
	s.running--
	s.parked++
	b.service += s.now - b.resumed
	s.startSum -= b.resumed
}

// childDone lets the waiting job go on: at the head of the queue, because it
// has been in before.
func (s *sim) childDone(j int32) {
	b := &s.jobs[j]
	b.phase++
	if s.w.HiddenWaits {
		s.enter(j)
		return
	}
	s.parked--
	b.parked = true
	s.queue.pushFront(queued{j, s.now})
}

// lateness is by how much a timer fires late with the present number of
// runnable threads, fitted to measurements on two cores: 0.18 ms idle, 1.2 at
// four threads per core, 2.5 at 16, 3.1 at 64.
func (s *sim) lateness() float64 {
	late := 0.17e-3
	if over := float64(s.runnable())/float64(s.w.Cores) - 1; over > 0 {
		late += 3.2e-3 * over / (over + 6)
	}
	return late * math.Exp(0.4*s.r.normal())
}

func seconds(s float64) time.Duration { return time.Duration(s * 1e9) }

func (s *sim) observe(late float64) *Observation {
	o := &s.res.obs
	o.Now = seconds(s.now)
	o.Completions = s.completions
	o.Running = s.running
	o.Parked = s.parked
	o.Queued = s.backlog()
	o.StartSum = seconds(s.startSum)
	o.ServiceSum = seconds(s.serviceSum)
	o.LogSum = s.logSum
	o.CPU = seconds(s.cpuUsed)
	o.Procs = float64(s.w.Cores)
	o.Lateness = seconds(late)
	o.Limit, o.Runnable, o.Starts, o.Cores = s.limit, s.runnable(), s.starts, s.w.Cores
	return o
}

// resume begins ticking: a job is waiting.
func (s *sim) resume() {
	s.paused, s.sawEmpty = false, false
	s.resumeNext = true
	s.call(0)
	s.scheduleTick()
}

func (s *sim) scheduleTick() {
	s.lastTickLate = s.lateness()
	s.schedule(s.now+s.tick+s.lastTickLate, evTick, 0)
}

func (s *sim) onTick() {
	if s.sawEmpty {
		s.sawEmpty = false
		if s.backlog() == 0 {
			s.paused = true
			return
		}
		s.resumeNext = true
	}
	s.call(s.lastTickLate)
	s.scheduleTick()
}

func (s *sim) call(late float64) {
	o := s.observe(late)
	o.Resumed = s.resumeNext
	s.resumeNext = false
	s.limit = min(max(s.policy.Tick(o), 1), s.w.max())
	s.res.limitWas(s.now, s.limit)
}
