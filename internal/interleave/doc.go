// Package interleave explores every interleaving of a few small programs.
//
// A [Model] is a shared state and some threads. A thread is a program counter
// and a function that takes one step: it looks at the state, changes it, and
// says at which counter the thread goes on. Each step is atomic, so write one
// step for one atomic operation of the code that is modelled, with whatever
// purely local work belongs to it. What a thread remembers between its steps
// has to be in the state.
//
//	type state struct{ word, seen int }
//
//	const (
//		load = iota
//		swap
//	)
//
//	step := func(s *state, pc int) int {
//		switch pc {
//		case load:
//			s.seen = s.word
//			return swap
//		default:
//			if s.word != s.seen {
//				return load // the CAS has failed
//			}
//			s.word++
//			return interleave.Done
//		}
//	}
//
// [Model.Explore] visits each reachable state once, nearest first, so a trace
// is as short as can be. It finds
//
//   - hangs: a thread is not done and nobody can take a step;
//   - livelocks: steps go on for ever, and from some state on no order of them
//     leads to an end;
//   - states that violate an invariant, and ends that violate a promise.
//
// Atomics in Go are sequentially consistent, so interleavings are all there is
// to explore. Plain reads and writes that race are not modelled: what they do
// is the business of the race detector.
//
// Because S is the key of a set, it must be comparable: arrays, not slices.
// Copies of one state that differ only in leftovers count as different, so
// reset what is of no more use.
package interleave
