package unblock_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"iter"
	"os"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/fstest"

	"github.com/causeway-go/causeway/internal/leak"
	"github.com/causeway-go/causeway/pollster/futuretest"
	"github.com/causeway-go/causeway/threadpool"
	"github.com/causeway-go/causeway/unblock"
)

func count(n int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for i := range n {
			if !yield(i) {
				return
			}
		}
	}
}

// Row «chan»: 100,000 in order, then the end.
func TestSeqInOrder(t *testing.T) {
	leak.Check(t)
	it := unblock.Seq(count(100_000), unblock.Options{})
	for i := range 100_000 {
		if v, err := it.Next(background); v != i || err != nil {
			t.Fatalf("%d: %d, %v", i, v, err)
		}
	}
	for range 2 {
		if _, err := it.Next(background); err != io.EOF {
			t.Error(err)
		}
	}
}

func TestSeqConforms(t *testing.T) {
	p := newPool(t, threadpool.Options{})
	futuretest.TestStream(t, func() futuretest.StreamSubject[int] {
		return futuretest.StreamSubject[int]{
			Stream: unblock.Seq(count(5), unblock.Options{Pool: p}),
			Values: 5,
			Check: func(i, v int) error {
				if i != v {
					return errors.New("wrong value")
				}
				return nil
			},
		}
	})
}

func TestClosingAnIterEndsTheIterator(t *testing.T) {
	leak.Check(t)
	for _, read := range []int{0, 1, 3, 10} {
		cleaned := false
		it := unblock.Seq(func(yield func(int) bool) {
			defer func() { cleaned = true }()
			count(10)(yield)
		}, unblock.Options{Buffer: 2})
		for range read {
			if _, err := it.Next(background); err != nil {
				t.Error(err)
			}
		}
		if err := it.Close(background); err != nil {
			t.Error(err)
		}
		if read > 0 && !cleaned {
			t.Errorf("after %d values: deferred calls of the iterator have not run", read)
		}
		if _, err := it.Next(background); !errors.Is(err, os.ErrClosed) && err != io.EOF {
			t.Error(err)
		}
		it.Cancel()
	}
}

// cleaning is an iterator of ones that counts how often it begins and ends.
type cleaning struct {
	begun, ended atomic.Int32
	during       func() // if not nil, called before each value
}

func (c *cleaning) values(yield func(int) bool) {
	c.begun.Add(1)
	defer c.ended.Add(1)
	for {
		if c.during != nil {
			c.during()
		}
		if !yield(1) {
			return
		}
	}
}

// TestAnIterThatIsCanceledAsItFillsUpEndsTheIterator cancels about when a job finds
// the buffer full and ends.
func TestAnIterThatIsCanceledAsItFillsUpEndsTheIterator(t *testing.T) {
	leak.Check(t)
	p := newPool(t, threadpool.Options{Limit: 2})
	var c cleaning
	rounds := 20000
	if testing.Short() {
		rounds = 5000
	}
	for range rounds {
		it := unblock.Seq(c.values, unblock.Options{Pool: p, Buffer: 1})
		if _, err := it.Next(background); err != nil {
			t.Fatal(err)
		}
		it.Cancel()
	}
	eventually(t, "the end of all iterators", func() bool { return c.ended.Load() == c.begun.Load() })
}

func TestAnIterIsCanceledWhereThePoolTakesNoJobs(t *testing.T) {
	leak.Check(t)
	p := newPool(t, threadpool.Options{})
	var c cleaning
	it := unblock.Seq(c.values, unblock.Options{Pool: p, Buffer: 1})
	if _, err := it.Next(background); err != nil {
		t.Fatal(err)
	}
	if err := p.Shutdown(background); err != nil {
		t.Fatal(err)
	}
	it.Cancel()
	eventually(t, "the end of the iterator", func() bool { return c.ended.Load() == 1 })
}

// TestAnIterEndsThoughNobodyWaitsForItsClosing leaves Close while the iterator is in
// a call that does not return.
func TestAnIterEndsThoughNobodyWaitsForItsClosing(t *testing.T) {
	leak.Check(t)
	inside, gate := make(chan struct{}, 1), make(chan struct{})
	c := cleaning{during: func() {
		select {
		case inside <- struct{}{}:
		default:
		}
		<-gate
	}}
	it := unblock.Seq(c.values, unblock.Options{Buffer: 2})
	next := make(chan error)
	ctx, leave := context.WithCancel(background)
	go func() {
		_, err := it.Next(ctx)
		next <- err
	}()
	<-inside
	leave()
	if err := <-next; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if err := it.Close(ctx); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	close(gate)
	eventually(t, "the end of the iterator", func() bool { return c.ended.Load() == 1 })
	if _, err := it.Next(background); !errors.Is(err, os.ErrClosed) && err != io.EOF {
		t.Error(err)
	}
}

