// Package causeway is the front page of a library that makes blocking code and
// futures call each other freely. It contains no code; import the packages
// below it.
//
// Blocking code waits for a future with one call, a future waits for blocking
// code with one call, and neither has to know which of the two it is standing
// in:
//
//	v, err := pollster.BlockOn(ctx, future)         // blocking code → future
//	job := unblock.Go(func() (T, error) { … })      // blocking code → a future
//	v, err := unblock.Call(ctx, slowAndOldFunction) // leave when ctx ends
//
// # Which one do I want
//
//   - Wait for a future, write one, combine some: package
//     [github.com/causeway-go/causeway/pollster]. It needs the standard library
//     only.
//   - Call blocking code that knows no context, bounded, and leave it when a
//     context ends: package unblock.
//   - Bound and watch how many such calls run at once, and give their OS threads
//     back: package threadpool, on which unblock stands.
//   - Hold many mostly idle activities, run functions that suspend instead of
//     blocking, or keep code on one OS thread: package executor.
//   - Wait for a descriptor, a timer or a child process without a thread: package
//     reactor.
//   - Turn a channel, a callback, a context or a sequence into a future, and back:
//     package compat.
//   - Check a future of your own against the contract: package
//     [github.com/causeway-go/causeway/pollster/futuretest].
//   - A goroutine and a channel do the job already: use them. RATIONALE.md in
//     the repository says when.
//
// # How the packages hang together
//
// The leaf is pollster: it defines Future, Waker and BlockOn and imports nothing
// of the others. The pool of threadpool knows jobs and no futures. unblock joins
// the two. executor and reactor stand on the same leaf and meet each other, and
// unblock, only there. compat may use all of them.
//
// BlockOn may be called anywhere, since it finds out by itself where it is: on an
// ordinary goroutine, in a job of the pool, in a task, inside another future's
// Poll. Waits may nest as deep as they like, on a pool of one thread too.
package causeway
