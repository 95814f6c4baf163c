// Threadstorm makes 20,000 blocking reads of pipes at once.
//
//	go run ./examples/threadstorm [-naive] [-reads n] [-limit n] [-max-threads n]
//
// A goroutine that is blocked in a system call holds its OS thread. Go makes
// another one for the rest of the program, without asking how many there are,
// and ends the process at 10,000. With -naive the program shows that: it starts
// itself as a child that makes the reads in plain Go, one goroutine each, and
// reports how the child ended. Without, the same reads are futures on a pool of
// 256 threads (-limit), and main waits for all of them with one BlockOn. It
// prints the peak of OS threads, the cap that it stayed below, and what is left
// of them a second later.
//
// # The storm
//
// The reads are system calls on raw descriptors in blocking mode, which Go's
// poller knows nothing of, as those of a C library would be. Nothing can be read
// until the storm is at its full, that is, until as many reads are blocked as
// will be: all of them in plain Go, as many as the pool has threads otherwise.
// Then a writer gives one byte to every pipe that has a reader, waits until the
// storm is at its full again, and so on, until every read has had its byte.
//
// The reads share 64 pipes. That takes nothing from the storm: the kernel wakes
// one reader for each byte, and holds every other in its own read, on a thread of
// its own. It saves the program from needing 40,000 descriptors, which many
// systems do not grant.
//
// # Exit status
//
// 0 if all reads ended and the threads stayed below the cap, or, with -naive, if
// the child crashed as announced; 1 if not; 2 for wrong usage. On systems
// without Unix pipes the program says so and exits with 1.
package main
