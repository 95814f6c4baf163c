//go:build linux

package reactor_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/causeway-go/causeway/internal/leak"
	"github.com/causeway-go/causeway/pollster"
	"github.com/causeway-go/causeway/pollster/futuretest"
	"github.com/causeway-go/causeway/reactor"
)

// waitsForInput is a process that ends with a status when its input ends.
func waitsForInput(t testing.TB, status int) (cmd *exec.Cmd, end func()) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd = exec.Command("/bin/sh", "-c", fmt.Sprintf("read x; exit %d", status))
	cmd.Stdin = r
	once := sync.OnceFunc(func() { w.Close(); r.Close() })
	t.Cleanup(once)
	return cmd, once
}

// forMethods runs test with each way to wait for a process.
func forMethods(t *testing.T, test func(t *testing.T, o reactor.ChildOptions)) {
	for _, m := range []reactor.ChildMethod{reactor.ChildAuto, reactor.ChildDescriptor, reactor.ChildSignal, reactor.ChildBlocking} {
		t.Run(m.String(), func(t *testing.T) {
			leak.Check(t, leak.Options{Threads: -1})
			r := newReactor(t)
			test(t, reactor.ChildOptions{Reactor: r, Method: m})
		})
	}
}

func TestStatusOfAChild(t *testing.T) {
	forMethods(t, func(t *testing.T, o reactor.ChildOptions) {
		for _, status := range []int{0, 3} {
			cmd, end := waitsForInput(t, status)
			c, err := reactor.StartChild(cmd, o)
			if err != nil {
				t.Fatal(err)
			}
			if c.State() != nil || o.Method != reactor.ChildAuto && c.Method() != o.Method {
				t.Errorf("state %v, method %v", c.State(), c.Method())
			}
			end()
			state, err := c.Wait(t.Context())
			var exit *exec.ExitError
			if (status == 0) != (err == nil) || status != 0 && !errors.As(err, &exit) {
				t.Errorf("status %d: %v", status, err)
			}
			if c.State().ExitCode() != status || err == nil && state != c.State() {
				t.Errorf("state %v, want %d", c.State(), status)
			}
		}
	})
}

func TestOutputOfAChildIsComplete(t *testing.T) {
	forMethods(t, func(t *testing.T, o reactor.ChildOptions) {
		cmd := exec.Command("/bin/sh", "-c", "echo one; echo two >&2; echo three")
		var out, errs strings.Builder
		cmd.Stdout, cmd.Stderr = &out, &errs
		c, err := reactor.StartChild(cmd, o)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Wait(t.Context()); err != nil || out.String() != "one\nthree\n" || errs.String() != "two\n" {
			t.Errorf("%q, %q, %v", out.String(), errs.String(), err)
		}
	})
}

func TestChildThatCannotBeStarted(t *testing.T) {
	leak.Check(t)
	_, err := reactor.StartChild(exec.Command("/nonexistent/program"), reactor.ChildOptions{Reactor: newReactor(t)})
	if !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

// TestManyChildrenTakeFewThreads waits for 60 at the same time.
func TestManyChildrenTakeFewThreads(t *testing.T) {
	for _, m := range []reactor.ChildMethod{reactor.ChildDescriptor, reactor.ChildSignal} {
		t.Run(m.String(), func(t *testing.T) {
			leak.Check(t, leak.Options{Threads: -1})
			r := newReactor(t)
			var children []pollster.Future[*os.ProcessState]
			var ends []func()
			for range 60 {
				cmd, end := waitsForInput(t, 0)
				c, err := reactor.StartChild(cmd, reactor.ChildOptions{Reactor: r, Method: m})
				if err != nil {
					t.Fatal(err)
				}
				children, ends = append(children, c.Future()), append(ends, end)
			}
			before := leak.Threads()
			go func() {
				for _, end := range ends {
					end()
				}
			}()
			states, err := pollster.BlockOn(t.Context(), pollster.Join(children...))
			if len(states) != 60 || err != nil {
				t.Fatal(len(states), err)
			}
			if after := leak.Threads(); after > before+10 {
				t.Errorf("%d threads, %d before", after, before)
			}
		})
	}
}

// TestNoZombieIsLeftByAChildNobodyWaitsFor looks for the process itself.
func TestNoZombieIsLeftByAChildNobodyWaitsFor(t *testing.T) {
	forMethods(t, func(t *testing.T, o reactor.ChildOptions) {
		cmd, end := waitsForInput(t, 0)
		c, err := reactor.StartChild(cmd, o)
		if err != nil {
			t.Fatal(err)
		}
		end()
		for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
			if err := syscall.Kill(c.Process().Pid, 0); err == syscall.ESRCH {
				return
			}
			if time.Now().After(deadline) {
				t.Fatal("there is a zombie")
			}
		}
	})
}

func TestCancelKillsOnlyIfAskedTo(t *testing.T) {
	forMethods(t, func(t *testing.T, o reactor.ChildOptions) {
		for _, o.KillOnCancel = range []bool{true, false} {
			cmd, end := waitsForInput(t, 0)
			c, err := reactor.StartChild(cmd, o)
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
			if _, err := c.Wait(ctx); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v", err)
			}
			cancel()
			if !o.KillOnCancel {
				end()
			}
			_, err = c.Wait(t.Context())
			if status := c.State().Sys().(syscall.WaitStatus); status.Signaled() != o.KillOnCancel {
				t.Errorf("%v, %v", c.State(), err)
			}
		}
	})
}

