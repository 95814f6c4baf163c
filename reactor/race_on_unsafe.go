//go:build linux && race

package reactor

import (
	"runtime"
	"unsafe"
)

// What the race detector has to know of system calls that package unix does not
// make: which memory they read and write, and that what happened before something
// was sent happened before it was received. Package unix tells it the same.

// wire is what all that is sent goes through.
var wire byte

func raceTransmits() { runtime.RaceReleaseMerge(unsafe.Pointer(&wire)) }

func raceTransmitted(p []byte) {
	if len(p) > 0 {
		runtime.RaceReadRange(unsafe.Pointer(&p[0]), len(p))
	}
}

func raceReceived(p []byte) {
	if len(p) > 0 {
		runtime.RaceWriteRange(unsafe.Pointer(&p[0]), len(p))
	}
	runtime.RaceAcquire(unsafe.Pointer(&wire))
}
