// Package stacks finds the stack of a goroutine by its number. It is for reports:
// everything in it takes microseconds, and All stops the world.
package stacks

import (
	"bytes"
	"fmt"
	"runtime"
	"strconv"
)

// ID returns the number of the calling goroutine, as it stands in stack traces. It
// takes a microsecond.
func ID() uint64 {
	var buf [64]byte
	return headerID(buf[:runtime.Stack(buf[:], false)])
}

// headerID reads the number from «goroutine 12 [running]:».
func headerID(stack []byte) uint64 {
	rest, _ := bytes.CutPrefix(stack, []byte("goroutine "))
	digits, _, _ := bytes.Cut(rest, []byte(" "))
	id, _ := strconv.ParseUint(string(digits), 10, 64)
	return id
}

// All returns the stacks of all goroutines, by number. It stops the world for as
// long as it takes to write them down.
func All() map[uint64][]byte {
	buf := make([]byte, 1<<16)
	n := runtime.Stack(buf, true)
	for n == len(buf) {
		buf = make([]byte, 2*len(buf))
		n = runtime.Stack(buf, true)
	}
	all := make(map[uint64][]byte)
	for _, s := range bytes.Split(buf[:n], []byte("\n\n")) {
		all[headerID(s)] = s
	}
	return all
}

// Of returns the stack of one goroutine.
func Of(id uint64) []byte {
	if s, ok := All()[id]; ok {
		return s
	}
	return fmt.Appendf(nil, "goroutine %d [gone]", id)
}
