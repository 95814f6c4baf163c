//go:build !linux

package park

import "sync/atomic"

// hasFutex says that a thread can sleep on a word of memory: not by means of
// the standard library alone.
const hasFutex = false

func futexWait(word *atomic.Uint64, value uint32) bool { return false }

func futexWake(word *atomic.Uint64) {}
