//go:build !linux

package reactor

import (
	"errors"
	"os"
)

func childSupports(ChildMethod) error { return errors.ErrUnsupported }

func childDescriptor(*os.Process) (int, error) { return -1, errors.ErrUnsupported }

func watchSignal(*Child) {}
