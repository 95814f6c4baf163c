package reactor

import (
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/causeway-go/causeway/internal/uring"
	"github.com/causeway-go/causeway/internal/waitlist"
	"github.com/causeway-go/causeway/pollster"
)

// A ringEngine keeps requests for one io_uring: who is in line, who is with the
// kernel, and who has to be woken.
//
// Where a request is (see ringState), and under which lock it moves:
//
//	line    waits in e.line. Pushed by start, taken out by submit or cancel.
//	kernel  the kernel has it, or the submission queue has. Its slot is taken, and
//	        e.slots keeps it and its buffer reachable. Only a result ends this.
//	ended   res is final. The store that sets done publishes it.
//
// All of it happens under e.mu but the submission itself, which one goroutine does
// at a time (e.submitting) without the lock: a request that the page cache can
// answer is answered in there. Others leave theirs in line meanwhile and go; the
// submitter takes them along, which is the batch.
//
// A lone request is submitted by the one who starts it, since it may be answered at
// once and then nobody has to be woken. When others are with the kernel already, or
// the last ones have come in a burst, it is better to let requests gather: a
// goroutine is started that submits all there are by the time it runs, and copies
// what is in the page cache beside the one who goes on making requests. How many it
// finds says what it is: one alone allows the next loneMax to be submitted directly.
//
// No request is forgotten in line. Whoever puts one there either finds a submitter,
// who looks at the line again under the lock before it stops; or finds a flush on
// its way, which will; or becomes the submitter; or finds the ring full, and then
// the next result makes its taker the submitter.
type ringEngine struct {
	ring    *uring.Ring
	limit   int
	reactor *Reactor // wakes

	mu         sync.Mutex
	line       waitlist.List[ringOp, *ringOp]
	inLine     int
	flying     int // with the kernel
	submitting bool
	flushing   bool
	lone       int // how many requests may still be submitted by those who start them
	closed     bool
	slots      []*ringOp
	free       []uint32
	peak       int
	counts     ringCounts

	wanted atomic.Int32 // calls of reap that have not been answered
	landed []*ringOp    // of the reap under way: to be woken
}

// ringCounts is what Stats shows of a ring.
type ringCounts struct {
	submits, requests, again uint64
}

const (
	// gather is how many requests in line make it worth while to submit now.
	gather = 64
	// loneMax is how many requests are taken to be alone after one that was.
	loneMax = 256
	// againMax is how often a request is repeated that the kernel says EAGAIN
	// to: that is an answer too, if it goes on.
	againMax = 1 << 10
	// sector is the least that direct transfers are made of.
	sector = 512
	// batchBytes is how much is submitted with one call. What is in the page cache is
	// copied in there, 512 KiB in about 40 us; of a call that takes longer, Go's
	// scheduler takes the P away and starts a thread to look for something to do.
	batchBytes = 512 << 10
	// cancelData is the data of a request to cancel, whose result nobody needs.
	cancelData = ^uint64(0)
)

// A ringOp is one request, with the buffer it is about.
type ringOp struct {
	engine  *ringEngine
	entry   uring.Entry
	buf     []byte // what is left of it
	whole   bool   // go on until buf is full or the end has come
	aligned bool   // O_DIRECT: what is no multiple of a sector was the end
	beside  bool   // whoever starts it has other things to do meanwhile
	moved   int    // of the buffer, in earlier rounds

	slot   uint32
	state  ringState
	cancel bool  // somebody has asked the kernel to cancel
	reason error // of that
	tries  int
	waitlist.Links[ringOp]

	done  atomic.Bool
	waker pollster.AtomicWaker
	n     int
	err   error
	owner *fileOp // is told once at the end, before done is set, outside the lock; may be nil
}

// ringState is where a ringOp is. Guarded by the engine's lock.
type ringState uint8

const (
	ringNew ringState = iota
	ringLine
	ringKernel
	ringEnded
)

// newRingEngine makes a ring with room for limit requests at a time.
func newRingEngine(r *Reactor, limit int) (*ringEngine, error) {
	entries := uint32(min(limit, 256))
	ring, err := uring.New(entries, uint32(min(2*limit, 1<<15)))
	if err != nil {
		return nil, err
	}
	// Two kernel threads at most for what cannot be done without one. An old
	// kernel that cannot be told so has a bound of its own.
	_ = ring.LimitWorkers(2, 2)
	return &ringEngine{ring: ring, limit: limit, reactor: r}, nil
}

