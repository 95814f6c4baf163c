// Package executor runs tasks: futures, and ordinary functions that may wait
// for futures, many of them on few goroutines.
//
//	ex, err := executor.New(executor.Options{})
//	go ex.Run(ctx)                                  // one worker; call it n times for n
//	sum := executor.Go(ex, func(ctx context.Context) (int, error) {
//		a, err := pollster.BlockOn(ctx, fetch())    // suspends this task,
//		…                                           // its worker does others
//	})
//	v, err := sum.Wait(ctx)
//
// # Roles
//
//   - A [Task] is a future, given to [Spawn], or a function, given to [Go], and
//     the handle to it. A parked future costs 96 bytes with its handle and its
//     waker; a suspended function costs a goroutine's stack, as a goroutine does.
//     Where nobody wants the handle, [SpawnDetached] needs no memory at all.
//     Where somebody waits for a function on the spot, [Do] wakes nobody.
//   - An [Executor] is where tasks live. It has no goroutines of its own: each
//     goroutine that calls [Executor.Run] is one worker, and any number may.
//   - A [Local] is an executor for one goroutine, and so, if that is locked to
//     it, for one OS thread. Its tasks need no locks among themselves. It can be
//     driven from a loop that belongs to somebody else.
//   - A [Thread] is an OS thread with a Local on it.
//   - A [Scope] is a block of code that does not end before the tasks in it.
//
// Package [github.com/causeway-go/causeway/executor/meet] has channels and
// locks that suspend a task where Go's own would hold up its worker.
//
// # Waiting knows where it is
//
// Code that waits calls pollster.BlockOn, or something that does: Task.Wait,
// unblock.Call. What happens depends on the goroutine, so the same function
// serves tasks and code that has never heard of them:
//
//   - In a function task, at any depth, with any context: the task is suspended
//     and its worker goes on.
//   - In the Poll of a future: the goroutine parks; on an Executor another
//     worker, a stand-in, does the other tasks meanwhile; a Local goes on
//     polling on another stack.
//   - Anywhere else: the goroutine parks. A goroutine that a task has started is
//     «anywhere else».
//
// So tasks may call blocking code that calls BlockOn that runs tasks, to any
// depth, on one worker.
//
// Waits that do not go through this module (a channel, sync.Mutex, a read, a
// system call, time.Sleep) hold up the worker, as computing does. On an Executor
// a monitor notices within 20 ms and starts a stand-in; on a Local the others
// wait.
//
// # Fairness
//
// A worker has a queue of 256 tasks, first in first out; what others wake goes
// to a queue for all, from which a worker takes in any case at every 61st poll.
// A worker without work steals half of the queue of another. A task that wakes
// itself in its Poll goes to the end of the queue, so between two polls of it
// every other task that was queued there is polled once. Tasks of priority High
// go first, except at every 8th poll; those of Low go last, except at every
// 64th. When nothing is ready a worker parks; nothing ticks.
//
// # Ends
//
//	a task …                    ends with                        its future is
//	whose future ends           its value or error               let go
//	that is cancelled           ErrCanceled                      cancelled between two polls
//	whose executor is closed    ErrClosed                        cancelled, by Close or its worker
//	that panics                 the panic, raised in each Wait   let go
//	that calls Goexit           ErrGoexit                        let go
//
// It ends once, its future is dropped once, and whoever waits is told once the
// future is gone. A result that is there survives cancellation and Close. See
// [Go] for how a function in the middle of a wait is cancelled.
//
// # Panics
//
// A panic in a task is raised again, as a [*PanicError] with the stack of the
// task, in whoever asks for the result. It does not touch the worker. If nobody
// can ask, since the task is detached or its handle is garbage, Options.OnPanic
// is called, and by default the program ends, as it does for a goroutine.
//
// # Seeing what goes on
//
// [Executor.Tasks] lists the tasks that have not ended. With Options.Inspect each
// tells what it runs, what it is doing and since when, where it was spawned, and,
// as a stack, where it waits. Options.Labels lets profiles tell tasks apart,
// Options.Trace shows their polls in an execution trace. Where these options are
// not set nothing is kept for them. [Executor.Stats] counts.
//
// # Mutexes
//
// A function task that waits while it holds a sync.Mutex is suspended with the
// mutex locked. That is the price of waiting that knows where it is:
//
//	func (s *store) Save(ctx context.Context) error {
//		s.mu.Lock()
//		defer s.mu.Unlock()
//		_, err := unblock.Call(ctx, s.write)    // suspended here, s.mu is locked
//		return err
//	}
//
// Another task that then calls s.mu.Lock blocks its worker. On an Executor this
// costs a stand-in, and things move on. On a Local it is the end: the only
// goroutine there waits for a task that only it could continue. The cure, from
// the best to the most convenient:
//
//   - Do not wait under a lock, or use meet.Mutex, which suspends the second
//     task as well.
//   - Set Attr.Park for tasks that run such code, or Options.Park or
//     LocalOptions.Park for all. They park where they would be suspended: the
//     goroutine stays with its mutex, as in plain Go, and the wait ends when
//     whoever is elsewhere says so.
//   - To find such places, set LocalOptions.OnStop: it gets the stack that is
//     stuck in Lock and the stacks that are suspended, one of which holds it.
//
// # Thread locks
//
// A function may call runtime.LockOSThread. While its thread is locked it parks
// where it would be suspended, and what is still locked at its end is unlocked.
// A function that is to keep its thread while it waits, for long or often, or
// whose thread is to die with it, gets a goroutine of its own by Attr.Goroutine.
// Tasks of an Executor otherwise move between threads at every wait, as
// goroutines do. For work that belongs on one thread use a [Thread].
//
// # Caveats
//
//   - A Poll must not block for long. The monitor is a safety net, not a way to
//     run blocking code; use package unblock.
//   - The address of a local variable, a pprof label set by a task, and
//     everything else that belongs to a goroutine is a function task's own, as
//     its stack is; futures share those of their worker.
//   - recover in a function sees no cancellation: it is a Goexit, not a panic.
//   - A context derived by a type of your own from the one that a function gets
//     ends a moment later than that; a wait with it that is interrupted by then
//     ends the function.
//   - Where the state of a thread lock cannot be read (builds with the tag
//     purego), a task of a Local on a locked thread must not lock it once more
//     across a wait, and Poll must always be called under the same lock.
//   - On wasm there are no threads, but the runtime counts calls of
//     LockOSThread: tasks must not make any there.
//   - Wakes from outside a testing/synctest bubble must not come to tasks inside
//     it; an executor made inside a bubble lives in it. See also [Default].
//   - With 10,000 goroutines waiting in Polls (not in functions) there are
//     10,000 stand-ins.
package executor
