package reactor_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/causeway-go/causeway/pollster"
	"github.com/causeway-go/causeway/reactor"
)

// A timer may fire between the last Poll and Cancel. Dial did that when an attempt
// failed as the next one came due.
func TestATimerThatFiredBeforeItWasCancelledCanBeReset(t *testing.T) {
	each(t, func(t *testing.T, r *reactor.Reactor) {
		timer, w := r.Sleep(time.Millisecond), newCounter()
		for range 3 {
			pending[struct{}](t, timer, w)
			w.await(t) // it has fired, and nobody has polled it since
			timer.Cancel()
			timer.Reset(time.Millisecond)
		}
		pending[struct{}](t, timer, w)
		w.await(t)
		if _, ready, err := timer.Poll(&w.Waker); !ready || err != nil {
			t.Error(ready, err)
		}
	})
}

func TestResetOfATimerThatIsArmedPanics(t *testing.T) {
	timer, w := newReactor(t).Sleep(time.Hour), newCounter()
	pending[struct{}](t, timer, w)
	defer timer.Cancel()
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	timer.Reset(time.Hour)
}

func newInotify(t *testing.T) *reactor.Inotify {
	t.Helper()
	n, err := newReactor(t).NewInotify()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.Close() })
	return n
}

// ignored counts how many watches end in the events that are there.
func ignored(t *testing.T, n *reactor.Inotify) (count int) {
	t.Helper()
	w := newCounter()
	defer n.Cancel()
	for {
		e, ready, err := n.PollNext(&w.Waker)
		if err != nil {
			t.Fatal(err)
		}
		if !ready {
			return count
		}
		if e.Events&reactor.FileIgnored != 0 {
			count++
		}
	}
}

// The watch that has ended is known until its last event is read, beside the one that
// took its place.
func TestInotifyRemoveEndsTheWatchThatIsThere(t *testing.T) {
	n, dir := newInotify(t), t.TempDir()
	const rounds = 20
	for i := range rounds {
		if err := n.Add(dir, reactor.FileCreated); err != nil {
			t.Fatal(err)
		}
		if err := n.Remove(dir); err != nil {
			t.Fatalf("round %d: %v", i, err)
		}
	}
	if err := n.Remove(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Error("once more:", err)
	}
	if got := ignored(t, n); got != rounds {
		t.Errorf("%d watches have ended", got)
	}
}

// A file that is deleted ends its watch, and the next one of that name has another.
func TestInotifyRemoveAfterAFileHasBeenReplaced(t *testing.T) {
	n, name := newInotify(t), filepath.Join(t.TempDir(), "f")
	create := func() {
		t.Helper()
		if err := os.WriteFile(name, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := n.Add(name, reactor.FileModified); err != nil {
			t.Fatal(err)
		}
	}
	const rounds = 10
	for range rounds {
		create()
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
	create()
	if err := n.Remove(name); err != nil {
		t.Error(err)
	}
	// Two at a time: one has been moved away from the path that it was given by.
	create()
	if err := os.Rename(name, name+".old"); err != nil {
		t.Fatal(err)
	}
	create()
	if err := n.Remove(name); err != nil {
		t.Error(err)
	}
	if got := ignored(t, n); got != rounds+3 {
		t.Errorf("%d watches have ended", got)
	}
}

// A waker that ends its goroutine keeps nobody from getting later signals.
func TestSignalsGoOnAfterAWakerThatEndsItsGoroutine(t *testing.T) {
	s := reactor.NewSignals(syscall.SIGUSR2)
	defer s.Close()
	kill := func() {
		t.Helper()
		if err := syscall.Kill(os.Getpid(), syscall.SIGUSR2); err != nil {
			t.Fatal(err)
		}
	}
	leaver := &leaver{woken: make(chan struct{}, 1)}
	var bad pollster.Waker
	bad.Init(leaver)
	for range 3 {
		if _, ready, err := s.PollNext(&bad); ready || err != nil {
			t.Fatal(ready, err)
		}
		kill()
		select {
		case <-leaver.woken:
		case <-time.After(10 * time.Second):
			t.Fatal("the signal after a Goexit was lost")
		}
		if k, ready, err := s.PollNext(nil); k != syscall.SIGUSR2 || !ready || err != nil {
			t.Fatal(k, ready, err)
		}
	}
}

// A leaver is woken and ends the goroutine that wakes it.
type leaver struct{ woken chan struct{} }

func (l *leaver) OnWake() {
	l.woken <- struct{}{}
	runtime.Goexit()
}

// A listener that cannot be registered leaves no file behind.
func TestListenThatFailsLeavesNoSocketFile(t *testing.T) {
	r := newReactor(t)
	r.Close()
	dir := t.TempDir()
	if l, err := r.Listen(context.Background(), "unix", filepath.Join(dir, "s")); err == nil {
		l.Close()
		t.Error("a closed reactor listens")
	}
	if c, err := r.ListenPacket(context.Background(), "unixgram", filepath.Join(dir, "p")); err == nil {
		c.Close()
		t.Error("a closed reactor listens for packets")
	}
	if left, err := os.ReadDir(dir); len(left) > 0 || err != nil {
		t.Error("left behind:", left, err)
	}
}
