//go:build linux

package kit

import (
	"bytes"
	"os"
	"strconv"
	"sync"
	"syscall"
	"unsafe"
)

// status is /proc/self/status, kept open: a look costs a few µs.
var status = sync.OnceValues(func() (*os.File, error) { return os.Open("/proc/self/status") })

// Threads returns how many OS threads the process has now. It does not
// allocate, and reads by a raw system call, which Go's scheduler does not see:
// so it takes no thread of its own.
func Threads() int {
	if n := self("\nThreads:"); n > 0 {
		return n
	}
	return runtimeThreads()
}

// threadsOf returns a function that looks how many threads another process
// has, or had last, and one that ends this.
func threadsOf(pid int) (look func() int, stop func()) {
	f, err := os.Open("/proc/" + strconv.Itoa(pid) + "/status")
	if err != nil {
		return func() int { return 0 }, func() {}
	}
	look = func() int { return statusField(f, "\nThreads:") }
	// A file that has only been read can be closed without a look at the error.
	stop = func() { _ = f.Close() }
	return look, stop
}

// residentSet returns the bytes of memory the process really has.
func residentSet() float64 { return float64(self("\nVmRSS:")) * 1024 }

// self returns the number that follows key in our own status, or 0.
func self(key string) int {
	f, err := status()
	if err != nil {
		return 0
	}
	return statusField(f, key)
}

// statusField returns the number that follows key in f, or 0.
func statusField(f *os.File, key string) int {
	var buf [4096]byte
	n, _, e := syscall.RawSyscall6(syscall.SYS_PREAD64, f.Fd(), uintptr(unsafe.Pointer(&buf)), uintptr(len(buf)), 0, 0, 0)
	if e != 0 {
		return 0
	}
	_, rest, _ := bytes.Cut(buf[:n], []byte(key))
	rest = bytes.TrimLeft(rest, " \t")
	end := bytes.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' })
	if end <= 0 {
		return 0
	}
	v, err := strconv.Atoi(string(rest[:end]))
	if err != nil {
		return 0
	}
	return v
}
