//go:build linux

package main

import (
	"syscall"
	"time"
)

// blockingSleep sleeps in one system call and holds its thread meanwhile.
// Signals, which Go sends to preempt, do not end it.
func blockingSleep(d time.Duration) error {
	left := syscall.NsecToTimespec(d.Nanoseconds())
	for {
		err := syscall.Nanosleep(&left, &left)
		if err != syscall.EINTR {
			return err
		}
	}
}
