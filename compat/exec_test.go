package compat_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/causeway-go/causeway/compat"
	"github.com/causeway-go/causeway/internal/leak"
	"github.com/causeway-go/causeway/pollster"
)

// family returns a command whose child says hi and ends at once, and leaves a
// grandchild that holds its standard output until end is called.
func family(t *testing.T, ctx context.Context) (cmd *exec.Cmd, end func()) {
	t.Helper()
	needs(t, "sh", "cat")
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	end = sync.OnceFunc(func() { r.Close(); w.Close() })
	t.Cleanup(end)
	cmd = exec.CommandContext(ctx, "sh", "-c", "cat <&3 & echo hi")
	cmd.ExtraFiles = []*os.File{r}
	return cmd, end
}

// patience is for how long something that hangs is watched.
const patience = 200 * time.Millisecond

// Plain Go, golang/go#23019: the context ends, the child has ended long before,
// and Wait does not return.
func TestPlainExecHangsOnAGrandchildAndOursDoesNot(t *testing.T) {
	leak.Check(t, leak.Options{Threads: -1})
	t.Run("plain", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cmd, end := family(t, ctx)
		cmd.Stdout = &onWrite{do: cancel}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1)
		go func() { done <- cmd.Wait() }()
		<-ctx.Done()
		select {
		case err := <-done:
			t.Fatalf("plain Wait has returned (%v): then nobody needs Start", err)
		case <-time.After(patience):
		}
		end()
		<-done
	})
	t.Run("ours", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cmd, _ := family(t, context.Background())
		out := &onWrite{do: cancel}
		cmd.Stdout = out
		c, err := compat.Start(cmd)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Wait(ctx); !errors.Is(err, context.Canceled) {
			t.Fatalf("Wait: %v", err)
		}
		if out.String() != "hi\n" { // a race, if anything still wrote
			t.Fatalf("output %q", out.String())
		}
	})
}

// onWrite is a buffer that calls do when it has been written to.
type onWrite struct {
	text []byte
	do   func()
}

func (w *onWrite) Write(b []byte) (int, error) {
	defer w.do()
	w.text = append(w.text, b...)
	return len(b), nil
}

func (w *onWrite) String() string { return string(w.text) }

func TestChildWaitsForTheOutputOfAGrandchild(t *testing.T) {
	leak.Check(t, leak.Options{Threads: -1})
	needs(t, "sh")
	cmd := exec.Command("sh", "-c", "(sleep 0.05; echo late) & echo early")
	var out strings.Builder
	cmd.Stdout = &out
	c, err := compat.Start(cmd)
	if err != nil {
		t.Fatal(err)
	}
	state, err := c.Wait(t.Context())
	if err != nil || !state.Success() || out.String() != "early\nlate\n" {
		t.Fatal(state, err, out.String())
	}
}

func TestChildHonoursWaitDelay(t *testing.T) {
	leak.Check(t, leak.Options{Threads: -1})
	cmd, _ := family(t, context.Background())
	cmd.Stdout = new(bytes.Buffer)
	cmd.WaitDelay = 10 * time.Millisecond
	c, err := compat.Start(cmd)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Wait(t.Context()); !errors.Is(err, exec.ErrWaitDelay) {
		t.Fatal(err)
	}
}

// What Start changes in the command, Run of os/exec does alike.
func TestChildDoesWhatRunDoes(t *testing.T) {
	needs(t, "sh", "cat", "true")
	for _, c := range []struct {
		name   string
		script string
		stdin  string
		both   bool // one writer for standard output and error
		status int
	}{
		{"nothing", "true", "", false, 0},
		{"output", "echo out; echo err >&2", "", false, 0},
		{"one writer", "echo out; echo err >&2", "", true, 0},
		{"input", "cat", strings.Repeat("line\n", 50_000), false, 0},
		{"input that is not read", "true", strings.Repeat("line\n", 50_000), false, 0},
		{"status", "echo bad >&2; exit 3", "", false, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			leak.Check(t, leak.Options{Threads: -1})
			run := func(how func(*exec.Cmd) error) (string, string, error) {
				var out, err strings.Builder
				cmd := exec.Command("sh", "-c", c.script)
				cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(c.stdin), &out, &err
				if c.both {
					cmd.Stderr = &out
				}
				e := how(cmd)
				if cmd.Stdout != &out {
					t.Error("cmd.Stdout has changed")
				}
				return out.String(), err.String(), e
			}
			out, stderr, err := run((*exec.Cmd).Run)
			out2, stderr2, err2 := run(func(cmd *exec.Cmd) error {
				c, err := compat.Start(cmd)
				if err != nil {
					return err
				}
				_, err = c.Wait(t.Context())
				return err
			})
			if out != out2 || stderr != stderr2 {
				t.Errorf("plain %q, %q; ours %q, %q", out, stderr, out2, stderr2)
			}
			var exit *exec.ExitError
			if (err == nil) != (err2 == nil) || err2 != nil && (!errors.As(err2, &exit) || exit.ExitCode() != c.status) {
				t.Errorf("plain %v; ours %v", err, err2)
			}
		})
	}
}

