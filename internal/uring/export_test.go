//go:build linux

package uring

import "golang.org/x/sys/unix"

// SetFault has f asked before each call of the kernel.
func (r *Ring) SetFault(f func(submit uint32) unix.Errno) { r.fault = f }
