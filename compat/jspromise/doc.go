// Package jspromise lets Go in a web page and JavaScript wait for each other.
//
//	page, err := jspromise.Wait(ctx, promise)                // a promise, from Go
//	return jspromise.Promise(ctx, future)                    // a future, for JavaScript
//	response := jspromise.Fetch(jspromise.Request{URL: url}) // a future
//	clicks := jspromise.Listen(button, "click", jspromise.ListenOptions{})
//
// All of it needs GOOS=js, and runs in pages, workers and Node. On other systems
// the package is empty, since the types of syscall/js are not there.
//
// # The model
//
// A page has one thread, and its loop runs one piece of code at a time to its end:
// a click, a timer, what follows a promise. Go's goroutines run inside such
// pieces: when all of them wait, the piece ends and the page goes on. So a
// goroutine may wait for anything at all. There is one place that may not: code
// that JavaScript has called and waits for, because the loop cannot go on before
// that returns.
//
// # Callbacks
//
// A function of js.FuncOf that waits for a promise waits for something that cannot
// come. In plain Go that ends with
//
//	fatal error: all goroutines are asleep - deadlock!
//
// on the console, every other goroutine dead, and JavaScript going on with
// undefined, as if all were well. If a Go timer is running anywhere it is worse:
// nothing is reported, the page stands still, and a processor spins until that
// timer is up.
//
// With this module such a wait does not begin: pollster.BlockOn, and whatever
// waits by way of it, cancels the future and returns [ErrWouldHang]; what has no
// error to return panics with it. What other goroutines can bring about without
// the page, they do first: in a callback a wait lets them run until each of them
// waits as well, and only then is refused. So code that asks a goroutine and waits
// for the answer works there, however many goroutines take part, and a context with
// a deadline does not make the page spin.
//
// What to do instead, by what JavaScript expects:
//
//	nothing           go func() { … }(), or a task of a [Loop]
//	a promise         AsyncFunc, or Promise of a future
//	a value, now      nothing: no one can wait and not wait
//
// How it is known: a goroutine that JavaScript waits for has the function of
// syscall/js that receives calls on its stack. So callbacks of js.FuncOf are found
// as well, those of other libraries too, and those that JavaScript calls while Go
// calls JavaScript, on any goroutine or task. What this costs is in
// internal/goroutine: about as much as a send on a channel, for each wait.
//
// What cannot be found, in either kind of callback: a wait that does not go through
// this module. A receive from a channel, sync.Mutex.Lock, time.Sleep, the client of
// net/http, and under Node every read or write of a file, fmt.Println included,
// still deadlock or spin. In a callback of [FuncOf] package compat's waits are
// found too; in one of js.FuncOf those that take a shorter way on an ordinary
// goroutine (compat.Receiver.Next, compat.Lock) are not.
//
// # Which one
//
//	you have                      you want                   use
//	a promise                     a future                   Await
//	                              its value, here            Wait
//	a future                      a promise                  Promise
//	a Go function that waits      one that JavaScript calls  AsyncFunc
//	one that does not             the same                   FuncOf
//	an AbortSignal                a context                  Context
//	a context                     an AbortSignal             Signal
//	an EventTarget                a stream of its events     Listen
//	a URL                         its response               Fetch
//	what was thrown               an error                   GoError
//	an error                      something to throw         JSError
//	tasks                         the page to run them       NewLoop
//	a function                    it to run in the page      Microtask.Post, Task.Post, Frame.Post
//	something to draw             to wait for a frame        NextFrame
//
// Timers need no adapter: Go's own, and those of package compat, are timers of the
// page.
//
// # What is held
//
// Nothing in this package has to be released but what FuncOf and AsyncFunc return.
// The whole of it uses one js.Func, made on first use; promises and listeners get
// bound copies of that, which JavaScript collects. So an Await makes no js.Func,
// and one that is cancelled leaves none behind.
//
// # Caveats
//
//   - There are no threads. Code that computes stops the page while it does, in a
//     goroutine too: runtime.Gosched lets other goroutines run, not the page. Wait
//     for [NextFrame] or Post the rest in between.
//   - Order is JavaScript's: what follows a promise is a microtask, and a
//     goroutine that waited for it runs in it.
//   - In a testing/synctest bubble there is no JavaScript to wait for: it would
//     come from outside. All that would have it call panics there. Waits in
//     callbacks are refused as everywhere.
//   - Outside of callbacks a wait for what never comes is not found, as in Go: in
//     a page, unlike in Node, there is always an event that might come.
//   - An executor.Thread is a goroutine here, and a task whose Attr.Park is set
//     stops the page in a [Loop].
//
// # Cancellation
//
// Futures and streams that hold something have a Cancel, and after it has returned
// no listener and no entry is left. A promise itself cannot be cancelled in
// JavaScript; what takes a signal can.
//
// # Panics
//
// A panic in a callback goes where it does in Go: it ends the program. A panic, or
// runtime.Goexit, in what a promise waits for, rejects the promise. What JavaScript
// throws is an error of the future concerned. Misuse, such as a nil function,
// panics when it is passed.
package jspromise
