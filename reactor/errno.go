//go:build !plan9

package reactor

import "syscall"

// What the functions given to ReadWith and its like return.
const (
	errAgain         = syscall.EAGAIN
	errInterrupted   = syscall.EINTR
	errBadDescriptor = syscall.EBADF
)
