// Package clib does in C what jobs of the lab do in Go. Go sees nothing of it: a
// call holds its thread, whether it computes or sleeps or spins for a lock.
//
// Without cgo, or on a system other than Linux, there is nothing: [There] is
// false and the functions panic.
package clib
