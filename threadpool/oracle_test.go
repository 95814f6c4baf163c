package threadpool_test

import (
	"fmt"
	"slices"

	"github.com/causeway-go/causeway/threadpool"
)

// How a call gets into the pool.
const (
	byEnter  = iota
	byDo     // with a context that can end
	byDoHere // with one that cannot
	bySubmit
	byTrySubmit
	byStart
	wayCount
)

// An oracle is the slow pool that is obviously right: nothing happens at the
// same time, and after every operation all that is possible happens at once.
type oracle struct {
	limit, bound int
	closed       bool
	way          map[int]int // of every call
	running      []int       // calls that have slots
	paused       []int       // calls that have given theirs up
	back         []int       // calls that want it back
	fifo         []int       // calls that want one
	outside      []int       // calls that want to be in fifo
	shutdowns    []int
	gone         []int // jobs of Do that nobody waits for
	peak         int
	completed    uint64
	dropped      uint64

	started []int          // in this step
	results map[int]string // of calls that have returned
}

func newOracle(limit, bound int) *oracle {
	return &oracle{limit: limit, bound: bound, way: map[int]int{}, results: map[int]string{}}
}

func (o *oracle) isJob(id int) bool { return o.way[id] != byEnter && o.way[id] != byDoHere }

func (o *oracle) full() bool {
	jobs := 0
	for _, id := range o.fifo {
		if o.isJob(id) {
			jobs++
		}
	}
	return o.bound > 0 && jobs >= o.bound
}

func (o *oracle) call(id, way int) {
	o.way[id] = way
	switch {
	case o.closed:
		o.results[id] = "closed"
	case !o.isJob(id) || len(o.running) < o.limit || !o.full():
		o.fifo = append(o.fifo, id)
		if way >= bySubmit {
			o.results[id] = ""
		}
	case way == bySubmit:
		o.outside = append(o.outside, id)
	default:
		o.results[id] = "full"
	}
	o.settle()
}

// settle lets everything happen that can.
func (o *oracle) settle() {
	for {
		switch {
		case len(o.running) < o.limit && len(o.back) > 0:
			o.running = append(o.running, o.back[0])
			o.back = o.back[1:]
		case len(o.running) < o.limit && len(o.fifo) > 0:
			o.running = append(o.running, o.fifo[0])
			o.started = append(o.started, o.fifo[0])
			o.fifo = o.fifo[1:]
		case len(o.outside) > 0 && !o.full():
			o.results[o.outside[0]] = ""
			o.fifo = append(o.fifo, o.outside[0])
			o.outside = o.outside[1:]
		default:
			o.peak = max(o.peak, len(o.running))
			if o.closed && len(o.running)+len(o.paused)+len(o.back)+len(o.fifo) == 0 {
				for _, id := range o.shutdowns {
					o.results[id] = ""
				}
				o.shutdowns = nil
			}
			return
		}
	}
}

// take removes id from list and reports whether it was there.
func take(list *[]int, id int) bool {
	i := slices.Index(*list, id)
	if i >= 0 {
		*list = slices.Delete(slices.Clone(*list), i, i+1)
	}
	return i >= 0
}

// cancel ends the context of a call, or cancels its job.
func (o *oracle) cancel(id int) {
	switch way := o.way[id]; {
	case take(&o.shutdowns, id):
		o.results[id] = "canceled"
		o.dropQueue()
	case way == byStart:
		if take(&o.fifo, id) {
			o.dropped++
		}
	case way == byEnter || way == byDo:
		if take(&o.fifo, id) {
			o.results[id] = "canceled"
			if way == byDo {
				o.dropped++
			}
		} else if _, over := o.results[id]; way == byDo && !over {
			o.results[id] = "canceled"
			o.gone = append(o.gone, id)
		}
	case way == bySubmit:
		if take(&o.outside, id) {
			o.results[id] = "canceled"
		}
	}
	o.settle()
}

// end ends the job of a call that runs.
func (o *oracle) end(id int, how string) {
	take(&o.running, id)
	o.completed++
	if _, over := o.results[id]; !take(&o.gone, id) && !over {
		o.results[id] = how
	}
	o.settle()
}

func (o *oracle) pause(id int) {
	take(&o.running, id)
	o.paused = append(o.paused, id)
	o.settle()
}

func (o *oracle) resume(id int) {
	take(&o.paused, id)
	o.back = append(o.back, id)
	o.settle()
}

func (o *oracle) resize(limit int) {
	o.limit = limit
	o.settle()
}

func (o *oracle) refuse() {
	o.closed = true
	for _, id := range o.outside {
		o.results[id] = "closed"
	}
	o.outside = nil
}

func (o *oracle) dropQueue() {
	for _, id := range o.fifo {
		if o.isJob(id) {
			o.dropped++
		}
		if _, over := o.results[id]; !over {
			o.results[id] = "closed"
		}
	}
	o.fifo = nil
}

func (o *oracle) close() {
	o.refuse()
	o.dropQueue()
	o.settle()
}

func (o *oracle) shutdown(id int) {
	o.way[id] = -1
	o.refuse()
	o.shutdowns = append(o.shutdowns, id)
	o.settle()
}

// compare says what is different in s, or "".
func (o *oracle) compare(s threadpool.Stats) string {
	want := threadpool.Stats{
		Limit: o.limit, Running: len(o.running), Waiting: len(o.paused) + len(o.back),
		Queued: len(o.fifo) + len(o.back) + len(o.outside), Abandoned: len(o.gone),
		Peak: o.peak, Completed: o.completed, Dropped: o.dropped, Closed: o.closed,
	}
	s.Threads, s.Reaped, s.Max, s.All = 0, 0, 0, 0
	s.Service, s.Wait = threadpool.Times{}, threadpool.Times{}
	if s == want {
		return ""
	}
	return fmt.Sprintf("pool   %+v\noracle %+v", s, want)
}
