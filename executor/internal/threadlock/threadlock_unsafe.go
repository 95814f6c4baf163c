// Package threadlock tells whether the calling goroutine is locked to its OS
// thread, and how.
//
// A coroutine made by iter.Pull must be switched to, and away from, under the
// same thread lock that it was made under: the same thread, locked as often by
// runtime.LockOSThread and by calls from C. Anything else ends the process with
// a fatal error that nothing can catch («OS thread locking must match»). Go
// offers no way to ask beforehand, other than the words «locked to thread» in
// the header of a stack trace, which take a microsecond to get.
//
// So this package finds out once where the runtime keeps the answer: it locks
// and unlocks a goroutine of its own and looks which words of its g, and of its
// thread's m, follow. No offset is written down here. If the runtime of a
// future release does not show exactly one candidate, or the build has no
// assembly (tag purego), the stack trace is used instead: slower, and it tells
// locked from unlocked only (see Exact).
package threadlock

import (
	"bytes"
	"runtime"
	"sync/atomic"
	"unsafe"

	"github.com/causeway-go/causeway/internal/goroutine"
)

// A State is how a goroutine is locked to its thread. Two equal states mean
// that a coroutine made under one can be switched under the other. The zero
// State is «not locked».
type State struct {
	thread uintptr // the m; 0 when not locked
	counts uint64  // how often by Go and by C, in the runtime's own layout
}

// Locked reports whether s is the state of a locked goroutine.
func (s State) Locked() bool { return s.thread != 0 }

// SameThread reports whether both goroutines are locked to one thread.
func (s State) SameThread(other State) bool { return s.Locked() && s.thread == other.thread }

// Depth returns how often the goroutine has been locked by LockOSThread, if
// that is known.
func (s State) Depth() (n int, known bool) {
	if s.thread == 0 {
		return 0, true
	}
	return int(uint32(s.counts)), s.counts != 0
}

// layout is where the answer is: the offsets, each plus 1, of the word of the g
// that is non-zero while it is locked, and of the count in the m. 0 means not
// known.
type layout struct{ g, m uintptr }

var known atomic.Pointer[layout]

// Current returns the state of the calling goroutine. It costs two nanoseconds
// after the first call.
func Current() State {
	if !Threads {
		return State{}
	}
	l := known.Load()
	if l == nil {
		l = calibrate()
	}
	if l.g == 0 {
		return fromTrace()
	}
	m := word(goroutine.Current(), l.g-1)
	if m == 0 {
		return State{}
	}
	s := State{thread: m}
	if l.m != 0 {
		s.counts = counts(m, l.m-1)
	}
	return s
}

// word reads the word at p+off, of memory that the runtime never frees while
// the calling goroutine lives.
func word(p, off uintptr) uintptr {
	return *(*uintptr)(unsafe.Add(pointer(p), off))
}

func counts(p, off uintptr) uint64 {
	var c [2]uint32 // by LockOSThread, and by calls from C, which stands next to it
	c[0] = *(*uint32)(unsafe.Add(pointer(p), off))
	c[1] = *(*uint32)(unsafe.Add(pointer(p), off+4))
	return uint64(c[1])<<32 | uint64(c[0])
}

func pointer(p uintptr) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&p)) }

const (
	wordSize = unsafe.Sizeof(uintptr(0))
	gWords   = 48  // a g has more words than this
	mHalves  = 224 // an m has more 32-bit words than this
)

// Exact reports whether states tell all that matters, and not just locked from
// unlocked.
func Exact() bool {
	l := known.Load()
	if l == nil {
		l = calibrate()
	}
	return !Threads || l.g != 0 && l.m != 0
}

// Threads says whether there are any to be locked to. Where there are none,
// runtime.LockOSThread does nothing but count, for all goroutines together, and
// a coroutine minds that count; so code that can should not call it there.
const Threads = runtime.GOARCH != "wasm"

// calibrate finds the layout. Goroutines that come here at the same time do it
// twice, with the same result.
func calibrate() *layout {
	found := make(chan layout)
	go func() { found <- search() }()
	l := <-found
	known.CompareAndSwap(nil, &l)
	return known.Load()
}

// search runs on a goroutine that nobody has locked. A word is a candidate if
// it follows the lock each time.
func search() layout {
	if !isAddress || fromTrace().Locked() {
		return layout{}
	}
	var g candidates
	var m candidates
	for range 3 {
		g.round(gSnapshot, 0, 1, 1, 1, 0)
	}
	off, ok := g.only()
	if !ok {
		return layout{}
	}
	l := layout{g: off*wordSize + 1}
	for range 3 {
		m.round(func() []uint64 { return mSnapshot(l.g - 1) }, skip, 1, 2, 1, skip)
	}
	if off, ok := m.only(); ok {
		l.m = off*4 + 1
	}
	return l
}

func gSnapshot() []uint64 {
	id := goroutine.Current()
	s := make([]uint64, gWords)
	for i := range s {
		if word(id, uintptr(i)*wordSize) != 0 {
			s[i] = 1
		}
	}
	return s
}

// mSnapshot reads the m of the locked calling goroutine.
func mSnapshot(gOff uintptr) []uint64 {
	m := word(goroutine.Current(), gOff)
	s := make([]uint64, mHalves)
	if m != 0 {
		for i := range s {
			s[i] = uint64(*(*uint32)(unsafe.Add(pointer(m), uintptr(i)*4)))
		}
	}
	return s
}

// candidates are the positions that have fitted so far.
type candidates struct{ out []bool }

const skip = ^uint64(0)

// round takes snapshots when not locked, locked once, twice, once and not
// locked, and drops the positions that do not show the values given for that.
func (c *candidates) round(snapshot func() []uint64, want ...uint64) {
	steps := []func(){func() {}, runtime.LockOSThread, runtime.LockOSThread,
		runtime.UnlockOSThread, runtime.UnlockOSThread}
	for i, step := range steps {
		step()
		if want[i] == skip {
			continue
		}
		s := snapshot()
		if c.out == nil {
			c.out = make([]bool, len(s))
		}
		for j, v := range s {
			if v != want[i] {
				c.out[j] = true
			}
		}
	}
}

// only returns the one position that is left.
func (c *candidates) only() (uintptr, bool) {
	n, pos := 0, 0
	for i, out := range c.out {
		if !out {
			n, pos = n+1, i
		}
	}
	return uintptr(pos), n == 1
}

// fromTrace is the slow way.
func fromTrace() State {
	var buf [128]byte
	n := runtime.Stack(buf[:], false)
	header, _, _ := bytes.Cut(buf[:n], []byte("\n"))
	if bytes.Contains(header, []byte("locked to thread")) {
		return State{thread: 1}
	}
	return State{}
}
