// Package poolsim simulates a blocking pool under a virtual clock.
//
// A [Workload] says what jobs do: they compute on a number of cores that all
// share (with a small cost for each runnable thread too many), sleep, queue
// for devices with a number of channels (that may thrash), for locks (that may
// form convoys) and spin locks (whose waiters compute), or wait for jobs they
// submit. Durations are drawn from a few distributions; arrivals are a queue
// that never empties, a closed population, or an open load with bursts.
// Threads that did not exist start one after the other, 0.1 ms each. A [Policy] sets the limit:
// the real controller ([Adaptive]), one size ([Fixed]), or the rules of other
// pools. [Search] finds the best fixed size by trying them all. Every policy is
// given the same jobs in the same order.
//
// [RunClasses] gives each class of a workload its own queue, limit and
// controller under a common total, as classes of the real pool have. They see the
// load of the whole process: nobody can tell whose it is.
//
// What a tick sees is what the real pool can see, lateness included, which
// grows with the runnable threads per core as measured on Linux.
//
// Thirty simulated seconds take a few milliseconds to a second, by the number
// of jobs. Runs depend on nothing but their arguments.
//
// # Caveats
//
// Cores are shared ideally but for a random unfairness when crowded, which
// keeps jobs of one length from marching in step. There is no memory traffic,
// no garbage collector, no neighbour on the machine, and devices are models.
package poolsim