func TestStartFailsAsTheCommandDoesAndLeavesNothing(t *testing.T) {
	leak.Check(t)
	cmd := exec.Command("a-command-that-nobody-has")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader("x"), io.Discard, new(bytes.Buffer)
	if c, err := compat.Start(cmd); !errors.Is(err, exec.ErrNotFound) || c != nil {
		t.Fatal(c, err)
	}
}

func TestChildReportsAWriterThatFails(t *testing.T) {
	leak.Check(t, leak.Options{Threads: -1})
	needs(t, "sh")
	cmd := exec.Command("sh", "-c", "echo hi")
	r, w := io.Pipe()
	r.CloseWithError(errTest)
	cmd.Stdout = w
	c, err := compat.Start(cmd)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Wait(t.Context()); !errors.Is(err, errTest) {
		t.Fatal(err)
	}
}

func TestChildIsLeftThoughAWriteHangs(t *testing.T) {
	leak.Check(t, leak.Options{Threads: -1})
	needs(t, "sh")
	cmd := exec.Command("sh", "-c", "echo hi; sleep 60")
	r, w := io.Pipe() // nobody reads
	cmd.Stdout = w
	c, err := compat.Start(cmd)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := c.Wait(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatal(err)
	}
	r.Close()
}

func TestChildIsLeftThoughItsInputHangs(t *testing.T) {
	leak.Check(t, leak.Options{Threads: -1})
	needs(t, "cat", "true")
	for _, name := range []string{"cat", "true"} {
		r, w := io.Pipe() // nobody writes
		cmd := exec.Command(name)
		cmd.Stdin = r
		c, err := compat.Start(cmd)
		if err != nil {
			t.Fatal(err)
		}
		limit := patience
		if name == "true" { // which ends, however long that takes
			limit = time.Minute
		}
		ctx, cancel := context.WithTimeout(t.Context(), limit)
		_, err = c.Wait(ctx)
		cancel()
		if name == "cat" && !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
		if name == "true" && err != nil { // where plain Wait would hang for the input
			t.Fatal(err)
		}
		w.Close()
	}
}

func TestChildCanBeCancelledAtAnyTime(t *testing.T) {
	leak.Check(t, leak.Options{Threads: -1})
	needs(t, "cat")
	for i := range 20 {
		cmd := exec.Command("cat")
		in, feed := io.Pipe()
		cmd.Stdin, cmd.Stdout = in, new(bytes.Buffer)
		c, err := compat.Start(cmd)
		if err != nil {
			t.Fatal(err)
		}
		go io.WriteString(feed, "hello")
		for range i % 3 {
			c.Poll(nil)
		}
		if i%4 == 0 {
			feed.Close()
			c.Wait(t.Context())
		}
		c.Cancel()
		c.Cancel()
		if _, err := c.Wait(t.Context()); i%4 != 0 && !errors.Is(err, pollster.ErrCanceled) {
			t.Fatal(err)
		}
		feed.Close()
	}
}

func TestChildPrefersTheCancelOfTheCommand(t *testing.T) {
	leak.Check(t, leak.Options{Threads: -1})
	needs(t, "cat")
	in, feed := io.Pipe()
	cmd := exec.CommandContext(t.Context(), "cat")
	called := 0
	cmd.Cancel = func() error { called++; return feed.Close() }
	cmd.Stdin = in
	c, err := compat.Start(cmd)
	if err != nil {
		t.Fatal(err)
	}
	c.Cancel()
	c.Wait(t.Context())
	c.Cancel()
	if called != 1 {
		t.Fatalf("cmd.Cancel was called %d times: later the process is gone, or another", called)
	}
}

// A loose writer cannot be compared, which only its content tells.
type loose struct {
	mark any
	io.Writer
}

func TestStartTakesWritersThatCannotBeCompared(t *testing.T) {
	leak.Check(t, leak.Options{Threads: -1})
	needs(t, "sh")
	var out, stderr bytes.Buffer
	cmd := exec.Command("sh", "-c", "echo out; echo err >&2")
	cmd.Stdout, cmd.Stderr = loose{[]int{1}, &out}, loose{[]int{1}, &stderr}
	c, err := compat.Start(cmd)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Wait(t.Context()); err != nil || out.String() != "out\n" || stderr.String() != "err\n" {
		t.Fatal(err, out.String(), stderr.String())
	}
}
