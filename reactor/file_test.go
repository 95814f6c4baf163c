package reactor_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"sync"
	"testing"
	"time"

	"github.com/causeway-go/causeway/internal/hammer"
	"github.com/causeway-go/causeway/internal/leak"
	"github.com/causeway-go/causeway/pollster"
	"github.com/causeway-go/causeway/pollster/futuretest"
	"github.com/causeway-go/causeway/reactor"
)

// forFiles runs test with each file backend that there is here, with and without the
// page cache being asked first.
func forFiles(t *testing.T, o reactor.FilesOptions, test func(t *testing.T, s *reactor.Files)) {
	for _, backend := range []reactor.FileBackend{reactor.FileRing, reactor.FilePool} {
		t.Run(backend.String(), func(t *testing.T) {
			leak.Check(t)
			test(t, newFiles(t, backend, o))
		})
		t.Run(backend.String()+" alone", func(t *testing.T) {
			leak.Check(t)
			s := newFiles(t, backend, o)
			s.SetReadNow(nil)
			test(t, s)
		})
	}
}

func newFiles(t testing.TB, backend reactor.FileBackend, o reactor.FilesOptions) *reactor.Files {
	t.Helper()
	o.Reactor, o.Backend = newReactor(t), backend
	s, err := reactor.NewFiles(o)
	if err != nil {
		if backend == reactor.FileRing {
			t.Skipf("there is no io_uring here: %v", err)
		}
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// content is what is in the file of size bytes that tempFile makes.
func content(size int) []byte {
	b, _ := io.ReadAll(io.LimitReader(&sequenceReader{}, int64(size)))
	return b
}

type sequenceReader struct{ n uint32 }

func (r *sequenceReader) Read(p []byte) (int, error) {
	for i := range p {
		r.n = r.n*1664525 + 1013904223
		p[i] = byte(r.n >> 24)
	}
	return len(p), nil
}

func tempFile(t testing.TB, size int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, content(size), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestFileBackendIsShownAndCanBeForced(t *testing.T) {
	s := newFiles(t, reactor.FilePool, reactor.FilesOptions{})
	if st := s.Stats(); st.Backend != reactor.FilePool || st.Reason == nil {
		t.Errorf("forced to the pool: %+v", st)
	}
	s = newFiles(t, reactor.FileAuto, reactor.FilesOptions{})
	if st := s.Stats(); (st.Backend == reactor.FileRing) != (st.Reason == nil) {
		t.Errorf("chosen: %+v", st)
	}
	for _, o := range []reactor.FilesOptions{{InFlight: -1}, {InFlight: 1 << 20}, {Backend: 9}} {
		if _, err := reactor.NewFiles(o); !errors.Is(err, reactor.ErrOptions) {
			t.Errorf("%+v: %v", o, err)
		}
	}
}

func TestFileReadsWritesSyncsAndTells(t *testing.T) {
	forFiles(t, reactor.FilesOptions{}, func(t *testing.T, s *reactor.Files) {
		path := filepath.Join(t.TempDir(), "x")
		f, err := s.OpenFile(t.Context(), path, os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		want := content(100_000)
		if n, err := f.WriteAt(want[50_000:], 50_000); n != 50_000 || err != nil {
			t.Fatalf("WriteAt: %d, %v", n, err)
		}
		if n, err := f.Write(want[:50_000]); n != 50_000 || err != nil {
			t.Fatalf("Write: %d, %v", n, err)
		}
		if err := f.Fsync(); err != nil {
			t.Error(err)
		}
		if info, err := f.Stat(); err != nil || info.Size() != 100_000 {
			t.Errorf("Stat: %v, %v", info, err)
		}
		if at, err := f.Seek(0, io.SeekStart); at != 0 || err != nil {
			t.Error(at, err)
		}
		if got, err := io.ReadAll(f); !bytes.Equal(got, want) || err != nil {
			t.Errorf("%d bytes read, %v", len(got), err)
		}
		atPosition := s.Stats().Pooled - 2 // Open and Stat
		if got, err := io.ReadAll(io.NewSectionReader(f, 10, 1<<20)); !bytes.Equal(got, want[10:]) || err != nil {
			t.Errorf("%d bytes of the section, %v", len(got), err)
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
		if got, err := os.ReadFile(path); !bytes.Equal(got, want) || err != nil {
			t.Errorf("%d bytes in the file, %v", len(got), err)
		}
		// Opening, Stat, closing and what is at the position are calls in the pool; the
		// rest only without a ring.
		if st := s.Stats(); st.Pooled < 4 || st.Backend == reactor.FileRing && st.Pooled != 3+atPosition {
			t.Errorf("%+v", st)
		}
	})
}

// TestFileErrorsAreThoseOfPackageOS is a table of what goes wrong.
func TestFileErrorsAreThoseOfPackageOS(t *testing.T) {
	forFiles(t, reactor.FilesOptions{}, func(t *testing.T, s *reactor.Files) {
		path := tempFile(t, 10)
		f, err := s.Open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		p := make([]byte, 20)
		if n, err := f.ReadAt(p, 4); n != 6 || err != io.EOF {
			t.Errorf("a read across the end: %d, %v", n, err)
		}
		if n, err := f.ReadAt(p, 10); n != 0 || err != io.EOF {
			t.Errorf("a read at the end: %d, %v", n, err)
		}
		if n, err := f.ReadAt(p[:0], 0); n != 0 || err != nil {
			t.Errorf("an empty read: %d, %v", n, err)
		}
		var shaped *fs.PathError
		if _, err := f.WriteAt(p, 0); !errors.As(err, &shaped) || shaped.Path != path {
			t.Errorf("a write to a file opened for reading: %v", err)
		}
		if _, err := f.ReadAt(p, -1); err == nil {
			t.Error("a negative offset is taken")
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
		for name, err := range map[string]error{
			"read":  second(f.ReadAt(p, 0)),
			"write": second(f.WriteAt(p, 0)),
			"sync":  f.Fsync(),
			"close": f.Close(),
		} {
			if !errors.Is(err, os.ErrClosed) {
				t.Errorf("%s after Close: %v", name, err)
			}
		}
		if _, err := s.Open(t.Context(), path+"-"); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("a file that is not there: %v", err)
		}
		a, err := s.OpenFile(t.Context(), path, os.O_WRONLY|os.O_APPEND, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer a.Close()
		if _, err := a.WriteAt(p, 0); err == nil {
			t.Error("WriteAt on a file that is appended to")
		}
	})
}

func second[T any](_ T, err error) error { return err }

// TestManyReadsAtOnceTakeFewThreads has 5000 reads under way from one goroutine.
func TestManyReadsAtOnceTakeFewThreads(t *testing.T) {
	s := newFiles(t, reactor.FileRing, reactor.FilesOptions{InFlight: 64})
	s.SetReadNow(nil)
	const n, size = 5000, 512
	path := tempFile(t, n*size)
	want := content(n * size)
	f, err := s.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	before := leak.Threads()
	var reads []pollster.Future[int]
	got := make([]byte, n*size)
	for i := range n {
		reads = append(reads, f.ReadAtFuture(got[i*size:][:size], int64(i*size)))
	}
	results, err := pollster.BlockOn(t.Context(), pollster.Join(reads...))
	if err != nil || len(results) != n || !bytes.Equal(got, want) {
		t.Fatalf("%d results, %v", len(results), err)
	}
	if threads := leak.Threads(); threads > before+runtime.GOMAXPROCS(0)+4 {
		t.Errorf("%d threads, %d before", threads, before)
	}
	if st := s.Stats(); st.Peak > 64 || st.Requests < n || st.InFlight != 0 || st.InLine != 0 {
		t.Errorf("%+v", st)
	}
}

func TestFileHammeredByManyReadersAndWriters(t *testing.T) {
	forFiles(t, reactor.FilesOptions{InFlight: 4}, func(t *testing.T, s *reactor.Files) {
		const block, blocks = 700, 64
		f, err := s.OpenFile(t.Context(), tempFile(t, block*blocks), os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		hammer.Run(t, 8, func(g, i int) {
			at := int64((g*8 + i%8) * block) // nobody else's
			p := bytes.Repeat([]byte{byte(i)}, block)
			if n, err := f.WriteAt(p, at); n != block || err != nil {
				t.Errorf("WriteAt: %d, %v", n, err)
			}
			q := make([]byte, block)
			if n, err := f.ReadAt(q, at); n != block || err != nil || !bytes.Equal(p, q) {
				t.Errorf("ReadAt: %d, %v", n, err)
			}
		})
	})
}

func TestPipesAreReadAndClosedWhileTheyWait(t *testing.T) {
	forFiles(t, reactor.FilesOptions{}, func(t *testing.T, s *reactor.Files) {
		pr, pw, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		r, w := s.NewFile(pr), s.NewFile(pw)
		p := make([]byte, 10)
		done := make(chan error)
		go func() {
			n, err := r.Read(p)
			if string(p[:n]) != "hello" {
				err = fmt.Errorf("%q, %v", p[:n], err)
			}
			done <- err
		}()
		if n, err := w.Write([]byte("hello")); n != 5 || err != nil {
			t.Fatal(n, err)
		}
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		go func() { _, err := r.Read(p); done <- err }()
		for s.Stats().Requests < 3 {
			time.Sleep(time.Millisecond)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
		if err := <-done; !errors.Is(err, os.ErrClosed) {
			t.Errorf("read of a pipe that was closed: %v", err)
		}
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestClosingFilesEndsWhatIsUnderWay(t *testing.T) {
	leak.Check(t)
	r := sure(reactor.New(reactor.Options{}))
	defer r.Close()
	s, err := reactor.NewFiles(reactor.FilesOptions{Reactor: r, Backend: reactor.FileRing, InFlight: 2})
	if err != nil {
		t.Skipf("there is no io_uring here: %v", err)
	}
	pr, pw, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer pw.Close()
	f := s.NewFile(pr)
	var all sync.WaitGroup
	for range 6 { // two with the kernel, four in line
		all.Go(func() {
			if _, err := f.Read(make([]byte, 1)); !errors.Is(err, os.ErrClosed) {
				t.Errorf("got %v", err)
			}
		})
	}
	for s.Stats().Requests < 6 {
		time.Sleep(time.Millisecond)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	all.Wait()
	if err := s.Close(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("second Close: %v", err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
}

func sure[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestFileFuturesConform(t *testing.T) {
	forFiles(t, reactor.FilesOptions{}, func(t *testing.T, s *reactor.Files) {
		f, err := s.Open(t.Context(), tempFile(t, 100))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		futuretest.TestFuture(t, func() futuretest.Subject[fs.FileInfo] {
			return futuretest.Subject[fs.FileInfo]{Future: f.StatFuture()}
		})
		futuretest.TestFuture(t, func() futuretest.Subject[int] {
			return futuretest.Subject[int]{
				Future: f.ReadAtFuture(make([]byte, 200), 50),
				Check: func(n int, err error) error {
					if n != 50 || err != io.EOF {
						return fmt.Errorf("%d, %v", n, err)
					}
					return nil
				},
			}
		})
		if s.Stats().Backend != reactor.FileRing {
			return // a blocking read of a pipe cannot be cancelled
		}
		// A read of a pipe, which ends when somebody writes.
		futuretest.TestFuture(t, func() futuretest.Subject[int] {
			pr, pw, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			r := s.NewFile(pr)
			t.Cleanup(func() { r.Close(); pw.Close() })
			p := make([]byte, 10)
			// The race detector does not see what the kernel passes on.
			var order sync.Mutex
			written := 0
			return futuretest.Subject[int]{
				Future: fenced[int]{r.ReadFuture(p), &order},
				Complete: func() {
					order.Lock()
					written++
					order.Unlock()
					pw.WriteString("hello")
				},
				Check: func(n int, err error) error {
					if n != 5 || err != nil {
						return fmt.Errorf("%d, %v", n, err)
					}
					return nil
				},
				Held: func() int { st := s.Stats(); return st.InFlight + st.InLine },
			}
		})
	})
}

func TestOpenAndDefaultFiles(t *testing.T) {
	path := tempFile(t, 10)
	s := newFiles(t, reactor.FileAuto, reactor.FilesOptions{})
	old := reactor.SetDefaultFiles(s)
	defer reactor.SetDefaultFiles(old)
	if reactor.DefaultFiles() != s {
		t.Error("another default")
	}
	f, err := reactor.Open(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if got, err := io.ReadAll(f); !bytes.Equal(got, content(10)) || err != nil {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	if f.Name() != path {
		t.Error(f.Name())
	}
	g, err := reactor.OpenFile(context.Background(), path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	g.Close()
}

// TestAFileThatIsOpenAndNotWantedIsClosed cancels when the file is there, and about
// when it comes.
func TestAFileThatIsOpenAndNotWantedIsClosed(t *testing.T) {
	leak.Check(t)
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // which would close them in the end
	s := newFiles(t, reactor.FilePool, reactor.FilesOptions{})
	name := filepath.Join(t.TempDir(), "x")
	descriptors := func() (n int) {
		all, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Skipf("nothing tells which files are open: %v", err)
		}
		for _, fd := range all {
			if to, _ := os.Readlink("/proc/self/fd/" + fd.Name()); to == name {
				n++
			}
		}
		return n
	}
	open := func() pollster.Future[*reactor.File] {
		return s.OpenFuture(name, os.O_RDWR|os.O_CREATE, 0o600)
	}
	for i := range 200 {
		f, there := open(), make(chan struct{})
		file, ready, err := f.Poll(pollster.NewWaker(func() { close(there) }))
		switch {
		case err != nil:
			t.Fatal(err)
		case ready:
			file.Close()
		case i%2 == 0:
			<-there
		}
		pollster.Cancel(f)
		pollster.Cancel(f)
	}
	for end := time.Now().Add(20 * time.Second); descriptors() > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d are left open", descriptors())
		}
	}
	f := open()
	file, err := pollster.BlockOn(context.Background(), f)
	if err != nil {
		t.Fatal(err)
	}
	pollster.Cancel(f) // it has been given
	if _, err := file.Write([]byte("x")); err != nil {
		t.Error(err)
	}
	if err := file.Close(); err != nil {
		t.Error(err)
	}
}
