package main

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/causeway-go/causeway/internal/leak"
)

func TestAllJobsAreDone(t *testing.T) {
	leak.Check(t)
	var out strings.Builder
	if err := run(context.Background(), 3, 1000, &out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"3 workers did 1000 jobs, sum 499500", "12 tasks were left", "none now: true"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
}

func TestTheSignalEndsEverything(t *testing.T) {
	leak.Check(t)
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	var out strings.Builder
	if err := run(ctx, 2, 0, &out); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "none now: true") {
		t.Errorf("tasks left:\n%s", out.String())
	}
}
