//go:build !linux

package uring

import "errors"

// A Ring is an io_uring. There is none on this system.
type Ring struct{}

// New returns errors.ErrUnsupported.
func New(uint32, uint32) (*Ring, error) { return nil, errors.ErrUnsupported }

// Probe reports that there is nothing.
func Probe() Support { return Support{Reason: errors.ErrUnsupported} }

// FD returns -1.
func (*Ring) FD() int { return -1 }

// Capacity returns 0.
func (*Ring) Capacity() (submissions, completions int) { return 0, 0 }

// Push returns false.
func (*Ring) Push(Entry) bool { return false }

// Queued returns 0.
func (*Ring) Queued() int { return 0 }

// Submit returns errors.ErrUnsupported.
func (*Ring) Submit() (int, error) { return 0, errors.ErrUnsupported }

// Ready returns false.
func (*Ring) Ready() bool { return false }

// Reap does nothing.
func (*Ring) Reap(func(Result)) (int, error) { return 0, errors.ErrUnsupported }

// LimitWorkers returns errors.ErrUnsupported.
func (*Ring) LimitWorkers(uint32, uint32) error { return errors.ErrUnsupported }

// Close does nothing.
func (*Ring) Close() error { return nil }

func address([]byte) uint64 { return 0 }
