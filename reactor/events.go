package reactor

import (
	"strings"

	"github.com/causeway-go/causeway/internal/poller"
)

// Events is a set of things that a descriptor can be ready for. Readable,
// Writable and Priority can be waited for. HangUp and Failed come unasked.
type Events uint8

// The events.
const (
	// Readable: there is something to read, or the end of it, or an error.
	Readable = Events(poller.Read)
	// Writable: there is room to write, or an error to be told.
	Writable = Events(poller.Write)
	// Priority: something exceptional, such as out-of-band data, or a
	// change of a file in sysfs.
	Priority = Events(poller.Priority)
	// HangUp: the other side has gone, or will send no more.
	HangUp = Events(poller.HangUp)
	// Failed: an error is waiting to be told by the next call.
	Failed = Events(poller.Failed)
)

// waitable is what can be waited for.
const waitable = Readable | Writable | Priority

// String lists the events in e.
func (e Events) String() string {
	if e == 0 {
		return "none"
	}
	var b strings.Builder
	for i, name := range [...]string{"readable", "writable", "priority", "hang-up", "failed"} {
		if e>>i&1 != 0 {
			if b.Len() > 0 {
				b.WriteByte('|')
			}
			b.WriteString(name)
		}
	}
	return b.String()
}
