//go:build unix

package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// asProgram is set in the environment of a test binary that is to be the
// program itself.
const asProgram = "THREADSTORM_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
	}
	os.Exit(m.Run())
}

// threadstorm runs the program in a process of its own, since threads are the
// process's.
func threadstorm(t *testing.T, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, exe, args...)
	cmd.Env = append(os.Environ(), asProgram+"=1")
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	if err := cmd.Run(); cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), out.String(), errOut.String()
}

// figure returns the first number of a row.
func figure(t *testing.T, table, label string) int {
	t.Helper()
	m := regexp.MustCompile(`(?m)^` + label + ` +([0-9]+)`).FindStringSubmatch(table)
	if m == nil {
		t.Fatalf("no row %q in the table:\n%s", label, table)
	}
	n, err := strconv.Atoi(m[1])
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestPoolWeathersTheStormBelowItsCap(t *testing.T) {
	for _, limit := range []int{1, 40, 64} {
		status, out, errOut := threadstorm(t, "-reads", "3000", "-limit", strconv.Itoa(limit))
		if status != exitOK || errOut != "" {
			t.Fatalf("exit status %d, standard error %q\n%s", status, errOut, out)
		}
		if n := figure(t, out, "reads"); n != 3000 {
			t.Errorf("%d reads done", n)
		}
		own := ownThreads()
		if n := figure(t, out, "threads at peak"); n > limit+own || n < limit {
			t.Errorf("limit %d: %d threads at peak", limit, n)
		}
		if n := figure(t, out, "pool peak"); n != limit {
			t.Errorf("limit %d: %d reads at a time", limit, n)
		}
	}
}

// TestThreadsAreGivenBackAfterTheStorm looks at one moment of the clock, which a
// busy machine can miss, so one run out of some has to be right.
func TestThreadsAreGivenBackAfterTheStorm(t *testing.T) {
	var out string
	for range 5 {
		_, out, _ = threadstorm(t, "-reads", "1000", "-limit", "64")
		before, after := figure(t, out, "threads before"), figure(t, out, "threads 1 s after")
		if after <= before+ownThreads() {
			return
		}
	}
	t.Errorf("threads stayed:\n%s", out)
}

func TestFewerReadsThanThePoolTakes(t *testing.T) {
	status, out, errOut := threadstorm(t, "-reads", "3", "-limit", "100")
	if status != exitOK || figure(t, out, "reads") != 3 {
		t.Errorf("exit status %d, standard error %q\n%s", status, errOut, out)
	}
}

func TestPlainGoCrashes(t *testing.T) {
	status, out, errOut := threadstorm(t, "-naive", "-reads", "500", "-max-threads", "100")
	if status != exitOK || errOut != "" {
		t.Fatalf("exit status %d, standard error %q\n%s", status, errOut, out)
	}
	for _, words := range []string{"exit status 2", "fatal error: thread exhaustion", "program exceeds 100-thread limit"} {
		if !strings.Contains(out, words) {
			t.Errorf("no «%s» in\n%s", words, out)
		}
	}
	if n := figure(t, out, "threads at peak"); n != 100 {
		t.Errorf("%d threads at peak, want 100", n)
	}
}

func TestPlainGoThatDoesNotCrashIsReported(t *testing.T) {
	status, out, errOut := threadstorm(t, "-naive", "-reads", "20")
	if status != exitFailed || !strings.Contains(errOut, errNoCrash.Error()) || !strings.Contains(out, "exit status 0") {
		t.Errorf("exit status %d, standard error %q\n%s", status, errOut, out)
	}
}

// TestEveryReadIsBlockedUntilTheStormIsAtItsFull holds the last reader back and
// looks whether any other has ended.
func TestEveryReadIsBlockedUntilTheStormIsAtItsFull(t *testing.T) {
	const reads = 200
	s, err := newStorm(reads, reads)
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	s.quiet = time.Hour
	var wg sync.WaitGroup
	ended := make(chan struct{}, reads)
	start := func(i int) {
		wg.Go(func() {
			if err := s.read(i); err != nil {
				t.Error(err)
			}
			ended <- struct{}{}
		})
	}
	for i := range reads - 1 {
		start(i)
	}
	fed := make(chan error, 1)
	go func() { fed <- s.feed() }()
	for s.asked.Load() < reads-1 {
		<-time.After(time.Millisecond) // the writer takes what changed says
	}
	if n := len(ended); n != 0 {
		t.Errorf("%d reads ended while one was still to come", n)
	}
	start(reads - 1)
	wg.Wait()
	if err := <-fed; err != nil {
		t.Error(err)
	}
}

func TestStormEndsThoughFewerComeThanWereAnnounced(t *testing.T) {
	const reads, atOnce = 300, 7
	s, err := newStorm(reads, reads)
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	s.quiet = time.Millisecond
	var wg sync.WaitGroup
	for g := range atOnce {
		wg.Go(func() {
			for i := g; i < reads; i += atOnce {
				if err := s.read(i); err != nil {
					t.Error(err)
				}
			}
		})
	}
	if err := s.feed(); err != nil {
		t.Error(err)
	}
	wg.Wait()
}

func TestFaultsOfAPipeEndTheRead(t *testing.T) {
	s, err := newStorm(1, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	closePipe := func(fd *int) {
		f := os.NewFile(uintptr(*fd), "pipe")
		*fd = -1
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	closePipe(&s.pipes[0].w)
	if err := s.read(0); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a read of a pipe without a writer: %v", err)
	}
	if err := s.feed(); err == nil {
		t.Error("a write to nowhere has no error")
	}
	closePipe(&s.pipes[0].r)
	if err := s.read(0); err == nil {
		t.Error("a read from nowhere has no error")
	}
}

func TestFullOutputIsAFailure(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	_ = r.Close()
	_ = w.Close()
	var errOut bytes.Buffer
	if status := run([]string{"-reads", "5"}, w, &errOut); status != exitFailed || errOut.Len() == 0 {
		t.Errorf("exit status %d, standard error %q", status, &errOut)
	}
}

func TestHeadKeepsTheBeginning(t *testing.T) {
	var h head
	long := strings.Repeat("x", 3000) + "\n"
	for _, s := range []string{"one\n\n  two", "\nthree 3\n", long, long} {
		if n, err := io.WriteString(&h, s); n != len(s) || err != nil {
			t.Errorf("%d, %v", n, err)
		}
	}
	if h.b.Len() != 4096 {
		t.Errorf("kept %d bytes", h.b.Len())
	}
	if got := h.first(3); got != "    one\n    two\n    three 3\n" {
		t.Errorf("%q", got)
	}
	if got := h.line("three"); got != "three 3\n" || h.line("four") != "" {
		t.Errorf("%q", got)
	}
}
