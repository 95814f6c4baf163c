package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"time"
)

// faulty returns a run of the program on a file system with faults, and what it
// prints.
func faulty(t *testing.T, way []string, dir string, fault func(*filesystem)) (p *program, out, errOut *bytes.Buffer) {
	t.Helper()
	o, err := parse(append([]string{"-sums"}, append(way[:len(way):len(way)], dir)...), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	out, errOut = new(bytes.Buffer), new(bytes.Buffer)
	p = newProgram(o, out, errOut)
	fault(&p.files)
	return p, out, errOut
}

var errDisk = errors.New("input/output error")

func TestErrorInTheMiddleOfAFile(t *testing.T) {
	eachWay(t, func(t *testing.T, way []string) {
		dir := tree(t, map[string]string{"bad": "", "good": "g"})
		p, out, errOut := faulty(t, way, dir, func(f *filesystem) {
			f.open = func(name string) (io.ReadCloser, error) {
				if filepath.Base(name) != "bad" {
					return os.Open(name)
				}
				return io.NopCloser(io.MultiReader(strings.NewReader("some bytes"), iotest.ErrReader(errDisk))), nil
			}
		})
		if status := p.run(t.Context()); status != exitFailed {
			t.Errorf("exit status %d", status)
		}
		if want := wantSums(dir, map[string]string{"good": "g"}); out.String() != want {
			t.Errorf("sums %q, want %q", out, want)
		}
		if !strings.Contains(errOut.String(), "bad: input/output error\n") {
			t.Errorf("standard error %q", errOut)
		}
		checkRows(t, errOut.String(), map[string]string{"files": "1", "bytes": "11", "errors": "1"})
	})
}

func TestFileThatVanishesBeforeItIsOpened(t *testing.T) {
	eachWay(t, func(t *testing.T, way []string) {
		dir := tree(t, map[string]string{"gone": "x", "kept": "k"})
		p, out, errOut := faulty(t, way, dir, func(f *filesystem) {
			f.open = func(name string) (io.ReadCloser, error) {
				if filepath.Base(name) == "gone" {
					if err := os.Remove(name); err != nil {
						return nil, err
					}
				}
				return os.Open(name)
			}
		})
		if status := p.run(t.Context()); status != exitFailed {
			t.Errorf("exit status %d", status)
		}
		if want := wantSums(dir, map[string]string{"kept": "k"}); out.String() != want {
			t.Errorf("sums %q, want %q", out, want)
		}
		if !strings.Contains(errOut.String(), "(permission 0, vanished 1, other 0)") {
			t.Errorf("standard error %q", errOut)
		}
	})
}

func TestDirectoryThatCannotBeReadToItsEnd(t *testing.T) {
	eachWay(t, func(t *testing.T, way []string) {
		dir := tree(t, some)
		p, out, errOut := faulty(t, way, dir, func(f *filesystem) {
			f.readDir = func(name string) ([]fs.DirEntry, error) {
				entries, err := os.ReadDir(name)
				if filepath.Base(name) == "c" {
					return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
				}
				if name == dir {
					return entries[:2], errDisk
				}
				return entries, err
			}
		})
		if status := p.run(t.Context()); status != exitFailed {
			t.Errorf("exit status %d", status)
		}
		if want := wantSums(dir, map[string]string{"a/b": some["a/b"], "a.txt": some["a.txt"]}); out.String() != want {
			t.Errorf("sums %q, want %q", out, want)
		}
		if !strings.Contains(errOut.String(), "(permission 1, vanished 0, other 1)") {
			t.Errorf("standard error %q", errOut)
		}
	})
}

// hang is a file whose Read does not return until it is let go. It says so when as
// many files have been reported as are to be.
type hang struct {
	reading chan<- struct{}
	let     <-chan struct{}
	after   int64
	report  *report
}

func (h hang) Read([]byte) (int, error) {
	for h.report.hashed.Load() < h.after {
		time.Sleep(time.Millisecond)
	}
	h.reading <- struct{}{}
	<-h.let
	return 0, io.EOF
}

func (hang) Close() error { return nil }

func TestInterruptLeavesAReadThatHangs(t *testing.T) {
	dir := tree(t, map[string]string{"a": "a", "b": "b", "hangs": "", "z": "z"})
	reading, let := make(chan struct{}), make(chan struct{})
	defer close(let)
	for _, way := range []string{"futures", "one worker"} {
		t.Run(way, func(t *testing.T) {
			var p *program
			p, out, errOut := faulty(t, ways[way], dir, func(f *filesystem) {
				f.open = func(name string) (io.ReadCloser, error) {
					if filepath.Base(name) == "hangs" {
						return hang{reading, let, 2, p.report}, nil
					}
					return os.Open(name)
				}
			})
			p.grace = time.Hour // not needed: it is not the walk that hangs
			ctx, cancel := context.WithCancel(t.Context())
			go func() {
				<-reading
				cancel()
			}()
			if status := p.run(ctx); status != exitInterrupted {
				t.Errorf("exit status %d", status)
			}
			if !strings.Contains(errOut.String(), "; interrupted") {
				t.Errorf("standard error %q", errOut)
			}
			if strings.Contains(out.String(), "hangs") {
				t.Errorf("sums %q", out)
			}
			// The files before it were done, in their order.
			if a := wantSums(dir, map[string]string{"a": "a", "b": "b"}); !strings.HasPrefix(out.String(), a) {
				t.Errorf("sums %q, want %q", out, a)
			}
		})
	}
}

func TestInterruptLeavesAWalkThatHangs(t *testing.T) {
	dir := tree(t, some)
	reading, let := make(chan struct{}), make(chan struct{})
	left := make(chan struct{})
	p, _, _ := faulty(t, nil, dir, func(f *filesystem) {
		f.readDir = func(name string) ([]fs.DirEntry, error) {
			defer close(left)
			close(reading)
			<-let
			return nil, errDisk
		}
	})
	p.grace = time.Millisecond
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-reading
		cancel()
	}()
	if status := p.run(ctx); status != exitInterrupted {
		t.Errorf("exit status %d", status)
	}
	close(let)
	<-left
}

