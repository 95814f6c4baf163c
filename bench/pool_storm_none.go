//go:build !linux

package main

import (
	"errors"

	"github.com/causeway-go/causeway/bench/kit"
)

var storm = kit.Scenario{
	Name:  "pool/storm",
	Doc:   "10,050 reads of an empty pipe at once; not on this system.",
	Child: true,
	Impls: []kit.Impl{{Name: kit.Ours, Measure: func(*kit.Rep) (kit.Figures, error) { return nil, errors.ErrUnsupported }}},
}

// stormed does nothing here.
func stormed() {}
