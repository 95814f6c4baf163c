//go:build !linux

package lab

import (
	"errors"
	"time"
)

// Sleep returns errors.ErrUnsupported: the standard library has no sleep here
// that holds its thread.
func Sleep(time.Duration) error { return errors.ErrUnsupported }
