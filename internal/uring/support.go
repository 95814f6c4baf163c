package uring

// Support is what probing found out.
type Support struct {
	Available bool  // all the operations of this package can be used
	Reason    error // why not
	Features  uint32
	Ops       int // operations the kernel knows
}

// needed is what must be there, or the ring is not used at all: a kernel of 5.6
// or later has it.
var needed = []Op{OpNop, OpFsync, OpPollAdd, OpCancel, OpRead, OpWrite}
