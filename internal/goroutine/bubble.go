package goroutine

import "time"

var started = time.Now()

// InBubble reports whether the calling goroutine is inside a testing/synctest
// bubble. The clock of a bubble starts at the year 2000 and its monotonic
// reading with it, some thirty years ahead of the one this process started
// with, so one reading of the monotonic clock tells (20 ns).
func InBubble() bool {
	return time.Since(started) > 10*365*24*time.Hour
}
