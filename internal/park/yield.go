package park

import (
	"runtime"
	"time"
)

// A yielder decides whether a goroutine that is about to park should first let
// others run once. Where two goroutines answer each other, the answer is there
// after that one turn, and neither has been parked or made runnable again:
// about 210 ns a round trip against 290 ns for parking (and 240 to 270 ns for
// channels).
//
// It is a bet, and has to be kept from losing badly in two ways:
//
//   - The permit is not there after the turn: 60 to 90 ns lost, and a bet that
//     loses rests.
//   - The turn takes long, because processors are busy with others (see crowd),
//     or because the goroutine is locked to a thread, which yielding changes
//     twice. So before the first turn, and whenever there is reason for doubt,
//     the yielder looks whether there is a queue. And when a turn took longer
//     than slow, it rests for slowShare times as long; if that turn took longer
//     than slice, all yielders do.
//
// To know how long a turn took means to read the clock twice, which costs most
// of what yielding saves. So it is read once every two turns; when more than
// slow has passed between two readings, whatever the reason, the next turn is
// timed in full, and so is the first. Three slow turns in a row are the most
// that a yielder takes, and in the long run 1/slowShare of its time is lost.
//
// It belongs to one owner and is not safe for concurrent use.
type yielder struct {
	bet
	suspect bool          // the next turn is to be timed
	odd     bool          // the clock was not read after the last turn
	last    time.Duration // when it was read last; 0 before the first turn
	until   time.Duration // rest until then
}

const (
	slow      = 10 * time.Microsecond
	slowShare = 100
	slowPeek  = restMin // parks between two looks at the clock while resting
)

// yielded lets others run once, if that seems worth it, and reports whether
// that brought the permit, which is then consumed.
func (n *Notifier) yielded() bool {
	y := &n.yield
	if !y.take() {
		return false
	}
	var begin time.Duration
	if y.careful() {
		begin = clock()
		if !y.dare(begin) {
			return false
		}
	}
	runtime.Gosched()
	won := n.Consume()
	if y.settle(won); y.curious(begin) {
		y.judge(begin, clock())
	}
	return won
}

// careful reports whether the next turn needs the time it begins at.
func (y *yielder) careful() bool {
	return y.suspect || y.last == 0 || queue.known()
}

// dare reports whether to take a turn at the time now.
func (y *yielder) dare(now time.Duration) bool {
	if now < y.until || queue.look(now) {
		y.rest = slowPeek
		return false
	}
	return true
}

// curious reports whether to read the clock after a turn: if it is timed, and
// if the clock was not read after the last one.
func (y *yielder) curious(begin time.Duration) bool {
	y.odd = !y.odd
	return begin != 0 || !y.odd
}

// judge notes how long a turn took. begin is 0 if it was not timed.
func (y *yielder) judge(begin, end time.Duration) {
	if begin == 0 {
		y.suspect = end-y.last > slow
	} else {
		took := end - begin
		y.suspect = took > slow
		if y.suspect {
			y.until = end + slowShare*min(took, slice)
		}
		queue.lost(took, end)
	}
	y.odd, y.last = false, end
}
