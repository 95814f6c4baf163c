//go:build linux

package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// lines is an output that can be waited for.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) await(t *testing.T, text string) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		l.mu.Lock()
		found := strings.Contains(l.text.String(), text)
		l.mu.Unlock()
		if found {
			return
		}
	}
	t.Fatalf("%q has not come:\n%s", text, l.text.String())
}

func TestCommandRunsWhenAFileChangesUntilASignal(t *testing.T) {
	dir := t.TempDir()
	var out lines
	ready := make(chan struct{})
	w := watcher{
		folder: dir, settle: 20 * time.Millisecond, out: &out, ready: func() { close(ready) },
		command: func() *exec.Cmd {
			cmd := exec.Command("/bin/sh", "-c", "echo it has run; exit 3")
			cmd.Stdout = &out
			return cmd
		},
	}
	done := make(chan error)
	go func() { done <- w.watch(context.Background()) }()
	<-ready
	for _, name := range []string{"a", "b", "c"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out.await(t, "changed: c")
	out.await(t, "it has run")
	out.await(t, "run 1: exit status 3")
	if err := os.Remove(filepath.Join(dir, "a")); err != nil {
		t.Fatal(err)
	}
	out.await(t, "run 2: exit status 3")
	if err := syscall.Kill(os.Getpid(), syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	out.await(t, "stopping: terminated")
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

func TestEndAfterSoManyRunsAndWrongUsage(t *testing.T) {
	var out, errs lines
	if status := run([]string{"x"}, &out, &errs); status != 2 {
		t.Errorf("status %d without a command", status)
	}
	if status := run([]string{"/nonexistent", "true"}, &out, &errs); status != 1 {
		t.Errorf("status %d without a folder", status)
	}
}