// start puts o in line, or ends it at once if the engine is closed.
func (e *ringEngine) start(o *ringOp) {
	e.mu.Lock()
	if e.closed {
		e.mu.Unlock()
		o.finish(0, os.ErrClosed)
		return
	}
	o.state = ringLine
	e.line.Push(o)
	e.inLine++
	e.counts.requests++
	switch {
	case e.submitting || e.flying >= e.limit:
		e.mu.Unlock()
	case (e.flying > 0 || e.lone == 0 || o.beside) && e.inLine < gather:
		begin := !e.flushing
		e.flushing = true
		e.mu.Unlock()
		if begin {
			go e.flush(0)
		}
	default:
		e.lone = max(0, e.lone-1)
		e.submitLocked()
		e.reap()
	}
}

// flush submits what has gathered in line.
func (e *ringEngine) flush(after time.Duration) {
	if after > 0 {
		time.Sleep(after)
	}
	e.mu.Lock()
	e.flushing = false
	if e.lone = 0; e.inLine == 1 && e.flying == 0 {
		e.lone = loneMax
	}
	if e.submitting || e.closed {
		e.mu.Unlock()
		return
	}
	e.submitLocked()
	e.reap()
}

// submitLocked makes the caller the submitter until nothing can be submitted, and
// reports whether the kernel has taken it all. It unlocks e.mu.
//
// Preconditions: e.submitting is false.
func (e *ringEngine) submitLocked() bool {
	e.submitting = true
	var err error
	for e.ring.Queued() > 0 || e.line.First() != nil && e.flying < e.limit {
		e.pushLocked()
		e.counts.submits++
		e.mu.Unlock()
		_, err = e.ring.Submit()
		e.mu.Lock()
		if err != nil {
			break
		}
	}
	e.submitting = false
	// The kernel is short of something. What it has not taken stays queued, and
	// is tried again with the next result, or after a while.
	begin := err != nil && !e.flushing && !e.closed
	e.flushing = e.flushing || begin
	e.mu.Unlock()
	if begin {
		go e.flush(time.Millisecond)
	}
	return err == nil
}

// pushLocked moves a batch from the line to the submission queue, one request at least
// if there is room for it.
func (e *ringEngine) pushLocked() {
	for bytes := 0; e.line.First() != nil && e.flying < e.limit && bytes < batchBytes; {
		o := e.line.First()
		if !e.push(o) {
			return
		}
		bytes += len(o.buf) + callBytes
	}
}

// push moves the first in line to the submission queue.
func (e *ringEngine) push(o *ringOp) bool {
	if len(e.free) == 0 {
		e.slots = append(e.slots, nil)
		e.free = append(e.free, uint32(len(e.slots)-1))
	}
	o.slot = e.free[len(e.free)-1]
	o.entry.Data = uint64(o.slot)
	if !e.ring.Push(o.entry) {
		return false
	}
	e.free = e.free[:len(e.free)-1]
	e.slots[o.slot] = o
	e.line.Remove(o)
	e.inLine--
	o.state = ringKernel
	e.flying++
	e.peak = max(e.peak, e.flying)
	return true
}

// reap takes what results there are and wakes whoever waits for them. Any number
// of goroutines may call it; one of them does it for all.
//
// The one that does it goes round again if somebody has come meanwhile: that one
// may have seen a result that the round before it had not.
func (e *ringEngine) reap() {
	if e.wanted.Add(1) == 1 {
		e.rounds()
	}
}

// rounds is reap for the one that does it. If a waker ends its goroutine, another
// goes on.
func (e *ringEngine) rounds() {
	again, returned := true, false
	defer func() {
		if again && !returned {
			go e.rounds()
		} else if !returned {
			go e.reap()
		}
	}()
	for again {
		n := e.wanted.Load()
		e.mu.Lock()
		if e.ring != nil {
			_, _ = e.ring.Reap(e.land)
		}
		landed := e.landed
		e.landed = nil
		more := !e.closed && !e.submitting && (e.line.First() != nil || e.ring != nil && e.ring.Queued() > 0)
		if more {
			more = e.submitLocked() // if not, flush tries again
		} else {
			e.mu.Unlock()
		}
		again = !e.wanted.CompareAndSwap(n, 0)
		e.wake(landed)
		if more && !again {
			e.reap() // what has just been submitted may be there already
		}
	}
	returned = true
}

