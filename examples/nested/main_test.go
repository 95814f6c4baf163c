package main

import (
	"strings"
	"testing"

	"github.com/causeway-go/causeway/internal/leak"
)

func TestAThousandLevelsComplete(t *testing.T) {
	leak.Check(t, leak.Options{Threads: -1})
	var out strings.Builder
	if err := run(1000, &out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"reached 1000 levels", "250 waits in a function task", "249 waits in a pool job", "main waits for a function task"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
}
