//go:build linux

package lab

import (
	"syscall"
	"time"
)

// Sleep sleeps in one system call and holds its thread meanwhile. Signals,
// which Go sends to preempt, do not end it.
func Sleep(d time.Duration) error {
	left := syscall.NsecToTimespec(d.Nanoseconds())
	for {
		err := syscall.Nanosleep(&left, &left)
		if err != syscall.EINTR {
			return err
		}
	}
}
