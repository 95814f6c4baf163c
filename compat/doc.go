// Package compat joins what Go programs already have in their hands, channels,
// functions, callbacks, contexts, iterators, readers, processes, to futures, and
// futures to them.
//
//	v, err := pollster.BlockOn(ctx, pollster.Race(
//		compat.Recv(results),                     // a channel
//		compat.Async(ctx, fetch),                 // a function
//		compat.Callback(sdk.Begin),               // an API that calls back
//		compat.Done[Page](request.Context()),     // a context
//	))
//
// # Why doors and not bridges
//
// Two worlds that each can wait need little to wait for each other: something
// that waits in the one and wakes in the other. In Go that something is a
// goroutine, so most of this package is a few goroutines, and what there is to
// know about each adapter is when its goroutine starts, what ends it, and what
// becomes of a value that arrives when nobody wants it any more. Glue that is
// written by hand tends to have the first of these and not the others: a
// goroutine that sends to a channel nobody receives from, a callback that comes
// twice and blocks, a value that was received for a timeout. So each adapter here
// answers the same five questions in its comment: whether it blocks, when it
// starts, who closes, what Cancel does, and what gets lost.
//
// The rule behind the answers: nothing starts when a future is made, unless the
// comment says so; nothing is left running when it has ended or been cancelled,
// unless it cannot be stopped; and then there is one of it, not one for each who
// gave up.
//
// # Which one
//
//	you have                          you want                  use
//	a channel                         its values, one by one    FromChan
//	                                  one value                 Recv
//	a stream                          it in a channel           Feed
//	a future                          it in a channel           ToChan
//	a value and a full channel        to send without blocking  Send
//	a function that waits             a future                  Async
//	a function that holds a thread    a future                  unblock.Go
//	a future                          a function for many       Func
//	                                  its value, here           pollster.BlockOn
//	an API that calls back            a future                  Callback
//	a context                         a future of its end       Done
//	a future                          a context that ends       Context, Value
//	a sequence that does not block    a stream                  FromSeq, FromSeq2
//	a sequence that blocks            a stream                  unblock.Seq
//	a stream                          a range loop              pollster.Seq
//	functions and futures             all of them, or an error  NewGroup, Add
//	an io.Reader                      a stream of bytes         Chunks
//	                                  reads that can be left    unblock.NewReader
//	a stream of bytes                 an io.Reader              NewReader
//	a duration                        a future, a stream        After, Tick
//	a Cond, WaitGroup, Mutex          waits that end with ctx   CondWait, GroupWait, Lock
//	an exec.Cmd                       a Wait that ends with ctx Start
//	a net.Resolver                    the same, bounded         Resolver
//	standard input                    reads that can be left    Stdin
//
// # Where it may be used
//
// Everywhere. What polls does not care; what blocks waits as pollster.BlockOn
// does, so that in a task its worker goes on and in a job of a pool another job
// takes the slot. Where a plain wait is cheaper, on an ordinary goroutine,
// Receiver.Next, Feed, Lock, CondWait and GroupWait do just that.
//
// All of it works in a testing/synctest bubble, processes and look-ups aside,
// which nothing can bring into one. Stdin must be made outside. While somebody is
// in [Lock] the clock of a bubble stands still, as it does for a sync.Mutex. A
// sequence given to FromSeq or FromSeq2 runs on a stack of its own, which belongs
// to no task, so that a wait in it would hold up the worker: hence the rule.
//
// # Caveats
//
// A receive cannot be taken back. A waiter that has received a value for a poll
// that was then given up keeps it: a Receiver for the next poll, or for Stop.
// Recv has no next poll, so a value that comes at the moment of its Cancel is
// lost. Where none may be, keep one FromChan, and wait for pollster.Next of it.
//
// Some waits cannot be left, only abandoned: sync.Mutex, sync.WaitGroup, a system
// call. The call that leaves returns; the goroutine that does the waiting
// remains until it is over, one for each mutex or group.
//
// # Cancellation
//
// Functions that take a context return, when it ends, an error for which
// errors.Is holds with ctx.Err() and context.Cause(ctx). Futures and streams that
// hold something have a Cancel. Functions given to this package are told to stop
// through the context they get, and are not waited for.
//
// # Panics
//
// A panic in a function that runs on a goroutine of this package is raised, as a
// *threadpool.PanicError with its stack, in whoever waits for the result; if
// nobody does any more, it takes its course and ends the process.
// runtime.Goexit in such a function is threadpool.ErrGoexit. Nil functions and
// periods that make no sense panic when they are passed.
package compat
