// Package reactor waits for descriptors and for time, on behalf of futures, and
// holds no thread while it does.
//
//	r, err := reactor.Default()
//	s, err := r.Register(fd) // an inotify, a pidfd, a socket, …
//	events, err := pollster.BlockOn(ctx, s.Readable())
//	_, err = pollster.BlockOn(ctx, reactor.Sleep(time.Second))
package reactor
