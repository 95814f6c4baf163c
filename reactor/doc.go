// Package reactor waits for descriptors and for time on behalf of futures, and
// holds no thread while it does.
//
//	r, err := reactor.Default()
//	s, err := r.Register(fd) // an inotify, a pidfd, a serial line, a socket, …
//	n, err := s.ReadWith(ctx, func(fd int) (int, error) { return unix.Read(fd, buf) })
//	_, err = pollster.BlockOn(ctx, reactor.Sleep(time.Second))
//
// # The model
//
// Go has a reactor, its network poller, and hides it: what it waits for must be
// a socket or an os.File, and each wait costs a goroutine. This one takes any
// descriptor that the system can poll, and what waits is a [pollster.Future],
// which may be polled by a goroutine, or by one of a million tasks that have no
// goroutine.
//
// A [Source] is a descriptor that is registered. Nobody is told «it is ready
// now» and left to hope that it still is: one tries, and if the descriptor says
// «not now», waits for the next change and tries again. [Source.ReadWith] and
// [Source.PollRead] are that loop around a function of yours, [Source.Readable]
// is that loop around the question whether it is ready.
//
// A [Timer] ends when its time has come and never earlier. [Interval] is a
// stream of such times. [Timeout] and [Deadline] put an end to any future.
//
// # Roles
//
//   - The [Reactor]: one for the program ([Default]), or as many as you like.
//   - Its driver, exactly one: who waits for the system and hands events on.
//     It is a goroutine that the Reactor starts; or, of a Manual one, whoever
//     calls [Reactor.Poll].
//   - The Source: one for each descriptor and Reactor, used by anyone.
//   - The [Waiter]: one for each task that waits for a Source, a place in its
//     list. The futures here have theirs inside.
//
// # Where the driver waits
//
// On Linux the epoll set of a Reactor is itself a descriptor in Go's network
// poller, so that its driver is a parked goroutine and nothing else: a hundred
// Reactors cost no thread. With every processor busy Go looks at its poller
// every 10 ms only, and everything that waits there is late by that, Go's own
// connections too. [Options].Thread is for those who cannot have that: a thread
// of the Reactor's own, that answers at once and costs more for each event while
// the machine is idle.
//
// Timers are not in the epoll set. The earliest of them is one timer of Go's.
// So they work on every system, and on the clock of a test.
//
// A worker that has found an event and is then held up by a task for more than a
// millisecond does not keep other events waiting for longer than that: the driver
// comes back.
//
// # A loop that is not ours
//
// A main loop that already exists (of a window system, a game, another library)
// drives a Manual Reactor. If it can watch a descriptor, it watches
// [Reactor.Descriptor], for no longer than until [Reactor.NextDeadline], and
// calls Poll(0); otherwise it calls [Reactor.Poll] with the time that it can
// spare.
//
// # Rules
//
//   - Close a Source before its descriptor, or by [Source.CloseWith].
//   - Put the descriptor into non-blocking mode; functions given to ReadWith
//     and the like must not block.
//   - Cancel what you do not poll to its end. BlockOn and the combinators do.
//   - Wakers run on the driver, with no lock held. They must not block, which
//     is their contract anyway.
//
// # Caveats
//
// What is closed underneath. If somebody closes a descriptor that is registered,
// the system forgets it without telling anybody. Those who wait at that moment
// go on waiting; everything later is [ErrDescriptor], unless the number is that
// of another file by then, which nobody can tell. An event that was on its way
// never reaches a Source that was registered later under the same number.
//
// All waiters are woken. Of many who wait for one direction, each is woken by
// an event, and tries; those who find nothing wait again. To let a hundred tasks
// accept from one listener is correct and not cheap.
//
// Level. The system is asked for edges, because that takes no system call for
// each wait. It does not show: Readable asks anew each time.
//
// Regular files are always ready, and so cannot be registered. Reading them
// takes other means, which are in this package too. What is in the page cache is
// read by whoever polls, at the first Poll, so that such a Poll copies up to
// 128 KiB; see [File].
//
// Speed. An event makes two hops, to the driver and to the one who waits, where
// os.File and net make one: a round trip over two pipes took 7.7 µs here, and
// 3.4 µs by os.File. Two shortcuts avoid that where it matters. A goroutine that
// waits for a [Conn], a [Listener] or a [PacketConn] waits in Go's poller itself,
// and is as fast as with package net but for a few hundredths. And a worker of
// package executor that has run out of work looks for events itself before it
// sleeps; as long as it finds some, the driver rests. [Timer] and time.AfterFunc: 54 to 96 ns for
// arming and cancelling against 192 ns, and 64 bytes against 112 and a
// goroutine.
//
// Splicing. [Conn.ReadFrom] and [Conn.WriteTo], and so io.Copy, have the kernel move
// bytes between stream sockets, pipes and files, through a pipe of the Reactor's. It
// has at most 64 of 1 MiB, keeps none for long, and those who wait for a source hold
// none. What is in the pipe when the destination fails is lost. On a loopback
// interface it is no gain towards TCP, and takes about half the time towards others.
//
// Fork. A Reactor must not be used in a forked child, which Go programs do not
// have.
//
// # Tests in bubbles
//
// A Reactor that is made inside a testing/synctest bubble lives in it: its
// timers keep the time of the bubble. Close it before the bubble ends. Its
// driver rests while nobody waits for a Source; while somebody does, the clock
// of the bubble stands still, as it does for every input from outside.
//
// The default Reactor, and any made outside, may be used inside a bubble too.
// A timer then is one of Go's in that bubble, and a wake-up for a Source goes
// by way of a goroutine in the bubble.
//
// # Cancellation
//
// ReadWith and WriteWith end with their context. Futures are cancelled as
// package pollster describes, which takes their Waiter out of the list and never
// affects others. Closing a Source or a Reactor ends every wait with
// [ErrClosed]; a system call that is under way is not interrupted.
//
// # Panics
//
// A panic in a function given to ReadWith and its like goes to its caller. A
// panic, or Goexit, in a waker keeps nobody else from being woken; it is counted
// in [Stats] and handed to [Options].OnPanic.
package reactor
