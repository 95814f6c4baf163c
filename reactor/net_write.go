package reactor

import (
	"context"
	"io"
	"net"
	"os"
	"sync"

	"github.com/causeway-go/causeway/pollster"
)

// A writeOp is a Write: it waits for its turn, writes until all is written, and
// lets the next one write. Ops of callers who wait are used again.
type writeOp struct {
	f     *netFD
	p     []byte
	n     int  // written so far
	holds bool // it is this one's turn, by tryEnter; else turn knows
	ended bool
	turn  turn
	at    Waiter
	ticks uint32 // as in readOp
	tried bool
	try   func(fd int) (int, error)
}

var writeOps = sync.Pool{New: func() any { return newWriteOp() }}

func newWriteOp() *writeOp {
	o := new(writeOp)
	o.try = o.attempt
	return o
}

// attempt writes as much as goes.
func (o *writeOp) attempt(fd int) (int, error) {
	for {
		n, err := o.f.writeOnce(fd, o.p[o.n:])
		o.n += n
		if err != nil || o.n == len(o.p) {
			return o.n, err
		}
	}
}

// writeOnce is one attempt to write.
func (f *netFD) writeOnce(fd int, p []byte) (int, error) {
	if f.wr.over.Load() {
		return 0, os.ErrDeadlineExceeded
	}
	if len(p) == 0 && f.kind.stream {
		return 0, nil
	}
	n, err := sysTransmit(fd, p)
	if n == 0 && err == nil && len(p) > 0 {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// Poll implements pollster.Future.
func (o *writeOp) Poll(w *pollster.Waker) (int, bool, error) {
	f := o.f
	if !o.holds && !f.line.enter(&o.turn, w) {
		return 0, false, nil
	}
	if o.tried {
		o.tried = false
		o.at.use(f.s)
		if waits, err := f.s.enlist(&o.at, w, Writable, o.ticks); waits {
			return 0, false, nil
		} else if err != nil {
			return o.end(err)
		}
	}
	_, ready, err := f.s.poll(&o.at, w, Writable, o.try)
	if !ready && err == nil {
		return 0, false, nil
	}
	return o.end(err)
}

func (o *writeOp) end(err error) (int, bool, error) {
	o.leave()
	return o.n, err == nil, o.f.opError("write", err)
}

func (o *writeOp) leave() {
	switch {
	case o.ended:
	case o.holds:
		o.f.line.exit()
	default:
		o.f.line.leave(&o.turn)
	}
	o.ended = true
}

// Cancel implements pollster.Canceler. What has been written stays written.
func (o *writeOp) Cancel() {
	o.at.Cancel()
	o.leave()
}

// write tries, and waits if it has to: for its turn, or for room.
func (f *netFD) write(p []byte) (int, error) {
	holds, n, ticks := f.line.tryEnter(), 0, uint32(0)
	if holds {
		ticks = f.s.sum(Writable)
		if !f.s.gate.Enter() {
			f.line.exit()
			return 0, f.opError("write", net.ErrClosed)
		}
		var err error
		for {
			var k int
			k, err = f.writeOnce(f.s.fd, p[n:])
			n += k
			if err != nil || n == len(p) {
				break
			}
		}
		_ = f.s.leave()
		if err != errAgain {
			f.line.exit()
			return n, f.opError("write", err)
		}
	}
	o := writeOps.Get().(*writeOp)
	if holds {
		if d := f.plainly(); d != nil {
			o.f, o.p, o.n = f, p, n
			_, err := f.pass(d, Writable, o.try)
			n = o.n
			o.f, o.p = nil, nil
			writeOps.Put(o)
			f.line.exit()
			return n, f.opError("write", err)
		}
	}
	o.f, o.p, o.n, o.holds, o.ended, o.ticks, o.tried = f, p, n, holds, false, ticks, holds
	n, err := pollster.BlockOn(context.Background(), pollster.Future[int](o))
	o.f, o.p = nil, nil
	o.at.s = nil
	o.turn.waker.Take()
	writeOps.Put(o)
	return n, err
}
