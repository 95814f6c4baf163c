//go:build linux

package reactor

import (
	"errors"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/causeway-go/causeway/internal/uring"
	"github.com/causeway-go/causeway/pollster"
	"github.com/causeway-go/causeway/threadpool"
	"golang.org/x/sys/unix"
)

// pipeFile returns the reading end of a pipe as a File of s.
func pipeFile(t *testing.T, s *Files) (f *File, w *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.Close() })
	f = s.NewFile(r)
	t.Cleanup(func() { _ = f.Close() })
	return f, w
}

// within fails if c does not come.
func within(t *testing.T, c <-chan struct{}, what string) {
	t.Helper()
	select {
	case <-c:
	case <-time.After(20 * time.Second):
		t.Fatal(what)
	}
}

// A called is a waker that calls a function.
type called struct {
	pollster.Waker
	f func()
}

func newCalled(f func()) *called {
	c := &called{f: f}
	c.Init(c)
	return c
}

func (c *called) OnWake() { c.f() }

// The one who takes the results of a ring runs the wakers. One that ends the goroutine
// must not leave the ring without anybody who takes the next.
func TestARingGoesOnAfterAWakerThatEndsItsGoroutine(t *testing.T) {
	s := ringFiles(t)
	f, w := pipeFile(t, s)
	for range 5 {
		woken := make(chan struct{})
		waker := newCalled(func() {
			close(woken)
			runtime.Goexit()
		})
		o := f.ReadFuture(make([]byte, 8))
		if _, ready, err := o.Poll(&waker.Waker); ready || err != nil {
			t.Fatal(ready, err)
		}
		if _, err := w.Write([]byte("x")); err != nil {
			t.Fatal(err)
		}
		within(t, woken, "the ring does not answer any more")
		if n, ready, err := o.Poll(&waker.Waker); n != 1 || !ready || err != nil {
			t.Fatal(n, ready, err)
		}
	}
}

// stuck returns a request that waits in the kernel.
func stuck(t *testing.T, f *File) *fileOp {
	t.Helper()
	o := f.ReadFuture(make([]byte, 8)).(*fileOp)
	if _, ready, err := o.Poll(&newCalled(func() {}).Waker); ready || err != nil {
		t.Fatal(ready, err)
	}
	e := o.ring.engine
	for with := false; !with; runtime.Gosched() {
		e.mu.Lock()
		with = o.ring.state == ringKernel && !e.submitting && e.ring.Queued() == 0
		e.mu.Unlock()
	}
	return o
}

// A request that is stopped while another goroutine submits is cancelled a little
// later, also if the ring has been closed in between.
func TestARequestStoppedAsTheRingIsClosedIsCancelled(t *testing.T) {
	s, err := NewFiles(FilesOptions{Backend: FileRing})
	if err != nil {
		t.Skip("no io_uring:", err)
	}
	f, _ := pipeFile(t, s)
	o := stuck(t, f)
	e := o.ring.engine
	e.mu.Lock()
	o.ring.cancel, o.ring.reason = true, pollster.ErrCanceled // as stop does when somebody submits
	e.mu.Unlock()
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		_ = s.Close()
	}()
	for begun := false; !begun; runtime.Gosched() {
		e.mu.Lock()
		begun = e.closed
		e.mu.Unlock()
	}
	e.stopLater(o.ring)
	within(t, closed, "Close waits for a request that nobody has cancelled")
	if _, _, err := o.Poll(nil); !errors.Is(err, pollster.ErrCanceled) {
		t.Error(err)
	}
}

// The request to cancel finds no room in the queue.
func TestARequestIsStoppedWhileTheQueueIsFull(t *testing.T) {
	s := ringFiles(t)
	f, _ := pipeFile(t, s)
	o := stuck(t, f)
	e := o.ring.engine
	e.mu.Lock()
	for e.ring.Push(uring.Nop(cancelData)) {
	}
	e.mu.Unlock()
	o.Cancel()
	ended := make(chan struct{})
	if _, ready, err := o.Poll(&newCalled(func() { close(ended) }).Waker); !ready && err == nil {
		within(t, ended, "a request that nobody has cancelled")
	}
	if _, _, err := o.Poll(nil); !errors.Is(err, pollster.ErrCanceled) {
		t.Error(err)
	}
}

// Requests end with the reactor that watches the ring, and Files can be closed
// after it.
func TestFilesWhoseReactorIsClosedEndTheirRequests(t *testing.T) {
	r, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := NewFiles(FilesOptions{Reactor: r, Backend: FileRing})
	if err != nil {
		t.Skip("no io_uring here:", err)
	}
	f, _ := pipeFile(t, s)
	o := stuck(t, f)
	ended := make(chan struct{})
	w := newCalled(func() { close(ended) })
	if _, ready, err := o.Poll(&w.Waker); ready || err != nil {
		t.Fatal(ready, err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	within(t, ended, "a request that nobody ends")
	if _, _, err := o.Poll(nil); !errors.Is(err, os.ErrClosed) {
		t.Error(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// A kernel that takes nothing is asked again after a while, by nobody who goes
// round and round.
func TestARingThatCannotSubmitDoesNotSpin(t *testing.T) {
	s := ringFiles(t)
	f, _ := pipeFile(t, s)
	o := stuck(t, f)
	e := o.ring.engine
	e.mu.Lock()
	fd := e.ring.FD()
	kept, err := unix.Dup(fd)
	null, err2 := unix.Open("/dev/null", unix.O_RDWR|unix.O_CLOEXEC, 0)
	e.mu.Unlock()
	if err := errors.Join(err, err2, unix.Dup3(null, fd, unix.O_CLOEXEC)); err != nil {
		t.Fatal(err)
	}
	cancelled := make(chan struct{})
	go func() {
		o.Cancel()
		close(cancelled)
	}()
	within(t, cancelled, "Cancel goes round and round")
	if err := errors.Join(unix.Dup3(kept, fd, unix.O_CLOEXEC), unix.Close(kept), unix.Close(null)); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	if _, ready, err := o.Poll(&newCalled(func() { close(ended) }).Waker); !ready && err == nil {
		within(t, ended, "a request that nobody has cancelled")
	}
	if _, _, err := o.Poll(nil); !errors.Is(err, pollster.ErrCanceled) {
		t.Error(err)
	}
}

// big takes a while to be handed over.
type big [1 << 16]byte

// Whoever cancels while the result is being handed over finds it, or the pool does.
func TestAResultThatIsHandedOverAsItIsCancelledIsDropped(t *testing.T) {
	for i := range 500 {
		began, dropped := make(chan struct{}), make(chan struct{})
		o := &poolOp[big]{pool: threadpool.Default(), dropped: func(big) { close(dropped) }}
		o.call = func() (v big, err error) {
			close(began)
			return v, nil
		}
		if _, ready, err := o.Poll(nil); ready || err != nil {
			continue // it was quick; nothing to cancel
		}
		<-began
		for range i % 500 {
			runtime.KeepAlive(o)
		}
		o.Cancel()
		within(t, dropped, "nobody has dropped the result")
	}
}
