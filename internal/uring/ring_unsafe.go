//go:build linux

package uring

import (
	"errors"
	"fmt"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// needed is what must be there, or the ring is not used at all: a kernel of 5.6
// or later has it.
var needed = []Op{OpNop, OpFsync, OpPollAdd, OpCancel, OpRead, OpWrite}

// A Ring is one io_uring of the kernel with its memory mapped. It must not be
// copied. See the package documentation for who may call what at the same time.
type Ring struct {
	fd       int
	features uint32
	rings    []byte // both queues, or the submission queue alone
	cqRing   []byte // the completion queue, if it has a mapping of its own
	sqes     []byte

	// The submitting side.
	entries   []sqe
	sqMask    uint32
	sqHead    *uint32 // moved by the kernel
	sqTail    *uint32 // moved by Push
	sqFlags   *uint32
	tail      uint32                         // sqTail, without an atomic load
	submitted uint32                         // up to where the kernel has been told
	fault     func(submit uint32) unix.Errno // for tests: an error in place of the call

	// The completing side.
	cqes   []cqe
	cqMask uint32
	cqHead *uint32 // moved by Reap
	cqTail *uint32 // moved by the kernel
}

// sqe and cqe are what the kernel shares with us.
type sqe struct {
	opcode   uint8
	flags    uint8
	ioprio   uint16
	fd       int32
	off      uint64
	addr     uint64
	len      uint32
	opFlags  uint32
	userData uint64
	_        [3]uint64
}

type cqe struct {
	userData uint64
	res      int32
	flags    uint32
}

// params is struct io_uring_params.
type params struct {
	sqEntries, cqEntries, flags uint32
	sqThreadCPU, sqThreadIdle   uint32
	features, wqFD              uint32
	_                           [3]uint32
	sqOff                       offsets
	cqOff                       offsets
}

// offsets is where the parts of a queue are in its mapping. The two queues have
// the same layout up to the place of the entries, with other names.
type offsets struct {
	head, tail, ringMask, ringEntries uint32
	a, b, c                           uint32 // sq: flags, dropped, array; cq: overflow, cqes, flags
	_                                 uint32
	userAddr                          uint64
}

const (
	offSQRing = 0
	offCQRing = 0x8000000
	offSQEs   = 0x10000000

	setupCQSize = 1 << 3
	setupClamp  = 1 << 4

	featSingleMmap = 1 << 0
	featNoDrop     = 1 << 1

	enterGetEvents = 1 << 0

	sqCQOverflow = 1 << 1

	registerProbe      = 8
	registerMaxWorkers = 19
)

// New makes a ring for at least entries submissions before a Submit, and at least
// completions results before a Reap (0 means twice as many as entries). The error
// wraps the errno: ENOSYS from a kernel without io_uring, EPERM where it is
// forbidden, ENOMEM where too much memory is locked.
func New(entries, completions uint32) (*Ring, error) {
	p := params{flags: setupClamp}
	if completions > 0 {
		p.flags |= setupCQSize
		p.cqEntries = max(completions, entries)
	}
	fd, _, errno := unix.Syscall(unix.SYS_IO_URING_SETUP, uintptr(entries), uintptr(unsafe.Pointer(&p)), 0)
	if errno != 0 {
		return nil, fmt.Errorf("uring: setup: %w", errno)
	}
	// The kernel sets O_CLOEXEC itself.
	r := &Ring{fd: int(fd), features: p.features}
	if p.features&featNoDrop == 0 {
		return nil, errors.Join(fmt.Errorf("uring: setup: the kernel drops results: %w", errors.ErrUnsupported), r.Close())
	}
	if err := r.mmap(&p); err != nil {
		return nil, errors.Join(fmt.Errorf("uring: mmap: %w", err), r.Close())
	}
	return r, nil
}

// mmap maps the queues and finds its way in them.
func (r *Ring) mmap(p *params) (err error) {
	sq := p.sqOff.c + p.sqEntries*4
	cq := p.cqOff.b + p.cqEntries*uint32(unsafe.Sizeof(cqe{}))
	single := p.features&featSingleMmap != 0
	if single {
		sq = max(sq, cq)
	}
	if r.rings, err = r.mapAt(offSQRing, sq); err != nil {
		return err
	}
	queue := r.rings
	if !single {
		if r.cqRing, err = r.mapAt(offCQRing, cq); err != nil {
			return err
		}
		queue = r.cqRing
	}
	if r.sqes, err = r.mapAt(offSQEs, p.sqEntries*uint32(unsafe.Sizeof(sqe{}))); err != nil {
		return err
	}
	r.entries = unsafe.Slice((*sqe)(unsafe.Pointer(&r.sqes[0])), p.sqEntries)
	r.sqMask = *word(r.rings, p.sqOff.ringMask)
	r.sqHead, r.sqTail = word(r.rings, p.sqOff.head), word(r.rings, p.sqOff.tail)
	r.sqFlags = word(r.rings, p.sqOff.a)
	r.tail = *r.sqTail
	r.submitted = r.tail
	// The array says which entry is at which place of the queue. Entry i is at
	// place i, for good.
	array := unsafe.Slice(word(r.rings, p.sqOff.c), p.sqEntries)
	for i := range array {
		array[i] = uint32(i)
	}
	r.cqMask = *word(queue, p.cqOff.ringMask)
	r.cqHead, r.cqTail = word(queue, p.cqOff.head), word(queue, p.cqOff.tail)
	r.cqes = unsafe.Slice((*cqe)(unsafe.Pointer(&queue[p.cqOff.b])), p.cqEntries)
	return nil
}

func (r *Ring) mapAt(offset int64, length uint32) ([]byte, error) {
	return unix.Mmap(r.fd, offset, int(length), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_POPULATE)
}

func word(m []byte, at uint32) *uint32 { return (*uint32)(unsafe.Pointer(&m[at])) }

func address(p []byte) uint64 { return uint64(uintptr(unsafe.Pointer(unsafe.SliceData(p)))) }

// FD returns the descriptor of the ring, which is readable while there are
// results.
func (r *Ring) FD() int { return r.fd }

// Capacity returns how many entries and how many results there is room for.
func (r *Ring) Capacity() (submissions, completions int) { return len(r.entries), len(r.cqes) }

// Push puts e into the submission queue. It returns false if the queue is full.
// The kernel sees the entry at the next Submit.
func (r *Ring) Push(e Entry) bool {
	if r.tail-atomic.LoadUint32(r.sqHead) == uint32(len(r.entries)) {
		return false
	}
	r.entries[r.tail&r.sqMask] = sqe{
		opcode: uint8(e.Op), fd: e.FD, off: e.Off, addr: e.Addr, len: e.Len, opFlags: e.Flags, userData: e.Data,
	}
	r.tail++
	atomic.StoreUint32(r.sqTail, r.tail) // publishes the entry
	return true
}

// Queued returns how many entries have been pushed and not submitted.
func (r *Ring) Queued() int { return int(r.tail - r.submitted) }

// Submit hands the queued entries to the kernel, in the order of Push, and
// returns how many it took. It does not wait for results, but a request that can
// be done at once is done meanwhile. EINTR is handled here. EAGAIN and EBUSY mean
// that the kernel has too much to do: reap, and try again later; what has not been
// taken stays queued.
func (r *Ring) Submit() (taken int, err error) {
	for r.submitted != r.tail {
		n, errno := r.enter(r.tail-r.submitted, 0)
		switch {
		case errno == unix.EINTR:
			continue
		case errno != 0:
			return taken, fmt.Errorf("uring: submit: %w", errno)
		case n == 0:
			return taken, fmt.Errorf("uring: submit: %w", unix.EAGAIN)
		}
		r.submitted += n
		taken += int(n)
	}
	return taken, nil
}

func (r *Ring) enter(submit, flags uint32) (uint32, unix.Errno) {
	if r.fault != nil {
		if errno := r.fault(submit); errno != 0 {
			return 0, errno
		}
	}
	n, _, errno := unix.Syscall6(unix.SYS_IO_URING_ENTER, uintptr(r.fd), uintptr(submit), 0, uintptr(flags), 0, 0)
	return uint32(n), errno
}

// Ready reports whether Reap would find something. It may be called from
// anywhere while the ring is open.
func (r *Ring) Ready() bool {
	return atomic.LoadUint32(r.cqHead) != atomic.LoadUint32(r.cqTail) ||
		atomic.LoadUint32(r.sqFlags)&sqCQOverflow != 0
}

// Reap takes all results that are there and calls f with each. Results that had
// no room in the queue are fetched from the kernel. It does not wait. f must not
// call Reap.
func (r *Ring) Reap(f func(Result)) (n int, err error) {
	for {
		n += r.drain(f)
		if atomic.LoadUint32(r.sqFlags)&sqCQOverflow == 0 {
			return n, nil
		}
		if _, errno := r.enter(0, enterGetEvents); errno != 0 && errno != unix.EINTR {
			return n, fmt.Errorf("uring: fetch results: %w", errno)
		}
	}
}

// drain takes what is in the completion queue. The place of a result is given back
// before f is called, so that f may submit.
func (r *Ring) drain(f func(Result)) (n int) {
	head := atomic.LoadUint32(r.cqHead)
	for head != atomic.LoadUint32(r.cqTail) {
		c := r.cqes[head&r.cqMask]
		head++
		atomic.StoreUint32(r.cqHead, head)
		n++
		f(Result{Data: c.userData, Res: c.res, Flags: c.flags})
	}
	return n
}

// LimitWorkers bounds the kernel threads that the ring makes for requests that
// cannot be done without blocking: bounded ones for regular files, unbounded ones
// for the rest. The bounds are for each thread that submits. Kernels before 5.15
// return EINVAL.
func (r *Ring) LimitWorkers(bounded, unbounded uint32) error {
	counts := [2]uint32{bounded, unbounded}
	return r.register(registerMaxWorkers, unsafe.Pointer(&counts), 2)
}

func (r *Ring) register(what uintptr, arg unsafe.Pointer, n uintptr) error {
	_, _, errno := unix.Syscall6(unix.SYS_IO_URING_REGISTER, uintptr(r.fd), what, uintptr(arg), n, 0, 0)
	if errno != 0 {
		return fmt.Errorf("uring: register: %w", errno)
	}
	return nil
}

// probeOps asks the kernel which operations it knows.
func (r *Ring) probeOps() (ops int, missing []Op, err error) {
	var p struct {
		lastOp, opsLen uint8
		_              uint16
		_              [3]uint32
		ops            [256]struct {
			op, _ uint8
			flags uint16
			_     uint32
		}
	}
	if err := r.register(registerProbe, unsafe.Pointer(&p), uintptr(len(p.ops))); err != nil {
		return 0, nil, err
	}
	known := func(op Op) bool { return int(op) < int(p.opsLen) && p.ops[op].flags&1 != 0 }
	for op := range int(p.opsLen) {
		if known(Op(op)) {
			ops++
		}
	}
	for _, op := range needed {
		if !known(op) {
			missing = append(missing, op)
		}
	}
	return ops, missing, nil
}

// Close closes the ring and unmaps it. Requests that are under way are cancelled
// by the kernel, which may go on writing to their buffers for a moment: reap them
// first. No other method may be called at the same time or afterwards.
func (r *Ring) Close() error {
	var errs []error
	for _, m := range []*[]byte{&r.sqes, &r.cqRing, &r.rings} {
		if *m != nil {
			errs = append(errs, unix.Munmap(*m))
			*m = nil
		}
	}
	if r.fd >= 0 {
		errs = append(errs, unix.Close(r.fd))
		r.fd = -1
	}
	r.entries, r.cqes = nil, nil
	return errors.Join(errs...)
}

// Probe makes a small ring, asks what it can do, and closes it.
func Probe() Support {
	r, err := New(4, 0)
	if err != nil {
		return Support{Reason: err}
	}
	s := Support{Features: r.features}
	var missing []Op
	if s.Ops, missing, err = r.probeOps(); err == nil && len(missing) > 0 {
		err = fmt.Errorf("uring: operations %d are missing: %w", missing, errors.ErrUnsupported)
	}
	err = errors.Join(err, r.Close())
	s.Available, s.Reason = err == nil, err
	return s
}
