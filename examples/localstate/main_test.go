package main

import (
	"strings"
	"testing"

	"github.com/causeway-go/causeway/internal/leak"
)

func TestNoMoneyIsLost(t *testing.T) {
	leak.Check(t)
	var out strings.Builder
	if err := run(&out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"5000 transfers", "at the start 10000, at the end 10000"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
}
