//go:build unix

package main

import (
	"fmt"
	"io"
	"sync/atomic"
	"syscall"
	"time"
)

// pipes is how many pipes the reads share.
const pipes = 64

// A storm is a number of blocking reads, and the writer that ends them.
type storm struct {
	reads  int // in all
	atOnce int // how many of them will be blocked when the storm is at its full

	// quiet is how long the writer waits for one more reader before it takes
	// the storm to be at its full with fewer than atOnce, so that it ends even
	// if something lets in fewer.
	quiet time.Duration

	pipes   [pipes]pipe
	asked   atomic.Int64  // reads that have begun
	changed chan struct{} // has room for one: asked has grown
	blocked []time.Duration
}

// A pipe is the two raw descriptors of one, and who uses it.
type pipe struct {
	r, w  int
	asked atomic.Int64 // reads of it that have begun
	given int64        // bytes written to it; the writer's
}

// newStorm opens the pipes. Their descriptors are in blocking mode, as the
// system gives them, and are not known to Go's poller.
func newStorm(reads, atOnce int) (*storm, error) {
	s := &storm{
		reads:   reads,
		atOnce:  atOnce,
		quiet:   5 * time.Second,
		changed: make(chan struct{}, 1),
		blocked: make([]time.Duration, reads),
	}
	for i := range s.pipes {
		s.pipes[i].r, s.pipes[i].w = -1, -1
	}
	for i := range s.pipes {
		var fds [2]int
		if err := syscall.Pipe(fds[:]); err != nil {
			s.close()
			return nil, fmt.Errorf("pipe: %w", err)
		}
		s.pipes[i].r, s.pipes[i].w = fds[0], fds[1]
	}
	return s, nil
}

// close closes the pipes. No read may be under way.
func (s *storm) close() {
	for i := range s.pipes {
		for _, fd := range []int{s.pipes[i].r, s.pipes[i].w} {
			if fd >= 0 {
				_ = syscall.Close(fd)
			}
		}
	}
}

// read makes read number i. It is the legacy function of this program: it
// blocks, its thread with it, until there is a byte.
func (s *storm) read(i int) error {
	p := &s.pipes[i%pipes]
	begun := time.Now()
	p.asked.Add(1)
	s.asked.Add(1)
	select {
	case s.changed <- struct{}{}:
	default:
	}
	var b [1]byte
	for {
		n, err := syscall.Read(p.r, b[:])
		switch {
		case err == syscall.EINTR:
			continue
		case err != nil:
			return fmt.Errorf("read: %w", err)
		case n == 0:
			return io.ErrUnexpectedEOF
		}
		s.blocked[i] = time.Since(begun)
		return nil
	}
}

// feed gives every read its byte, as the documentation of the program says. It
// returns when the last byte is written.
func (s *storm) feed() error {
	patience := time.NewTimer(s.quiet)
	defer patience.Stop()
	given := 0
	for given < s.reads {
		full := min(s.atOnce, s.reads-given)
		for int(s.asked.Load())-given < full {
			patience.Reset(s.quiet)
			select {
			case <-s.changed:
				continue
			case <-patience.C:
			}
			break
		}
		for i := range s.pipes {
			p := &s.pipes[i]
			if p.given == p.asked.Load() {
				continue // nobody there: a byte would spare a later read its wait
			}
			if _, err := syscall.Write(p.w, []byte{0}); err != nil {
				return fmt.Errorf("write: %w", err)
			}
			p.given++
			given++
		}
	}
	return nil
}
