package park

import (
	"runtime"
	"time"
)

// A yielder decides whether a goroutine that is about to park should first let
// others run once. Where two goroutines answer each other, the answer is there
// after that one turn, and neither has been parked or made runnable again:
// about 190 ns a round trip against 290 ns for parking (and 290 to 310 ns for
// channels).
//
// It is a bet, and has to be kept from losing badly in two ways:
//
//   - The permit is not there after the turn: 60 to 90 ns lost. After losing
//     patience yields in a row the yielder rests for a number of parks that
//     doubles each time, up to restMax.
//   - The turn takes long, because processors are busy with others, behind
//     whom a yielding goroutine must queue, where a parked one would be made
//     to run next. Every sampleth yield is timed, and the first ones after
//     each rest; when one takes longer than slow, the yielder rests for a
//     hundred times that time, so that at most 1 % is lost for good.
//
// It belongs to one waiting object and is not safe for concurrent use.
type yielder struct {
	lost    uint8  // yields lost in a row
	timed   uint8  // how many of the coming yields are timed for certain
	rest    uint32 // parks to go until the next yield
	lastRef uint32 // the last rest in parks
	count   uint32
	until   time.Duration // rest until then, when not 0
}

const (
	patience = 4
	restMin  = 32
	restMax  = 4096
	sample   = 16
	slow     = 10 * time.Microsecond
)

var start = time.Now()

// turn lets others run once, if that seems worth while, and reports whether it
// did.
func (y *yielder) turn() bool {
	if y.rest > 0 {
		y.rest--
		return false
	}
	y.count++
	if y.timed == 0 && y.count%sample != 0 && y.until == 0 {
		runtime.Gosched()
		return true
	}
	t0 := time.Since(start)
	if y.until != 0 {
		if t0 < y.until {
			y.rest = restMin // look at the clock again after so many parks
			return false
		}
		y.until, y.timed = 0, patience
	}
	if y.timed > 0 {
		y.timed--
	}
	runtime.Gosched()
	t1 := time.Since(start)
	if d := t1 - t0; d > slow {
		y.until = t1 + 100*d
	}
	return true
}

// won and fail tell whether the turn was worth it.
func (y *yielder) won() { y.lost, y.lastRef = 0, 0 }

func (y *yielder) fail() {
	y.lost++
	if y.lost >= patience {
		y.lost = patience - 1 // after a rest, one more try
		y.lastRef = min(max(2*y.lastRef, restMin), restMax)
		y.rest = y.lastRef
	}
}
