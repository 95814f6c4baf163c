package threadpool

// Stats is what a pool looks like at one moment. The figures are read one after
// another, so while jobs come and go they need not add up.
type Stats struct {
	Name      string // from Options
	Limit     int    // slots there are
	Running   int    // slots that are taken, also beyond the limit (see the package documentation)
	Waiting   int    // jobs that have started and have given their slot up while they wait for something
	Queued    int    // jobs and goroutines that wait for a slot or for room, and waiting jobs that want theirs back
	Abandoned int    // running jobs that nobody waits for any more
	Peak      int    // most slots that were taken at once, those beyond the limit not counted
	Completed uint64 // jobs that have ended
	Dropped   uint64 // jobs that were cancelled or dropped before they started
	Threads   int    // OS threads of the whole process, as Go counts them
	Reaped    uint64 // OS threads that the pool has given back to the system
	Closed    bool   // by Close or Shutdown
}

// Stats returns what the pool looks like now. It takes the pool's mutex for a
// moment.
func (p *Pool) Stats() Stats {
	p.mu.Lock()
	queued := p.fifo.len + p.back.len + p.outside.len
	w := p.state.load()
	p.mu.Unlock()
	return Stats{
		Name:      p.opts.Name,
		Limit:     w.limit(),
		Running:   w.running(),
		Waiting:   int(p.waiting.Load()),
		Queued:    queued,
		Abandoned: int(p.abandoned.Load()),
		Peak:      int(p.peak.Load()),
		Completed: p.completed.Load(),
		Dropped:   p.dropped.Load(),
		Threads:   readThreads().total,
		Reaped:    p.threads.reaped.Load(),
		Closed:    w.closed(),
	}
}
