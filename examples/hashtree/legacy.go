package main

import (
	"crypto/sha256"
	"hash"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync"
)

// This file is the legacy half: blocking functions that know nothing of
// futures, pools or contexts, and were not changed to be used with them.

// A filesystem is what the legacy half asks the system for. Tests put faults in.
type filesystem struct {
	stat    func(name string) (fs.FileInfo, error)
	readDir func(name string) ([]fs.DirEntry, error)
	open    func(name string) (io.ReadCloser, error)
}

// disk is the real file system.
var disk = filesystem{
	stat:    os.Stat,
	readDir: os.ReadDir,
	open:    func(name string) (io.ReadCloser, error) { return os.Open(name) },
}

// A kind tells what the walk found.
type kind uint8

const (
	regular kind = iota // a file to hash
	symlink             // not followed
	special             // a device, a pipe, a socket: not opened
	failed              // it could not be looked at; err says why
)

// An entry is one thing that the walk found.
type entry struct {
	path string
	kind kind
	err  error
}

// walk calls visit for everything below root that is not a directory, in the
// order of the bytes of the paths. It ends early if visit returns an error, and
// returns that. What cannot be read is visited with kind failed and does not end
// the walk.
func (d filesystem) walk(root string, visit func(entry) error) error {
	info, err := d.stat(root)
	switch {
	case err != nil:
		return visit(entry{root, failed, err})
	case info.IsDir():
		return d.walkDir(root, visit)
	default:
		return visit(entry{root, kindOf(info.Mode().Type()), nil})
	}
}

func (d filesystem) walkDir(dir string, visit func(entry) error) error {
	entries, err := d.readDir(dir)
	if err != nil {
		// There may be entries all the same: those read before the error.
		if err := visit(entry{dir, failed, err}); err != nil {
			return err
		}
	}
	sortAsPaths(entries)
	for _, e := range entries {
		path := join(dir, e.Name())
		var err error
		if e.IsDir() {
			err = d.walkDir(path, visit)
		} else {
			err = visit(entry{path, kindOf(e.Type()), nil})
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func kindOf(mode fs.FileMode) kind {
	switch {
	case mode.IsRegular():
		return regular
	case mode&fs.ModeSymlink != 0:
		return symlink
	default:
		return special
	}
}

const separator = string(os.PathSeparator)

// sortAsPaths sorts the entries of a directory such that a walk in their order
// meets full paths in the order of their bytes. A directory counts as its name
// with a separator at the end: «a.txt» comes before «a/b», so before «a».
func sortAsPaths(entries []fs.DirEntry) {
	key := func(e fs.DirEntry) string {
		if e.IsDir() {
			return e.Name() + separator
		}
		return e.Name()
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(key(a), key(b)) })
}

// join is find's way to join names: unlike filepath.Join it keeps a leading
// «./», without which a file called -c would be an option to the next program.
func join(dir, name string) string {
	if strings.HasSuffix(dir, separator) {
		return dir + name
	}
	return dir + separator + name
}

// A sum is a SHA-256 checksum.
type sum [sha256.Size]byte

// hashFile reads the file called path to its end and returns its checksum. It
// calls read with the length of each piece as it comes.
func (d filesystem) hashFile(path string, read func(n int)) (s sum, err error) {
	f, err := d.open(path)
	if err != nil {
		return s, err
	}
	defer func() { _ = f.Close() }() // opened for reading: nothing is lost
	return hashReader(f, read)
}

// A digester is what hashing one file takes. They are kept for the next.
type digester struct {
	hash hash.Hash
	buf  [64 << 10]byte
}

var digesters = sync.Pool{New: func() any { return &digester{hash: sha256.New()} }}

func hashReader(r io.Reader, read func(n int)) (s sum, err error) {
	d := digesters.Get().(*digester)
	defer digesters.Put(d)
	d.hash.Reset()
	for {
		n, err := r.Read(d.buf[:])
		d.hash.Write(d.buf[:n])
		read(n)
		if err == io.EOF {
			d.hash.Sum(s[:0])
			return s, nil
		}
		if err != nil {
			return s, err
		}
	}
}
