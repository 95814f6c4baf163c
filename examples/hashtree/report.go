package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
	"unicode"
	"unicode/utf8"
)

// An outcome is what came of one file.
type outcome struct {
	path string
	sum  sum
	err  error
}

// A report collects what came of the tree. The counts may be read at any time,
// by anyone. The methods are called by one goroutine at a time.
type report struct {
	bytes                    atomic.Int64 // read, of whatever file
	hashed                   atomic.Int64
	symlinks, specials       atomic.Int64
	denied, vanished, others atomic.Int64
	unfinished               atomic.Int64 // files begun or found, and left by an interrupt

	sums     *bufio.Writer // nil without -sums
	sumsErr  error
	complain func(message string)
}

// entry notes an entry that is not a file to hash.
func (r *report) entry(e entry) {
	switch e.kind {
	case symlink:
		r.symlinks.Add(1)
	case special:
		r.specials.Add(1)
	case failed:
		r.failure(e.path, e.err)
	}
}

// outcome notes what came of a file.
func (r *report) outcome(o outcome) {
	if o.err != nil {
		r.failure(o.path, o.err)
		return
	}
	r.hashed.Add(1)
	if r.sums != nil && r.sumsErr == nil {
		_, r.sumsErr = r.sums.WriteString(sumLine(o.path, o.sum))
	}
}

// flush hands out the sums that are buffered.
func (r *report) flush() {
	if r.sums != nil && r.sumsErr == nil {
		r.sumsErr = r.sums.Flush()
	}
}

func (r *report) failure(path string, err error) {
	switch {
	case errors.Is(err, fs.ErrPermission):
		r.denied.Add(1)
	case errors.Is(err, fs.ErrNotExist):
		r.vanished.Add(1)
	default:
		r.others.Add(1)
	}
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		err = pe.Err
	}
	r.complain(printable(path) + ": " + err.Error())
}

func (r *report) failures() int64 {
	return r.denied.Load() + r.vanished.Load() + r.others.Load()
}

// escapes are the characters that sha256sum escapes in names.
var escapes = strings.NewReplacer(`\`, `\\`, "\n", `\n`, "\r", `\r`)

// sumLine is the line that sha256sum prints for a file. A name that would spoil
// the form is escaped, and a backslash at the start of the line says so. Other
// bytes stay as they are, whatever their encoding.
func sumLine(path string, s sum) string {
	if strings.ContainsAny(path, "\\\n\r") {
		return fmt.Sprintf("\\%x  %s\n", s, escapes.Replace(path))
	}
	return fmt.Sprintf("%x  %s\n", s, path)
}

// printable returns path as it can be shown on a terminal: quoted if it holds
// anything that would do more than be seen.
func printable(path string) string {
	for _, r := range path {
		if !unicode.IsPrint(r) {
			return strconv.Quote(path)
		}
	}
	if !utf8.ValidString(path) {
		return strconv.Quote(path)
	}
	return path
}

// A rowWriter writes the result table.
type rowWriter struct {
	w   io.Writer
	err error
}

func (t *rowWriter) row(label, format string, args ...any) {
	if t.err == nil {
		_, t.err = fmt.Fprintf(t.w, "%-16s %s\n", label, fmt.Sprintf(format, args...))
	}
}

// table writes what came of the tree.
func (r *report) table(w io.Writer, title string, took time.Duration, peak peaks, pool string) error {
	t := &rowWriter{w: w}
	t.row("hashtree", "%s", title)
	t.row("files", "%14s", grouped(r.hashed.Load()))
	t.row("bytes", "%14s", grouped(r.bytes.Load()))
	t.row("seconds", "%14.3f", took.Seconds())
	t.row("MB/s", "%14.1f", rate(r.bytes.Load(), took))
	t.row("errors", "%14s  (permission %d, vanished %d, other %d)", grouped(r.failures()),
		r.denied.Load(), r.vanished.Load(), r.others.Load())
	t.row("symlinks", "%14s  (not followed)", grouped(r.symlinks.Load()))
	t.row("special files", "%14s  (not opened)", grouped(r.specials.Load()))
	t.row("peak OS threads", "%14s", grouped(peak.threads))
	t.row("peak goroutines", "%14s", grouped(peak.goroutines))
	t.row("pool peak", "%14s", pool)
	return t.err
}

// rate returns megabytes, of a million bytes, per second.
func rate(bytes int64, took time.Duration) float64 {
	if took <= 0 {
		return 0
	}
	return float64(bytes) / 1e6 / took.Seconds()
}

// grouped writes n with a comma between thousands.
func grouped(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
