package executor

import (
	"unsafe"

	"github.com/causeway-go/causeway/pollster"
)

// TaskSize is what a task with a word for a result costs.
const TaskSize = unsafe.Sizeof(Task[int]{})

// WakerSize and the rest are for TestWakerHasTheExpectedShape.
const (
	WakerSize = unsafe.Sizeof(pollster.Waker{})
	ShapeSize = unsafe.Sizeof(wakerShape{})
)

// SelfIsTask reports whether a task finds itself through its waker.
func SelfIsTask() bool {
	t := newTask(pollster.Ready(1))
	return t.self() == runnable(t)
}

// MonitorArmed reports whether the monitor's timer runs.
func (ex *Executor) MonitorArmed() bool { return ex.monitor.armed.Load() }

// WakeUps returns how often workers have been woken, plus the monitor's looks.
func (ex *Executor) WakeUps() uint64 { return ex.counts.wakeUps.Load() + ex.counts.looks.Load() }
