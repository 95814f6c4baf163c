package interleave

import (
	"fmt"
	"strings"
)

// A node is a state with all program counters, or Done in their place.
type node[S comparable] struct {
	state S
	pcs   [MaxThreads]int16
}

// An explorer keeps the nodes in the order of their discovery, which is that
// of their distance from the start.
type explorer[S comparable] struct {
	model  Model[S]
	index  map[node[S]]int32
	nodes  []node[S]
	parent []int32   // which node a node was discovered from
	by     []int8    // and by a step of which thread
	before [][]int32 // the nodes with a promised step to this one
	ends   []int32
	report Report
}

// visit notes that n is one step of a thread away from a node, and returns its
// index.
func (e *explorer[S]) visit(n node[S], from int32, thread int) int32 {
	i, known := e.index[n]
	if known {
		return i
	}
	i = int32(len(e.nodes))
	e.index[n] = i
	e.nodes = append(e.nodes, n)
	e.parent = append(e.parent, from)
	e.by = append(e.by, int8(thread))
	e.before = append(e.before, nil)
	if e.model.Invariant != nil {
		if err := e.model.Invariant(n.state); err != nil {
			e.fail(ErrViolation, err.Error(), i)
		}
	}
	return i
}

// expand takes every step that is possible in node i.
func (e *explorer[S]) expand(i int32) {
	promised := 0 // steps that are sure to be taken if no other is
	for t := range e.model.Threads {
		n, ok := e.step(i, t)
		if !ok {
			continue
		}
		e.report.Steps++
		to := e.visit(n, i, t)
		if !e.mayNotCome(i, t) {
			promised++
			e.before[to] = append(e.before[to], i)
		}
	}
	switch missing := e.missing(i); {
	case missing == "" && promised == 0:
		e.report.Ends++
		e.ends = append(e.ends, i)
		if e.model.Final != nil {
			if err := e.model.Final(e.nodes[i].state); err != nil {
				e.fail(ErrViolation, "at the end: "+err.Error(), i)
			}
		}
	case missing == "":
		// Only daemons go on: an end as far as livelocks are concerned.
		e.ends = append(e.ends, i)
	case promised == 0:
		e.report.Hangs++
		e.fail(ErrHang, missing, i)
	}
}

// step returns the node after a step of thread t, if it can take one.
func (e *explorer[S]) step(i int32, t int) (n node[S], ok bool) {
	n = e.nodes[i]
	if n.pcs[t] == Done {
		return n, false
	}
	defer func() {
		if v := recover(); v != nil {
			e.fail(ErrViolation, fmt.Sprintf("panic in %s at %s: %v", e.model.Threads[t].Name, e.label(i, t), v), i)
			ok = false
		}
	}()
	old := n.state
	next := e.model.Threads[t].Step(&n.state, int(n.pcs[t]))
	switch {
	case next == Blocked && n.state != old:
		panic("a blocked step has changed the state")
	case next == Blocked:
		return n, false
	case next < Done || next > 1<<15-1:
		panic(fmt.Sprintf("returned %d", next))
	}
	n.pcs[t] = int16(next)
	return n, true
}

// mayNotCome reports whether thread t is optional and has not started.
func (e *explorer[S]) mayNotCome(i int32, t int) bool {
	return e.model.Threads[t].Optional && e.nodes[i].pcs[t] == 0
}

// missing says which threads have to go on in node i, or "".
func (e *explorer[S]) missing(i int32) string {
	var names []string
	for t, thread := range e.model.Threads {
		if e.nodes[i].pcs[t] != Done && !thread.Daemon && !e.mayNotCome(i, t) {
			names = append(names, fmt.Sprintf("%s at %s", thread.Name, e.label(i, t)))
		}
	}
	return strings.Join(names, ", ")
}

// findLivelock looks for the first node from which no end can be reached,
// going backwards from the ends. If there is another failure it does not: a
// hang, or a step that panicked, leads to no end either.
func (e *explorer[S]) findLivelock() {
	if len(e.report.Failures) > 0 {
		return
	}
	reaches := make([]bool, len(e.nodes))
	todo := e.ends
	for _, i := range todo {
		reaches[i] = true
	}
	for len(todo) > 0 {
		i := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		for _, j := range e.before[i] {
			if !reaches[j] {
				reaches[j] = true
				todo = append(todo, j)
			}
		}
	}
	for i, ok := range reaches {
		if !ok {
			e.fail(ErrLivelock, e.missing(int32(i)), int32(i))
			return
		}
	}
}

// fail reports a failure in node i if it is the first of its kind.
func (e *explorer[S]) fail(kind error, cause string, i int32) {
	for _, f := range e.report.Failures {
		if f.Kind == kind {
			return
		}
	}
	e.report.Failures = append(e.report.Failures,
		&Failure{Kind: kind, Cause: cause, Trace: e.trace(i)})
}

// trace returns the steps from the start to node i.
func (e *explorer[S]) trace(i int32) []string {
	var path []int32
	for ; i >= 0; i = e.parent[i] {
		path = append(path, i)
	}
	lines := []string{fmt.Sprintf("start: %+v", e.nodes[0].state)}
	for k := len(path) - 2; k >= 0; k-- {
		from, to := path[k+1], path[k]
		t := int(e.by[to])
		lines = append(lines, fmt.Sprintf("%s: %s -> %s: %+v", e.model.Threads[t].Name,
			e.label(from, t), e.label(to, t), e.nodes[to].state))
	}
	return lines
}

// label names the program counter of thread t in node i.
func (e *explorer[S]) label(i int32, t int) string {
	pc := int(e.nodes[i].pcs[t])
	names := e.model.Threads[t].Steps
	switch {
	case pc == Done:
		return "done"
	case pc < len(names):
		return names[pc]
	}
	return fmt.Sprint(pc)
}
