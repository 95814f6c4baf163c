//go:build unix

package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestPipesAreCountedAndNotOpened(t *testing.T) {
	eachWay(t, func(t *testing.T, way []string) {
		dir := tree(t, map[string]string{"f": "content"})
		fifo := filepath.Join(dir, "pipe")
		if out, err := exec.Command("mkfifo", fifo).CombinedOutput(); err != nil {
			t.Fatalf("mkfifo: %v: %s", err, out)
		}
		for _, root := range []string{dir, fifo} {
			status, out, errOut := hashtree(t, way, root)
			if status != exitOK || errOut != "" {
				t.Errorf("exit status %d, standard error %q", status, errOut)
			}
			checkRows(t, out, map[string]string{"special files": "1", "errors": "0"})
		}
	})
}

func TestNamesThatAreNotUTF8(t *testing.T) {
	if runtime.GOOS == "darwin" || runtime.GOOS == "ios" {
		t.Skip("the file systems of this system refuse such names")
	}
	files := map[string]string{"\xff\xfe": "1", "d\xe9/\x80": "2", "tab\tbell\a": "3"}
	eachWay(t, func(t *testing.T, way []string) {
		dir := tree(t, files)
		status, out, errOut := hashtree(t, way, "-sums", dir)
		if want := wantSums(dir, files); status != exitOK || out != want {
			t.Errorf("exit status %d, sums %q, want %q, standard error %q", status, out, want, errOut)
		}
	})
}

// TestPermissionErrors makes a file and a directory that may not be read. They
// may be by root, so root has the program run as somebody else.
func TestPermissionErrors(t *testing.T) {
	dir := tree(t, map[string]string{"open": "o", "secret": "s", "locked/f": "f", "bin/empty": ""})
	cmd := command(t)
	if os.Geteuid() == 0 {
		cmd = asNobody(t, dir, cmd)
	}
	for name, mode := range map[string]os.FileMode{"secret": 0, "locked": 0, "bin": 0o711} {
		path := filepath.Join(dir, name)
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		defer func() { _ = os.Chmod(path, 0o700) }() // so that it can be removed
	}
	eachWay(t, func(t *testing.T, way []string) {
		c := &exec.Cmd{Path: cmd.Path, Env: cmd.Env, SysProcAttr: cmd.SysProcAttr}
		c.Args = append(append([]string{cmd.Path}, way...), "-sums", dir)
		var out, errOut bytes.Buffer
		c.Stdout, c.Stderr = &out, &errOut
		err := c.Run()
		if c.ProcessState.ExitCode() != exitFailed {
			t.Errorf("%v, standard error %q", err, &errOut)
		}
		want := map[string]string{"open": "o"}
		denied := []string{"secret", "locked"}
		if os.Geteuid() == 0 {
			denied = append(denied, "bin") // it is root's
		} else {
			want["bin/empty"] = ""
		}
		if w := wantSums(dir, want); out.String() != w {
			t.Errorf("sums %q, want %q", &out, w)
		}
		for _, name := range denied {
			if line := "hashtree: " + filepath.Join(dir, name) + ": permission denied\n"; !strings.Contains(errOut.String(), line) {
				t.Errorf("standard error has no %q:\n%s", line, &errOut)
			}
		}
		checkRows(t, errOut.String(), map[string]string{"errors": grouped(int64(len(denied)))})
	})
}

// asNobody changes cmd, which is this program, such that it runs as a user who
// is not root and owns nothing, and can reach dir. The program has to be copied:
// go test keeps it where only root can get.
func asNobody(t *testing.T, dir string, cmd *exec.Cmd) *exec.Cmd {
	t.Helper()
	for _, d := range []string{dir, filepath.Dir(dir)} { // both made by t.TempDir
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	exe, err := os.ReadFile(cmd.Path)
	if err != nil {
		t.Fatal(err)
	}
	cmd.Path = filepath.Join(dir, "bin", "hashtree")
	if err := os.WriteFile(cmd.Path, exe, 0o755); err != nil {
		t.Fatal(err)
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	probe := &exec.Cmd{Path: cmd.Path, Args: []string{cmd.Path, "-h"}, Env: cmd.Env, SysProcAttr: cmd.SysProcAttr}
	if out, err := probe.CombinedOutput(); err != nil {
		if errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.EINVAL) {
			t.Skipf("we are a root that may not become anybody else: %v", err)
		}
		t.Fatalf("as nobody: %v: %s", err, out)
	}
	return cmd
}

// TestInterrupt sends SIGINT to the program while it reads a file that would
// take minutes. The sums before that one have been printed by then.
func TestInterrupt(t *testing.T) {
	files := map[string]string{"a": "a", "b": "b"}
	dir := tree(t, files)
	huge, err := os.Create(filepath.Join(dir, "huge"))
	if err != nil {
		t.Fatal(err)
	}
	if err := huge.Truncate(1 << 40); err != nil { // a hole: it takes no room
		t.Fatal(err)
	}
	if err := huge.Close(); err != nil {
		t.Fatal(err)
	}
	cmd := command(t, "-workers", "1", "-sums", dir)
	var errOut bytes.Buffer
	cmd.Stderr = &errOut
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	out := bufio.NewReader(pipe)
	var sums strings.Builder
	for range files {
		line, err := out.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		sums.WriteString(line)
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	rest, err := io.ReadAll(out)
	if err != nil {
		t.Fatal(err)
	}
	if want := wantSums(dir, files); sums.String()+string(rest) != want {
		t.Errorf("sums %q, want %q", sums.String()+string(rest), want)
	}
	if err := cmd.Wait(); cmd.ProcessState.ExitCode() != exitInterrupted {
		t.Errorf("%v", err)
	}
	if !strings.Contains(errOut.String(), "; interrupted, 1 files found and not hashed") {
		t.Errorf("standard error %q", &errOut)
	}
	checkRows(t, errOut.String(), map[string]string{"files": "2", "errors": "0"})
}

// command returns a command that is this program.
func command(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, exe, args...)
	cmd.Env = append(os.Environ(), asProgram+"=1")
	return cmd
}
