// Package uring is a thin layer over io_uring: it makes a ring, maps it, puts
// entries into the submission queue, and takes results out of the completion
// queue. It knows nothing of reactors, futures or files.
//
// A [Ring] has two sides. One caller at a time may be on the submitting side
// ([Ring.Push], [Ring.Submit]) and one on the completing side ([Ring.Reap]); the
// two may be different goroutines. What lies between, who may push when and what
// a number means, belongs to the user of the ring.
//
// # Caveats
//
//   - A request belongs to the OS thread that submitted it. If that thread exits,
//     the kernel cancels the request: its result is ECANCELED although nobody
//     asked. Whoever submits from goroutines must submit such a request again.
//   - The kernel writes to the buffer until the result is there. The buffer must
//     be on the heap and reachable until then, so its owner has to be kept in a
//     structure that a table holds, not on a stack.
//   - A ring lives until its memory is unmapped, not only until its descriptor is
//     closed. [Ring.Close] does both.
//   - The kernel keeps completions for which the queue has no room, and hands them
//     over when asked. Reap asks.
package uring
