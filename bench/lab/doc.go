// Package lab is where sizes of blocking pools are compared on real jobs.
//
// A [Workload] makes jobs: it computes, sleeps in system calls, reads a disk,
// or crowds a lock. A [Pool] runs them. A turn ([Turn]) keeps a pool full for a
// while: [Clients] goroutines, more than any size that is tried, each have one
// job run after the other, and the jobs that end in the turn are counted. Jobs
// that are on the way when it ends are not, for any pool alike.
//
// # The best fixed size
//
// [Search] finds it. Every size of [Sizes] has a turn, those that are far
// behind are dropped, the rest have turns again, then the sizes half a step
// below and above the best are added and all that are left take turns twice
// more; medians decide. A size found this way has been lucky on a noisy
// machine, so its rate is not believed: it is measured again, beside ours.
//
// # Ours against the best
//
// [Compare] gives the two, the adaptive pool and one of the best size, turns in
// pairs, so that drift hits both. The adaptive pool is the same one
// all the time, and new at the first turn; between its turns it has nothing to
// do. So the cold start is in, and its share is what it would be in a run of
// as many seconds as ours has had turns altogether. From the turns come two
// figures: whole, the jobs of all turns by the jobs of the best in as much time, and
// steady, the median over the pairs of the second half.
//
// Threads that a pool leaves behind would make the next one's start easier, so
// idle ones are ended before each turn.
package lab
