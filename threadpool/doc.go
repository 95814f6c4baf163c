// Package threadpool bounds how many blocking calls run at once.
//
// A blocking system call or a C function holds an OS thread, and Go makes as
// many threads as there are such calls: ten thousand of them end the process,
// and every thread once made stays. A [Pool] has a number of slots; a call that
// is made in a slot is a job, and there are never more jobs running than slots.
//
// # The caller runs the job
//
// In most languages such a pool is a set of threads and jobs are sent to them.
// In Go a goroutine that blocks takes a thread by itself, so nothing has to be
// sent: the goroutine that has a job enters the pool, runs the job itself, and
// leaves. [Pool.Enter] and [Pool.Do] work like this. It costs two atomic
// operations, the registration of the goroutine and two looks at the clock, some
// 130 ns in all, where handing the job to another goroutine costs 300 ns and to a
// thread of its own 36 µs.
//
// Only where the caller cannot run the job itself does a goroutine of the pool
// run it: because the caller must be able to leave when a context ends (Do with
// such a context), because it does not wait at all ([Pool.Submit]), or because it
// is a task ([Pool.Start]). Such a goroutine takes the next job from the queue
// when it has finished one, and ends when there is none. Nothing of a pool exists
// while nothing is to be done.
//
// # How many at once
//
// [Options].Limit bounds how many jobs run at once, exactly. How many slots of it
// there are at any time, the pool finds out by itself, unless a [Hint] says it: too
// few waste time while jobs sleep in the kernel, too many fight for processors,
// disks and locks. The goal is the smallest number from which more jobs at once no
// longer make more jobs end per second.
//
// A pool begins with eight slots, or with four more than there are processors if that
// is less. While somebody waits for one, and only then, it
// looks every ten milliseconds at what its jobs do: how many have ended, for how
// long they held their slots (the logarithm of that, so that a few long ones do not
// hide the rest), how old those are that run, and at the processors: the time that
// the process has used of those that it may use (a control group's bound included),
// and how late its own timer came, which shows what other processes do. It doubles
// the slots while the jobs do not take longer for it, then compares neighbouring
// sizes, A against B and back, until the difference is larger than its error, and
// from then on spends at most one per cent of the time on trying others. If nothing
// ends at all it grows too, step by step up to Limit: so jobs that wait for queued
// jobs in ways that the pool cannot see do not stop it. Size and reason are in
// [Stats], the last 200 changes in [Pool.Events].
//
// The equations with their constants, the argument for stability, the sources and
// the results over hundreds of workloads are in the documentation of
// internal/control, which is a function of these figures and nothing else. Against
// the best fixed size, found by trying all, it misses most where one pool has jobs
// of kinds that want different sizes, where only few jobs end in a second, and in
// the first seconds. The first of these is what classes are for. A pool that nobody
// ever waits for stays as it is and learns nothing. Choose [WillBlock] if you
// know the right Limit, and [CPU] for jobs that compute.
//
// # Classes
//
// [Pool.Class] sets a kind of jobs apart: a bulkhead. A class is a Pool itself, with
// a limit, a queue and a size of its own, whose jobs run in slots of the pool. Each
// class, and the jobs without one, have a reserve that nobody else can take, so one
// hanging dependency never takes the last slot of another. What is not reserved goes
// by priority and then by weight; a job that has waited for a second goes first.
//
// # Order
//
// Slots are given out first come first served, to goroutines and queued jobs
// alike, and a slot is not free for late comers while somebody waits. Only a job
// that wants its slot back after a wait goes before those who have not started.
// [Options].Order can make it the order of deadlines, and RefuseLate turns away at
// once who would not get a slot before its deadline. A job whose context has ended
// by its turn is dropped.
//
// # Jobs that wait for jobs
//
// A job that waits through this module, in pollster.BlockOn or anything built on
// it, or for a slot of any pool, gives its slot up while it waits. So jobs may
// wait for other jobs of the same pool to any depth, on a pool of one slot too.
// The goroutine holds no slot while it waits for its own, and has one slot at a
// time, so pools do not deadlock with each other either. A job that waits in
// another way, on a channel say, keeps its slot: a pool of one in which a job waits
// on a channel for a job that is queued behind it waits for ever.
//
// If such a wait ends because its context has, the job goes on at once, beyond the
// limit if need be: it wants to leave, and the slots may be held by the very calls
// that hang. This is the only way in which more jobs than Limit can run.
//
// # Closing
//
// [Pool.Close] refuses new jobs and drops those that have not started.
// [Pool.Shutdown] refuses new jobs and waits for the rest. Neither can stop a call
// that is running. A pool that is not used any more need not be closed.
//
// # Threads
//
// When a pool has needed fewer threads than there are for [Options].KeepAlive, the
// surplus is given back to the system; see [Reap], which does that alone.
//
// Nothing can be done about a thread that the system refuses, because of a limit
// on processes or of a container: Go's runtime ends the process. A pool therefore
// keeps below such limits if it is left to choose ([Options].Limit), at a quarter
// of what is allowed. Go needs some five threads of its own besides.
//
// # Panics
//
// A panic in a job that somebody waits for is raised there. Otherwise it goes to
// [Options].OnPanic, and without one it ends the process. A job may end its
// goroutine with runtime.Goexit; the pool goes on with another.
//
// # Being seen
//
// [Pool.Stats] is a snapshot with the quantiles of late, fit for expvar:
//
//	expvar.Publish("pool", expvar.Func(func() any { return pool.Stats() }))
//
// By option the pool tells which jobs run and where they are ([Pool.Jobs]), reports
// those that do not end ([Options].OnStall), and labels them for the profiler. With
// an execution trace running each job that somebody runs is a region of it.
//
// # Tests with synctest
//
// A pool made inside a testing/synctest bubble lives in it: its jobs see the
// bubble's clock, and waiting for a slot counts as durably blocked; it has all its
// slots from the beginning. A pool made
// outside, [Default] among them, may be used inside: the job then runs on a
// goroutine of the bubble. While a goroutine waits for a slot of such a pool the
// clock of the bubble stands still, as it does for a channel made outside.
package threadpool
