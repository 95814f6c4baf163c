package causeway_test

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/causeway-go/causeway/executor"
	"github.com/causeway-go/causeway/pollster"
	"github.com/causeway-go/causeway/reactor"
)

// A task that reads a file in the page cache for ever, never waits for anything. All
// the same other tasks have their turn. Each test has a second task that stops the
// first, within fairReads reads of 16 KiB: package reactor promises a MiB or so.
const fairReads = 100

func fairFile(t *testing.T) (f *reactor.File, p []byte, l *executor.Local) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "data")
	if err := os.WriteFile(path, make([]byte, 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := reactor.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	if l, err = executor.NewLocal(executor.LocalOptions{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return f, make([]byte, 16<<10), l
}

func TestFunctionThatReadsForEverLetsOthersRun(t *testing.T) {
	for _, name := range []string{"ReadAt", "ReadAtFuture", "a million bytes"} {
		f, p, l := fairFile(t)
		read := func() (int, error) { return f.ReadAt(p, 4096) }
		switch name {
		case "ReadAtFuture":
			read = func() (int, error) { return pollster.BlockOn(context.Background(), f.ReadAtFuture(p, 4096)) }
		case "a million bytes":
			p = make([]byte, 1_000_000)
		}
		stop, reads := false, 0
		task := executor.Go(l, func(context.Context) (int, error) {
			for !stop && reads <= fairReads {
				if n, err := read(); n != len(p) || err != nil {
					t.Errorf("%s: %d, %v", name, n, err)
					break
				}
				reads++
			}
			return 0, nil
		})
		executor.Go(l, func(context.Context) (int, error) { stop = true; return 0, nil }).Detach()
		for !task.Done() {
			l.Poll(1 << 10)
			runtime.Gosched()
		}
		if reads > fairReads || reads == 0 {
			t.Errorf("%s: %d reads before the other task", name, reads)
		}
	}
}

func TestStacklessTaskThatReadsForEverLetsOthersRun(t *testing.T) {
	f, p, l := fairFile(t)
	loop := &readLoop{f: f, p: p}
	task := executor.Spawn(l, pollster.Future[int](loop))
	executor.Go(l, func(context.Context) (int, error) { loop.stop = true; return 0, nil }).Detach()
	for !task.Done() {
		l.Poll(1 << 10)
		runtime.Gosched()
	}
	if loop.reads > fairReads || loop.reads == 0 || loop.err != nil {
		t.Errorf("%d reads before the other task, %v", loop.reads, loop.err)
	}
}

// A readLoop is a future that reads until it is told to stop.
type readLoop struct {
	f     *reactor.File
	p     []byte
	read  pollster.Future[int]
	stop  bool
	reads int
	err   error
}

func (l *readLoop) Poll(w *pollster.Waker) (int, bool, error) {
	for !l.stop && l.reads <= fairReads {
		if l.read == nil {
			l.read = l.f.ReadAtFuture(l.p, 8192)
		}
		_, ready, err := l.read.Poll(w)
		if l.err = err; !ready && err == nil {
			return 0, false, nil
		}
		l.read = nil
		l.reads++
	}
	return l.reads, true, nil
}
