// Hashtree computes the SHA-256 checksum of every file below a directory.
//
//	go run ./examples/hashtree [-naive] [-workers n] [-sums] [dir]
//
// It is a program with two halves, as many are that grew. The legacy half
// (legacy.go) is ordinary blocking code that has never heard of futures: it
// walks a tree, opens, reads and hashes. The new half (futures.go) is made of
// futures: one per file, on a bounded pool of threads, waited for from main and
// cancelled by an interrupt.
//
// The two call each other in both directions. The walk is blocking code that
// runs as a job of a pool; what it finds becomes futures; and when enough of
// these are under way, the walk waits for them with pollster.BlockOn, in the
// middle of its recursion, and gives up its slot in the pool meanwhile.
//
// # Flags
//
//   - -naive hashes in plain Go, with one goroutine per file, for comparison.
//   - -workers n lets n files be read at a time. The default is the pool's.
//   - -sums prints the checksums as sha256sum does, sorted by path in the order
//     of bytes, and the table on standard error. The paths are those of find,
//     so the output is that of
//     find dir -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum
//
// The default directory is the source of Go's standard library.
//
// # What is hashed
//
// Regular files. Symbolic links are counted and not followed, except for dir
// itself; devices, pipes and sockets are counted and not opened. If dir is a
// file, that file is hashed.
//
// # Exit status
//
// 0 if every file was hashed; 1 if any failed, each with a line on standard
// error, as with sha256sum; 2 for wrong usage; 130 after an interrupt, with a
// table of what was done until then. A read that does not return, as on a dead
// network mount, does not hold up the end: the default mode leaves it behind.
// With -naive nothing can; a second interrupt kills the program.
//
// # Memory
//
// A tree of any size needs the same memory: no more than twice as many files as
// the pool has workers are under way, each with a buffer of 64 KiB at most, and
// no more than 65,536 finished ones wait for an earlier one, so that sums come
// out in order. Entries of the directories on the way down to the present one
// are held too. With -naive, memory grows with the tree.
package main
