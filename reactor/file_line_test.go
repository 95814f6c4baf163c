//go:build linux

package reactor

import (
	"bytes"
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

// However many are in line, one call does not copy all of them.
func TestACallSubmitsABatchOnly(t *testing.T) {
	s := ringFiles(t)
	s.readNow = nil
	const reads, size = 40, 64 << 10
	f := createFile(t, s, 0)
	want := bytes.Repeat([]byte("causeway"), size/8)
	if _, err := f.f.WriteAt(want, 0); err != nil {
		t.Fatal(err)
	}
	for _, x := range s.rings {
		x.ringEngine.mu.Lock()
		x.submitting = true // so they stay in line
		x.ringEngine.mu.Unlock()
	}
	futures, buffers := make([]pollster.Future[int], reads), make([][]byte, reads)
	for i := range futures {
		buffers[i] = make([]byte, size)
		futures[i] = f.ReadAtFuture(buffers[i], 0)
		if _, ready, err := futures[i].Poll(new(pollster.Waker)); ready || err != nil {
			t.Error(ready, err)
		}
	}
	for _, x := range s.rings {
		x.ringEngine.mu.Lock()
		line, before := x.inLine, x.counts.submits
		x.submitLocked()
		x.reap()
		x.ringEngine.mu.Lock()
		calls := int(x.counts.submits - before)
		x.ringEngine.mu.Unlock()
		if most := batchBytes / size; line == 0 || calls*most < line {
			t.Errorf("%d reads of %d bytes in %d calls", line, size, calls)
		}
	}
	if _, err := pollster.BlockOn(t.Context(), pollster.Join(futures...)); err != nil {
		t.Fatal(err)
	}
	for i, p := range buffers {
		if !bytes.Equal(p, want) {
			t.Errorf("read %d got something else", i)
		}
	}
}

// A call that submits what goes around the page cache can wait for the device, and only one does.
func TestDirectRequestsShareOneRing(t *testing.T) {
	for _, direct := range []bool{false, true} {
		s := ringFiles(t)
		s.readNow = nil
		f := createFile(t, s, 0)
		f.aligned = direct
		if _, err := f.f.WriteAt(make([]byte, sector), 0); err != nil {
			t.Fatal(err)
		}
		for _, x := range s.rings {
			x.ringEngine.mu.Lock()
			x.submitting = true // so they stay in line
			x.ringEngine.mu.Unlock()
		}
		futures := make([]pollster.Future[int], 40)
		for i := range futures {
			futures[i] = f.ReadAtFuture(make([]byte, sector), 0)
			futures[i].Poll(new(pollster.Waker))
		}
		used := 0
		for _, x := range s.rings {
			x.ringEngine.mu.Lock()
			if x.inLine > 0 {
				used++
			}
			x.submitLocked()
			x.reap()
		}
		if want := len(s.rings); direct && used != 1 || !direct && used != want {
			t.Errorf("direct %v: %d of %d rings used", direct, used, want)
		}
		if _, err := pollster.BlockOn(t.Context(), pollster.Join(futures...)); err != nil {
			t.Fatal(err)
		}
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
