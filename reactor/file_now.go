package reactor

import (
	"context"
	"io"
	"math"
	"sync/atomic"

	"github.com/causeway-go/causeway/internal/goroutine"
	"github.com/causeway-go/causeway/pollster"
)

// This file is about reads that end at once, from the page cache; see File.

const (
	// pieceMax is how much is copied between two chances to suspend.
	pieceMax = 128 << 10
	// turnBytes is how much is copied from a file until somebody suspends.
	turnBytes = 1 << 20
	// callBytes is what a call costs, in bytes that could be copied meanwhile.
	callBytes = 4 << 10
	// vainMax bounds for how many reads nobody tries: 1<<vainMax - 1.
	vainMax = 6
	// interrupted is how often a try is repeated that a signal has ended.
	interrupted = 16
	// crowd is how many reads have to be made between the making of one and its
	// first Poll for it to be one of many, which more than one can copy.
	crowd = 32
	// sharedMax is how many of those are left to the ring or the pool at a time.
	sharedMax = 64
	// atPosition, as an offset, means the position of the file.
	atPosition = -1
)

// An attempt is what is left of a read, or of a write.
type attempt struct {
	p      []byte
	off    int64 // or atPosition
	n      int   // what has been read
	ready  bool  // it has ended; only a pause is left to be made
	looked bool  // the cache has been asked
	missed bool  // and has not had all of it, or there was no hope
	whole  bool  // whoever reads need not do it in pieces
}

func (a *attempt) advance(n int) {
	a.p, a.n = a.p[n:], a.n+n
	if a.off >= 0 {
		a.off += int64(n)
	}
}

// piece is how much is read with one call.
func (a *attempt) piece() int {
	if a.whole {
		return len(a.p)
	}
	return min(len(a.p), pieceMax)
}

// eof is io.EOF for a read that got less than is called for.
func (a *attempt) eof() error {
	if len(a.p) > 0 && (a.off >= 0 || a.n == 0) {
		return io.EOF
	}
	return nil
}

// A verdict is what became of an attempt.
type verdict uint8

const (
	missed  verdict = iota // the rest takes waiting
	further                // a piece has been read: call again
	turned                 // let others run, and call again
	served                 // it has ended
)

// A cacheState is what is known of the cached part of a File.
type cacheState struct {
	use   bool          // worth asking; does not change
	never atomic.Bool   // the file system cannot be asked
	skip  atomic.Int32  // reads that shall not ask; others may make it negative
	vain  atomic.Int32  // tries in vain since the last that was not
	spent atomic.Uint64 // bytes copied, and what calls cost
	made  atomic.Uint32 // reads that have been made
	held  atomic.Int32  // requests at the position in the pool, where the kernel locks it
}

// hopeful reports whether to ask the cache for a.
func (c *cacheState) hopeful(a *attempt) bool {
	switch {
	case !c.use || c.never.Load():
		return false
	case a.off < 0 && (len(a.p) > a.piece() || c.held.Load() > 0):
		return false
	case a.off > math.MaxInt64-int64(len(a.p)):
		return false // an error, and one that says nothing of the file system
	}
	if c.skip.Load() > 0 && !a.looked {
		c.skip.Add(-1)
		return false
	}
	return true
}

// inVain notes that there was nothing.
func (c *cacheState) inVain() {
	n := min(c.vain.Load(), vainMax)
	c.vain.Store(n + 1)
	c.skip.Store(1<<n - 1)
}

// spend notes that n bytes have been copied, and reports whether it is time to let
// others run.
func (c *cacheState) spend(n int) bool {
	cost := uint64(n + callBytes)
	sum := c.spent.Add(cost)
	return sum/turnBytes != (sum-cost)/turnBytes
}

// look makes as much of a as the cache allows. It does not ask again after a miss.
func (f *File) look(a *attempt) verdict {
	switch {
	case a.ready:
		return served
	case a.missed:
		return missed
	}
	v := f.ask(a)
	a.missed = v == missed
	return v
}

func (f *File) ask(a *attempt) verdict {
	s := f.files
	if !f.cache.hopeful(a) || len(s.rings) > 0 && s.closed.Load() || !f.life.enter() {
		return missed
	}
	a.looked = true
	n, v := f.copyNow(a)
	f.leave()
	switch {
	case v == missed:
		return missed
	case f.cache.vain.Load() != 0:
		f.cache.vain.Store(0)
	}
	turn := f.cache.spend(n)
	if v == served {
		s.cached.Add(1)
		a.ready = turn
	}
	if turn {
		return turned
	}
	return v
}

// copyNow copies up to pieceMax bytes. The caller is inside f.life.
func (f *File) copyNow(a *attempt) (n int, v verdict) {
	part := a.p[:a.piece()]
	n, err := f.files.readNow(f.fd, part, a.off)
	for again := 0; err == errInterrupted && again < interrupted; again++ {
		n, err = f.files.readNow(f.fd, part, a.off)
	}
	switch {
	case err == errAgain:
		f.cache.inVain()
		return 0, missed
	case err != nil:
		// What is wrong is for the ring or the pool to say.
		if cannotAsk(err) {
			f.cache.never.Store(true)
		}
		return 0, missed
	}
	a.advance(n)
	switch {
	case len(a.p) == 0, n > 0 && a.off < 0:
		return n, served
	case n == len(part):
		return n, further
	case a.off >= 0 && f.endsAt(a.off):
		return n, served
	}
	return n, missed // the first pages only
}

// endsAt confirms that the file ends at off: some kernels say 0 where they mean that
// it would take waiting.
func (f *File) endsAt(off int64) bool {
	size, ok := sizeOf(f.fd)
	return ok && off >= size
}

// read is a read that blocks, without a future as long as the cache has it.
func (f *File) read(kind opKind, a attempt) (int, error) {
	a.whole = len(a.p) > pieceMax && goroutine.Here() == nil
	for {
		switch f.look(&a) {
		case served:
			return a.n, f.error(kind.name(), a.eof())
		case missed:
			return wait(f.newOp(kind, a))
		case turned:
			if goroutine.Here() == nil {
				continue // Go sees to it
			}
			if _, err := pollster.BlockOn(context.Background(), pollster.Yield()); err != nil {
				return a.n, f.error(kind.name(), err)
			}
		}
	}
}

// letOthersRun has the task that polls be polled again after the others that are
// ready. One that is a function would find its wait over before it begins, and go on
// at once, so it is told to give way there.
func letOthersRun(w *pollster.Waker) {
	if p := goroutine.Here(); p != nil {
		p.Tire()
	}
	w.Wake()
}

// crowded reports whether o is one of many that have been made, and one that the
// ring or the pool should make beside the one who polls. If so, uncrowd follows.
func (o *fileOp) crowded() bool {
	f := o.f
	if !f.files.share || !f.cache.use || o.looked || f.cache.made.Load()-o.made < crowd {
		return false
	}
	if f.files.shared.Add(1) <= sharedMax {
		o.shared = true
		return true
	}
	f.files.shared.Add(-1)
	return false
}

// uncrowd is called when the ring or the pool has ended with o.
func (o *fileOp) uncrowd() {
	if o.shared {
		o.f.files.shared.Add(-1)
	}
}
