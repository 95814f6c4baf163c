package stacks_test

import (
	"strings"
	"testing"

	"github.com/causeway-go/causeway/internal/stacks"
)

func TestTheStackOfAGoroutine(t *testing.T) {
	id, stop := make(chan uint64), make(chan struct{})
	go hang(id, stop)
	n := <-id
	if s := string(stacks.Of(n)); !strings.Contains(s, "stacks_test.hang") {
		t.Errorf("goroutine %d: %s", n, s)
	}
	if s := stacks.All(); len(s) < 2 || !strings.Contains(string(s[stacks.ID()]), "TestTheStackOfAGoroutine") {
		t.Errorf("%d stacks, ours: %s", len(s), s[stacks.ID()])
	}
	close(stop)
	if s := string(stacks.Of(1 << 60)); !strings.Contains(s, "gone") {
		t.Errorf("of nobody: %s", s)
	}
}

func hang(id chan<- uint64, stop <-chan struct{}) {
	id <- stacks.ID()
	<-stop
}