// land takes one result. It holds e.mu.
func (e *ringEngine) land(r uring.Result) {
	if r.Data == cancelData {
		return
	}
	o := e.slots[r.Data]
	e.slots[r.Data] = nil
	e.free = append(e.free, uint32(r.Data))
	e.flying--
	if e.oncemore(o, r.Res) {
		e.counts.again++
		o.state = ringLine
		e.line.Push(o)
		e.inLine++
		return
	}
	o.state = ringEnded
	e.landed = append(e.landed, o)
}

// oncemore notes a result and reports whether the request has to be made again:
// because it has moved a part, or was interrupted, or was cancelled unasked, as
// happens to the requests of a thread that exits.
func (e *ringEngine) oncemore(o *ringOp, res int32) bool {
	if res >= 0 {
		o.moved += int(res)
		o.n = o.moved
		if !o.whole || res == 0 || int(res) >= len(o.buf) || o.aligned && res%sector != 0 {
			return false
		}
		if o.cancel || e.closed {
			o.err = os.ErrClosed
			return false
		}
		o.advance(int(res))
		return true
	}
	errno := sysErrno(-res)
	wanted := !o.cancel && !e.closed
	switch {
	case stopped(errno) && wanted:
		return true
	case errno == errAgain && wanted && o.tries < againMax:
		o.tries++
		return true
	case stopped(errno):
		o.err = os.ErrClosed
		if o.cancel && o.reason != nil {
			o.err = o.reason
		}
	default:
		o.err = errno
	}
	o.n = o.moved
	return false
}

// advance leaves out of the request what has been moved.
func (o *ringOp) advance(n int) {
	o.buf = o.buf[n:]
	data, off := o.entry.Data, o.entry.Off
	if off != uring.CurrentPosition {
		off += uint64(n)
	}
	if o.entry.Op == uring.OpWrite {
		o.entry = uring.Write(int(o.entry.FD), o.buf, off, data)
	} else {
		o.entry = uring.Read(int(o.entry.FD), o.buf, off, data)
	}
}

// wake tells that ops have ended. One waker that panics does not harm the others.
func (e *ringEngine) wake(ops []*ringOp) {
	if len(ops) == 0 {
		return
	}
	ws := make([]*pollster.Waker, 0, len(ops))
	for _, o := range ops {
		o.leave()
		o.done.Store(true)
		if w := o.waker.Take(); w != nil {
			ws = append(ws, w)
		}
	}
	e.reactor.wake(ws)
}

// finish ends o without the kernel.
func (o *ringOp) finish(n int, err error) {
	o.n, o.err = n, err
	o.state = ringEnded
	o.leave()
	o.done.Store(true)
	o.waker.Wake()
}

func (o *ringOp) leave() {
	if o.owner != nil {
		o.owner.landed()
	}
}

func (o *ringOp) stop(reason error) { o.engine.stop(o, reason) }

// stop ends o early, for reason: at once if it is in line, else the kernel is asked
// to cancel it, and its result comes when it comes.
func (e *ringEngine) stop(o *ringOp, reason error) {
	e.mu.Lock()
	switch o.state {
	case ringLine:
		e.line.Remove(o)
		e.inLine--
		e.mu.Unlock()
		o.finish(o.moved, reason)
		return
	case ringKernel:
		if o.cancel {
			break
		}
		o.cancel, o.reason = true, reason
		if e.submitting {
			// The submission side is taken. Its holder does it on the way.
			e.mu.Unlock()
			go e.stopLater(o)
			return
		}
		if e.ring.Push(uring.Cancel(uint64(o.slot), cancelData)) {
			e.submitLocked()
			e.reap()
			return
		}
		e.mu.Unlock()
		go e.stopLater(o) // when the queue has room
		return
	}
	e.mu.Unlock()
}

// stopLater asks the kernel to cancel o when the submitter has finished and the queue
// has room. It does when the ring has been closed, too: drain leaves this o to us.
func (e *ringEngine) stopLater(o *ringOp) {
	for pause := time.Microsecond; ; pause = min(2*pause, time.Millisecond) {
		e.mu.Lock()
		if o.state != ringKernel {
			e.mu.Unlock()
			return
		}
		if !e.submitting {
			pushed := e.ring.Push(uring.Cancel(uint64(o.slot), cancelData))
			e.submitLocked()
			e.reap()
			if pushed {
				return
			}
		} else {
			e.mu.Unlock()
		}
		time.Sleep(pause)
	}
}
