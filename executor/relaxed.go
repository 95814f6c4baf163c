//go:build !amd64

package executor

import "sync/atomic"

// See relaxed_unsafe.go.

func storeWord(p *uintptr, v uintptr) { atomic.StoreUintptr(p, v) }

func storeState(p *atomic.Uint32, v uint32) { p.Store(v) }

func storeSlot(p *atomic.Pointer[core], c *core) { p.Store(c) }
