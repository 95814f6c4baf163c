package reactor

import (
	"os"
	"time"

	"github.com/causeway-go/causeway/internal/uring"
)

// close refuses new requests, ends those that are there with os.ErrClosed, waits
// until the kernel has let go of their buffers, and unmaps the ring.
func (e *ringEngine) close() error {
	e.mu.Lock()
	if e.closed {
		e.mu.Unlock()
		return os.ErrClosed
	}
	e.closed = true
	var ended []*ringOp
	for o := e.line.Pop(); o != nil; o = e.line.Pop() {
		e.inLine--
		o.n, o.err, o.state = o.moved, os.ErrClosed, ringEnded
		ended = append(ended, o)
	}
	e.mu.Unlock()
	e.wake(ended)
	return e.drain()
}

// drain cancels what the kernel has until it has nothing, and closes the ring.
func (e *ringEngine) drain() error {
	for pause := 10 * time.Microsecond; ; pause = min(2*pause, 10*time.Millisecond) {
		e.mu.Lock()
		if !e.submitting {
			if e.flying == 0 && e.wanted.Load() == 0 {
				err := e.ring.Close()
				e.ring = nil
				e.mu.Unlock()
				return err
			}
			for i, o := range e.slots {
				if o != nil && !o.cancel {
					o.cancel = e.ring.Push(uring.Cancel(uint64(i), cancelData))
				}
			}
			_, _ = e.ring.Submit()
		}
		e.mu.Unlock()
		e.reap()
		time.Sleep(pause)
	}
}
