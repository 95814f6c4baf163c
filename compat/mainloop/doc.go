// Package mainloop runs tasks inside a main loop that belongs to somebody else:
// the frames of a game, the events of a window, the messages of a terminal
// program.
//
//	loop, err := mainloop.NewBlocked(glfw.PostEmptyEvent, mainloop.Options{})
//	executor.Go(loop, func(ctx context.Context) (int, error) {
//		page, err := pollster.BlockOn(ctx, download)    // the window goes on
//		title.Set(page.Title)                           // on the window's thread
//		…
//	})
//	err = loop.Run(func() error {
//		for !window.ShouldClose() {
//			sleepAtMost(loop.Turn())
//			draw()
//		}
//		return nil
//	})
//
// # The model
//
// Such a loop has one thread, and two rules: only that thread may touch the
// window, and nothing on it may take long. A [Loop] is an [executor.Local] that
// keeps to both. Its tasks run on the loop's thread, one at a time, so they touch
// what belongs to it without a lock; where they wait they are suspended and the
// loop goes on. What wakes them comes from anywhere.
//
// It has two sides. The loop calls [Loop.Turn], which polls the tasks that are
// ready, up to a budget. And the loop is told, once per sleep, that there is
// something to do; this is the only part in which loops differ:
//
//	the loop                                    how it is told          use
//	runs all the time, frame by frame           not at all              NewPolled
//	sleeps in C, has a function to wake it      that function           NewBlocked
//	has a queue of its own for events           Post, to its queue      NewQueued
//
// A host with a queue is a [Host]: one method, Post(func()) error. A Loop is one
// itself, so loops fit into loops.
//
// # Rules
//
//   - Turn, Run and End are called on the goroutine of the loop, in the same
//     depth of callbacks from C each time: stacks made in one depth are not
//     continued in another (see executor.Local.Poll). Everything else may be
//     called on any goroutine.
//   - Call Turn once before the loop first sleeps, and after each sleep. Sleep
//     no longer than it returns.
//   - The function that wakes a blocked loop, and Post, must not block; they are
//     called on the goroutine that has woken the task, which may hold locks. A
//     host whose Post blocks, as that of a Bubble Tea program does, gets a
//     goroutine: func(f func()) error { go p.Send(run(f)); return nil }.
//   - A wake comes at most once per sleep, never while the loop is in Turn or is
//     going to call it anyway, and never after End has returned: the toolkit may
//     be shut down then.
//   - Where Post returns an error the wake is not lost: it is owed, and tried
//     again, after a millisecond at first, up to 32 later, until it is taken,
//     the loop calls Turn by itself, or ends. An error for which errors.Is holds
//     with [ErrEnded] says that the host has ended, and the Loop ends too.
//
// # Nobody starves
//
// A turn ends when nothing is ready, when Options.Budget is over, or after
// Options.Polls polls. So tasks that wake themselves for ever take the budget,
// plus one poll, out of each frame, and no more; a poll that has begun cannot be
// taken back, so blocking calls belong into package unblock. What is left is
// continued by the next turn in the order in which it became ready, and in the
// queue of a host that turn is behind the events that have come meanwhile. So
// tasks do not hold up events, and however many events there are, each time
// through the loop a task that is ready comes nearer to its poll. Only a queue
// that is full whenever we try can keep us out; call Turn by hand in a loop that
// may have one.
//
// # Waiting on the loop
//
// In a task, and in a function given to [Loop.Post] or [Loop.Call], waiting by way
// of this module suspends it, at any depth; the loop goes on. In other code on
// the loop's goroutine, the handler of a key for instance, there is nothing to
// suspend: if it waited, the window would stand still, and if what it waits for
// is a task of this loop it would do so for ever. So inside [Loop.Run] such a wait
// does not begin. What returns an error, pollster.BlockOn, Task.Wait,
// unblock.Call, returns [ErrWait]; the rest panics with it. The handler should
// start a task instead. A call that needs no wait, since the value is there,
// succeeds; so unblock.Call, whose job may be quick, is refused sometimes only,
// and the job runs in any case. Before Run, and after it, waits are as usual.
//
// Waits that do not go through this module (a channel, a mutex, a system call)
// cannot be seen. In a task they are reported by LocalOptions.OnStop.
//
// # The end
//
// When the function given to Run returns, or End is called, the tasks end with
// executor.ErrClosed: each is dropped once, its deferred calls run on the loop's
// goroutine, and functions that have been posted and not begun never run. From
// then on Post returns ErrEnded, Spawn gives tasks that have ended, and Turn does
// nothing.
//
// # Caveats
//
//   - A loop inside a task: if a task runs an event loop of its own, a modal
//     dialog, the other tasks stand still until it is over; Turn returns Forever
//     there. Open the dialog in the host's way, from an event.
//   - Tasks whose Attr.Park is set, and those that have locked their thread
//     themselves, hold up the loop while they wait: that is what they ask for.
//   - A testing/synctest bubble must have the whole loop in it. Time stands still
//     there while a turn runs, so it is Options.Polls that ends it.
//
// # Panics
//
// A panic in a task is raised again in whoever waits for it. If nobody can, as
// after Post, it surfaces in the loop: Turn, or End, panics with an
// *executor.PanicError with its stack, on the loop's own goroutine, where the
// toolkit's ways of dealing with it are. If it is recovered there the loop may go
// on; no task and no wake is lost. Options.Local.OnPanic, if set, is called
// instead.
package mainloop
