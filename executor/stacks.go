package executor

import (
	"bytes"
	"fmt"
	"runtime"
	"strconv"
)

// goroutineID returns the number of the calling goroutine, as it stands in
// stack traces. It takes a microsecond, and is only called where somebody has
// asked for reports.
func goroutineID() uint64 {
	var buf [64]byte
	return headerID(buf[:runtime.Stack(buf[:], false)])
}

// headerID reads the number from «goroutine 12 [running]:».
func headerID(stack []byte) uint64 {
	rest, _ := bytes.CutPrefix(stack, []byte("goroutine "))
	digits, _, _ := bytes.Cut(rest, []byte(" "))
	id, _ := strconv.ParseUint(string(digits), 10, 64)
	return id
}

// stacksOf returns the stacks of all goroutines, by number.
func stacksOf() map[uint64][]byte {
	buf := make([]byte, 1<<16)
	n := runtime.Stack(buf, true)
	for n == len(buf) {
		buf = make([]byte, 2*len(buf))
		n = runtime.Stack(buf, true)
	}
	all := make(map[uint64][]byte)
	for _, s := range bytes.Split(buf[:n], []byte("\n\n")) {
		all[headerID(s)] = s
	}
	return all
}

// stackOf returns the stack of one goroutine.
func stackOf(id uint64) []byte {
	if s, ok := stacksOf()[id]; ok {
		return s
	}
	return fmt.Appendf(nil, "goroutine %d [gone]", id)
}

// isSuspended reports whether a stack is that of a coroutine nobody has
// switched to.
func isSuspended(stack []byte) bool {
	return bytes.Contains(stack, []byte("executor.(*coroutine).suspend("))
}
