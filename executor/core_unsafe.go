package executor

import (
	"unsafe"

	"github.com/causeway-go/causeway/pollster"
)

// self returns the task that c is the core of.
//
// The waker already holds it, as the Wakeable it was initialised with, so a
// second interface in every task would be 16 bytes for nothing. It is read
// here through a struct of the same shape; TestWakerHasTheExpectedShape holds
// the two together.
func (c *core) self() runnable {
	return (*wakerShape)(unsafe.Pointer(&c.waker)).t.(runnable)
}

// wakerShape mirrors pollster.Waker.
type wakerShape struct {
	_ struct{}
	t pollster.Wakeable
}

// begin sets the state of a task that nobody else has yet. An atomic store would
// cost as much as an atomic exchange; what publishes the task publishes this.
func (c *core) begin(s uint32) { *(*uint32)(unsafe.Pointer(&c.state)) = s }

// hash returns bits that differ between tasks.
func (c *core) hash() uint32 {
	return uint32(uintptr(unsafe.Pointer(c))>>5) * 2654435769 >> 16
}
