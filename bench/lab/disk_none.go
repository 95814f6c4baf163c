//go:build !linux

package lab

import "errors"

// newDisk returns errors.ErrUnsupported: O_DIRECT is a thing of Linux.
func newDisk(string) (*Load, error) { return nil, errors.ErrUnsupported }
