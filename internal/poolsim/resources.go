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
	b := &s.jobs[j]
	s.jobs[k].parent = j
	s.jobs[k].child = true
	s.jobs[k].lane = b.lane
	l := &s.lanes[b.lane]
	l.queue.push(queued{k, s.now})
	if s.w.HiddenWaits {
		return
	}
	l.running--
	l.parked++
	s.running--
	s.parked++
	b.service += s.now - b.resumed
	l.startSum -= b.resumed
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
	l := &s.lanes[b.lane]
	l.parked--
	s.parked--
	b.parked = true
	l.queue.pushFront(queued{j, s.now})
}

// lateness is by how much a timer fires late with the present number of
// runnable threads, fitted to measurements on two cores: 0.18 ms idle, 1.2 at
// four threads per core, 2.5 at 16, 3.1 at 64.
func (s *sim) lateness() float64 {
	late := 0.17e-3
	if over := float64(s.runnable()+s.others())/float64(s.w.Cores) - 1; over > 0 {
		late += 3.2e-3 * over / (over + 6)
	}
	return late * math.Exp(0.4*s.r.normal())
}

func seconds(s float64) time.Duration { return time.Duration(s * 1e9) }

func (s *sim) observe(l *lane, late float64) *Observation {
	o := &l.obs
	o.Now = seconds(s.now)
	o.Completions = l.completions
	o.Running = l.running
	o.Parked = l.parked
	o.Queued = s.backlog(l)
	o.StartSum = seconds(l.startSum)
	o.ServiceSum = seconds(l.serviceSum)
	o.LogSum, o.LogSquareSum = l.logSum, l.logSquare
	o.CPU = seconds(s.cpuUsed)
	o.Procs = float64(s.w.Cores)
	o.Lateness = seconds(late)
	o.Limit, o.Runnable, o.Starts, o.Cores = l.limit, s.runnable(), l.starts, s.w.Cores
	return o
}

// resume begins ticking: a job is waiting.
func (s *sim) resume(l *lane) {
	l.paused, l.sawEmpty = false, false
	l.resumeNext = true
	s.call(l, 0)
	s.scheduleTick(l)
}

func (s *sim) scheduleTick(l *lane) {
	l.lastTickLate = s.lateness()
	s.schedule(s.now+l.tick+l.lastTickLate, evTick, l.no)
}

func (s *sim) onTick(l *lane) {
	if l.sawEmpty {
		l.sawEmpty = false
		if s.backlog(l) == 0 {
			l.paused = true
			return
		}
		l.resumeNext = true
	} else if len(s.lanes) > 1 && l.running < l.limit {
		l.resumeNext = true // what is missing is a slot of the total
	}
	s.call(l, l.lastTickLate)
	s.scheduleTick(l)
}

func (s *sim) call(l *lane, late float64) {
	o := s.observe(l, late)
	o.Resumed = l.resumeNext
	l.resumeNext = false
	l.limit = min(max(l.policy.Tick(o), 1), s.w.max())
	total := 0
	for i := range s.lanes {
		total += s.lanes[i].limit
	}
	s.res.limitWas(s.now, min(total, s.w.max()))
}
