//go:build linux

package lab

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"unsafe"
)

const (
	diskBlock = 16 << 10
	diskSize  = 64 << 20
)

// buffers has blocks at addresses that O_DIRECT takes.
var buffers = sync.Pool{New: func() any {
	const align = 4096
	b := make([]byte, diskBlock+align)
	skip := (align - int(uintptr(unsafe.Pointer(&b[0]))%align)) % align
	b = b[skip : skip+diskBlock]
	return &b
}}

// newDisk makes a file and reads blocks of it past the page cache.
func newDisk(dir string) (*Load, error) {
	name := filepath.Join(dir, "disk")
	if err := writeRandom(name, diskSize); err != nil {
		return nil, err
	}
	fd, err := syscall.Open(name, syscall.O_RDONLY|syscall.O_DIRECT|syscall.O_CLOEXEC, 0)
	if err != nil {
		if errors.Is(err, syscall.EINVAL) { // a file system that has no O_DIRECT, as tmpfs
			err = errors.ErrUnsupported
		}
		return nil, fmt.Errorf("lab: disk: %w", err)
	}
	var failed atomic.Pointer[error]
	return &Load{
		Job: func(r *rand.Rand, _ *atomic.Bool) {
			b := buffers.Get().(*[]byte)
			defer buffers.Put(b)
			at := r.Int64N(diskSize/diskBlock) * diskBlock
			if _, err := syscall.Pread(fd, *b, at); err != nil {
				failed.Store(&err)
			}
		},
		Close: func() error {
			err := syscall.Close(fd)
			if e := failed.Load(); e != nil {
				err = *e
			}
			return errors.Join(err, os.Remove(name))
		},
	}, nil
}

// writeRandom writes a file that takes its whole size on the disk.
func writeRandom(name string, size int) (err error) {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	r := Random(0)
	b := make([]byte, 1<<20)
	for range size / len(b) {
		for i := 0; i < len(b); i += 8 {
			*(*uint64)(unsafe.Pointer(&b[i])) = r.Uint64()
		}
		if _, err := f.Write(b); err != nil {
			return err
		}
	}
	return f.Sync()
}