func TestSignalsAreNotLostBesideOthers(t *testing.T) {
	leak.Check(t)
	kinds := []os.Signal{syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGWINCH, syscall.SIGUSR1}
	s := reactor.NewSignals(kinds...)
	want := map[os.Signal]bool{}
	for _, k := range kinds {
		want[k] = true
	}
	for range 200 { // a flood of one
		syscall.Kill(os.Getpid(), syscall.SIGUSR1)
	}
	syscall.Kill(os.Getpid(), syscall.SIGWINCH)
	syscall.Kill(os.Getpid(), syscall.SIGUSR2)
	for len(want) > 0 {
		k, err := pollster.BlockOn(t.Context(), pollster.Next[os.Signal](s))
		if err != nil {
			t.Fatal(err)
		}
		delete(want, k)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	for k := range pollster.Seq(t.Context(), pollster.Stream[os.Signal](s)) {
		if k != nil && k != syscall.SIGUSR1 {
			t.Errorf("%v is given twice", k)
		}
	}
	if err := s.Close(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("second Close: %v", err)
	}
}

func TestSignalsConform(t *testing.T) {
	made := 0
	futuretest.TestFuture(t, func() futuretest.Subject[os.Signal] {
		// Each uses another signal, so that a late one is not that of the next.
		made++
		kind := syscall.Signal(40 + made%24)
		s := reactor.NewSignals(kind)
		t.Cleanup(func() { s.Close() })
		var order sync.Mutex
		sent := 0
		return futuretest.Subject[os.Signal]{
			Future: closing(s, fenced[os.Signal]{pollster.Next[os.Signal](s), &order}),
			Complete: func() {
				order.Lock()
				sent++
				order.Unlock()
				syscall.Kill(os.Getpid(), kind)
			},
		}
	})
}

func TestInotifyTellsWhatHappensInAFolder(t *testing.T) {
	leak.Check(t)
	n, err := newReactor(t).NewInotify()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := n.Add(dir, reactor.FileCreated|reactor.FileWritten|reactor.FileMovedFrom|reactor.FileMovedTo|reactor.FileDeleted); err != nil {
		t.Fatal(err)
	}
	if err := n.Add(dir+"/none", reactor.FileCreated); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a folder that is not there: %v", err)
	}
	done := make(chan error)
	go func() {
		a, b := filepath.Join(dir, "a"), filepath.Join(dir, "a longer name")
		done <- errors.Join(os.WriteFile(a, []byte("x"), 0o600), os.Rename(a, b), os.Remove(b), n.Remove(dir))
	}()
	var cookie uint32
	for _, want := range []reactor.FileEvent{
		{Events: reactor.FileCreated, Name: "a"}, {Events: reactor.FileWritten, Name: "a"},
		{Events: reactor.FileMovedFrom, Name: "a"}, {Events: reactor.FileMovedTo, Name: "a longer name"},
		{Events: reactor.FileDeleted, Name: "a longer name"}, {Events: reactor.FileIgnored},
	} {
		e, err := pollster.BlockOn(t.Context(), pollster.Next[reactor.FileEvent](n))
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case want.Events == reactor.FileMovedFrom:
			cookie = e.Cookie
		case want.Events == reactor.FileMovedTo && e.Cookie != cookie:
			t.Errorf("the halves of a move have cookies %d and %d", cookie, e.Cookie)
		}
		want.Path, want.Cookie = dir, e.Cookie
		if e != want {
			t.Errorf("got %v, want %v", e, want)
		}
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	go func() { time.Sleep(time.Millisecond); n.Close() }()
	if _, err := pollster.BlockOn(t.Context(), pollster.Next[reactor.FileEvent](n)); !errors.Is(err, reactor.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
	if err := n.Add(dir, reactor.FileCreated); !errors.Is(err, os.ErrClosed) {
		t.Errorf("Add after Close: %v", err)
	}
}

func TestInotifyConforms(t *testing.T) {
	r := newReactor(t)
	futuretest.TestFuture(t, func() futuretest.Subject[reactor.FileEvent] {
		n, err := r.NewInotify()
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		if err := n.Add(dir, reactor.FileCreated); err != nil {
			t.Fatal(err)
		}
		var order sync.Mutex
		made := 0
		return futuretest.Subject[reactor.FileEvent]{
			Future: closing(n, fenced[reactor.FileEvent]{pollster.Next[reactor.FileEvent](n), &order}),
			Complete: func() {
				order.Lock()
				made++
				order.Unlock()
				os.Mkdir(filepath.Join(dir, "x"), 0o700)
			},
			Check: func(e reactor.FileEvent, err error) error {
				if e.Name != "x" || err != nil {
					return fmt.Errorf("got %v, %v", e, err)
				}
				return nil
			},
			Held: func() int { return r.Stats().Waiting },
		}
	})
}

// closing is f, with what it comes from closed when it has ended or is cancelled.
func closing[T any](c io.Closer, f pollster.Future[T]) pollster.Future[T] {
	return pollster.Fuse[T](&closingFuture[T]{c, f})
}

type closingFuture[T any] struct {
	c io.Closer
	f pollster.Future[T]
}

func (c *closingFuture[T]) Poll(w *pollster.Waker) (T, bool, error) {
	v, ready, err := c.f.Poll(w)
	if ready || err != nil {
		c.c.Close()
	}
	return v, ready, err
}

func (c *closingFuture[T]) Cancel() {
	pollster.Cancel(c.f)
	c.c.Close()
}

func TestFileEventsHaveNames(t *testing.T) {
	for e, want := range map[reactor.FileEvents]string{
		reactor.FileCreated | reactor.FileIsFolder: "created|folder", 0: "0x0", 0x1000: "0x1000",
	} {
		if e.String() != want {
			t.Errorf("%q, want %q", e.String(), want)
		}
	}
}
