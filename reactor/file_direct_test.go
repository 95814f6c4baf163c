//go:build linux

package reactor_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/causeway-go/causeway/pollster"
	"github.com/causeway-go/causeway/reactor"
	"golang.org/x/sys/unix"
)

// TestDirectReadsAroundThePageCache has the last sector of the file only partly
// filled.
func TestDirectReadsAroundThePageCache(t *testing.T) {
	forFiles(t, reactor.FilesOptions{}, func(t *testing.T, s *reactor.Files) {
		const size = 1<<20 + 700
		path := tempFile(t, size)
		f, err := s.OpenFile(t.Context(), path, os.O_RDONLY|unix.O_DIRECT, 0)
		if errors.Is(err, unix.EINVAL) {
			t.Skip("this file system has no O_DIRECT")
		}
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		p := aligned(t, 1<<20+4096)
		if n, err := f.ReadAt(p, 0); n != size || err != io.EOF || !bytes.Equal(p[:n], content(size)) {
			t.Errorf("%d, %v", n, err)
		}
		if n, err := f.ReadAt(p[:4096], 8192); n != 4096 || err != nil || !bytes.Equal(p[:n], content(size)[8192:][:4096]) {
			t.Errorf("inside: %d, %v", n, err)
		}
	})
}

// aligned returns memory that starts on a page.
func aligned(t *testing.T, size int) []byte {
	t.Helper()
	p, err := unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Munmap(p) })
	return p
}

// TestReadSurvivesTheThreadThatSubmittedIt has the thread exit while the kernel has
// the request, which cancels it.
func TestReadSurvivesTheThreadThatSubmittedIt(t *testing.T) {
	s := newFiles(t, reactor.FileRing, reactor.FilesOptions{})
	for range 5 {
		pr, pw, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		f := s.NewFile(pr)
		p := make([]byte, 10)
		read := f.ReadFuture(p)
		started := make(chan int)
		go func() {
			runtime.LockOSThread() // and ends locked: so does its thread
			read.Poll(nil)
			for s.Stats().InFlight == 0 {
				time.Sleep(time.Millisecond)
			}
			started <- unix.Gettid()
		}()
		id := <-started
		for id != unix.Getpid() && unix.Tgkill(unix.Getpid(), id, 0) == nil {
			runtime.Gosched()
		}
		pw.WriteString("hello")
		if n, err := pollster.BlockOn(t.Context(), read); n != 5 || err != nil {
			t.Errorf("%d, %v", n, err)
		}
		pw.Close()
		f.Close()
	}
	t.Logf("%d repeated", s.Stats().Repeated)
}
