package poolsim

// A lane is a queue, its limit, the policy that sets it and the counters it
// looks at. There is one, or one for each class.
type lane struct {
	no      int32
	policy  Policy
	obs     Observation
	queue   fifo[queued]
	limit   int
	running int
	parked  int

	tick         float64
	paused       bool
	sawEmpty     bool
	resumeNext   bool
	lastTickLate float64

	// The counters of the pool.
	completions uint64
	starts      uint64
	startSum    float64
	serviceSum  float64
	logSum      float64
	logSquare   float64
}

// arrive queues a new job. With one lane it is drawn when it starts, because
// nothing depends on what it is before.
func (s *sim) arrive() {
	if len(s.lanes) == 1 {
		s.lanes[0].queue.push(queued{-1, s.now})
		return
	}
	j := s.newJob(s.now)
	b := &s.jobs[j]
	b.lane = int32(min(int(b.classNo), len(s.lanes)-1))
	s.lanes[b.lane].queue.push(queued{j, s.now})
}

// backlog is the length of the queue; without arrivals or a population it is
// endless.
func (s *sim) backlog(l *lane) int {
	if s.w.Population == 0 && !s.w.open() {
		return 1 << 20
	}
	return l.queue.len()
}

// dispatch starts jobs while there is a slot and a job.
func (s *sim) dispatch() {
	for s.running < s.w.max() {
		l := s.next()
		if l == nil {
			break
		}
		q := queued{-1, s.now}
		if l.queue.len() > 0 {
			q = l.queue.pop()
		}
		s.start(l, q)
	}
	for i := range s.lanes {
		l := &s.lanes[i]
		if s.backlog(l) == 0 {
			l.sawEmpty = true
		} else if l.paused {
			s.resume(l)
		}
	}
}

// next is the lane whose turn it is: of those that may start a job, the one
// whose first job has waited longest.
func (s *sim) next() *lane {
	var first *lane
	for i := range s.lanes {
		l := &s.lanes[i]
		if l.running >= l.limit || s.backlog(l) == 0 {
			continue
		}
		if first == nil || l.queue.items[l.queue.head].arrived < first.queue.items[first.queue.head].arrived {
			first = l
		}
	}
	return first
}
