//go:build !linux

package reactor

import "errors"

func inotifyInit() (int, error)                   { return -1, errors.ErrUnsupported }
func inotifyAdd(int, string, uint32) (int, error) { return -1, errors.ErrUnsupported }
func inotifyRemove(int, int32) error              { return errors.ErrUnsupported }
