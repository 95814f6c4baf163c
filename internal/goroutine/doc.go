// Package goroutine knows which goroutine it is called on, and whether that
// goroutine has told the library how it waits.
//
// Go hides the identity of a goroutine from programs on purpose. This package
// uses it for one thing only: to answer, when a goroutine is about to wait,
// «am I a worker, a task's coroutine, or a job of a pool?», because each of
// these has to do something before it waits. A context cannot carry the
// answer, since contexts are handed to other goroutines.
//
// The identity is the address of the runtime's g, read by three lines of
// assembly without an offset into any structure of the runtime ([Current]).
// It is stable while the goroutine lives and is used again afterwards, so
// whoever enters a [Place] leaves it before its goroutine ends.
//
// Everything here is called by a goroutine about itself; there is no way to
// ask about another one.
package goroutine
