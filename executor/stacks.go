package executor

import "bytes"

// isSuspended reports whether a stack is that of a coroutine nobody has
// switched to.
func isSuspended(stack []byte) bool {
	return bytes.Contains(stack, []byte("executor.(*coroutine).suspend("))
}
