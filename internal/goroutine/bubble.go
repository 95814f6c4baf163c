package goroutine

import (
	"runtime/debug"
	"strings"
	"sync"
	"time"
)

var started = time.Now()

// InBubble reports whether the calling goroutine is inside a testing/synctest
// bubble. The clock of a bubble starts at the year 2000 and its monotonic
// reading with it, some thirty years ahead of the one this process started
// with, so one reading of the monotonic clock tells (20 ns). Programs that are
// not tests, in which there are no bubbles, do not pay even that.
func InBubble() bool {
	return isTest() && time.Since(started) > 10*365*24*time.Hour
}

// isTest reports whether the program may be a test binary. go test names the
// main package of what it builds after the package under test, with this
// suffix. Where the build says nothing of itself, it may be one.
var isTest = sync.OnceValue(func() bool {
	b, ok := debug.ReadBuildInfo()
	return !ok || b.Path == "" || strings.HasSuffix(b.Path, ".test")
})
