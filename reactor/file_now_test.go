//go:build linux

package reactor_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/causeway-go/causeway/internal/hammer"
	"github.com/causeway-go/causeway/pollster"
	"github.com/causeway-go/causeway/pollster/futuretest"
	"github.com/causeway-go/causeway/reactor"
	"github.com/causeway-go/causeway/threadpool"
)

type readNow = func(fd int, p []byte, off int64) (int, error)

// warm opens a file of size bytes that is in the page cache, with asking replaced by
// what around makes of it.
func warm(t *testing.T, s *reactor.Files, size int, around func(readNow) readNow) *reactor.File {
	t.Helper()
	path := tempFile(t, size)
	ask := s.SetReadNow(nil)
	p := make([]byte, 1)
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if _, err := ask(fd, p, 0); err != nil && err != unix.EAGAIN {
		t.Skipf("this file system cannot be asked: %v", err)
	}
	if around != nil {
		ask = around(ask)
	}
	s.SetReadNow(ask)
	f, err := s.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// counted counts how often the cache is asked.
func counted(n *atomic.Int32) func(readNow) readNow {
	return func(ask readNow) readNow {
		return func(fd int, p []byte, off int64) (int, error) {
			n.Add(1)
			return ask(fd, p, off)
		}
	}
}

func TestWarmReadsEndWithTheFirstPoll(t *testing.T) {
	each := []reactor.FileBackend{reactor.FileRing, reactor.FilePool}
	for _, backend := range each {
		s := newFiles(t, backend, reactor.FilesOptions{})
		f := warm(t, s, 10_000, nil)
		want, p := content(10_000), make([]byte, 4096)
		before := s.Stats()
		for i, off := range []int64{0, 1, 5000, 5904, 8192, 9999, 10_000, 20_000} {
			n, ready, err := f.ReadAtFuture(p, off).Poll(nil)
			rest := want[min(off, 10_000):]
			rest = rest[:min(len(rest), len(p))]
			if ready != (len(rest) == len(p)) || !bytes.Equal(p[:n], rest) || !ready && err != io.EOF {
				t.Errorf("%d: %d, %v, %v", off, n, ready, err)
			}
			st := s.Stats()
			if st.Cached != before.Cached+uint64(i)+1 || st.Submits != before.Submits || st.Pooled != before.Pooled ||
				st.Requests != before.Requests+uint64(i)+1 {
				t.Fatalf("%d: %+v", off, st)
			}
		}
		if got, err := io.ReadAll(f); !bytes.Equal(got, want) || err != nil {
			t.Errorf("%d bytes, %v", len(got), err)
		}
		if n, err := f.ReadAt(p[:0], 3); n != 0 || err != nil {
			t.Errorf("nothing: %d, %v", n, err)
		}
		if raceEnabled {
			continue
		}
		if n := testing.AllocsPerRun(1000, func() { f.ReadAt(p, 4096) }); n > 0.1 {
			t.Errorf("%v allocations in a blocking read", n)
		}
		if n := testing.AllocsPerRun(1000, func() { f.ReadAtFuture(p, 4096).Poll(nil) }); n > 1.1 {
			t.Errorf("%v allocations in a future", n)
		}
	}
}

// TestAnImpossibleOffsetSaysNothingOfTheFileSystem reads beyond what an offset can
// be, and then what is in the cache.
func TestAnImpossibleOffsetSaysNothingOfTheFileSystem(t *testing.T) {
	for _, backend := range []reactor.FileBackend{reactor.FileRing, reactor.FilePool} {
		s := newFiles(t, backend, reactor.FilesOptions{})
		f := warm(t, s, 10_000, nil)
		p := make([]byte, 4096)
		for _, off := range []int64{math.MaxInt64, math.MaxInt64 - 4095} {
			if n, err := f.ReadAt(p, off); n != 0 || err == nil {
				t.Errorf("at %d: %d, %v", off, n, err)
			}
		}
		before := s.Stats().Cached
		if n, err := f.ReadAt(p, 0); n != len(p) || err != nil || s.Stats().Cached != before+1 {
			t.Errorf("%d, %v, %d from the cache", n, err, s.Stats().Cached-before)
		}
	}
}

// TestAskingInVain is a table of what asking may bring. The bytes are right in any
// case; what the cache does not give is read by other means.
func TestAskingInVain(t *testing.T) {
	const size = 300_000
	errs := func(e error) func(readNow) readNow {
		return func(readNow) readNow { return func(int, []byte, int64) (int, error) { return 0, e } }
	}
	for _, c := range []struct {
		name   string
		around func(readNow) readNow
		tries  int32 // at most, of 100 reads
		cached bool
	}{
		{"EAGAIN", errs(unix.EAGAIN), 8, false},
		{"EOPNOTSUPP", errs(unix.EOPNOTSUPP), 1, false},
		{"ENOSYS", errs(unix.ENOSYS), 1, false},
		{"EINTR always", errs(unix.EINTR), 1 << 20, false},
		{"EIO", errs(unix.EIO), 1 << 20, false},
		{"0 at no end", errs(nil), 1 << 20, false},
		{"EINTR often", func(ask readNow) readNow {
			n := 0
			return func(fd int, p []byte, off int64) (int, error) {
				if n++; n%3 != 0 {
					return 0, unix.EINTR
				}
				return ask(fd, p, off)
			}
		}, 1 << 20, true},
		{"a part", func(ask readNow) readNow {
			return func(fd int, p []byte, off int64) (int, error) { return ask(fd, p[:min(len(p), 100)], off) }
		}, 1 << 20, false},
	} {
		forFiles(t, reactor.FilesOptions{}, func(t *testing.T, s *reactor.Files) {
			if s.SetReadNow(s.SetReadNow(nil)) == nil {
				return // alone
			}
			var tries atomic.Int32
			f := warm(t, s, size, func(ask readNow) readNow { return counted(&tries)(c.around(ask)) })
			want := content(size)
			for i := range 100 {
				p := make([]byte, 1+i*37)
				at := rand.N(size - len(p))
				if n, err := f.ReadAt(p, int64(at)); n != len(p) || err != nil || !bytes.Equal(p, want[at:][:n]) {
					t.Fatalf("%s: %d at %d: %d, %v", c.name, len(p), at, n, err)
				}
			}
			st := s.Stats()
			if n := tries.Load(); n > c.tries || n == 0 || (st.Cached > 10) != c.cached {
				t.Errorf("%s: asked %d times, %+v", c.name, n, st)
			}
			p := make([]byte, 200)
			if n, err := f.ReadAt(p, size-100); n != 100 || err != io.EOF || !bytes.Equal(p[:n], want[size-100:]) {
				t.Errorf("%s: across the end: %d, %v", c.name, n, err)
			}
			if n, err := f.ReadAt(p, size); n != 0 || err != io.EOF {
				t.Errorf("%s: at the end: %d, %v", c.name, n, err)
			}
			if got, err := io.ReadAll(f); !bytes.Equal(got, want) || err != nil {
				t.Errorf("%s: %d bytes, %v", c.name, len(got), err)
			}
		})
	}
}

// TestAskingIsTakenUpAgain has the cache cold for a while.
func TestAskingIsTakenUpAgain(t *testing.T) {
	s := newFiles(t, reactor.FileAuto, reactor.FilesOptions{})
	var cold atomic.Bool
	f := warm(t, s, 4096, func(ask readNow) readNow {
		return func(fd int, p []byte, off int64) (int, error) {
			if cold.Load() {
				return 0, unix.EAGAIN
			}
			return ask(fd, p, off)
		}
	})
	p := make([]byte, 10)
	cold.Store(true)
	for range 500 {
		f.ReadAt(p, 0)
	}
	if st := s.Stats(); st.Cached != 0 {
		t.Errorf("%+v", st)
	}
	cold.Store(false)
	for range 1 << reactor.VainMax {
		f.ReadAt(p, 0)
	}
	before := s.Stats()
	for range 100 {
		f.ReadAt(p, 0)
	}
	if st := s.Stats(); before.Cached == 0 || st.Cached != before.Cached+100 {
		t.Errorf("%+v", st)
	}
}

// dropped takes a part of f's file out of the page cache, or skips the test.
func dropped(t *testing.T, f *reactor.File, at, n int64) {
	t.Helper()
	fd, err := unix.Open(f.Name(), unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if err := errors.Join(unix.Fsync(fd), unix.Fadvise(fd, at, n, unix.FADV_DONTNEED)); err != nil {
		t.Skipf("this file system keeps what it has: %v", err)
	}
}

func TestColdReadsGoToTheRing(t *testing.T) {
	const size = 1 << 20
	s := newFiles(t, reactor.FileAuto, reactor.FilesOptions{})
	f := warm(t, s, size, nil)
	dropped(t, f, 0, size)
	before := s.Stats()
	p := make([]byte, 4096)
	if n, err := f.ReadAt(p, size/2); n != len(p) || err != nil || !bytes.Equal(p, content(size)[size/2:][:n]) {
		t.Errorf("%d, %v", n, err)
	}
	if st := s.Stats(); st.Cached != before.Cached {
		t.Skip("this file system keeps what it has") // tmpfs
	} else if st.Requests != before.Requests+1 || st.Submits+st.Pooled == before.Submits+before.Pooled {
		t.Errorf("%+v", st)
	}
	if f.ReadAt(p, size/2); s.Stats().Cached != before.Cached+1 {
		t.Errorf("the second time: %+v", s.Stats())
	}
}

// TestBytesAreRightWhateverIsCached reads at random while parts of the file come and
// go, and while asking fails at random too.
func TestBytesAreRightWhateverIsCached(t *testing.T) {
	const size = 2 << 20
	want := content(size)
	forFiles(t, reactor.FilesOptions{InFlight: 8}, func(t *testing.T, s *reactor.Files) {
		if s.SetReadNow(s.SetReadNow(nil)) == nil {
			return
		}
		f := warm(t, s, size, func(ask readNow) readNow {
			return func(fd int, p []byte, off int64) (int, error) {
				switch rand.N(8) {
				case 0:
					return 0, unix.EAGAIN
				case 1:
					return 0, unix.EINTR
				case 2:
					return 0, nil // which some kernels say
				case 3:
					return ask(fd, p[:rand.N(len(p)+1)], off)
				}
				return ask(fd, p, off)
			}
		})
		hammer.Run(t, 4, func(g, i int) {
			if i%64 == g {
				dropped(t, f, rand.N[int64](size), rand.N[int64](size))
			}
			p := make([]byte, rand.N(1<<rand.N(20))+1)
			at := rand.N(size)
			rest := want[at:][:min(len(p), size-at)]
			n, err := 0, error(nil)
			if i%2 == 0 {
				n, err = f.ReadAt(p, int64(at))
			} else {
				n, err = pollster.BlockOn(context.Background(), f.ReadAtFuture(p, int64(at)))
			}
			if n != len(rest) || (err == io.EOF) != (n < len(p)) || !bytes.Equal(p[:n], rest) {
				t.Errorf("%d at %d: %d, %v", len(p), at, n, err)
			}
		})
	})
}

// TestOthersAreNotAsked: what is no regular file, and what goes around the cache.
func TestOthersAreNotAsked(t *testing.T) {
	forFiles(t, reactor.FilesOptions{}, func(t *testing.T, s *reactor.Files) {
		s.SetReadNow(func(int, []byte, int64) (int, error) { t.Error("asked"); return 0, unix.EAGAIN })
		pr, pw, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		r := s.NewFile(pr)
		pw.WriteString("hello")
		if n, err := r.Read(make([]byte, 10)); n != 5 || err != nil {
			t.Errorf("a pipe: %d, %v", n, err)
		}
		pw.Close()
		r.Close()
		path := tempFile(t, 8192)
		g, err := os.OpenFile(path, os.O_RDONLY|unix.O_DIRECT, 0)
		if err == nil {
			d := s.NewFile(g) // which is not told of the flag
			if n, err := d.ReadAt(aligned(t, 16384), 0); n != 8192 || err != io.EOF {
				t.Errorf("O_DIRECT: %d, %v", n, err)
			}
			d.Close()
		}
		w, err := s.OpenFile(t.Context(), filepath.Join(t.TempDir(), "w"), os.O_WRONLY|os.O_CREATE, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(second(w.Write([]byte("x"))), second(w.WriteAt([]byte("y"), 1)), w.Fsync(), w.Close()); err != nil {
			t.Error(err)
		}
	})
}

// TestLongReadsAreMadeInPieces looks at each Poll of one, and ends others in the
// middle.
func TestLongReadsAreMadeInPieces(t *testing.T) {
	const pieces = 5
	const size = pieces*reactor.PieceMax - 1
	s := newFiles(t, reactor.FileAuto, reactor.FilesOptions{})
	var asked atomic.Int32
	f := warm(t, s, size, counted(&asked))
	want, p := content(size), make([]byte, size)
	read := f.ReadAtFuture(p, 0)
	w := newCounter()
	for range pieces - 1 {
		pending(t, read, w)
		w.await(t)
	}
	if n, ready, err := read.Poll(&w.Waker); n != size || !ready || err != nil || !bytes.Equal(p, want) {
		t.Fatalf("%d, %v, %v", n, ready, err)
	}
	before := asked.Load()
	if n, err := f.ReadAt(p, 0); n != size || err != nil || !bytes.Equal(p, want) || asked.Load() != before+1 {
		t.Errorf("blocking: %d, %v, in %d calls", n, err, asked.Load()-before)
	}
	if n, err := f.Read(p); n != size || err != nil || !bytes.Equal(p, want) {
		t.Errorf("at the position: %d, %v", n, err)
	}
	read = f.ReadAtFuture(p, 0)
	pending(t, read, w)
	read.(pollster.Canceler).Cancel()
	if _, ready, err := read.Poll(nil); ready || !errors.Is(err, pollster.ErrCanceled) {
		t.Errorf("cancelled: %v, %v", ready, err)
	}
	read = f.ReadAtFuture(p, 0)
	pending(t, read, w)
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if n, err := pollster.BlockOn(t.Context(), read); n != reactor.PieceMax || !errors.Is(err, os.ErrClosed) {
		t.Errorf("closed in the middle: %d, %v", n, err)
	}
	if _, err := f.ReadAt(p, 0); !errors.Is(err, os.ErrClosed) {
		t.Errorf("closed: %v", err)
	}
}

// TestNobodyAsksAtAPositionThatIsLocked: while the pool reads at the position, asking
// would wait for it.
func TestNobodyAsksAtAPositionThatIsLocked(t *testing.T) {
	pool, err := threadpool.New(threadpool.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	s := newFiles(t, reactor.FilePool, reactor.FilesOptions{Pool: pool})
	var asked atomic.Int32
	f := warm(t, s, 100_000, func(readNow) readNow {
		return func(int, []byte, int64) (int, error) { asked.Add(1); return 0, unix.EAGAIN }
	})
	first := f.ReadFuture(make([]byte, 10))
	w := newCounter()
	n, ready, err := first.Poll(&w.Waker) // asks in vain, so it is in the pool, which may be quick
	if asked.Load() != 1 {
		t.Fatalf("asked %d times", asked.Load())
	}
	if !ready && err == nil {
		w.await(t)
		n, ready, err = first.Poll(nil)
	}
	if n != 10 || !ready || err != nil {
		t.Errorf("%d, %v, %v", n, ready, err)
	}
	if n := f.Held(); n != 0 {
		t.Errorf("%d are counted", n)
	}
	f.Hold(1)
	if n, err := f.Read(make([]byte, 10)); n != 10 || err != nil || asked.Load() != 1 {
		t.Errorf("while it is locked: %d, %v, asked %d times", n, err, asked.Load())
	}
	f.Hold(-1)
	if f.Read(make([]byte, 10)); asked.Load() != 2 {
		t.Errorf("asked %d times", asked.Load())
	}
}

func TestClosedFilesReadNothingFromTheCache(t *testing.T) {
	r := sure(reactor.New(reactor.Options{}))
	defer r.Close()
	s, err := reactor.NewFiles(reactor.FilesOptions{Reactor: r, Backend: reactor.FileRing})
	if err != nil {
		t.Skipf("there is no io_uring here: %v", err)
	}
	f := warm(t, s, 100, nil)
	p := make([]byte, 10)
	if n, err := f.ReadAt(p, 0); n != 10 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if n, err := f.ReadAt(p, 0); n != 0 || !errors.Is(err, os.ErrClosed) {
		t.Errorf("ReadAt: %d, %v", n, err)
	}
	if n, _, err := f.ReadAtFuture(p, 0).Poll(nil); n != 0 || !errors.Is(err, os.ErrClosed) {
		t.Errorf("ReadAtFuture: %d, %v", n, err)
	}
}

func TestPiecesConformToFuture(t *testing.T) {
	s := newFiles(t, reactor.FileAuto, reactor.FilesOptions{})
	f := warm(t, s, 4*reactor.PieceMax, nil)
	futuretest.TestFuture(t, func() futuretest.Subject[int] {
		return futuretest.Subject[int]{
			Future: f.ReadAtFuture(make([]byte, 3*reactor.PieceMax), 9),
			Check: func(n int, err error) error {
				if n != 3*reactor.PieceMax || err != nil {
					return fmt.Errorf("%d, %v", n, err)
				}
				return nil
			},
		}
	})
}

// TestSomeOfACrowdAreLeftToOthers, and not more of them than others can take.
func TestSomeOfACrowdAreLeftToOthers(t *testing.T) {
	forFiles(t, reactor.FilesOptions{}, func(t *testing.T, s *reactor.Files) {
		if s.SetReadNow(s.SetReadNow(nil)) == nil {
			return
		}
		s.Share()
		f := warm(t, s, 1<<20, nil)
		const n, size = 1000, 1000
		got := make([]byte, n*size)
		var reads []pollster.Future[int]
		for i := range n {
			reads = append(reads, f.ReadAtFuture(got[i*size:][:size], int64(i*size)))
		}
		for i, read := range reads[:n/2] {
			read.Poll(nil)
			if i%9 == 0 {
				read.(pollster.Canceler).Cancel()
				reads[i] = f.ReadAtFuture(got[i*size:][:size], int64(i*size))
			}
			if now := s.Shared(); now > reactor.SharedMax {
				t.Fatalf("%d with others", now)
			}
		}
		for i, read := range reads {
			if m, err := pollster.BlockOn(t.Context(), read); m != size || err != nil {
				t.Fatalf("%d: %d, %v", i, m, err)
			}
		}
		if !bytes.Equal(got, content(n*size)) {
			t.Error("other bytes")
		}
		st := s.Stats()
		if st.Cached < reactor.Crowd || st.Requests-st.Cached == 0 {
			t.Errorf("%+v", st)
		}
		if err := f.Close(); err != nil || s.Shared() != 0 {
			t.Errorf("%d are left, %v", s.Shared(), err)
		}
	})
}
