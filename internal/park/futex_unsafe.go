//go:build linux

package park

import (
	"sync/atomic"
	"syscall"
	"unsafe"
)

// hasFutex says that a thread can sleep on a word of memory.
const hasFutex = true

const (
	futexWaitPrivate = 0 | 128
	futexWakePrivate = 1 | 128
)

// lowHalf is where the low 32 bits of a 64-bit word are, in bytes.
var lowHalf = func() uintptr {
	one := uint64(1)
	if *(*uint32)(unsafe.Pointer(&one)) == 1 {
		return 0
	}
	return 4
}()

// futexWait puts the calling thread to sleep if the low half of word is value,
// until a futexWake on word, a signal, or for no reason at all; so the caller
// looks at word again. It returns false if the system refuses, which it has no
// reason to. No time limit is passed, so it does not matter that 32-bit systems
// have a second call of this name for 64-bit times.
//
// It is a system call that the scheduler knows of. A raw one would keep the
// processor (P) for as long as the thread sleeps, and stop the world from being
// stopped.
func futexWait(word *atomic.Uint64, value uint32) bool {
	_, _, errno := syscall.Syscall6(syscall.SYS_FUTEX,
		uintptr(unsafe.Add(unsafe.Pointer(word), lowHalf)), futexWaitPrivate, uintptr(value), 0, 0, 0)
	return errno == 0 || errno == syscall.EAGAIN || errno == syscall.EINTR
}

// futexWake wakes the thread that sleeps on word, if there is one. It neither
// reads nor writes word.
//
// The scheduler is told of this call too, although it does not wait: while the
// caller is inside, the woken thread may take over the processor that both have
// used last, instead of queueing behind everyone else. Where all processors are
// busy this makes two threads that answer each other ten times as fast.
func futexWake(word *atomic.Uint64) {
	syscall.Syscall6(syscall.SYS_FUTEX,
		uintptr(unsafe.Add(unsafe.Pointer(word), lowHalf)), futexWakePrivate, 1, 0, 0, 0)
}
