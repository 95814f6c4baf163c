package uring

// An Op is what an entry asks for. The numbers are the kernel's.
type Op uint8

// The operations that this package is used for.
const (
	OpNop     Op = 0
	OpFsync   Op = 3
	OpPollAdd Op = 6
	OpCancel  Op = 14
	OpOpenAt  Op = 18
	OpClose   Op = 19
	OpStatx   Op = 21
	OpRead    Op = 22
	OpWrite   Op = 23
)

// CurrentPosition as the Off of a read or write means the position of the
// descriptor, as read(2) and write(2) use it. Pipes and sockets need it.
const CurrentPosition = ^uint64(0)

// FsyncData as the Flags of OpFsync means fdatasync(2).
const FsyncData = 1

// An Entry is one request. Which fields mean what depends on Op; see the
// functions that make entries.
type Entry struct {
	Op    Op
	FD    int32
	Off   uint64
	Addr  uint64
	Len   uint32
	Flags uint32 // of the operation, not of the entry
	Data  uint64 // comes back with the result
}

// A Result is what became of a request.
type Result struct {
	Data  uint64 // of the entry
	Res   int32  // what the system call would have returned, or minus an errno
	Flags uint32
}

// Read asks for len(p) bytes at off. p must stay reachable until the result is
// there.
func Read(fd int, p []byte, off, data uint64) Entry {
	return Entry{Op: OpRead, FD: int32(fd), Off: off, Addr: address(p), Len: clamp(p), Data: data}
}

// Write is Read for writing.
func Write(fd int, p []byte, off, data uint64) Entry {
	return Entry{Op: OpWrite, FD: int32(fd), Off: off, Addr: address(p), Len: clamp(p), Data: data}
}

// Fsync asks for fsync(2), or fdatasync(2) if flags is FsyncData.
func Fsync(fd int, flags uint32, data uint64) Entry {
	return Entry{Op: OpFsync, FD: int32(fd), Flags: flags, Data: data}
}

// Cancel asks to cancel the request whose Data is target. The result is 0, or
// minus ENOENT if there is none, or minus EALREADY if it cannot be stopped. The
// request itself has a result in every case.
func Cancel(target, data uint64) Entry {
	return Entry{Op: OpCancel, FD: -1, Addr: target, Data: data}
}

// Nop asks for nothing.
func Nop(data uint64) Entry { return Entry{Op: OpNop, FD: -1, Data: data} }

// maxTransfer is the most that Linux moves in one call.
const maxTransfer = 0x7ffff000

func clamp(p []byte) uint32 { return uint32(min(len(p), maxTransfer)) }
