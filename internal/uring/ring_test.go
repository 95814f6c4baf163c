//go:build linux

package uring_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/causeway-go/causeway/internal/leak"
	"github.com/causeway-go/causeway/internal/uring"
	"golang.org/x/sys/unix"
)

// open returns a ring, or ends the test if this kernel has none.
func open(t *testing.T, entries, completions uint32) *uring.Ring {
	t.Helper()
	r, err := uring.New(entries, completions)
	if err != nil {
		if errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EPERM) {
			t.Skipf("io_uring is refused here: %v", err)
		}
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

// collect reaps until n results are there.
func collect(t *testing.T, r *uring.Ring, n int) map[uint64]int32 {
	t.Helper()
	got := map[uint64]int32{}
	deadline := time.Now().Add(10 * time.Second)
	for len(got) < n {
		if _, err := r.Reap(func(x uring.Result) {
			if _, twice := got[x.Data]; twice {
				t.Errorf("request %d has two results", x.Data)
			}
			got[x.Data] = x.Res
		}); err != nil {
			t.Fatal(err)
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d of %d results after 10 s", len(got), n)
		}
		// The descriptor of the ring says when to look again.
		fds := []unix.PollFd{{Fd: int32(r.FD()), Events: unix.POLLIN}}
		if len(got) < n {
			if _, err := unix.Poll(fds, 100); err != nil && err != unix.EINTR {
				t.Fatal(err)
			}
		}
	}
	return got
}

func submit(t *testing.T, r *uring.Ring, entries ...uring.Entry) {
	t.Helper()
	for _, e := range entries {
		if !r.Push(e) {
			t.Fatal("the queue is full")
		}
	}
	if n, err := r.Submit(); n != len(entries) || err != nil {
		t.Fatalf("Submit: %d, %v", n, err)
	}
}

func TestProbeAgreesWithNew(t *testing.T) {
	leak.Check(t)
	s := uring.Probe()
	r, err := uring.New(4, 0)
	if err == nil {
		defer r.Close()
	}
	if s.Available != (err == nil) || s.Available != (s.Reason == nil) || s.Available && s.Ops == 0 {
		t.Errorf("Probe %+v, New %v", s, err)
	}
	t.Logf("%+v", s)
}

func TestReadsAndWritesAndSyncsAFile(t *testing.T) {
	leak.Check(t)
	r := open(t, 8, 0)
	f, err := os.Create(filepath.Join(t.TempDir(), "x"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	fd := int(f.Fd())
	submit(t, r, uring.Write(fd, []byte("hello world"), 0, 1))
	if got := collect(t, r, 1); got[1] != 11 {
		t.Fatalf("write: %v", got)
	}
	a, b := make([]byte, 5), make([]byte, 100)
	submit(t, r, uring.Read(fd, a, 6, 1), uring.Read(fd, b, 0, 2), uring.Read(fd, b[50:], 11, 3), uring.Fsync(fd, 0, 4), uring.Fsync(fd, uring.FsyncData, 5))
	got := collect(t, r, 5)
	if got[1] != 5 || string(a) != "world" || got[2] != 11 || !bytes.HasPrefix(b, []byte("hello world")) {
		t.Errorf("read: %v %q %q", got, a, b)
	}
	if got[3] != 0 || got[4] != 0 || got[5] != 0 {
		t.Errorf("end of file, fsync, fdatasync: %v", got)
	}
}

func TestErrorsAreResults(t *testing.T) {
	r := open(t, 8, 0)
	submit(t, r, uring.Read(1<<20, make([]byte, 1), 0, 1), uring.Cancel(77, 2))
	got := collect(t, r, 2)
	if got[1] != -int32(unix.EBADF) || got[2] != -int32(unix.ENOENT) {
		t.Errorf("results %v", got)
	}
}

func TestFullSubmissionQueueRefuses(t *testing.T) {
	r := open(t, 4, 0)
	n := 0
	for r.Push(uring.Nop(uint64(n))) {
		n++
	}
	if c, _ := r.Capacity(); n != c || r.Queued() != n {
		t.Fatalf("took %d, capacity %d, queued %d", n, c, r.Queued())
	}
	if taken, err := r.Submit(); taken != n || err != nil || r.Queued() != 0 {
		t.Fatalf("Submit: %d, %v", taken, err)
	}
	if len(collect(t, r, n)) != n {
		t.Error("results are missing")
	}
}

// TestOverflowingCompletionsAreNotLost has far more results than there is room
// for.
func TestOverflowingCompletionsAreNotLost(t *testing.T) {
	r := open(t, 8, 8)
	const n = 500
	for i := range n {
		for !r.Push(uring.Nop(uint64(i))) {
			if _, err := r.Submit(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, err := r.Submit(); err != nil {
		t.Fatal(err)
	}
	if _, c := r.Capacity(); c >= n {
		t.Fatalf("room for %d results, nothing overflows", c)
	}
	for i, res := range collect(t, r, n) {
		if res != 0 {
			t.Errorf("request %d: %d", i, res)
		}
	}
}

func TestCancelEndsARead(t *testing.T) {
	leak.Check(t)
	r := open(t, 8, 0)
	pr, pw, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer pr.Close()
	defer pw.Close()
	runtime.LockOSThread() // so that this thread does not exit
	defer runtime.UnlockOSThread()
	submit(t, r, uring.Read(int(pr.Fd()), make([]byte, 1), uring.CurrentPosition, 1))
	if r.Ready() {
		t.Fatal("a read of an empty pipe has a result")
	}
	submit(t, r, uring.Cancel(1, 2))
	if got := collect(t, r, 2); got[1] != -int32(unix.ECANCELED) && got[1] != -int32(unix.EINTR) || got[2] != 0 {
		t.Errorf("results %v", got)
	}
}

// onThreadThatEnds runs f on an OS thread that has exited when it returns. A
// goroutine that ends locked takes its thread along, except for the first thread
// of the process.
func onThreadThatEnds(t *testing.T, f func()) {
	t.Helper()
	tid := make(chan int, 1)
	go func() {
		runtime.LockOSThread()
		if unix.Gettid() == unix.Getpid() {
			onThreadThatEnds(t, f) // while this goroutine holds the first thread
			tid <- 0
			runtime.UnlockOSThread()
			return
		}
		f()
		tid <- unix.Gettid()
	}()
	id := <-tid
	for deadline := time.Now().Add(10 * time.Second); id != 0; runtime.Gosched() {
		if unix.Tgkill(unix.Getpid(), id, 0) == unix.ESRCH {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("the thread does not exit")
		}
	}
}

// TestRequestsAreCancelledWithTheirThread holds down what users of a ring have to
// live with.
func TestRequestsAreCancelledWithTheirThread(t *testing.T) {
	r := open(t, 8, 0)
	var p [2]int
	if err := unix.Pipe2(p[:], unix.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	defer unix.Close(p[0])
	defer unix.Close(p[1])
	buf := make([]byte, 1)
	onThreadThatEnds(t, func() { submit(t, r, uring.Read(p[0], buf, uring.CurrentPosition, 1)) })
	// This kernel notices when it wants to go on with the request, not before.
	if _, err := unix.Write(p[1], []byte("x")); err != nil {
		t.Fatal(err)
	}
	if got := collect(t, r, 1); got[1] != -int32(unix.ECANCELED) {
		t.Fatalf("result %v, want a cancelled request", got)
	}
	submit(t, r, uring.Read(p[0], buf, uring.CurrentPosition, 2))
	if got := collect(t, r, 1); got[2] != 1 || buf[0] != 'x' {
		t.Errorf("submitted again: %v %q", got, buf)
	}
}

func TestInterruptedSubmitIsRepeatedAndRefusedOneKeepsItsEntries(t *testing.T) {
	r := open(t, 8, 0)
	faults := []unix.Errno{unix.EINTR, unix.EINTR, unix.EAGAIN, unix.EINTR, unix.EBUSY}
	r.SetFault(func(uint32) (errno unix.Errno) {
		if len(faults) > 0 {
			errno, faults = faults[0], faults[1:]
		}
		return errno
	})
	r.Push(uring.Nop(1))
	r.Push(uring.Nop(2))
	for _, want := range []error{unix.EAGAIN, unix.EBUSY} {
		if n, err := r.Submit(); n != 0 || !errors.Is(err, want) || r.Queued() != 2 {
			t.Fatalf("Submit: %d, %v, %d queued, want %v", n, err, r.Queued(), want)
		}
	}
	if n, err := r.Submit(); n != 2 || err != nil {
		t.Fatalf("Submit: %d, %v", n, err)
	}
	collect(t, r, 2)
}

func TestInterruptedFetchOfOverflownResultsIsRepeated(t *testing.T) {
	r := open(t, 8, 8)
	for range 4 {
		for i := range 8 {
			r.Push(uring.Nop(uint64(i)))
		}
		if _, err := r.Submit(); err != nil {
			t.Fatal(err)
		}
	}
	interrupts := 3
	r.SetFault(func(uint32) unix.Errno {
		if interrupts--; interrupts >= 0 {
			return unix.EINTR
		}
		return 0
	})
	if n, err := r.Reap(func(uring.Result) {}); n != 32 || err != nil || interrupts >= 0 {
		t.Errorf("Reap: %d, %v, %d interrupts left", n, err, interrupts)
	}
}

func TestCloseUnmaps(t *testing.T) {
	maps := func() int {
		b, err := os.ReadFile("/proc/self/maps")
		if err != nil {
			t.Fatal(err)
		}
		return strings.Count(string(b), "io_uring")
	}
	leak.Check(t)
	before := maps()
	for range 20 {
		r, err := uring.New(8, 0)
		if err != nil {
			t.Skipf("io_uring is refused here: %v", err)
		}
		if maps() <= before {
			t.Fatal("the mappings of an open ring cannot be seen")
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if after := maps(); after != before {
		t.Errorf("%d mappings at the start, %d now", before, after)
	}
}

func TestWorkersCanBeLimited(t *testing.T) {
	r := open(t, 8, 0)
	if err := r.LimitWorkers(2, 2); err != nil && !errors.Is(err, unix.EINVAL) {
		t.Error(err)
	}
}

func TestTooManyEntriesAreClamped(t *testing.T) {
	r := open(t, 1<<20, 0)
	if n, _ := r.Capacity(); n == 0 || n > 1<<15 {
		t.Errorf("room for %d", n)
	}
}

func BenchmarkNop(b *testing.B) {
	r, err := uring.New(64, 0)
	if err != nil {
		b.Skip(err)
	}
	defer r.Close()
	for b.Loop() {
		r.Push(uring.Nop(1))
		r.Submit()
		r.Reap(func(uring.Result) {})
	}
}
