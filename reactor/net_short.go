package reactor

import (
	"github.com/causeway-go/causeway/internal/poller"
	"github.com/causeway-go/causeway/pollster"
)

// A read over TCP that did not fill its buffer has emptied the socket. It is as good
// as a further one that says «not now», and counts as step 2 of the protocol of a
// Source, with the tick that was read before it: an event that has come since changes
// the tick, and then the next read is made after all. So nothing is cleared that
// others share, and nothing needs a lock. It saves the read that finds nothing, once
// a message.
//
// It is not so where a read ends early for another reason:
//
//   - The stream ends there, or has failed. Its event is a hang-up or a failure. If it is
//     still under way it will change the tick. If it was counted before, it has made the
//     Source wary, and nothing is concluded from short reads any more.
//   - There is an urgent mark. TCP sockets are watched for that, and the same holds.
//     Somebody who takes the urgent byte out of turn, or sets options that cut reads
//     into pieces, needs the descriptor; whoever asks for it makes the Source wary.
//
// A registration that ends with an event would miss an urgent mark between two of
// them, so there it is not done. Nor is it over Unix sockets: a passed descriptor
// makes a read short, and no event tells. The system call that would tell, recvmsg, takes
// most of what is saved.

// short notes that a read by way of w, which has just succeeded, was or was not short.
func (w *Waiter) short(was bool) { w.empty = was }

// drained reports whether a read would find nothing, as nothing has happened
// since the last one. It says so once.
func (w *Waiter) drained(ticks uint32) bool {
	if !w.empty {
		return false
	}
	w.empty = false
	return w.readAt == ticks && !w.s.wary.Load()
}

// pollRead is Conn.PollRead without the name on its errors.
func (f *netFD) pollRead(at *Waiter, w *pollster.Waker, p []byte) (n int, ready bool, err error) {
	if len(p) == 0 {
		at.short(false) // such a read does not wait
	}
	n, ready, err = f.s.poll(at, w, Readable, func(fd int) (int, error) { return f.readOnce(fd, p) })
	if ready {
		at.short(n < len(p) && f.kind.family == "tcp" && f.s.r.mode == poller.Edge)
	}
	return n, ready, err
}
