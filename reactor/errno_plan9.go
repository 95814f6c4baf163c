package reactor

import "syscall"

// This system has no descriptors that can be polled, and no such numbers.
const (
	errAgain         = syscall.ErrorString("try again")
	errInterrupted   = syscall.ErrorString("interrupted")
	errBadDescriptor = syscall.ErrorString("bad descriptor")
)