func TestSeqErrorsAndPanics(t *testing.T) {
	leak.Check(t)
	it := unblock.Seq2(func(yield func(int, error) bool) {
		_ = yield(1, nil) && yield(0, errBoom) && yield(2, nil)
	}, unblock.Options{})
	if v, err := it.Next(background); v != 1 || err != nil {
		t.Error(v, err)
	}
	if _, err := it.Next(background); err != errBoom {
		t.Error(err)
	}
	if _, err := it.Next(background); err != io.EOF {
		t.Error(err)
	}

	// Row «panic_with_mut», but with what was thrown, and for reads too.
	for name, f := range map[string]func(){
		"seq": func() {
			_, _ = unblock.Seq(func(func(int) bool) { panic(errBoom) }, unblock.Options{}).Next(background)
		},
		"read": func() { _, _ = unblock.NewReader(readFunc(nil2), unblock.Options{}).Read(make([]byte, 1)) },
		"write": func() {
			w := unblock.NewWriter(writeFunc(nil2), unblock.Options{})
			_, _ = w.Write([]byte{1})
			_ = w.Flush(background)
		},
	} {
		func() {
			defer func() {
				if e, ok := recover().(*threadpool.PanicError); !ok || !errors.Is(e, errBoom) {
					t.Errorf("%s: %v", name, e)
				}
			}()
			f()
			t.Errorf("%s: no panic", name)
		}()
	}
	r := unblock.NewReader(readFunc(func([]byte) (int, error) { runtime.Goexit(); return 0, nil }), unblock.Options{})
	if _, err := r.Read(make([]byte, 1)); !errors.Is(err, threadpool.ErrGoexit) {
		t.Error(err)
	}
}

func nil2([]byte) (int, error) { panic(errBoom) }

func TestAClosedPoolIsAnErrorNotAHang(t *testing.T) {
	leak.Check(t)
	p := newPool(t, threadpool.Options{})
	_ = p.Close()
	o := unblock.Options{Pool: p}
	if _, err := unblock.NewReader(bytes.NewReader([]byte("x")), o).Read(make([]byte, 1)); !errors.Is(err, threadpool.ErrClosed) {
		t.Error(err)
	}
	if _, err := unblock.NewWriter(io.Discard, o).Write([]byte("x")); !errors.Is(err, threadpool.ErrClosed) {
		t.Error(err)
	}
	if _, err := unblock.Seq(count(1), o).Next(background); !errors.Is(err, threadpool.ErrClosed) {
		t.Error(err)
	}
	if _, err := unblock.FS(background, fstest.MapFS{}, o).Open("."); !errors.Is(err, threadpool.ErrClosed) {
		t.Error(err)
	}
}

func TestFSIsAFileSystem(t *testing.T) {
	leak.Check(t)
	files := fstest.MapFS{"a/b": {Data: []byte("x")}, "c": {Data: []byte("yy")}}
	for _, ctx := range []context.Context{background, cancelable(t)} {
		if err := fstest.TestFS(unblock.FS(ctx, files, unblock.Options{}), "a/b", "c"); err != nil {
			t.Error(err)
		}
	}
}

// hungFS is a network file system whose server has gone.
type hungFS struct {
	fs.FS
	gate chan struct{}
}

func (h hungFS) Open(name string) (fs.File, error) {
	if name != "." {
		<-h.gate
	}
	return h.FS.Open(name)
}

func TestWalkingAHungFileSystemCanBeLeft(t *testing.T) {
	leak.Check(t)
	p := newPool(t, threadpool.Options{})
	gate := make(chan struct{})
	ctx, cancel := context.WithCancel(background)
	fsys := unblock.FS(ctx, hungFS{fstest.MapFS{"a/b": {}, "c": {}}, gate}, unblock.Options{Pool: p})
	go func() {
		eventually(t, "hanging", func() bool { return p.Stats().Running == 1 })
		cancel()
	}()
	err := fs.WalkDir(fsys, ".", func(_ string, _ fs.DirEntry, err error) error { return err })
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	close(gate)
}
