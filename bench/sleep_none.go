//go:build !linux

package main

import (
	"errors"
	"time"
)

// blockingSleep returns errors.ErrUnsupported: the standard library has no
// sleep here that holds its thread.
func blockingSleep(time.Duration) error { return errors.ErrUnsupported }
