//go:build unix

package poller

import "golang.org/x/sys/unix"

// bitsOf returns the bits that ask poll for the events in. Those of epoll are the
// same but for the one that says the peer has shut down its side, which is half.
func bitsOf(in Events, half int) int {
	bits := 0
	if in&Read != 0 {
		bits |= unix.POLLIN | half
	}
	if in&Write != 0 {
		bits |= unix.POLLOUT
	}
	if in&Priority != 0 {
		bits |= unix.POLLPRI
	}
	return bits
}

// eventsOf is the way back, with what the system reports unasked.
func eventsOf(bits, half int) Events {
	var e Events
	if bits&unix.POLLIN != 0 {
		e |= Read
	}
	if bits&unix.POLLOUT != 0 {
		e |= Write
	}
	if bits&unix.POLLPRI != 0 {
		e |= Priority
	}
	if bits&unix.POLLHUP != 0 {
		e |= HangUp
	}
	if bits&unix.POLLERR != 0 {
		e |= Failed
	}
	e = widen(e)
	if bits&half != 0 {
		e |= HangUp | Read // the other direction may well be in use
	}
	return e
}
