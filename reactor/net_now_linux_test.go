package reactor_test

import (
	"errors"
	"io"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/causeway-go/causeway/internal/leak"
	"github.com/causeway-go/causeway/pollster"
)

// Whoever has a duplicate of a descriptor can make the socket a blocking one. A
// read that then blocked, without the scheduler knowing, would stop the program.
func TestASocketMadeBlockingIsNotWaitedFor(t *testing.T) {
	leak.Check(t)
	for network, address := range streams(t) {
		a, b := connect(t, newReactor(t), network, address)
		raw, err := a.SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		if err := raw.Control(func(fd uintptr) { _ = unix.SetNonblock(int(fd), false) }); err != nil {
			t.Fatal(err)
		}
		for _, size := range []int{1, 64 << 10} {
			p := make([]byte, size)
			_ = a.SetReadDeadline(time.Time{})
			if _, ready, err := a.ReadFuture(p).Poll(new(pollster.Waker)); ready || err != nil {
				t.Errorf("%s: read of nothing: ready %v, %v", network, ready, err)
			}
			_ = a.SetReadDeadline(time.Now().Add(time.Millisecond))
			if _, err := a.Read(p); !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("%s: %v", network, err)
			}
		}
		_ = a.SetWriteDeadline(time.Now().Add(100 * time.Millisecond))
		if _, err := a.Write(make([]byte, 32<<20)); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%s: a write of more than fits: %v", network, err)
		}
		a.Close()
		b.Close()
	}
}

// What was done before a Write has happened before the Read that gets it returns:
// the race detector knows, whatever the sizes of the two.
func TestWhatIsSentHasHappenedBefore(t *testing.T) {
	for network, address := range streams(t) {
		a, b := connect(t, newReactor(t), network, address)
		for _, size := range []int{1, 64 << 10} {
			for _, piece := range []int{1, 32 << 10} {
				done := 0
				go func() {
					done = size
					_, _ = a.Write(make([]byte, size))
				}()
				if _, err := io.ReadFull(b, make([]byte, min(size, piece))); err != nil {
					t.Fatal(err)
				}
				if done != size {
					t.Errorf("%s: read %d before %d", network, done, size)
				}
				if _, err := io.CopyN(io.Discard, b, int64(size-min(size, piece))); err != nil {
					t.Fatal(err)
				}
			}
		}
		a.Close()
		b.Close()
	}
}
