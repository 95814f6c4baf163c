package goroutine

import (
	"runtime"
	"sync/atomic"
)

// parse reads the goroutine's number from its own stack trace, which starts
// with «goroutine 123 [running]:». It takes about a microsecond.
func parse() uintptr {
	const prefix = "goroutine "
	buf := spare.Swap(nil)
	if buf == nil {
		buf = new([64]byte)
	}
	n := runtime.Stack(buf[:], false)
	id := uintptr(0)
	for _, c := range buf[len(prefix):n] {
		if c < '0' || c > '9' {
			break
		}
		id = id*10 + uintptr(c-'0')
	}
	if id == 0 {
		panic("goroutine: no number in " + string(buf[:n]))
	}
	spare.Store(buf)
	return id
}

// spare is a buffer for parse, or nil: what is given to runtime.Stack escapes.
var spare atomic.Pointer[[64]byte]
