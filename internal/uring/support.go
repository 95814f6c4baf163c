package uring

// Support is what probing found out.
type Support struct {
	Available bool  // all the operations of this package can be used
	Reason    error // why not
	Features  uint32
	Ops       int // operations the kernel knows
}
