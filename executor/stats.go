package executor

import "sync/atomic"

// Stats is what an [Executor] has done and is doing. The figures are taken one
// after the other while workers go on, so they need not fit together exactly.
type Stats struct {
	Tasks    int    // not ended
	Workers  int    // calls of Run, and those that stand in for one
	Idle     int    // workers that wait for something to do
	Queued   int    // tasks ready to be polled; those just arriving are not counted
	Polls    uint64 // up to the last 61 polls of each worker are missing
	StandIns uint64 // how often a worker had to be stood in for
	Stuck    uint64 // how often the monitor found one stuck in a poll
	WakeUps  uint64 // how often an idle worker has been woken
}

type counts struct {
	polls    atomic.Uint64
	standIns atomic.Uint64
	stuck    atomic.Uint64
	wakeUps  atomic.Uint64
	looks    atomic.Uint64
}

// Stats returns the figures of ex. It does not block.
func (ex *Executor) Stats() Stats {
	s := Stats{
		Tasks:    ex.tasks(),
		Idle:     int(ex.parked.Load()),
		Polls:    ex.counts.polls.Load(),
		StandIns: ex.counts.standIns.Load(),
		Stuck:    ex.counts.stuck.Load(),
		WakeUps:  ex.counts.wakeUps.Load(),
	}
	for i := range ex.queues {
		s.Queued += int(ex.queues[i].ready.Load())
	}
	for _, w := range *ex.workers.Load() {
		s.Workers++
		s.Queued += w.ring.len()
	}
	return s
}

// publish adds what w has counted to what others can see.
func (w *worker) publish() {
	if w.polls > 0 {
		w.ex.counts.polls.Add(w.polls)
		w.polls = 0
	}
}
