package live

import (
	"iter"
	"strings"

	"github.com/causeway-go/causeway/executor"
	"github.com/causeway-go/causeway/reactor"
	"github.com/causeway-go/causeway/threadpool"
)

// A Figure is one number for a metrics library, in the manner that Prometheus and
// OpenTelemetry have in common.
type Figure struct {
	Name    string  // such as causeway_pool_running; durations are in seconds
	Help    string  // what it counts, in a sentence
	Counter bool    // it only grows; else it goes up and down
	Labels  []Label // which of several it is of: no two figures agree in Name and Labels
	Value   float64 // at this moment
}

// A Label tells figures of one name apart.
type Label struct {
	Name  string // such as pool
	Value string // such as the name of the pool; if it is taken, name#2 and so on
}

// Figures yields all numbers of the view. It does not look at single jobs and tasks,
// so it takes microseconds.
func (v *View) Figures() iter.Seq[Figure] {
	return func(yield func(Figure) bool) {
		for _, p := range v.list() {
			if !p.figures(yield) {
				return
			}
		}
	}
}

func (p *part) figures(yield func(Figure) bool) bool {
	switch {
	case p.pool != nil:
		if !poolFigures(p.label, p.pool.Stats(), yield) {
			return false
		}
		for _, c := range p.pool.Classes() {
			s := c.Stats()
			if !poolFigures(p.label+strings.TrimPrefix(s.Name, p.name), s, yield) {
				return false
			}
		}
	case p.ex != nil:
		return executorFigures(p.label, p.ex.Stats(), yield)
	case p.r != nil:
		return reactorFigures(p.label, p.r.Stats(), yield)
	}
	return true
}

// A row of figures that share a prefix and a label.
type row struct {
	name, help string
	counter    bool
	value      float64
}

func yieldAll(prefix string, label Label, rows []row, yield func(Figure) bool) bool {
	for _, r := range rows {
		if !yield(Figure{prefix + r.name, r.help, r.counter, []Label{label}, r.value}) {
			return false
		}
	}
	return true
}

func poolFigures(name string, s threadpool.Stats, yield func(Figure) bool) bool {
	label := Label{"pool", name}
	if !yieldAll("causeway_pool_", label, []row{
		{"limit", "Slots there are now.", false, float64(s.Limit)},
		{"limit_max", "Slots there may be.", false, float64(s.Max)},
		{"running", "Slots that are taken.", false, float64(s.Running)},
		{"waiting", "Jobs that have given their slot up and wait for something.", false, float64(s.Waiting)},
		{"queued", "Jobs that wait for a slot.", false, float64(s.Queued)},
		{"abandoned", "Running jobs that nobody waits for any more.", false, float64(s.Abandoned)},
		{"peak", "Most slots that were taken at once.", false, float64(s.Peak)},
		{"completed_total", "Jobs that have ended.", true, float64(s.Completed)},
		{"dropped_total", "Jobs that were cancelled or dropped before they started.", true, float64(s.Dropped)},
		{"refused_total", "Jobs that were refused because they would have come too late.", true, float64(s.Refused)},
		{"reaped_threads_total", "OS threads given back to the system.", true, float64(s.Reaped)},
	}, yield) {
		return false
	}
	for _, t := range []struct {
		name, help string
		times      threadpool.Times
	}{
		{"causeway_pool_service_seconds", "For how long jobs held their slots, of late.", s.Service},
		{"causeway_pool_wait_seconds", "For how long jobs waited for a slot, of late.", s.Wait},
	} {
		for _, q := range []struct {
			label string
			value float64
		}{{"50", t.times.P50.Seconds()}, {"90", t.times.P90.Seconds()}, {"99", t.times.P99.Seconds()}} {
			if !yield(Figure{t.name, t.help, false, []Label{label, {"percentile", q.label}}, q.value}) {
				return false
			}
		}
	}
	return true
}

func executorFigures(name string, s executor.Stats, yield func(Figure) bool) bool {
	return yieldAll("causeway_executor_", Label{"executor", name}, []row{
		{"tasks", "Tasks that have not ended.", false, float64(s.Tasks)},
		{"workers", "Workers, and those that stand in for one.", false, float64(s.Workers)},
		{"idle_workers", "Workers that have nothing to do.", false, float64(s.Idle)},
		{"queued", "Tasks that are ready to be polled.", false, float64(s.Queued)},
		{"polls_total", "Polls.", true, float64(s.Polls)},
		{"stand_ins_total", "How often a worker had to be stood in for.", true, float64(s.StandIns)},
		{"stuck_total", "How often a worker was found stuck in a poll.", true, float64(s.Stuck)},
		{"wake_ups_total", "How often an idle worker has been woken.", true, float64(s.WakeUps)},
	}, yield)
}

func reactorFigures(name string, s reactor.Stats, yield func(Figure) bool) bool {
	return yieldAll("causeway_reactor_", Label{"reactor", name}, []row{
		{"sources", "Registered descriptors.", false, float64(s.Sources)},
		{"waiting", "Waiters for them.", false, float64(s.Waiting)},
		{"timers", "Armed timers.", false, float64(s.Timers)},
		{"rounds_total", "Times that the driver has come out of its wait.", true, float64(s.Rounds)},
		{"events_total", "Events that the system has reported.", true, float64(s.Events)},
		{"stale_events_total", "Events for a source that had gone.", true, float64(s.Stale)},
		{"wakes_total", "Wake-ups for events.", true, float64(s.Wakes)},
		{"fired_timers_total", "Timers that have come due.", true, float64(s.Fired)},
		{"waker_panics_total", "Panics of wakers.", true, float64(s.Panics)},
	}, yield)
}
