package main

import "sync/atomic"

// An atomicMost is a number of which one wants the current or the greatest value.
type atomicMost struct{ n atomic.Int64 }

func (m *atomicMost) add(d int64) int64 { return m.n.Add(d) }

// raise makes the number n if it is less.
func (m *atomicMost) raise(n int64) {
	for {
		old := m.n.Load()
		if n <= old || m.n.CompareAndSwap(old, n) {
			return
		}
	}
}
