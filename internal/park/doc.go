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
//
// # Bets
//
// Parking is never wrong but often dear, so some things are tried before it: a
// goroutine yields once (yielder), a locked thread spins for a moment (spinFor)
// and sleeps on a futex where that is the faster way (chooser). Each is a bet
// on what the next park will be like. Each keeps an account of what it has won
// and lost, and gives up for a multiple of what it has lost. What concerns one
// conversation, such as whether the answer is quick, is learned by its Notifier;
// that processors are busy is known to the whole process (crowd).
package park
