//go:build linux

package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"
	"unsafe"
)

// TestErrorFromTheKernelInTheMiddle hashes a file that the system calls regular
// and lets us open, and whose first page cannot be read.
func TestErrorFromTheKernelInTheMiddle(t *testing.T) {
	eachWay(t, func(t *testing.T, way []string) {
		status, out, errOut := hashtree(t, way, "-sums", "/proc/self/mem")
		if status != exitFailed || out != "" || !strings.Contains(errOut, "/proc/self/mem: input/output error\n") {
			t.Errorf("exit status %d, standard output %q, standard error %q", status, out, errOut)
		}
	})
}

// terminal makes a pseudo terminal.
func terminal(t *testing.T) (screen, tty *os.File) {
	t.Helper()
	screen, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("this system has no pseudo terminals: %v", err)
	}
	t.Cleanup(func() { _ = screen.Close() })
	var number, unlock uint32
	for request, arg := range map[uintptr]*uint32{syscall.TIOCSPTLCK: &unlock, syscall.TIOCGPTN: &number} {
		if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, screen.Fd(), request, uintptr(unsafe.Pointer(arg))); errno != 0 {
			t.Fatal(errno)
		}
	}
	tty, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("this system has no pseudo terminals: %v", err)
	}
	t.Cleanup(func() { _ = tty.Close() })
	return screen, tty
}

func TestTerminalsAreToldFromOtherFiles(t *testing.T) {
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	for _, f := range []*os.File{null, r, w} {
		if isTerminal(f) {
			t.Errorf("%s is no terminal", f.Name())
		}
	}
	if _, tty := terminal(t); !isTerminal(tty) {
		t.Errorf("%s is a terminal", tty.Name())
	}
}

// TestProgressLineOnATerminal runs the program with a terminal as its standard
// output, and looks at what is on the screen when it has ended.
func TestProgressLineOnATerminal(t *testing.T) {
	eachWay(t, func(t *testing.T, way []string) {
		screen, tty := terminal(t)
		cmd := command(t, append(way[:len(way):len(way)], tree(t, some))...)
		cmd.Stdout = tty
		var shown bytes.Buffer
		read := make(chan struct{})
		go func() {
			defer close(read)
			_, _ = io.Copy(&shown, screen) // ends with EIO when nobody has the terminal open
		}()
		err := cmd.Run()
		_ = tty.Close()
		<-read
		if err != nil {
			t.Fatal(err)
		}
		before, table, _ := strings.Cut(shown.String(), "hashtree ")
		if !strings.Contains(before, " files, ") || !strings.HasPrefix(before, "\r") || !strings.HasSuffix(before, " \r") {
			t.Errorf("the progress line is %q", before)
		}
		checkRows(t, strings.ReplaceAll(table, "\r\n", "\n"), map[string]string{"files": "7"})
	})
}

// TestNoProgressLineElsewhere is about -sums on a terminal, where lines of sums
// and a progress line would spoil each other.
func TestNoProgressLineElsewhere(t *testing.T) {
	screen, tty := terminal(t)
	dir := tree(t, map[string]string{"f": "content"})
	cmd := command(t, "-sums", dir)
	cmd.Stdout = tty
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	want := strings.ReplaceAll(wantSums(dir, map[string]string{"f": "content"}), "\n", "\r\n")
	got := make([]byte, len(want)+100)
	n, err := screen.Read(got)
	if err != nil || string(got[:n]) != want {
		t.Errorf("%q, want %q (%v)", got[:n], want, err)
	}
}
