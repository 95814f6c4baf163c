package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"

	"github.com/causeway-go/causeway/bench/kit"
	"golang.org/x/sys/unix"
)

// farEnds are the ends of connections that nobody looks at: bare descriptors of a
// process of their own, so that the limit on descriptors counts the near ones only.
type farEnds struct {
	path string // of the socket to listen on
	n    int    // how many connections there can be
	cmd  *exec.Cmd
	stop io.Closer
}

// farFlag is how that process is started.
const farFlag = "-far-ends"

func init() {
	if len(os.Args) != 4 || os.Args[1] != farFlag {
		return
	}
	n, err := strconv.Atoi(os.Args[3])
	if err == nil {
		err = connectFarEnds(os.Args[2], n)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// connectFarEnds makes n connections and holds them until the input ends.
func connectFarEnds(path string, n int) error {
	for range n {
		fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return err
		}
		if err := unix.Connect(fd, &unix.SockaddrUnix{Name: path}); err != nil {
			return err
		}
	}
	_, err := io.Copy(io.Discard, os.Stdin)
	return err
}

func newFarEnds(r *kit.Rep) (*farEnds, error) {
	dir, err := r.Dir()
	if err != nil {
		return nil, err
	}
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return nil, err
	}
	limit.Cur = limit.Max
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return nil, err
	}
	f := &farEnds{path: dir + "/socket", n: min(idleConnections, int(limit.Cur)-50)}
	_ = os.Remove(f.path)
	return f, nil
}

// connect starts to connect, to a listener that is there.
func (f *farEnds) connect() error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	f.cmd = exec.Command(self, farFlag, f.path, strconv.Itoa(f.n))
	f.cmd.Stderr = os.Stderr
	if f.stop, err = f.cmd.StdinPipe(); err != nil {
		return err
	}
	return f.cmd.Start()
}

func (f *farEnds) close() {
	if f.stop != nil {
		_ = f.stop.Close()
		_ = f.cmd.Wait()
	}
}

// directFlag opens a file around the page cache.
const directFlag = unix.O_DIRECT
