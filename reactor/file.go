package reactor

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"sync"

	"github.com/causeway-go/causeway/pollster"
)

// A File is an open file whose reads and writes are futures, and which is also an
// io.ReaderAt, io.WriterAt, io.ReadWriteSeeker and fs.File. Methods that end in
// Future return a future that begins when it is first polled. The others do the
// same and wait for it: on a goroutine they block it, in a task they suspend the
// task. All methods may be called from any goroutine at the same time; those that
// use the position of the file, as Read, Write and Seek do, share it: a ring does
// not lock it, so they are made in the pool.
//
// # What is in the page cache
//
// A regular file is first asked for what the kernel has in memory: the first Poll
// of a read copies that, and has ended. Nobody is woken, and neither the ring nor
// a thread takes part. What is not there goes to the ring, or to the pool, from the
// first missing byte on. It means that
//
//   - a Poll takes as long as it takes to copy, which is up to 128 KiB. A longer
//     ReadAt copies as much with each Poll, a longer Read goes to the ring. A
//     goroutine that is no task has nobody to be polite to, and copies it whole;
//   - a task that reads in a loop would never suspend. So of each MiB or so one
//     read is not ready at once but wakes its task and is ready with the next
//     Poll, which lets others run in between;
//   - of many reads that have been made before the first is polled, as Join is
//     given them, some are left to the ring or the pool, which copy beside the one
//     who polls;
//   - after tries in vain the next reads of the File do without, up to 63.
//
// Linux can be asked like that, on most of its file systems. Files with O_DIRECT
// are not, nor is what is no regular file.
//
// # Buffers
//
// The kernel reads and writes the buffer itself. From the first Poll of a future
// until its end the buffer belongs to it. If the future is cancelled, the buffer
// may still be used for a moment: do not use it again before the File is closed.
type File struct {
	files *Files
	f     *os.File
	fd    int // -1 if nobody but package os uses it

	appends bool // O_APPEND
	aligned bool // O_DIRECT
	cache   cacheState
	locks   bool // a regular file: blocking calls lock its position, and a ring does not

	life   fileLife
	mu     sync.Mutex
	ops    *fileOp // those on the ring
	closed pollster.Promise[struct{}]
	closer closeJob
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
	if s.readNow != nil || len(s.rings) > 0 {
		x.probe()
	}
	return x
}

// probe finds out what kind of file it is, without waiting for it.
func (f *File) probe() {
	c, err := f.f.SyscallConn()
	if err != nil {
		return // closed: the first request says so
	}
	_ = c.Control(func(fd uintptr) {
		regular, direct, appends := kindOf(int(fd))
		f.aligned = f.aligned || direct
		f.appends = f.appends || appends // or the ring would write at the end
		f.locks = regular
		if f.cache.use = regular && !direct && f.files.readNow != nil; f.cache.use {
			f.fd = int(fd)
		}
	})
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
	return f.newOp(opReadAt, attempt{p: p, off: off})
}

// WriteAtFuture returns a future that writes p at off, all of it unless it fails.
func (f *File) WriteAtFuture(p []byte, off int64) pollster.Future[int] {
	switch {
	case off < 0:
		return pollster.Failed[int](f.error("writeat", errors.New("negative offset")))
	case f.appends:
		return pollster.Failed[int](errAppend)
	}
	return f.newOp(opWriteAt, attempt{p: p, off: off})
}

// ReadFuture returns a future that reads up to len(p) bytes at the position of the
// file, which may be a pipe. It ends with io.EOF at the end.
func (f *File) ReadFuture(p []byte) pollster.Future[int] {
	return f.newOp(opRead, attempt{p: p, off: atPosition})
}

// WriteFuture returns a future that writes p at the position of the file, which may
// be a pipe, all of it unless it fails.
func (f *File) WriteFuture(p []byte) pollster.Future[int] {
	return f.newOp(opWrite, attempt{p: p, off: atPosition})
}

// FsyncFuture returns a future that ends when what was written is on the disk.
func (f *File) FsyncFuture() pollster.Future[struct{}] { return &syncOp{f.newOp(opFsync, attempt{})} }

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
func (f *File) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return wait(f.ReadAtFuture(p, off))
	}
	return f.read(opReadAt, attempt{p: p, off: off})
}

// WriteAt implements io.WriterAt.
func (f *File) WriteAt(p []byte, off int64) (int, error) { return wait(f.WriteAtFuture(p, off)) }

// Read implements io.Reader.
func (f *File) Read(p []byte) (int, error) { return f.read(opRead, attempt{p: p, off: atPosition}) }

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
	if !f.life.enter() {
		return false
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if o.next = f.ops; o.next != nil {
		o.next.prev = o
	}
	f.ops = o
	return true
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
	f.mu.Unlock()
	f.leave()
}

// leave ends what life.enter has begun. The last one out closes the door.
func (f *File) leave() {
	if f.life.exit() {
		f.closer.start(f)
	}
}

// beginClose refuses new requests and stops those that are under way.
func (f *File) beginClose() error {
	first, idle := f.life.close()
	switch {
	case !first:
		return f.error("close", os.ErrClosed)
	case idle:
		f.closer.start(f)
		return nil
	}
	var ops []*fileOp
	f.mu.Lock()
	for o := f.ops; o != nil; o = o.next {
		ops = append(ops, o)
	}
	f.mu.Unlock()
	for _, o := range ops {
		o.ring.stop(os.ErrClosed)
	}
	return nil
}
