//go:build !linux

package main

import (
	"errors"

	"github.com/causeway-go/causeway/bench/kit"
)

// farEnds are not there.
type farEnds struct {
	path string
	n    int
}

func newFarEnds(*kit.Rep) (*farEnds, error) { return nil, errors.ErrUnsupported }

func (f *farEnds) connect() error { return errors.ErrUnsupported }

func (f *farEnds) close() {}

// directFlag is not there.
const directFlag = 0
