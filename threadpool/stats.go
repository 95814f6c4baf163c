package threadpool

import "time"

// Stats is what a pool looks like at one moment. The figures are read one after
// another, so while jobs come and go they need not add up.
type Stats struct {
	Name      string // from Options
	Limit     int    // slots there are now
	Max       int    // slots there may be: Options.Limit
	Reason    string // why Limit was changed last, or "" if it does not move
	Running   int    // slots that are taken, also beyond the limit (see the package documentation)
	All       int    // slots that are taken by the pool and all its classes
	Waiting   int    // jobs that have started and have given their slot up while they wait for something
	Queued    int    // jobs and goroutines that wait for a slot or for room, and waiting jobs that want theirs back
	Abandoned int    // running jobs that nobody waits for any more
	Peak      int    // most slots that were taken at once, those beyond the limit not counted
	Completed uint64 // jobs that have ended
	Dropped   uint64 // jobs that were cancelled or dropped before they started
	Refused   uint64 // jobs that were refused because they would have come too late
	Threads   int    // OS threads of the whole process, as Go counts them
	Reaped    uint64 // OS threads that the pool has given back to the system
	Closed    bool   // by Close or Shutdown

	Service Times // for how long jobs held their slots
	Wait    Times // for how long jobs waited for them
}

// Times are quantiles of what was measured in the last ten to twenty seconds, up
// to a quarter too large.
type Times struct {
	P50 time.Duration // the median
	P90 time.Duration // nine of ten were below it
	P99 time.Duration // 99 of 100 were below it
}

func timesOf(h *histogram) Times {
	return Times{h.quantile(0.5), h.quantile(0.9), h.quantile(0.99)}
}

// An Event is a change of the number of slots.
type Event struct {
	Time   time.Time // when
	From   int       // slots before
	To     int       // slots after
	Reason string    // in a word or two, as the package documentation has them
}

// Events returns the last 200 changes of the number of slots, oldest first. It
// takes the pool's mutex for a moment.
func (p *Pool) Events() []Event {
	p.mu.Lock()
	t := p.tuner
	if t == nil {
		p.mu.Unlock()
		return nil
	}
	log := t.ctl.AppendLog(nil)
	p.mu.Unlock()
	events := make([]Event, len(log))
	for i, e := range log {
		events[i] = Event{epoch.Add(e.At), e.From, e.To, e.Reason.String()}
	}
	return events
}

// Stats returns what the pool looks like now. It takes the pool's mutex for a
// moment.
func (p *Pool) Stats() Stats {
	p.mu.Lock()
	queued := p.standing() + p.outside.len
	w := p.state.load()
	most, reason := p.opts.Limit, ""
	all, refused := 0, p.refused
	for _, m := range p.scopeLocked() {
		all += m.state.load().running()
	}
	if p.tuner != nil {
		reason = p.tuner.ctl.Reason().String()
	}
	p.mu.Unlock()
	service, wait := p.meter.times(clock())
	return Stats{
		Name:      p.opts.Name,
		Limit:     w.limit(),
		Max:       most,
		Reason:    reason,
		Running:   w.running(),
		All:       all,
		Waiting:   int(p.waiting.Load()),
		Queued:    queued,
		Abandoned: int(p.abandoned.Load()),
		Peak:      int(p.peak.Load()),
		Completed: p.meter.sums().completed,
		Dropped:   p.dropped.Load(),
		Refused:   refused,
		Threads:   readThreads().total,
		Reaped:    p.threads.reaped.Load(),
		Closed:    w.closed(),
		Service:   timesOf(&service),
		Wait:      timesOf(&wait),
	}
}
