// Package poller asks the system which descriptors are ready.
//
// It is the lower of two layers. A [Poller] knows descriptors, numbers and
// events; it knows no futures, wakers, timers or locks of its callers. The
// reactor is the upper layer.
//
// [Poller] is the contract, with what each call guarantees, its errors too. It
// has these implementations:
//
//   - epoll, on Linux. Its set can be watched by Go's own network poller, so
//     that waiting for it holds no thread (Park).
//   - poll(2), on every Unix. It is slower with many descriptors and takes a
//     thread to wait, and serves where there is nothing better yet.
//   - [Idle], everywhere: it knows no descriptors, refuses them with
//     errors.ErrUnsupported, and waits for time and notifications only.
//   - [Fake], for tests: descriptors in memory, of which the test says when
//     they are ready.
//
// All those that a machine has are compiled into one program, and the same
// tests run against each of them. A backend for kqueue or for completion ports
// has its place in Open of its platform's file, and has to pass those tests.
package poller
