package main

import (
	"testing"

	"github.com/causeway-go/causeway/bench/kit"
)

func TestScenariosAreWellFormed(t *testing.T) {
	if err := kit.Check(scenarios()); err != nil {
		t.Error(err)
	}
}
