// Package pollster waits for futures: it is the shortest way from blocking
// code to code that must not block, and the place where both sides of that way
// are defined. It needs nothing but the standard library.
//
//	v, err := pollster.BlockOn(ctx, future)
//
// # The model
//
// A [Future] is a value that may not be ready yet. It does nothing by itself.
// Somebody polls it: Poll makes what progress it can, does not block, and says
// whether the value is there. If it is not, the future keeps the [Waker] that
// the poll came with, and wakes it when another poll is worth while. To poll
// again and again without having been woken would work and waste a processor;
// to wait for the waker costs nothing.
//
// That is the whole of the protocol, and it is worth having where a goroutine
// is too much or in the wrong place: when one OS thread has to own the loop,
// when a million activities are mostly idle, when work must be taken back
// before it starts. Where a goroutine and a channel do, use them.
//
// # Roles
//
// Four parts meet, and each is small enough to write by hand.
//
//   - The poller, one at a time: [BlockOn], an executor's task, or another
//     future. It polls, waits to be woken, and polls again.
//   - The future, one for each value. It looks whether its condition holds and
//     keeps the waker of the latest poll, usually in an [AtomicWaker].
//   - The event side, any number: callbacks, goroutines, a reactor. It makes
//     the condition true and then wakes. A [Promise] is the future for those who
//     only want to hand over a result.
//   - The waker, one for each poller. It may be woken by anyone, at any time,
//     as often as they like, and long after the poller has gone.
//
// # The contract
//
// Every Wake is followed by at least one Poll, unless the future has ended.
// Wakes coalesce, so one Poll may answer many. Polls that nothing asked for are
// allowed. Only the waker of the latest Poll has to be woken. Wake never blocks
// and never polls. What was written before Wake is visible to the Poll that
// follows.
//
// A future has ended when Poll says ready or returns an error; the error counts
// whatever ready says. It must not be polled after that. The details are with
// [Future], [Stream], [Waker] and [Canceler], and package
// [github.com/causeway-go/causeway/pollster/futuretest] checks any future
// against all of it.
//
// # A poller and a future, in code
//
// This is what every poller does, BlockOn too:
//
//	for {
//		v, ready, err := f.Poll(w)
//		if ready || err != nil {
//			return v, err
//		}
//		// sleep until w is woken; if it was woken during Poll, do not sleep
//	}
//
// And this is a future. The order inside Poll is what keeps a wake-up from
// falling between the look and the registration (see [AtomicWaker]):
//
//	func (b *Bell) Poll(w *pollster.Waker) (struct{}, bool, error) {
//		b.waker.Register(w)                   // 1. be reachable
//		return struct{}{}, b.rung.Load(), nil // 2. look
//	}
//
//	func (b *Bell) Ring() {
//		b.rung.Store(true) // 1. make it true
//		b.waker.Wake()     // 2. say so
//	}
//
// # Where BlockOn may be called
//
// Anywhere. On an ordinary goroutine it parks that goroutine. On a goroutine
// that this library runs something on, it waits in the way that belongs there:
// a function task is suspended and its worker goes on with other tasks, a worker
// that is inside some Poll is stood in for, and a job of a blocking pool gives
// its slot to another one while it waits. It finds out by itself where it is. So
// calls may nest, as deep as they like, and legacy code that has never heard of
// a task may be called from one and call BlockOn in turn.
//
// Each call has a wake-up permit of its own. It is this that makes nesting
// safe: with one permit for each thread or goroutine, an inner call takes the
// wake-up that was meant for the outer one, which then sleeps for ever.
//
// # Combining
//
// [Map], [MapErr] and [Then] go on from a result. [Join2], [Join3] and [Join]
// wait for all, [Race] for the first, [Select] for the first and which it was,
// [Unordered] for one after another. [Timeout] and [Deadline] cut off, [PollOnce]
// only looks, [Yield] lets others run, [Fuse] may be polled after its end. For
// streams there are [Next], and [Seq] for range loops. [Main] is for a program's
// main function. All of them forward cancellation and cancel what has lost.
//
// None of them starts anything when it is made. All take a nil future as one
// that fails with [ErrNilFuture].
//
// # Caveats
//
// A Poll that blocks, blocks everything that shares its poller. Take blocking
// work out of it with package unblock, or, if you must, call BlockOn there,
// which at least lets the others know.
//
// A future that some other loop has to drive, such as a timer of a reactor that
// nobody runs, waits for ever in BlockOn as it does everywhere.
//
// A future has one poller at a time. To hand one result to many, use
// [Promise.Future]. Values are handed over by assignment; a future that gives
// out a pointer gives out what it points to.
//
// # Cancellation
//
// It has two halves. The context given to BlockOn ends the wait of a goroutine.
// Cancel, of the optional interface [Canceler], tells a future that nobody will
// poll it any more, so that it gives back what it holds: a timer, a
// registration, a queued job. BlockOn does the second when the first happens. To
// write a future that wraps another one, forward Cancel; [Cancel] does it in a
// line.
//
// Cancelling does not interrupt code that is running. It says that nobody
// listens any more.
//
// # Panics
//
// A panic in Poll goes to whoever polls, with its own stack, through BlockOn and
// the combinators alike, and so does runtime.Goexit. A combinator through which
// one has gone is not polled on: it says so with an error. Cancel still reaches
// every future it holds. A panic in a function given to NewWaker comes out of
// Wake.
//
// Misuse that can be seen when a future is made, such as a nil function,
// panics at once.
package pollster
