package glance_test

import (
	"sync/atomic"
	"testing"

	"github.com/causeway-go/causeway/internal/glance"
	"github.com/causeway-go/causeway/internal/hammer"
)

// counted finds something as long as it has something.
type counted struct{ left, asked atomic.Int64 }

func (c *counted) Glance() bool {
	c.asked.Add(1)
	return c.left.Add(-1) >= 0
}

func TestLookAsksAllAndTellsWhetherThereWasSomething(t *testing.T) {
	if glance.Look() {
		t.Error("nobody has found something")
	}
	a, b := &counted{}, &counted{}
	b.left.Store(2)
	glance.Add(a)
	glance.Add(b)
	for i, want := range []bool{true, true, false} {
		if got := glance.Look(); got != want {
			t.Errorf("look %d: %v", i, got)
		}
	}
	if a.asked.Load() != 3 || b.asked.Load() != 3 {
		t.Errorf("asked %d and %d times", a.asked.Load(), b.asked.Load())
	}
	glance.Remove(a)
	glance.Look()
	glance.Remove(b)
	glance.Remove(b)
	glance.Look()
	if a.asked.Load() != 3 || b.asked.Load() != 4 {
		t.Errorf("asked %d and %d times after Remove", a.asked.Load(), b.asked.Load())
	}
}

func TestLookersComeAndGo(t *testing.T) {
	hammer.Run(t, 4, func(goroutine, i int) {
		c := &counted{}
		glance.Add(c)
		glance.Look()
		if c.asked.Load() == 0 {
			t.Error("not asked")
		}
		glance.Remove(c)
	})
	if glance.Look() {
		t.Error("somebody is left")
	}
}
