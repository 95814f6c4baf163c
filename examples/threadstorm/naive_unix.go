//go:build unix

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime/debug"
	"strings"
	"sync"
	"time"
)

// child makes the reads in plain Go: a goroutine each. It does not come back if
// they are more than Go allows threads.
func child(o options) error {
	if o.maxThreads > 0 {
		debug.SetMaxThreads(o.maxThreads)
	}
	s, err := newStorm(o.reads, o.reads)
	if err != nil {
		return err
	}
	var (
		wg   sync.WaitGroup
		errs = make([]error, o.reads)
	)
	for i := range o.reads {
		wg.Go(func() { errs[i] = s.read(i) })
	}
	err = s.feed()
	wg.Wait()
	return errors.Join(append(errs, err)...)
}

// errNoCrash is that of -naive when plain Go has managed.
var errNoCrash = errors.New("plain Go did not run out of threads")

// naive runs the child and reports how it ends.
func naive(o options, stdout io.Writer) error {
	exe, err := os.Executable()
	if err != nil {
		return err
	}
	cmd := exec.Command(exe, "-child", fmt.Sprintf("-reads=%d", o.reads), fmt.Sprintf("-max-threads=%d", o.maxThreads))
	cmd.Env = append(os.Environ(), "GOTRACEBACK=none") // 20,000 stacks would hide the message
	var words head
	cmd.Stderr = &words
	begun := time.Now()
	if err := cmd.Start(); err != nil {
		return err
	}
	seen := newWatch(func() int64 { return threadsOf(cmd.Process.Pid) })
	err = cmd.Wait()
	took, peak := time.Since(begun), seen.end()
	if cmd.ProcessState == nil {
		return err
	}
	// Where the system does not tell of other processes, Go's message does.
	_, _ = fmt.Sscanf(words.line(limitMessage), limitMessage+"%d", &peak)
	_, err = fmt.Fprintf(stdout, "%-18s %d, a goroutine each, in plain Go\n%-18s %.3f\n%-18s %d\n%-18s %v\n%s\n%s",
		"reads", o.reads, "seconds", took.Seconds(), "threads at peak", peak,
		"child", cmd.ProcessState, "its last words", words.first(4))
	if err == nil && cmd.ProcessState.Success() {
		err = errNoCrash
	}
	return err
}

// limitMessage is how Go says that a process has too many threads. The limit
// follows.
const limitMessage = "runtime: program exceeds "

// threadsOf returns how many threads a process has, where /proc tells, or 0.
// The child cannot look for itself: a goroutine that wants to would stand in line
// behind the 20,000.
func threadsOf(pid int) (n int64) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		if _, err := fmt.Sscanf(line, "Threads: %d", &n); err == nil {
			return n
		}
	}
	return 0
}

// head keeps the beginning of what is written to it.
type head struct{ b bytes.Buffer }

// Write implements io.Writer.
func (h *head) Write(p []byte) (int, error) {
	h.b.Write(p[:min(len(p), max(0, 4096-h.b.Len()))])
	return len(p), nil
}

// line returns the first line that starts with prefix, or "".
func (h *head) line(prefix string) string {
	for line := range strings.Lines(h.b.String()) {
		if strings.HasPrefix(line, prefix) {
			return line
		}
	}
	return ""
}

// first returns the first n lines that are not empty, indented.
func (h *head) first(n int) string {
	var b strings.Builder
	for line := range strings.Lines(h.b.String()) {
		if line = strings.TrimSpace(line); line != "" && n > 0 {
			b.WriteString("    " + line + "\n")
			n--
		}
	}
	return b.String()
}
