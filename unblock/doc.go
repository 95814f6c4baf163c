// Package unblock runs blocking code for futures, and for goroutines that want to
// be able to leave it.
//
//	data, err := unblock.Call(ctx, func() ([]byte, error) { return os.ReadFile(name) })
//
// Blocking code is whatever holds an OS thread or cannot be told to stop: system
// calls on files, C functions, name lookups, libraries without a context. This
// package gives it three things that it lacks:
//
//   - A bound. Calls run in the slots of a [threadpool.Pool], so ten thousand of
//     them do not need ten thousand threads, of which Go's runtime would die.
//   - A way out. [Call] returns when its context ends, whatever the call is doing.
//   - A future. [Go] returns a [Job], which a task can wait for, that can be joined
//     with others, and raced against a timer.
//
// The standard library does the same for name lookups through C, privately, in
// package net.
//
// # Which one
//
//	run a function here and now, bounded      Call with context.Background
//	run it, but leave when ctx ends           Call
//	and make the call itself stop             CallInterruptible
//	start it, wait for it later               Go, then Job.Wait or pollster.BlockOn
//	wrap a function once for all              Func, Func1, Func2, Func3
//	read or write a stream                    NewReader, NewWriter, NewFile
//	draw values from an iterator              Seq, Seq2
//	open and read files by fs.FS              FS
//
// Each has a form or an option that takes a pool; the others use
// [threadpool.Default].
//
// # Cancellation
//
// A call that has not started when its context ends never runs. One that has
// started cannot be stopped, unless there is a hook that stops it; it is left to
// itself, keeps its slot until it returns, and is counted in Stats.Abandoned. So a
// dependency that hangs costs slots, not goroutines that pile up; give it a pool
// of its own and it costs only its own.
//
// # Panics
//
// A panic in a call is raised in whoever waits for the call, as if that had made
// the call itself; if it comes from another goroutine, as a
// *threadpool.PanicError, which has the stack. A call that calls runtime.Goexit
// fails with threadpool.ErrGoexit.
package unblock
