package reactor

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"syscall"

	"github.com/causeway-go/causeway/pollster"
)

// FileEvents is a set of things that happen to files. The numbers are those of
// inotify(7), which says exactly what each means; others of its flags may be given
// too.
type FileEvents uint32

// The events.
const (
	FileRead       FileEvents = 0x1   // was read
	FileModified   FileEvents = 0x2   // was written or truncated
	FileAttributes FileEvents = 0x4   // owner, mode, times or links have changed
	FileWritten    FileEvents = 0x8   // was closed by somebody who could write
	FileMovedFrom  FileEvents = 0x40  // has been moved away; MovedTo has the same Cookie
	FileMovedTo    FileEvents = 0x80  // has been moved here
	FileCreated    FileEvents = 0x100 // was made in the folder that is watched
	FileDeleted    FileEvents = 0x200 // was deleted from the folder that is watched
	FileGone       FileEvents = 0x400 // what is watched was itself deleted

	FileMoved FileEvents = 0x800 // what is watched was itself moved

	FileOverflow FileEvents = 0x4000     // events have been lost; look at everything
	FileIgnored  FileEvents = 0x8000     // the watch has ended
	FileIsFolder FileEvents = 0x40000000 // what it happened to is a folder
)

var fileEventNames = []struct {
	e    FileEvents
	name string
}{
	{FileRead, "read"}, {FileModified, "modified"}, {FileAttributes, "attributes"}, {FileWritten, "written"},
	{FileMovedFrom, "moved from"}, {FileMovedTo, "moved to"}, {FileCreated, "created"}, {FileDeleted, "deleted"},
	{FileGone, "gone"}, {FileMoved, "moved"}, {FileOverflow, "overflow"}, {FileIgnored, "ignored"}, {FileIsFolder, "folder"},
}

// String lists the events in e.
func (e FileEvents) String() string {
	var names []string
	for _, x := range fileEventNames {
		if e&x.e != 0 {
			names = append(names, x.name)
			e &^= x.e
		}
	}
	if e != 0 || len(names) == 0 {
		names = append(names, fmt.Sprintf("%#x", uint32(e)))
	}
	return strings.Join(names, "|")
}

// A FileEvent is something that has happened to a file.
type FileEvent struct {
	Events FileEvents // what has happened
	Path   string     // as given to Add
	Name   string     // of the file in the folder that is watched; "" for what is watched itself
	Cookie uint32     // joins the two halves of a move
}

// An Inotify is a stream of what happens to files, on Linux. One task polls it,
// with pollster.Next or pollster.Seq; the other methods may be called from any
// goroutine at any time. It must be closed.
type Inotify struct {
	s *Source

	mu    sync.Mutex
	paths map[int32]watched

	// Of the one who polls.
	at   Waiter
	buf  []byte
	left []byte // of buf
}

// A watched is what a watch is for. It is kept until the last event of the watch has
// been read. Until then the same path may be watched again, under another number, and
// a file that was watched may have moved away from its path: so of several watches
// with one path each may be there or not.
type watched struct {
	path string
	over bool // the system has ended it, or has been told to
}

// NewInotify makes an Inotify that watches nothing yet. Other systems than Linux
// return errors.ErrUnsupported.
func (r *Reactor) NewInotify() (*Inotify, error) {
	fd, err := inotifyInit()
	if err != nil {
		return nil, err
	}
	s, err := r.Register(uintptr(fd))
	if err != nil {
		_ = sysClose(fd)
		return nil, err
	}
	return &Inotify{s: s, paths: map[int32]watched{}, buf: make([]byte, 4096)}, nil
}

// Add begins to watch a file or folder for the events in. If it is watched already
// the events are replaced. The path stands for the file it leads to now.
func (n *Inotify) Add(path string, in FileEvents) error {
	n.mu.Lock() // an event may come before inotifyAdd has returned
	defer n.mu.Unlock()
	wd, err := n.call(func(fd int) (int, error) { return inotifyAdd(fd, path, uint32(in)) })
	if err != nil {
		return &os.PathError{Op: "watch", Path: path, Err: err}
	}
	n.paths[int32(wd)] = watched{path: path}
	return nil
}

// Remove ends the watches of a path that was given to Add; there are several if
// another file has come to be there between two calls of Add. The last event of each
// says FileIgnored. If none is left the error is os.ErrNotExist.
func (n *Inotify) Remove(path string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	result := os.ErrNotExist
	for wd, x := range n.paths {
		if x.path != path || x.over {
			continue
		}
		_, err := n.call(func(fd int) (int, error) { return 0, inotifyRemove(fd, wd) })
		switch {
		case err == nil:
			result = nil
		case !errors.Is(err, syscall.EINVAL): // which says that it has ended by itself
			return &os.PathError{Op: "unwatch", Path: path, Err: err}
		}
		x.over = true
		n.paths[wd] = x
	}
	if result != nil {
		return &os.PathError{Op: "unwatch", Path: path, Err: result}
	}
	return nil
}

// call uses the descriptor while it cannot be closed.
func (n *Inotify) call(f func(fd int) (int, error)) (int, error) {
	if !n.s.gate.Enter() {
		return 0, os.ErrClosed
	}
	v, err := f(n.s.fd)
	_ = n.s.leave()
	return v, err
}

// PollNext implements pollster.Stream. After Close it ends with an error for which
// errors.Is holds with ErrClosed.
func (n *Inotify) PollNext(w *pollster.Waker) (FileEvent, bool, error) {
	for len(n.left) < eventHeader {
		k, ready, err := n.s.PollRead(&n.at, w, func(fd int) (int, error) { return sysRead(fd, n.buf) })
		if !ready {
			return FileEvent{}, false, err
		}
		n.left = n.buf[:k]
	}
	return n.next(), true, nil
}

// eventHeader is the size of struct inotify_event: the watch, the events, the
// cookie, and the length of the name that follows.
const eventHeader = 16

// next takes the first event out of left.
func (n *Inotify) next() FileEvent {
	wd := int32(binary.NativeEndian.Uint32(n.left))
	e := FileEvent{
		Events: FileEvents(binary.NativeEndian.Uint32(n.left[4:])),
		Cookie: binary.NativeEndian.Uint32(n.left[8:]),
	}
	end := eventHeader + int(binary.NativeEndian.Uint32(n.left[12:]))
	end = min(end, len(n.left))
	e.Name = strings.TrimRight(string(n.left[eventHeader:end]), "\x00")
	n.left = n.left[end:]
	n.mu.Lock()
	e.Path = n.paths[wd].path
	if e.Events&FileIgnored != 0 {
		delete(n.paths, wd)
	}
	n.mu.Unlock()
	return e
}

// Cancel implements pollster.Canceler: whoever polled does not wait any more. It
// leaves n open.
func (n *Inotify) Cancel() { n.at.Cancel() }

// Close ends the stream and gives back the descriptor. The second Close returns
// ErrClosed.
func (n *Inotify) Close() error { return n.s.CloseWith(sysClose) }
