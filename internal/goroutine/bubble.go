package goroutine

import (
	"runtime/debug"
	"strings"
	"sync"
	"time"
)

// InBubble reports whether the calling goroutine is inside a testing/synctest
// bubble. There time.Now carries no monotonic reading, whatever the fake clock
// shows; comparing the clocks themselves would err when the fake one has been
// put forward to the present day. It takes 45 ns in a test. Programs that are
// not tests, in which there are no bubbles, pay 2 ns.
func InBubble() bool {
	if !isTest() {
		return false
	}
	now := time.Now()
	return now == now.Round(0) // Round strips the monotonic reading
}

// isTest reports whether the program may be a test binary. go test names the
// main package of what it builds after the package under test, with this
// suffix. Where the build says nothing of itself, it may be one.
var isTest = sync.OnceValue(func() bool {
	b, ok := debug.ReadBuildInfo()
	return !ok || b.Path == "" || strings.HasSuffix(b.Path, ".test")
})
