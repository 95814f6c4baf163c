package unblock

import (
	"context"
	"io"
	"io/fs"

	"github.com/causeway-go/causeway/threadpool"
)

// FS returns a file system that makes every call of fsys in a slot of a pool, and
// that can be left: when ctx ends, calls under way return, with an error for which
// errors.Is holds with ctx.Err(), and so do all later ones. So fs.WalkDir over a
// network file system that hangs returns. The calls themselves go on; their slots
// stay taken until they return.
//
// The result implements fs.StatFS, fs.ReadDirFS and fs.ReadFileFS whether fsys does
// or not. Of opts only Pool is used. Files must be used by one goroutine at a time
// and closed; Close is not made in a slot, and does not wait for one. A file that is
// opened when nobody waits any more is closed.
func FS(ctx context.Context, fsys fs.FS, opts Options) fs.FS {
	return &fileSystem{ctx: ctx, fsys: fsys, pool: opts.pool()}
}

type fileSystem struct {
	ctx  context.Context
	fsys fs.FS
	pool *threadpool.Pool
}

// call runs f for an operation on name.
func call[T any](s *fileSystem, op, name string, f func() (T, error)) (T, error) {
	v, err := CallOn(s.ctx, s.pool, f)
	if _, ok := err.(*fs.PathError); err != nil && err != io.EOF && !ok {
		err = &fs.PathError{Op: op, Path: name, Err: err}
	}
	return v, err
}

func (s *fileSystem) Open(name string) (fs.File, error) {
	f, err := callClosing(s, "open", name, func() (fs.File, error) { return s.fsys.Open(name) })
	if err != nil {
		return nil, err
	}
	return &fsFile{fs: s, f: f, name: name}, nil
}

// callClosing is call for an f whose result must be closed if nobody takes it.
func callClosing(s *fileSystem, op, name string, f func() (fs.File, error)) (fs.File, error) {
	taken := make(chan bool, 1)
	file, err := call(s, op, name, func() (fs.File, error) {
		file, err := f()
		if err == nil && s.ctx.Done() != nil {
			go func() {
				if !<-taken {
					_ = file.Close()
				}
			}()
		}
		return file, err
	})
	taken <- err == nil
	return file, err
}

func (s *fileSystem) Stat(name string) (fs.FileInfo, error) {
	return call(s, "stat", name, func() (fs.FileInfo, error) { return fs.Stat(s.fsys, name) })
}

func (s *fileSystem) ReadDir(name string) ([]fs.DirEntry, error) {
	return call(s, "readdir", name, func() ([]fs.DirEntry, error) { return fs.ReadDir(s.fsys, name) })
}

func (s *fileSystem) ReadFile(name string) ([]byte, error) {
	return call(s, "read", name, func() ([]byte, error) { return fs.ReadFile(s.fsys, name) })
}

// An fsFile is an open file of a fileSystem.
type fsFile struct {
	fs   *fileSystem
	f    fs.File
	name string
}

func (f *fsFile) Stat() (fs.FileInfo, error) { return call(f.fs, "stat", f.name, f.f.Stat) }

func (f *fsFile) Close() error { return f.f.Close() }

// Read reads into a buffer of its own where it may be left behind: p must not be
// written to after Read has returned.
func (f *fsFile) Read(p []byte) (int, error) {
	if f.fs.ctx.Done() == nil {
		return call(f.fs, "read", f.name, func() (int, error) { return f.f.Read(p) })
	}
	var n int
	own, err := call(f.fs, "read", f.name, func() ([]byte, error) {
		own := make([]byte, len(p))
		m, err := f.f.Read(own)
		return own[:m], err
	})
	n = copy(p, own)
	return n, err
}

// ReadDir implements fs.ReadDirFile.
func (f *fsFile) ReadDir(n int) ([]fs.DirEntry, error) {
	d, ok := f.f.(fs.ReadDirFile)
	if !ok {
		return nil, &fs.PathError{Op: "readdir", Path: f.name, Err: fs.ErrInvalid}
	}
	return call(f.fs, "readdir", f.name, func() ([]fs.DirEntry, error) { return d.ReadDir(n) })
}
