// Package meet holds the places where tasks and goroutines meet: channels and
// locks that suspend a task, where Go's own would hold up its worker.
//
// Everything that may have to wait comes in two forms, of one meaning:
//
//	v, err := c.Recv(ctx)     // waits here, in the way that fits: see pollster.BlockOn
//	f := c.RecvFuture()       // a future, for Join, Select, Timeout, …
//
// and most things in a third one, Try…, that does not wait. Both sides may be
// tasks, goroutines, futures and threads in any mixture.
//
// # When Go's own do as well
//
// Between goroutines, use Go's channels and package sync: they are faster there,
// and select works on them. A sync.Mutex that is held for a few instructions,
// never across a wait, is right in a task too. This package is for waits inside
// tasks, and for locks that are held while their holder waits.
//
// # Fairness
//
// Mutex and Semaphore serve in the order of arrival, and hand over directly: who
// comes later does not get in between. A Chan keeps the order of its values;
// who receives one first may have come later than another who waits.
//
// # Cancellation
//
// An operation whose context ends, or whose future is cancelled, has not
// happened, unless it had already. If it had just been told to go on, the next
// in line is told instead, so nothing is lost with it. A future that is kept but
// not polled any more holds up nobody on a Chan; one that has been granted a
// lock holds it, as any holder does: cancel it.
//
// A future of this package is for one operation. It must not be copied, and one
// goroutine at a time may poll it.
package meet
