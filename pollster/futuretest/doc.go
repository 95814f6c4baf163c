// Package futuretest checks that a future or a stream keeps the contract of
// package pollster, in the manner of testing/fstest and nettest.
//
// The one who wrote the future says how to make a fresh one and how to complete
// it. The suite makes many, and polls, wakes, replaces wakers, cancels and
// abandons them at every step:
//
//	func TestMailConforms(t *testing.T) {
//		futuretest.TestFuture(t, func() futuretest.Subject[Mail] {
//			box := NewBox()
//			return futuretest.Subject[Mail]{
//				Future:   box.Receive(),
//				Complete: func() { box.Deliver(Mail{Text: "hello"}) },
//				Check: func(m Mail, err error) error {
//					if err != nil || m.Text != "hello" {
//						return fmt.Errorf("got %v, %v", m, err)
//					}
//					return nil
//				},
//				Held: box.Waiting,
//			}
//		})
//	}
//
// What it holds a future to:
//
//   - Poll does not block, whether the future is complete or not, and takes a
//     nil waker.
//   - It is not ready before it is complete, however often it is polled, and
//     does not wake without end meanwhile.
//   - When it completes, before the first poll, between polls or during one,
//     the waker of the latest poll is woken if that poll said not ready.
//   - It ends once, with the right result. After that it may be polled without
//     harm, and does not come up with another result.
//   - Cancel may come before the first poll, after any number of polls, when it
//     is complete, after the end, and twice. It gives back everything at once
//     or soon after. Completing it afterwards is harmless.
//   - BlockOn waits for it, and leaves it when a context ends, with nothing
//     held.
//   - No goroutine is left.
//   - Under the race detector: what was written before Complete is visible to
//     whoever has seen the result.
//
// Run it with -race. The checks that wait for something do so for at most ten
// seconds each, and only futures that fail take that long. Since goroutines are
// counted, a test that runs the suite must not run in parallel with others.
package futuretest
