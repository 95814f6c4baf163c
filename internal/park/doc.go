// Package park suspends one goroutine until it is notified.
//
// A [Notifier] holds one permit. Notify sets it; the owner consumes it, and
// parks until it is there. Who waits and how is chosen at each park: in Go's
// scheduler, in Go's scheduler with a second channel to watch, through a
// [goroutine.Parker], or with the whole OS thread on a futex.
//
// # Why not a permit per thread or goroutine
//
// Because waits nest. If an inner wait on the same goroutine shares the permit
// of the outer one, it swallows the outer one's wake-up and the outer one
// sleeps for ever. Each use of a Notifier therefore begins with [Notifier.Begin],
// which makes every earlier holder of it powerless.
package park
