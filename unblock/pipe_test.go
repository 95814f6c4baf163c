package unblock_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"testing/iotest"

	"github.com/causeway-go/causeway/internal/leak"
	"github.com/causeway-go/causeway/threadpool"
	"github.com/causeway-go/causeway/unblock"
)

func randomBytes(n int) []byte {
	p := make([]byte, n)
	r := rand.NewChaCha8([32]byte{1})
	_, _ = r.Read(p)
	return p
}

// Row «read» of blocking's tests: 20 MB through, equal, and the reader back.
func TestReadTwentyMegabytes(t *testing.T) {
	leak.Check(t)
	want := randomBytes(20 << 20)
	for name, buffer := range map[string]int{"default": 0, "odd": 4093, "one byte": 1} {
		if buffer == 1 {
			want = want[:10000]
		}
		under := bytes.NewReader(want)
		r := unblock.NewReader(under, unblock.Options{Buffer: buffer})
		got, err := io.ReadAll(r)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: %d bytes: %v", name, len(got), err)
		}
		if u, rest, err := r.Unwrap(background); u != under || len(rest) != 0 || err != nil {
			t.Errorf("%s: Unwrap: %v, %q, %v", name, u, rest, err)
		}
	}
}

func TestReaderAgainstAwkwardReaders(t *testing.T) {
	leak.Check(t)
	want := bytes.Repeat([]byte("0123456789"), 25)
	for name, wrap := range map[string]func(io.Reader) io.Reader{
		"one byte": iotest.OneByteReader, "half": iotest.HalfReader, "data with error": iotest.DataErrReader,
	} {
		r := unblock.NewReader(wrap(bytes.NewReader(want)), unblock.Options{Buffer: 16})
		if err := iotest.TestReader(struct{ io.Reader }{r}, want); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	r := unblock.NewReader(iotest.ErrReader(errBoom), unblock.Options{})
	for range 2 {
		if _, err := r.Read(make([]byte, 1)); err != errBoom {
			t.Error(err)
		}
	}
	for name, n := range map[string]int{"negative": -1, "too many": 1 << 20} {
		r := unblock.NewReader(readFunc(func([]byte) (int, error) { return n, nil }), unblock.Options{})
		if _, err := r.Read(make([]byte, 1)); err == nil {
			t.Errorf("%s bytes: no error", name)
		}
	}
	r = unblock.NewReader(readFunc(func([]byte) (int, error) { return 0, nil }), unblock.Options{})
	if _, err := r.Read(make([]byte, 1)); err != io.ErrNoProgress {
		t.Error(err)
	}
}

type readFunc func([]byte) (int, error)

func (f readFunc) Read(p []byte) (int, error) { return f(p) }

type writeFunc func([]byte) (int, error)

func (f writeFunc) Write(p []byte) (int, error) { return f(p) }

func TestAReadThatIsGivenUpLosesNothing(t *testing.T) {
	leak.Check(t)
	pr, pw, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer pw.Close()
	r := unblock.NewReader(pr, unblock.Options{})
	ctx, cancel := context.WithCancel(background)
	cancelled := make(chan error)
	go func() {
		_, err := r.ReadContext(ctx, make([]byte, 1))
		cancelled <- err
	}()
	runtime.Gosched()
	cancel()
	if err := <-cancelled; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if _, err := pw.WriteString("abc"); err != nil {
		t.Fatal(err)
	}
	p := make([]byte, 3)
	if _, err := io.ReadFull(r, p); err != nil || string(p) != "abc" {
		t.Errorf("%q: %v", p, err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	if _, err := r.Read(p); !errors.Is(err, os.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
	if err := r.Close(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("second Close: %v", err)
	}
}

func TestCloseEndsAReadThatHangs(t *testing.T) {
	leak.Check(t)
	pr, pw, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer pw.Close()
	p := newPool(t, threadpool.Options{Limit: 1})
	r := unblock.NewReader(pr, unblock.Options{Pool: p})
	result := make(chan error)
	go func() { _, err := r.Read(make([]byte, 1)); result <- err }()
	eventually(t, "reading", func() bool { return p.Stats().Running == 1 })
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	if err := <-result; !errors.Is(err, os.ErrClosed) {
		t.Error(err)
	}
}

func TestUnwrapReturnsWhatWasReadAhead(t *testing.T) {
	leak.Check(t)
	under := bytes.NewReader([]byte("0123456789"))
	r := unblock.NewReader(under, unblock.Options{Buffer: 4})
	p := make([]byte, 1)
	if _, err := r.Read(p); err != nil {
		t.Fatal(err)
	}
	u, rest, err := r.Unwrap(background)
	if err != nil {
		t.Fatal(err)
	}
	tail, _ := io.ReadAll(u)
	if got := string(p) + string(rest) + string(tail); got != "0123456789" {
		t.Errorf("%q", got)
	}
	if _, _, err := r.Unwrap(background); !errors.Is(err, os.ErrClosed) {
		t.Error(err)
	}
}

func TestAReaderThatNobodyReadsHoldsNoSlot(t *testing.T) {
	leak.Check(t)
	p := newPool(t, threadpool.Options{Limit: 1})
	r := unblock.NewReader(bytes.NewReader(randomBytes(1<<20)), unblock.Options{Pool: p, Buffer: 100})
	it := unblock.Seq(count(1000), unblock.Options{Pool: p, Buffer: 3})
	if _, err := r.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	if _, err := it.Next(background); err != nil {
		t.Fatal(err)
	}
	eventually(t, "both at rest", func() bool { return p.Stats().Running == 0 })
	if err := it.Close(background); err != nil {
		t.Error(err)
	}
}

// Row «write»: into_inner flushes, content equal.
func TestWriteTwentyMegabytes(t *testing.T) {
	leak.Check(t)
	want := randomBytes(20 << 20)
	for name, buffer := range map[string]int{"default": 0, "odd": 4093} {
		var under bytes.Buffer
		w := unblock.NewWriter(&under, unblock.Options{Buffer: buffer})
		if n, err := w.Write(want); n != len(want) || err != nil {
			t.Fatal(name, n, err)
		}
		if u, err := w.Unwrap(background); u != &under || err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if !bytes.Equal(under.Bytes(), want) {
			t.Errorf("%s: other bytes", name)
		}
		if _, err := w.Write(want); !errors.Is(err, os.ErrClosed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWriteErrorsComeLateAndStay(t *testing.T) {
	leak.Check(t)
	w := unblock.NewWriter(writeFunc(func([]byte) (int, error) { return 0, errBoom }), unblock.Options{})
	if _, err := w.Write([]byte("x")); err != nil {
		t.Error("a write into the buffer:", err)
	}
	for range 2 {
		if err := w.Flush(background); err != errBoom {
			t.Error(err)
		}
		if _, err := w.Write([]byte("x")); err != errBoom {
			t.Error(err)
		}
	}
	if err := w.Close(); !errors.Is(err, errBoom) {
		t.Error(err)
	}
	w = unblock.NewWriter(writeFunc(func(p []byte) (int, error) { return len(p) - 1, nil }), unblock.Options{})
	_, _ = w.Write([]byte("xy"))
	if err := w.Flush(background); err != io.ErrShortWrite {
		t.Error(err)
	}
}

func TestFlushFlushesBelow(t *testing.T) {
	leak.Check(t)
	var under bytes.Buffer
	w := unblock.NewWriter(bufio.NewWriter(&under), unblock.Options{})
	if _, err := io.WriteString(w, "hello"); err != nil {
		t.Fatal(err)
	}
	if err := w.Flush(background); err != nil || under.String() != "hello" {
		t.Errorf("%q: %v", under.String(), err)
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}
}

func TestAWriteThatIsGivenUpTellsHowFarItCame(t *testing.T) {
	leak.Check(t)
	gate := make(chan struct{})
	var got []byte
	w := unblock.NewWriter(writeFunc(func(p []byte) (int, error) { <-gate; got = append(got, p...); return len(p), nil }), unblock.Options{Buffer: 4})
	ctx, cancel := context.WithCancel(background)
	go cancel()
	n, err := w.WriteContext(ctx, []byte("0123456789"))
	if !errors.Is(err, context.Canceled) || n > 4 {
		t.Errorf("%d: %v", n, err)
	}
	close(gate)
	if err := w.Close(); err != nil || string(got) != "0123456789"[:n] {
		t.Errorf("%d bytes accepted, %q written: %v", n, got, err)
	}
}

// Row «seek»: Current(7) is 7, Current(8) is 15, then byte 15.
func TestSeekCountsFromWhatHasBeenReturned(t *testing.T) {
	leak.Check(t)
	r := unblock.NewReader(bytes.NewReader([]byte("0123456789abcdefghij")), unblock.Options{})
	for _, step := range []struct {
		offset int64
		whence int
		at     int64
		next   string
	}{{7, io.SeekCurrent, 7, ""}, {8, io.SeekCurrent, 15, "f"}, {0, io.SeekCurrent, 16, "gh"}, {-2, io.SeekEnd, 18, "ij"}, {3, io.SeekStart, 3, "3"}} {
		at, err := r.Seek(step.offset, step.whence)
		p := make([]byte, len(step.next))
		_, _ = io.ReadFull(r, p)
		if at != step.at || err != nil || string(p) != step.next {
			t.Errorf("%+v: at %d, read %q: %v", step, at, p, err)
		}
	}
	if _, err := r.Seek(-100, io.SeekStart); err == nil {
		t.Error("a bad seek must fail")
	}
	if _, err := unblock.NewReader(readFunc(nil), unblock.Options{}).Seek(0, 0); !errors.Is(err, errors.ErrUnsupported) {
		t.Error(err)
	}
	if _, err := unblock.NewWriter(writeFunc(nil), unblock.Options{}).Seek(0, 0); !errors.Is(err, errors.ErrUnsupported) {
		t.Error(err)
	}
}

// A File must do what the file below would have done.
func TestFileAgainstTheFileItself(t *testing.T) {
	leak.Check(t)
	dir := t.TempDir()
	open := func(name string) *os.File {
		f, err := os.Create(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	plain, under := open("plain"), open("ours")
	ours := unblock.NewFile(under, unblock.Options{Buffer: 16})
	r := rand.New(rand.NewPCG(1, 2))
	for step := range 500 {
		p, q := make([]byte, r.IntN(40)), make([]byte, 40)
		switch r.IntN(3) {
		case 0:
			_, _ = r.Uint64(), copy(p, randomBytes(len(p)))
			n1, err1 := plain.Write(p)
			n2, err2 := ours.Write(p)
			if n1 != n2 || (err1 == nil) != (err2 == nil) {
				t.Fatalf("step %d: write %d, %v and %d, %v", step, n1, err1, n2, err2)
			}
		case 1:
			q = q[:len(p)]
			n1, err1 := io.ReadFull(plain, p)
			n2, err2 := io.ReadFull(ours, q)
			if n1 != n2 || err1 != err2 || !bytes.Equal(p[:n1], q[:n2]) {
				t.Fatalf("step %d: read %d, %v and %d, %v", step, n1, err1, n2, err2)
			}
		case 2:
			off, whence := int64(r.IntN(100)), r.IntN(3)
			at1, err1 := plain.Seek(off, whence)
			at2, err2 := ours.Seek(off, whence)
			if at1 != at2 || (err1 == nil) != (err2 == nil) {
				t.Fatalf("step %d: seek %d, %v and %d, %v", step, at1, err1, at2, err2)
			}
		}
	}
	if err := ours.Flush(background); err != nil {
		t.Fatal(err)
	}
	at1, _ := plain.Seek(0, io.SeekCurrent)
	u, err := ours.Unwrap(background)
	if err != nil {
		t.Fatal(err)
	}
	if at2, _ := u.Seek(0, io.SeekCurrent); at1 != at2 {
		t.Errorf("cursors at %d and %d", at1, at2)
	}
	a, _ := os.ReadFile(plain.Name())
	b, _ := os.ReadFile(under.Name())
	if !bytes.Equal(a, b) {
		t.Errorf("%d and %d bytes, not equal", len(a), len(b))
	}
	plain.Close()
	under.Close()
}
