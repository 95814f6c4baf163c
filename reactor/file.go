package reactor

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"sync"

	"github.com/causeway-go/causeway/internal/uring"
	"github.com/causeway-go/causeway/pollster"
)

// A File is an open file whose reads and writes are futures, and which is also an
// io.ReaderAt, io.WriterAt, io.ReadWriteSeeker and fs.File. Methods that end in
// Future return a future that begins when it is first polled. The others do the
// same and wait for it: on a goroutine they block it, in a task they suspend the
// task. All methods may be called from any goroutine at the same time; those that
// use the position of the file, as Read, Write and Seek do, share it.
//
// # Buffers
//
// The kernel reads and writes the buffer itself. From the first Poll of a future
// until its end the buffer belongs to it. If the future is cancelled, the buffer
// may still be used for a moment: do not use it again before the File is closed.
type File struct {
	files *Files
	f     *os.File
	fd    int // -1 without a ring

	appends bool // O_APPEND
	aligned bool // O_DIRECT

	mu      sync.Mutex
	closing bool
	ops     *fileOp // those on the ring
	closed  pollster.Promise[struct{}]
	closer  closeJob
}

// NewFile returns a File for f, which may be a regular file or a pipe and which the
// File owns from now on. Only the File may close it. It does not block.
func (s *Files) NewFile(f *os.File) *File { return s.newFile(f, 0) }

func (s *Files) newFile(f *os.File, flag int) *File {
	x := &File{files: s, f: f, fd: -1, appends: flag&os.O_APPEND != 0, aligned: flag&directFlag != 0}
	if len(s.rings) > 0 {
		// Fd also takes a pipe out of Go's poller, so that the ring can wait for
		// it.
		x.fd = int(f.Fd())
	}
	return x
}

// Name returns the name that the file was opened with.
func (f *File) Name() string { return f.f.Name() }

// errAppend is what WriteAt returns for a file that is written at its end only.
var errAppend = errors.New("reactor: WriteAt on a file opened with O_APPEND")

// ReadAtFuture returns a future that reads len(p) bytes at off. It ends with the
// number of bytes read, and with io.EOF if there are fewer. A short read of the
// kernel is gone on with.
func (f *File) ReadAtFuture(p []byte, off int64) pollster.Future[int] {
	if off < 0 {
		return pollster.Failed[int](f.error("readat", errors.New("negative offset")))
	}
	return f.newOp(opReadAt, p, off)
}

// WriteAtFuture returns a future that writes p at off, all of it unless it fails.
func (f *File) WriteAtFuture(p []byte, off int64) pollster.Future[int] {
	switch {
	case off < 0:
		return pollster.Failed[int](f.error("writeat", errors.New("negative offset")))
	case f.appends:
		return pollster.Failed[int](errAppend)
	}
	return f.newOp(opWriteAt, p, off)
}

// ReadFuture returns a future that reads up to len(p) bytes at the position of the
// file, which may be a pipe. It ends with io.EOF at the end.
func (f *File) ReadFuture(p []byte) pollster.Future[int] { return f.newOp(opRead, p, 0) }

// WriteFuture returns a future that writes p at the position of the file, which may
// be a pipe, all of it unless it fails.
func (f *File) WriteFuture(p []byte) pollster.Future[int] { return f.newOp(opWrite, p, 0) }

// FsyncFuture returns a future that ends when what was written is on the disk.
func (f *File) FsyncFuture() pollster.Future[struct{}] { return &syncOp{f.newOp(opFsync, nil, 0)} }

// StatFuture returns a future of the File's fs.FileInfo. It is asked for in the
// blocking pool.
func (f *File) StatFuture() pollster.Future[fs.FileInfo] {
	return &poolOp[fs.FileInfo]{pool: f.files.pool, call: func() (fs.FileInfo, error) {
		f.files.calls.Add(1)
		return f.f.Stat()
	}}
}

// CloseFuture returns a future that closes the file; see Close. If it is cancelled
// after its first Poll the file is closed nevertheless.
func (f *File) CloseFuture() pollster.Future[struct{}] { return &closeOp{f: f} }

// ReadAt implements io.ReaderAt.
func (f *File) ReadAt(p []byte, off int64) (int, error) { return wait(f.ReadAtFuture(p, off)) }

// WriteAt implements io.WriterAt.
func (f *File) WriteAt(p []byte, off int64) (int, error) { return wait(f.WriteAtFuture(p, off)) }

// Read implements io.Reader.
func (f *File) Read(p []byte) (int, error) { return wait(f.ReadFuture(p)) }

// Write implements io.Writer.
func (f *File) Write(p []byte) (int, error) { return wait(f.WriteFuture(p)) }

// Seek implements io.Seeker. It does not block.
func (f *File) Seek(offset int64, whence int) (int64, error) { return f.f.Seek(offset, whence) }

// Fsync waits until what was written is on the disk.
func (f *File) Fsync() error {
	_, err := pollster.BlockOn(context.Background(), f.FsyncFuture())
	return err
}

// Stat implements fs.File.
func (f *File) Stat() (fs.FileInfo, error) {
	return pollster.BlockOn(context.Background(), f.StatFuture())
}

// Close ends the requests that are under way with os.ErrClosed, waits until the
// kernel has let go of their buffers, and closes the file. The second Close
// returns os.ErrClosed.
func (f *File) Close() error {
	_, err := pollster.BlockOn(context.Background(), f.CloseFuture())
	return err
}

// wait waits for the future of a read or write. A result may come with an error.
func wait(f pollster.Future[int]) (int, error) {
	return pollster.BlockOn(context.Background(), f)
}

// error shapes err as package os does.
func (f *File) error(op string, err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	return &fs.PathError{Op: op, Path: f.f.Name(), Err: err}
}

// add notes an operation on the ring, or refuses it.
func (f *File) add(o *fileOp) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closing {
		return false
	}
	if o.next = f.ops; o.next != nil {
		o.next.prev = o
	}
	f.ops = o
	return true
}

func (f *File) isClosing() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.closing
}

// remove takes it out when the kernel has let go of it.
func (f *File) remove(o *fileOp) {
	f.mu.Lock()
	if o.prev != nil {
		o.prev.next = o.next
	} else {
		f.ops = o.next
	}
	if o.next != nil {
		o.next.prev = o.prev
	}
	o.next, o.prev = nil, nil
	last := f.closing && f.ops == nil
	f.mu.Unlock()
	if last {
		f.closer.start(f)
	}
}

// beginClose refuses new requests and stops those that are under way.
func (f *File) beginClose() error {
	f.mu.Lock()
	if f.closing {
		f.mu.Unlock()
		return f.error("close", os.ErrClosed)
	}
	f.closing = true
	var ops []*fileOp
	for o := f.ops; o != nil; o = o.next {
		ops = append(ops, o)
	}
	f.mu.Unlock()
	if len(ops) == 0 {
		f.closer.start(f)
	}
	for _, o := range ops {
		o.ring.stop(os.ErrClosed)
	}
	return nil
}

// offset is where a request reads or writes.
func offset(kind opKind, off int64) uint64 {
	if kind == opRead || kind == opWrite {
		return uring.CurrentPosition
	}
	return uint64(off)
}
