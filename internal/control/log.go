package control

import "time"

// A Reason says why the limit changed.
type Reason uint8

const (
	None     Reason = iota // it did not
	Start                  // the first limit
	Ramp                   // doubling: the service time did not grow with the limit
	Patience               // doubling: nothing has completed yet, and nothing is busy
	Stall                  // nothing completes any more
	RampEnd                // back to where the throughput stopped growing
	Probe                  // to try a neighbouring limit
	Return                 // back from a trial
	Accept                 // a trial was better
	Reject                 // a trial was worse
	Change                 // the workload changed
	Freed                  // the processors have become idle
	Idle                   // nothing to do for long
	Resize                 // told to
	reasons
)

var reasonNames = [reasons]string{"none", "start", "ramp", "patience", "stall", "ramp end", "probe", "return",
	"accept", "reject", "change", "freed", "idle", "resize"}

// String returns the reason in a word or two.
func (r Reason) String() string {
	if r < reasons {
		return reasonNames[r]
	}
	return "unknown"
}

// An Event is one change of the limit.
type Event struct {
	At       time.Duration
	From, To int
	Reason   Reason
}

const logSize = 200

// eventLog is a ring of the last events.
type eventLog struct {
	events [logSize]Event
	count  uint64
}

func (l *eventLog) add(e Event) {
	l.events[l.count%logSize] = e
	l.count++
}

// appendTo appends the events to dst, oldest first.
func (l *eventLog) appendTo(dst []Event) []Event {
	n := min(l.count, logSize)
	for i := l.count - n; i < l.count; i++ {
		dst = append(dst, l.events[i%logSize])
	}
	return dst
}
