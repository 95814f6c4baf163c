package unblock

import (
	"context"
	"io"
)

// A File reads, writes and seeks one io.ReadWriteSeeker whose methods block, such
// as an *os.File, with the one cursor that it has. For a connection, whose two
// directions have nothing to do with each other, use a Reader and a Writer.
//
// Everything said of [Reader] and [Writer] holds. Between a Read and a Write, File
// brings the cursor to where the caller thinks it is: what was read ahead is taken
// back by seeking, what was written late is flushed.
//
// One goroutine at a time may use it.
type File struct {
	f       io.ReadWriteSeeker
	r       *Reader
	w       *Writer
	writing bool
}

// NewFile returns a File on f.
func NewFile(f io.ReadWriteSeeker, opts Options) *File {
	return &File{f: f, r: NewReader(noCloser{f}, opts), w: NewWriter(noCloser{f}, opts)}
}

// noCloser hides Close, which is File's to call.
type noCloser struct{ io.ReadWriteSeeker }

// Read implements io.Reader. It waits as pollster.BlockOn does.
func (f *File) Read(p []byte) (int, error) { return f.ReadContext(context.Background(), p) }

// ReadContext is Read that ends when ctx does; see [Reader.ReadContext].
func (f *File) ReadContext(ctx context.Context, p []byte) (int, error) {
	if f.writing {
		if err := f.w.Flush(ctx); err != nil {
			return 0, err
		}
		f.writing = false
	}
	return f.r.ReadContext(ctx, p)
}

// Write implements io.Writer. It waits as pollster.BlockOn does.
func (f *File) Write(p []byte) (int, error) { return f.WriteContext(context.Background(), p) }

// WriteContext is Write that ends when ctx does; see [Writer.WriteContext].
func (f *File) WriteContext(ctx context.Context, p []byte) (int, error) {
	if !f.writing {
		if _, err := f.r.SeekContext(ctx, 0, io.SeekCurrent); err != nil {
			return 0, err
		}
		f.writing = true
	}
	return f.w.WriteContext(ctx, p)
}

// Seek implements io.Seeker. It waits as pollster.BlockOn does.
func (f *File) Seek(offset int64, whence int) (int64, error) {
	return f.SeekContext(context.Background(), offset, whence)
}

// SeekContext is Seek that ends when ctx does; see [Reader.SeekContext].
func (f *File) SeekContext(ctx context.Context, offset int64, whence int) (int64, error) {
	if f.writing {
		return f.w.SeekContext(ctx, offset, whence)
	}
	return f.r.SeekContext(ctx, offset, whence)
}

// Flush waits until everything has been written to the underlying file.
func (f *File) Flush(ctx context.Context) error { return f.w.Flush(ctx) }

// Unwrap flushes, brings the cursor to where it seems to be, and returns the
// underlying file. The File is closed then.
func (f *File) Unwrap(ctx context.Context) (io.ReadWriteSeeker, error) {
	if !f.writing {
		if _, err := f.r.SeekContext(ctx, 0, io.SeekCurrent); err != nil {
			return nil, err
		}
	}
	if _, err := f.w.Unwrap(ctx); err != nil {
		return nil, err
	}
	if _, _, err := f.r.Unwrap(ctx); err != nil {
		return nil, err
	}
	return f.f, nil
}

// Close flushes and closes the underlying file if it is an io.Closer.
func (f *File) Close() error {
	if err := f.w.Close(); err != nil {
		_ = f.r.Close()
		_ = closeUnder(f.f)
		return err
	}
	_ = f.r.Close() // stops reading ahead; there is nothing below to close
	return closeUnder(f.f)
}