func TestFilesUnderWayAreBounded(t *testing.T) {
	const workers = 3
	names := make(map[string]string)
	for i := range 400 {
		names[string(rune('a'+i%26))+"/"+strings.Repeat("f", 1+i/26)] = "content"
	}
	dir := tree(t, names)
	var open, mostOpen, mostTaken atomic.Int64
	p, out, errOut := faulty(t, []string{"-workers", "3"}, dir, func(*filesystem) {})
	p.files.open = func(name string) (io.ReadCloser, error) {
		raise(&mostOpen, open.Add(1))
		for range 20 { // let the walk get ahead
			raise(&mostTaken, p.room.taken.Load())
			runtime.Gosched()
		}
		f, err := os.Open(name)
		return &counted{f, &open}, err
	}
	if status := p.run(t.Context()); status != exitOK || out.String() != wantSums(dir, names) {
		t.Errorf("exit status %d: %s", status, errOut)
	}
	if mostOpen.Load() > workers || mostTaken.Load() > 2*workers || open.Load() != 0 {
		t.Errorf("%d files open at a time and %d under way, %d still open", mostOpen.Load(), mostTaken.Load(), open.Load())
	}
}

// raise makes most at least n.
func raise(most *atomic.Int64, n int64) {
	for m := most.Load(); n > m && !most.CompareAndSwap(m, n); {
		m = most.Load()
	}
}

type counted struct {
	io.ReadCloser
	open *atomic.Int64
}

func (c *counted) Close() error {
	c.open.Add(-1)
	return c.ReadCloser.Close()
}

// TestFilesHeldAreBounded keeps the first file from ending until as many others
// have been read as may be held behind it, and then a little longer.
func TestFilesHeldAreBounded(t *testing.T) {
	const hold = 40
	names := map[string]string{"0-long": ""}
	for i := range 100 {
		names["f"+strings.Repeat("x", i)] = "content"
	}
	dir := tree(t, names)
	reached := make(chan struct{})
	var others atomic.Int64
	p, out, _ := faulty(t, []string{"-workers", "2"}, dir, func(f *filesystem) {
		f.open = func(name string) (io.ReadCloser, error) {
			if filepath.Base(name) == "0-long" {
				<-reached
				for range 1000 {
					runtime.Gosched()
				}
				if n := others.Load(); n != hold-1 {
					t.Errorf("%d files were read behind the one that waits, want %d", n, hold-1)
				}
			} else if others.Add(1) == hold-1 {
				close(reached)
			}
			return os.Open(name)
		}
	})
	p.holdLimit = hold
	if status := p.run(t.Context()); status != exitOK || out.String() != wantSums(dir, names) {
		t.Errorf("exit status %d", status)
	}
}

// TestLongFileDoesNotHoldUpTheOthers keeps the first file from ending until all
// others, more than may be under way at once, have been read.
func TestLongFileDoesNotHoldUpTheOthers(t *testing.T) {
	names := map[string]string{"0-long": ""}
	for i := range 100 {
		names["f"+strings.Repeat("x", i)] = "content"
	}
	dir := tree(t, names)
	var others sync.WaitGroup
	others.Add(100)
	p, out, _ := faulty(t, []string{"-workers", "2"}, dir, func(f *filesystem) {
		f.open = func(name string) (io.ReadCloser, error) {
			if filepath.Base(name) == "0-long" {
				others.Wait()
			} else {
				others.Done()
			}
			return os.Open(name)
		}
	})
	if status := p.run(t.Context()); status != exitOK || out.String() != wantSums(dir, names) {
		t.Errorf("exit status %d", status)
	}
}

func TestDigestersAreUsedAgain(t *testing.T) {
	content := strings.Repeat("x", 1<<20)
	nothing := func(int) {}
	n := testing.AllocsPerRun(20, func() {
		if _, err := hashReader(strings.NewReader(content), nothing); err != nil {
			t.Fatal(err)
		}
	})
	if n > 3 {
		t.Errorf("%v allocations for a file", n)
	}
}
