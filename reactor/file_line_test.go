//go:build linux

package reactor

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/causeway-go/causeway/pollster"
)

// Several at the position of a file read each block once, and overwrite nothing.
func TestThePositionIsSharedByAll(t *testing.T) {
	for _, asks := range []bool{true, false} {
		s := ringFiles(t)
		if !asks {
			s.readNow = nil
		}
		const blocks, size = 1500, 512
		f := createFile(t, s, 0)
		var wg sync.WaitGroup
		for g := range 4 {
			wg.Go(func() {
				p := make([]byte, size)
				for i := g; i < blocks; i += 4 {
					binary.LittleEndian.PutUint32(p, uint32(i)+1)
					if n, err := f.Write(p); n != size || err != nil {
						t.Error(n, err)
					}
				}
			})
		}
		wg.Wait()
		if at, err := f.Seek(0, 0); at != 0 || err != nil {
			t.Fatal(at, err)
		}
		var mu sync.Mutex
		seen := map[uint32]int{}
		for range 4 {
			wg.Go(func() {
				p := make([]byte, size)
				for {
					if _, err := f.Read(p); err != nil {
						return
					}
					mu.Lock()
					seen[binary.LittleEndian.Uint32(p)]++
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		for i := range uint32(blocks) {
			if seen[i+1] != 1 {
				t.Fatalf("asks %v: block %d read %d times", asks, i, seen[i+1])
			}
		}
	}
}

// Who has been polled and is then forgotten holds up nobody.
func TestNobodyWaitsForTheForgotten(t *testing.T) {
	s := ringFiles(t)
	f := createFile(t, s, 0)
	for range 3 {
		if _, _, err := f.WriteFuture([]byte("x")).Poll(new(pollster.Waker)); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := f.Write([]byte("yy")); n != 2 || err != nil {
		t.Error(n, err)
	}
	before := s.Stats()
	if n, err := f.WriteAt([]byte("z"), 9); n != 1 || err != nil {
		t.Error(n, err)
	}
	if after := s.Stats(); before.Pooled < 4 || after.Pooled > before.Pooled || after.Requests <= before.Requests {
		t.Errorf("%+v, %+v", before, after)
	}
}

// A file that is given with O_APPEND is one, whoever has opened it.
func TestGivenFilesAppend(t *testing.T) {
	f := createFile(t, ringFiles(t), os.O_APPEND)
	if n, err := f.WriteAt([]byte("x"), 0); n != 0 || err == nil {
		t.Error(n, err)
	}
}

func ringFiles(t *testing.T) *Files {
	s, err := NewFiles(FilesOptions{Backend: FileRing})
	if err != nil {
		t.Skip("no io_uring:", err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func createFile(t *testing.T, s *Files, flag int) *File {
	o, err := os.OpenFile(filepath.Join(t.TempDir(), "f"), os.O_RDWR|os.O_CREATE|flag, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	f := s.NewFile(o)
	t.Cleanup(func() { _ = f.Close() })
	return f
}
