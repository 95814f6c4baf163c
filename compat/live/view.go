package live

import (
	"cmp"
	"expvar"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/causeway-go/causeway/executor"
	"github.com/causeway-go/causeway/reactor"
	"github.com/causeway-go/causeway/threadpool"
)

// A View is what is looked at. The zero value is ready, and has nothing yet. All
// methods may be called from any goroutine. It is an http.Handler.
type View struct {
	mu    sync.Mutex
	parts []*part
}

// A part is one thing that is looked at; only one of the fields after label is set.
type part struct {
	name  string
	label string // the name, unless an earlier part of its kind has that one
	pool  *threadpool.Pool
	ex    *executor.Executor
	local *executor.Local
	r     *reactor.Reactor
}

// Pool adds a pool with all its classes, those that are added later too. The
// function that is returned takes it out again.
func (v *View) Pool(p *threadpool.Pool) (remove func()) {
	return v.add(&part{name: p.Stats().Name, pool: p})
}

// Executor adds an executor under a name. The function that is returned takes it
// out again.
func (v *View) Executor(name string, ex *executor.Executor) (remove func()) {
	return v.add(&part{name: name, ex: ex})
}

// Local adds a local executor under a name; that of an executor.Thread is its Local
// method. The function that is returned takes it out again.
func (v *View) Local(name string, l *executor.Local) (remove func()) {
	return v.add(&part{name: name, local: l})
}

// Reactor adds a reactor under a name. The function that is returned takes it out
// again.
func (v *View) Reactor(name string, r *reactor.Reactor) (remove func()) {
	return v.add(&part{name: name, r: r})
}

func (v *View) add(p *part) (remove func()) {
	v.mu.Lock()
	defer v.mu.Unlock()
	p.label = p.name
	for n := 2; slices.ContainsFunc(v.parts, p.clashes); n++ {
		p.label = fmt.Sprintf("%s#%d", p.name, n)
	}
	v.parts = append(v.parts, p)
	return func() {
		v.mu.Lock()
		defer v.mu.Unlock()
		v.parts = slices.DeleteFunc(v.parts, func(o *part) bool { return o == p })
	}
}

// clashes reports whether the figures of p and o would have the same labels.
func (p *part) clashes(o *part) bool {
	kinds := (p.pool == nil) == (o.pool == nil) && (p.r == nil) == (o.r == nil)
	return kinds && p.label == o.label
}

func (v *View) list() []*part {
	v.mu.Lock()
	defer v.mu.Unlock()
	return slices.Clone(v.parts)
}

// A Snapshot is what a View sees at one moment.
type Snapshot struct {
	Time       time.Time  // when
	Goroutines int        // of the process
	Pools      []Pool     // in the order in which they were added, as the others
	Executors  []Executor // local ones too
	Reactors   []Reactor  // all of them
}

// Pool is what is seen of a pool or a class.
type Pool struct {
	Stats   threadpool.Stats   // its figures
	Events  []threadpool.Event // changes of its size
	Jobs    []Job              // that run, with Options.Track
	Classes []Pool             // those that have not been closed
}

// A Job has started and not ended.
type Job struct {
	Pool      string        // or class
	For       time.Duration // since it started
	State     string        // running, waiting or abandoned
	Goroutine uint64        // its number, as it stands in stack traces
	Stack     string        // where it is
}

// Executor is what is seen of an executor.
type Executor struct {
	Name  string          // as it was added
	Stats *executor.Stats // nil for a local one
	Tasks []Task          // with Options.Inspect; without, those that have waited
}

// A Task has been spawned and not ended.
type Task struct {
	ID    uint64        // in order of spawning, with Options.Inspect as the rest
	Name  string        // or empty
	Code  string        // the type of the future, or the name of the function
	State string        // queued, running, waiting or blocked
	For   time.Duration // in this state
	Polls uint64        // that are over
	Busy  time.Duration // in polls
	At    []string      // where it waits, innermost first
}

// Reactor is what is seen of a reactor.
type Reactor struct {
	Name  string        // as it was added
	Stats reactor.Stats // its figures
}

// Snapshot looks at everything. With pools that track their jobs it stops the world
// for as long as it takes to write down the stacks of the program.
func (v *View) Snapshot() Snapshot {
	s := Snapshot{Time: time.Now(), Goroutines: runtime.NumGoroutine()}
	for _, p := range v.list() {
		switch {
		case p.pool != nil:
			seen := poolOf(p.pool)
			seen.Jobs = jobsOf(p.pool)
			s.Pools = append(s.Pools, seen)
		case p.ex != nil:
			stats := p.ex.Stats()
			s.Executors = append(s.Executors, Executor{p.name, &stats, tasksOf(p.ex.Tasks(), s.Time)})
		case p.local != nil:
			s.Executors = append(s.Executors, Executor{p.name, nil, tasksOf(p.local.Tasks(), s.Time)})
		case p.r != nil:
			s.Reactors = append(s.Reactors, Reactor{p.name, p.r.Stats()})
		}
	}
	return s
}

func poolOf(p *threadpool.Pool) Pool {
	seen := Pool{Stats: p.Stats(), Events: p.Events()}
	for _, c := range p.Classes() {
		seen.Classes = append(seen.Classes, poolOf(c))
	}
	return seen
}

func jobsOf(p *threadpool.Pool) (jobs []Job) {
	for _, j := range p.Jobs() {
		state := "running"
		switch {
		case j.Abandoned:
			state = "abandoned"
		case j.Waiting:
			state = "waiting"
		}
		jobs = append(jobs, Job{j.Pool, j.For, state, j.Goroutine, string(j.Stack)})
	}
	slices.SortFunc(jobs, func(a, b Job) int { return cmp.Compare(b.For, a.For) })
	return jobs
}

func tasksOf(infos []executor.TaskInfo, now time.Time) (tasks []Task) {
	for _, i := range infos {
		t := Task{ID: i.ID, Name: i.Name, Code: i.Code, State: i.State.String(), Polls: i.Polls, Busy: i.Busy}
		if !i.Since.IsZero() {
			t.For = max(now.Sub(i.Since), 0) // it may have changed since we began to look
		}
		for _, f := range i.Stack {
			t.At = append(t.At, f.Function)
		}
		tasks = append(tasks, t)
	}
	return tasks
}

// Publish makes the totals of the view a variable of expvar, without jobs, tasks and
// events. As expvar.Publish it panics if the name is taken.
func (v *View) Publish(name string) {
	expvar.Publish(name, expvar.Func(func() any { return v.totals() }))
}

// totals is a Snapshot without what takes long.
func (v *View) totals() map[string]any {
	all := make(map[string]any)
	for f := range v.Figures() {
		var key strings.Builder
		key.WriteString(f.Name)
		for _, l := range f.Labels {
			key.WriteString(" " + l.Value)
		}
		all[key.String()] = f.Value
	}
	return all
}
